"""Unregister, delete and account removal (D1-D3, X3)."""

from __future__ import annotations

from profile_grpc.domain import ownership, presence, tokens
from profile_grpc.domain.commands import DeleteDeviceProfile, EraseApp, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    DeletionReason,
    DeviceKey,
    EventType,
    Profile,
    ProfileKey,
    ProfileStatus,
    UnregisterReason,
    UserKey,
)
from profile_grpc.domain.needs import CustomerKey, Needs
from profile_grpc.domain.results import AccountRemovalOutcome, AccountRemoved, Deleted, Unregistered
from profile_grpc.domain.settings import AccountRemovalAction, AppSettings
from profile_grpc.domain.state import State


def unregister_needs(needs: Needs, command: Unregister) -> None:
    needs.profiles.add(command.key)


def unregister(state: State, command: Unregister) -> Unregistered:
    """Signs the user out of the device; repeating it changes nothing (D1).

    Raises:
        Refused: PROFILE_NOT_FOUND, unless the command allows it.
    """
    profile = state.profile(command.key)
    if profile is None:
        if command.allow_missing:
            return Unregistered(None)
        raise presence.profile_not_found(command.key.app_id)
    if profile.status is ProfileStatus.UNREGISTERED:
        return Unregistered(profile)
    return Unregistered(ownership.unregister(state, profile, UnregisterReason.CLIENT))


def delete_device_profile_needs(needs: Needs, command: DeleteDeviceProfile) -> None:
    if command.customer_id:
        needs.customers.add(CustomerKey(command.app_id, command.customer_id))
    elif command.device_id:
        needs.profiles.add(ProfileKey(command.app_id, command.user_id, command.device_id))
    else:
        needs.users.add(UserKey(command.app_id, command.user_id))


def delete_device_profile(state: State, command: DeleteDeviceProfile) -> Deleted:
    """Deletes the profiles at once (D2), UNREGISTERED ones too.

    Raises:
        Refused: PROFILE_NOT_FOUND when there is none, unless the command allows it.
    """
    found = [p for p in _owned(state, command) if command.device_id in {"", p.key.device_id}]
    if not found and not command.allow_missing:
        raise presence.profile_not_found(command.app_id)
    for profile in found:
        state.delete(profile, DeletionReason.DELETED)
    return Deleted(tuple(p.key for p in found))


def _owned(state: State, command: DeleteDeviceProfile) -> list[Profile]:
    if command.customer_id:
        return state.of_customer(CustomerKey(command.app_id, command.customer_id))
    if command.device_id:
        profile = state.profile(ProfileKey(command.app_id, command.user_id, command.device_id))
        return [profile] if profile else []
    return state.of_user(UserKey(command.app_id, command.user_id))


def erase_app_needs(needs: Needs, command: EraseApp) -> None:
    needs.profiles.update(command.keys)


def erase_app(state: State, command: EraseApp) -> Deleted:
    """Deletes these profiles of an app that goes."""
    found = [p for p in map(state.profile, command.keys) if p is not None]
    for profile in found:
        state.delete(profile, DeletionReason.DELETED)
    return Deleted(tuple(p.key for p in found))


def remove_account_needs(needs: Needs, command: RemoveAccount, hasher: Hasher) -> None:
    needs.tokens.update(
        hasher.token(command.app_id, spelling)
        for reported in command.tokens
        for spelling in tokens.spellings(reported.token)
    )


def remove_account(state: State, command: RemoveAccount, settings: AppSettings) -> AccountRemoved:
    """Removes the account's profile that holds a reported token, unless it registered after the report (X3).

    A report time in the future counts as now: it must not outrun a registration to come.
    """
    report_time = min(command.report_time or state.now, state.now)
    action = command.action or settings.account_removal_action
    matching = [p for p in _holders(state, command) if _is_account(p, command)]
    if not matching:
        return AccountRemoved((), AccountRemovalOutcome.NO_MATCH)
    current = [p for p in matching if p.register_time <= report_time]
    if not current:
        return AccountRemoved((), AccountRemovalOutcome.STALE)
    for profile in current:
        _remove(state, profile, action)
    return AccountRemoved(tuple(p.key for p in current), AccountRemovalOutcome.REMOVED)


def _holders(state: State, command: RemoveAccount) -> list[Profile]:
    """The profiles that hold a reported token, in any of its spellings, of the reported push app id if one is given."""
    found: dict[ProfileKey, Profile] = {}
    for reported in command.tokens:
        for spelling in tokens.spellings(reported.token):
            for guard in state.token_owners(state.hasher.token(command.app_id, spelling)):
                for profile in state.on_device(DeviceKey(command.app_id, guard.device_id)):
                    if _holds(profile, spelling, reported):
                        found[profile.key] = profile
    return [found[key] for key in sorted(found)]


def _holds(profile: Profile, spelling: str, reported: ReportedToken) -> bool:
    return any(
        e.token == spelling and (not reported.push_app_id or e.push_app_id in {"", reported.push_app_id})
        for e in profile.push_endpoints
    )


def _is_account(profile: Profile, command: RemoveAccount) -> bool:
    """Every value that is given must match (X3)."""
    return command.username in {"", profile.key.user_id} and command.account_selector in {
        "",
        profile.attributes.account_selector,
    }


def _remove(state: State, profile: Profile, action: AccountRemovalAction) -> None:
    match action:
        case AccountRemovalAction.UNREGISTER:
            ownership.unregister(state, profile, UnregisterReason.ACCOUNT_REMOVED)
        case AccountRemovalAction.DELETE:
            state.delete(profile, DeletionReason.ACCOUNT_REMOVED)
        case AccountRemovalAction.STRIP_TOKENS:
            state.put(profile._replace(push_endpoints=(), update_time=state.now))
            state.tell(EventType.PUSH_TOKEN_CHANGED, profile.key, "ACCOUNT_REMOVED")
