"""Registration (R1-R9)."""

from __future__ import annotations

from datetime import datetime

from profile_grpc.domain import billing, inactivity, ownership, patching
from profile_grpc.domain.commands import Register
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    EventType,
    MadRecord,
    Profile,
    ProfileStatus,
    UserState,
)
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.results import Registered
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


def register_needs(needs: Needs, command: Register, settings: AppSettings, hasher: Hasher) -> None:
    key = command.key
    needs.profiles.add(key)
    needs.devices.add(key.device)
    needs.guards.add(key.device.guard)
    if settings.single_device_per_user:
        needs.users.add(key.user)
        needs.guards.add(key.user.guard)
    needs.tokens.update(hasher.token(key.app_id, e.token) for e in command.patch.push_endpoints)


def register(state: State, command: Register, settings: AppSettings) -> Registered:
    """Creates the profile or registers it again; the newest registration owns device and tokens (R1-R9).

    Raises:
        Refused: CHANNEL_NOT_ENABLED (R9) or INVALID_ATTRIBUTE (U4, U5); nothing has changed then.
    """
    known = state.profile(command.key)
    profile, _ = patching.apply(
        _begin(state, command, settings) if known is None else _again(state, known, settings),
        command.patch,
        settings,
        state.now,
    )
    displaced = [
        *ownership.claim_tokens(state, profile),
        *ownership.take_device(state, profile, settings),
        *ownership.take_user(state, profile, settings),
    ]
    profile = state.put(
        profile._replace(
            # Counted only now that nothing can be refused any more (M1).
            mad=state.count_active(command.key, _mad(state, known, command)),
            last_heartbeat_time=_heard(profile, settings, state.now),
        )
    )
    _tell(state, known, profile)
    users = sum(p.status is ProfileStatus.ACTIVE for p in state.on_device(profile.key.device))
    return Registered(profile, known is None, tuple(displaced), users)


def _begin(state: State, command: Register, settings: AppSettings) -> Profile:
    """A new profile; after a deletion with a new creation time and no waiting period (R2)."""
    return Profile(
        key=command.key,
        create_time=state.now,
        register_time=state.now,
        update_time=state.now,
        mad=MadRecord(state.now, 0),
        channels=settings.channels,
    )


def _again(state: State, known: Profile, settings: AppSettings) -> Profile:
    """The known profile, ACTIVE again and receiving push again (R2, R5, R7)."""
    # An expired profile is treated as if the reaper had come by (P9): its old heartbeat must not doom the new
    # registration.
    gone = inactivity.expired(known.last_heartbeat_time, known.register_time, settings, state.now)
    return known._replace(
        status=ProfileStatus.ACTIVE,
        user_state=UserState.ACTIVE,
        push_superseded=False,
        register_time=state.now,
        last_heartbeat_time=None if gone else known.last_heartbeat_time,
        unregister_time=None,
        unregister_reason=None,
    )


def _mad(state: State, known: Profile | None, command: Register) -> MadRecord | None:
    if known is not None:
        return known.mad
    history = state.history(command.key)
    if history.mad is None and history.tombstone is not None:
        return billing.forgotten(history.tombstone.mad_deletion_time)
    return history.mad


def _heard(profile: Profile, settings: AppSettings, now: datetime) -> datetime | None:
    """The last heartbeat; a registration is one where the app says so (H4)."""
    last = profile.last_heartbeat_time
    if not settings.register_counts_as_heartbeat:
        return last
    return now if last is None else max(last, now)


def _tell(state: State, before: Profile | None, after: Profile) -> None:
    if before is None:
        state.tell(EventType.PROFILE_CREATED, after.key)
    elif before.status is ProfileStatus.UNREGISTERED:
        state.tell(EventType.PROFILE_REACTIVATED, after.key)
    elif state.token_keys(before) != state.token_keys(after):
        state.tell(EventType.PUSH_TOKEN_CHANGED, after.key)
