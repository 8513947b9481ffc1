"""Who owns a push token, who is current on a device and for a user: what one change does to others (R4-R8)."""

from __future__ import annotations

from collections.abc import Iterator

from profile_grpc.domain.model import (
    DisplacementEffect,
    EventType,
    Profile,
    ProfileStatus,
    UnregisterReason,
    UserState,
)
from profile_grpc.domain.results import Displacement
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


def claim_tokens(state: State, claimant: Profile) -> Iterator[Displacement]:
    """Strips the claimant's tokens from every other device that holds them; those profiles stay (R4)."""
    claimed = state.token_keys(claimant)
    owners = {guard.device_id for token in claimed if (guard := state.token_owner(token)) is not None}
    for device_id in sorted(owners - {claimant.key.device_id}):
        for profile in state.on_device(claimant.key.device._replace(device_id=device_id)):
            kept = tuple(e for e in profile.push_endpoints if state.token_key(profile.key.app_id, e) not in claimed)
            if kept == profile.push_endpoints:
                continue
            state.put(profile._replace(push_endpoints=kept, update_time=state.now))
            state.tell(EventType.PUSH_TOKEN_MOVED, profile.key)
            yield Displacement(profile.key, DisplacementEffect.TOKEN_MOVED)


def take_device(state: State, newcomer: Profile, settings: AppSettings) -> Iterator[Displacement]:
    """Makes the newcomer the device's user: the others step back (R5) or are signed out (R6)."""
    for profile in state.on_device(newcomer.key.device):
        if profile.key == newcomer.key or profile.status is ProfileStatus.UNREGISTERED:
            continue
        if not settings.multi_user_per_device:
            unregister(state, profile, UnregisterReason.REPLACED)
            yield Displacement(profile.key, DisplacementEffect.REPLACED)
        elif profile.user_state is UserState.ACTIVE:
            state.put(profile._replace(user_state=UserState.INACTIVE, update_time=state.now))
            state.tell(EventType.USER_DEACTIVATED, profile.key)
            yield Displacement(profile.key, DisplacementEffect.DEACTIVATED)


def take_user(state: State, newest: Profile, settings: AppSettings) -> Iterator[Displacement]:
    """Makes the newest registration the user's only device that receives push (R7)."""
    if not settings.single_device_per_user:
        return
    state.guard_user(newest.key.user)
    for profile in state.of_user(newest.key.user):
        if profile.key == newest.key or profile.status is ProfileStatus.UNREGISTERED or profile.push_superseded:
            continue
        state.put(profile._replace(push_superseded=True, update_time=state.now))
        state.tell(EventType.PUSH_SUPERSEDED, profile.key)
        yield Displacement(profile.key, DisplacementEffect.PUSH_SUPERSEDED)


def unregister(state: State, profile: Profile, reason: UnregisterReason) -> Profile:
    """Signs the profile out: no endpoints, INACTIVE on its device, kept for the retention (D1, R5, R6)."""
    stored = state.put(
        profile._replace(
            status=ProfileStatus.UNREGISTERED,
            user_state=UserState.INACTIVE,
            push_endpoints=(),
            unregister_time=state.now,
            unregister_reason=reason,
            update_time=state.now,
        )
    )
    state.tell(EventType.PROFILE_UNREGISTERED, profile.key, reason)
    return stored
