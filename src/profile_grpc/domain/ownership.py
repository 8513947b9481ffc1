"""Who owns a push token, who is current on a device and for a user: what one change does to others (R4-R8)."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime

from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.events import EventType
from profile_grpc.domain.keys import DeviceKey, ProfileKey, Token, TokenElsewhere
from profile_grpc.domain.kinds import CURRENT, GUARDS, HOLDERS, HOLDERS_ELSEWHERE, RECEIVING, SIGNED_IN, Selection
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.ordered_calls import OrderedCall
from profile_grpc.domain.profile import Profile, ProfileStatus, UnregisterReason, UserState
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.results import Displacement, DisplacementEffect, IgnoredReason, IgnoredValue
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


def registration_needs(needs: Needs, key: ProfileKey, patch: ProfilePatch, settings: AppSettings) -> None:
    """Requests the rows by which `take_device`, `take_user` and `claim_tokens` decide."""
    needs.add(GUARDS, key.device.guard)
    needs.add(_displaceable(settings), key.device)
    if settings.single_device_per_user:
        needs.add(RECEIVING, key.user)
        needs.add(GUARDS, key.user.guard)
    claim_needs(needs, key, patch)


def claim_needs(needs: Needs, key: ProfileKey, patch: ProfilePatch) -> None:
    """Requests the rows that `claim_tokens` and `without_owned` read for the tokens of a patch."""
    for endpoint in patch.push_endpoints:
        needs.add(GUARDS, Token(key.app_id, endpoint.token).guard)
        needs.add(HOLDERS_ELSEWHERE, TokenElsewhere(key.app_id, endpoint.token, key.device_id))


def claim_tokens(state: State, claimant: Profile) -> tuple[Profile, list[Displacement]]:
    """Strips the claimant's tokens from every other device that holds them; those profiles stay (R4).

    Returns the claimant too: an earlier confirmation of a token remains valid here, even if the clock went back (R3).
    """
    claimed = {(e.provider, e.token) for e in claimant.push_endpoints if e.token}
    earlier: dict[tuple[PushProvider, str], datetime] = {}
    displaced = []
    for profile in other_holders(state, claimant, claimed):
        for endpoint in profile.push_endpoints:
            if endpoint.identity in claimed:
                stripped = endpoint.confirm_time
                earlier[endpoint.identity] = max(earlier.get(endpoint.identity, stripped), stripped)
        displaced.append(_strip(state, profile, claimed))
    if not earlier:
        return claimant, displaced
    endpoints = tuple(
        e._replace(confirm_time=max(e.confirm_time, earlier.get(e.identity, e.confirm_time)))
        for e in claimant.push_endpoints
    )
    return claimant._replace(push_endpoints=endpoints), displaced


def _strip(state: State, profile: Profile, tokens: AbstractSet[tuple[PushProvider, str]]) -> Displacement:
    kept = tuple(e for e in profile.push_endpoints if e.identity not in tokens)
    state.put(profile._replace(push_endpoints=kept, update_time=state.now))
    state.add_event(EventType.PUSH_TOKEN_MOVED, profile.key)
    return Displacement(profile.key, DisplacementEffect.TOKEN_MOVED)


def without_owned(state: State, profile: Profile, patch: ProfilePatch) -> tuple[ProfilePatch, tuple[IgnoredValue, ...]]:
    """The patch of an update without tokens of devices that registered later than this profile did (R4).

    An old phone's queued update must not take the token back; its next registration does.
    """
    taken, ignored = [], []
    for index, endpoint in enumerate(patch.push_endpoints):
        token = {(endpoint.provider, endpoint.token)}
        if any(p.register_time >= profile.register_time for p in other_holders(state, profile, token)):
            ignored.append(IgnoredValue(f"push_endpoints[{index}]", IgnoredReason.TOKEN_OWNED))
        else:
            taken.append(endpoint)
    if not ignored:
        return patch, ()
    # If none of them is left, the stored endpoints are kept.
    replace = patch.replace_push_endpoints and bool(taken)
    return patch._replace(push_endpoints=tuple(taken), replace_push_endpoints=replace), tuple(ignored)


def other_holders(state: State, profile: Profile, tokens: AbstractSet[tuple[PushProvider, str]]) -> Iterator[Profile]:
    """The profiles of other devices that hold one of the tokens."""
    app_id, _, device_id = profile.key
    holders = [p for _, token in tokens for p in state.select(HOLDERS, Token(app_id, token))]
    others = {p.key: p for p in holders if p.key.device_id != device_id}
    for _, holder in sorted(others.items()):
        if not tokens.isdisjoint(holder.held):
            yield holder


def take_device(state: State, newcomer: Profile, settings: AppSettings) -> Iterator[Displacement]:
    """Makes the newcomer the device's user: the others become inactive (R5) or are signed out (R6)."""
    for profile in state.select(_displaceable(settings), newcomer.key.device):
        if profile.key != newcomer.key:
            yield _displace_from_device(state, profile, settings)


def _displaceable(settings: AppSettings) -> Selection[DeviceKey, ProfileKey, Profile]:
    """The profiles that a registration displaces from its device (R5, R6)."""
    return CURRENT if settings.multi_user_per_device else SIGNED_IN


def _displace_from_device(state: State, profile: Profile, settings: AppSettings) -> Displacement:
    """Signs the user out (R6), or makes the user inactive where users share the device (R5)."""
    if not settings.multi_user_per_device:
        unregister(state, profile, UnregisterReason.REPLACED)
        return Displacement(profile.key, DisplacementEffect.REPLACED)
    state.put(profile._replace(user_state=UserState.INACTIVE, update_time=state.now))
    state.add_event(EventType.USER_DEACTIVATED, profile.key)
    return Displacement(profile.key, DisplacementEffect.DEACTIVATED)


def take_user(state: State, newcomer: Profile, settings: AppSettings) -> Iterator[Displacement]:
    """Makes the newcomer the user's only device that receives push (R7)."""
    if not settings.single_device_per_user:
        return
    state.guard_user(newcomer.key.user)
    for profile in state.select(RECEIVING, newcomer.key.user):
        if profile.key != newcomer.key:
            yield _supersede(state, profile)


def _supersede(state: State, profile: Profile) -> Displacement:
    state.put(profile._replace(push_superseded=True, update_time=state.now))
    state.add_event(EventType.PUSH_SUPERSEDED, profile.key)
    return Displacement(profile.key, DisplacementEffect.PUSH_SUPERSEDED)


def displace(
    state: State,
    profile: Profile,
    newcomer: ProfileKey,
    tokens: AbstractSet[tuple[PushProvider, str]],
    settings: AppSettings,
) -> Displacement | None:
    """The effect of the newcomer's registration on another profile, if any."""
    if profile.key.device_id == newcomer.device_id:
        is_there = profile.current if settings.multi_user_per_device else profile.signed_in
        return _displace_from_device(state, profile, settings) if is_there else None
    if not tokens.isdisjoint(profile.held):
        return _strip(state, profile, tokens)
    if settings.single_device_per_user and profile.key.user == newcomer.user and profile.receiving:
        return _supersede(state, profile)
    return None


def unregister(state: State, profile: Profile, reason: UnregisterReason, call: OrderedCall | None = None) -> Profile:
    """Signs the profile out: no endpoints, INACTIVE on its device, kept for the retention (D1, R5, R6)."""
    stored = state.put(
        profile._replace(
            status=ProfileStatus.UNREGISTERED,
            user_state=UserState.INACTIVE,
            push_endpoints=(),
            unregister_time=state.now,
            unregister_reason=reason,
            last_call=call or profile.last_call,
            update_time=state.now,
        )
    )
    return state.add_event(EventType.PROFILE_UNREGISTERED, stored.key, reason)
