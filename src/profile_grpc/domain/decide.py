"""One entry for every command: what it needs to read, and what it decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from profile_grpc.domain import feedback, heartbeat, inactivity, registration, removal, updating
from profile_grpc.domain.commands import (
    Command,
    DeleteDeviceProfile,
    EraseApp,
    Heartbeat,
    PurgeUnregistered,
    ReapInactive,
    Register,
    RemoveAccount,
    ReportPushFeedback,
    Unregister,
    UpdateProfileData,
)
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.results import (
    AccountRemoved,
    Beat,
    Deleted,
    FeedbackResult,
    Registered,
    Unregistered,
    Updated,
)
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

Result: TypeAlias = Registered | Beat | Updated | Unregistered | Deleted | AccountRemoved | tuple[FeedbackResult, ...]


def needs(commands: Iterable[tuple[Command, AppSettings]], hasher: Hasher) -> Needs:
    """The rows that the commands of a batch read."""
    wanted = Needs()
    for command, settings in commands:
        _add_needs(wanted, command, settings, hasher)
    return wanted


def _add_needs(wanted: Needs, command: Command, settings: AppSettings, hasher: Hasher) -> None:
    match command:
        case Heartbeat():
            heartbeat.heartbeat_needs(wanted, command)
        case Register():
            registration.register_needs(wanted, command, settings, hasher)
        case UpdateProfileData():
            updating.update_profile_data_needs(wanted, command, hasher)
        case Unregister():
            removal.unregister_needs(wanted, command)
        case ReportPushFeedback():
            feedback.report_push_feedback_needs(wanted, command, hasher)
        case DeleteDeviceProfile():
            removal.delete_device_profile_needs(wanted, command)
        case RemoveAccount():
            removal.remove_account_needs(wanted, command, hasher)
        case ReapInactive():
            inactivity.reap_inactive_needs(wanted, command)
        case PurgeUnregistered():
            inactivity.purge_unregistered_needs(wanted, command)
        case EraseApp():
            removal.erase_app_needs(wanted, command)


def decide(state: State, command: Command, settings: AppSettings) -> Result:
    """Applies the command to the state and answers its result.

    Raises:
        Refused: the rules say no; the state has not changed.
    """
    match command:
        case Heartbeat():
            return heartbeat.heartbeat(state, command, settings)
        case Register():
            return registration.register(state, command, settings)
        case UpdateProfileData():
            return updating.update_profile_data(state, command, settings)
        case Unregister():
            return removal.unregister(state, command)
        case ReportPushFeedback():
            return feedback.report_push_feedback(state, command)
        case DeleteDeviceProfile():
            return removal.delete_device_profile(state, command)
        case RemoveAccount():
            return removal.remove_account(state, command, settings)
        case ReapInactive():
            return inactivity.reap_inactive(state, command, settings)
        case PurgeUnregistered():
            return inactivity.purge_unregistered(state, command, settings)
        case EraseApp():
            return removal.erase_app(state, command)
