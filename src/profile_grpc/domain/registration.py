"""Registration (R1-R9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from profile_grpc.domain import billing, call_order, linking, ownership, patching, stamps
from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.commands import EMPTY_PATCH, OfProfile, OnlyOfProfiles, ProfilePatch
from profile_grpc.domain.events import EventType
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import PROFILES, SIGNED_IN
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.ordered_calls import CallMethod, OrderedCall
from profile_grpc.domain.profile import Profile, ProfileStatus, UserState
from profile_grpc.domain.results import Displacement, Registered
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State
from profile_grpc.domain.tokens import is_no_id


@dataclass(frozen=True, slots=True)
class Register(OfProfile):
    """Create the profile or register it again (R1-R9)."""

    key: ProfileKey
    patch: ProfilePatch = EMPTY_PATCH
    sequence: int | None = None
    """The sequence number of the call (R13)."""

    def needs(self, needs: Needs, settings: AppSettings) -> None:
        key = self.key
        needs.add(PROFILES, key)
        if settings.multi_user_per_device:
            needs.count(SIGNED_IN, key.device)
        if self.sequence is not None:
            needs.in_order.add(key.device)
        ownership.registration_needs(needs, key, self.patch, settings)

    def decide(self, state: State, settings: AppSettings) -> Registered:
        """Creates the profile or registers it again; the newest registration owns device and tokens (R1-R9).

        Raises:
            Refused: OUT_OF_ORDER (R13), CHANNEL_NOT_ENABLED (R9) or INVALID_ATTRIBUTE (U4, U5); nothing has changed
                then.
        """
        known = state.profile(self.key)
        call = None if self.sequence is None else OrderedCall(self.sequence, CallMethod.REGISTER)
        if call_order.is_repeated(state, self.key, known, call) and known is not None:
            return _registered(state, known, settings, created=known.create_time == known.register_time)
        profile, ignored = patching.apply(
            _new_profile(state, self.key, settings)
            if known is None
            else reactivated(known, stamps.forward(state.now, known.register_time)),
            self.patch,
            settings,
            state.now,
        )
        profile, moved = ownership.claim_tokens(state, profile)
        displaced = [
            *moved,
            *ownership.take_device(state, profile, settings),
            *ownership.take_user(state, profile, settings),
        ]
        profile = state.put(
            profile._replace(
                # Counted only now, when the call can no longer be refused (M1).
                mad=state.count_active(self.key, counted_before(state, self.key) if known is None else known.mad),
                last_heartbeat_time=_heard(profile, settings, state.now),
                last_call=call or profile.last_call,
            )
        )
        call_order.record(state, self.key, call)
        profile = record_events(state, known, profile)
        linked = linking.has_linked(known, profile)
        registered = _registered(state, profile, settings, created=known is None, displaced=displaced, linked=linked)
        return replace(registered, ignored=ignored) if ignored else registered

    def clear(self, keys: Sequence[ProfileKey]) -> Displace:
        return Displace(self, tuple(keys))


@dataclass(frozen=True, slots=True)
class Displace(OnlyOfProfiles):
    """Change some other profiles as the following registration requires (R14).

    If that registration never runs, these profiles have lost a token or become inactive without a new owner. No push
    goes to a wrong user.
    """

    newcomer: Register
    keys: tuple[ProfileKey, ...]

    @property
    def app_id(self) -> str:
        return self.newcomer.app_id

    def decide(self, state: State, settings: AppSettings) -> tuple[Displacement, ...]:
        """Strips, signs out or supersedes them (R4-R7)."""
        others = [p for p in map(state.profile, self.keys) if p is not None and p.key != self.newcomer.key]
        tokens = {(e.provider, e.token) for e in self.newcomer.patch.push_endpoints}
        effects = [ownership.displace(state, profile, self.newcomer.key, tokens, settings) for profile in others]
        return tuple([displaced for displaced in effects if displaced is not None])


def _registered(
    state: State,
    profile: Profile,
    settings: AppSettings,
    *,
    created: bool,
    displaced: Iterable[Displacement] = (),
    linked: bool = False,
) -> Registered:
    users = state.count(SIGNED_IN, profile.key.device) if settings.multi_user_per_device else 1
    return Registered(profile, created, tuple(displaced), users, _placeholder_ids(profile.key), linked)


def _new_profile(state: State, key: ProfileKey, settings: AppSettings) -> Profile:
    """A new profile; after a deletion with a new creation time and no waiting period (R2)."""
    return Profile(
        key=key,
        create_time=state.now,
        register_time=state.now,
        update_time=state.now,
        mad=MadRecord(state.now, 0),
        channels=settings.channels,
    )


def reactivated(known: Profile, register_time: datetime) -> Profile:
    """The known profile, ACTIVE again and receiving push again (R2, R5, R7)."""
    return known._replace(
        status=ProfileStatus.ACTIVE,
        user_state=UserState.ACTIVE,
        push_superseded=False,
        register_time=register_time,
        unregister_time=None,
        unregister_reason=None,
    )


def counted_before(state: State, key: ProfileKey) -> MadRecord | None:
    """The billing record that an earlier profile of this key left, if any (M1, M2)."""
    history = state.history(key)
    if history.mad is not None:
        return billing.deleted_since(history.mad)
    return None if history.tombstone is None else billing.forgotten(history.tombstone.mad_deletion_time)


def _heard(profile: Profile, settings: AppSettings, now: datetime) -> datetime | None:
    """The last heartbeat.

    A registration counts as a heartbeat if the app's settings say so, or if the profile had an earlier heartbeat (H4).
    A user who signed in yesterday must not be deleted today because of a heartbeat of last month.
    """
    last = profile.last_heartbeat_time
    if last is None and not settings.register_counts_as_heartbeat:
        return None
    return stamps.forward(now, last)


def _placeholder_ids(key: ProfileKey) -> tuple[str, ...]:
    """The names of the ids in the key that are likely the same on many phones."""
    ids = (("user_id", key.user_id), ("device_id", key.device_id))
    return tuple([name for name, value in ids if is_no_id(value)])


def record_events(state: State, before: Profile | None, after: Profile, origin: str = "") -> Profile:
    """Records the events of a registration (E1); returns the profile as it is then.

    `origin`: what created a new profile, if not a registration of its device.
    """
    key = after.key
    if before is None:
        after = state.add_event(EventType.PROFILE_CREATED, key, origin)
        return linking.record_events(state, before, after)
    if (reason := _absence(before)) and not _absence(after):
        after = state.add_event(EventType.PROFILE_REACTIVATED, key, reason)
    if before.status is ProfileStatus.ACTIVE and before.held != after.held:
        after = state.add_event(EventType.PUSH_TOKEN_CHANGED, key)
    if before.push_permission is not after.push_permission:
        after = state.add_event(EventType.PUSH_PERMISSION_CHANGED, key, after.push_permission.name)
    return linking.record_events(state, before, after)


def _absence(profile: Profile) -> str:
    """What a registration brings the profile back from, if anything (R2, R5, R7)."""
    if profile.status is ProfileStatus.UNREGISTERED:
        return "UNREGISTERED"
    if profile.user_state is UserState.INACTIVE:
        return "INACTIVE"
    return "SUPERSEDED" if profile.push_superseded else ""
