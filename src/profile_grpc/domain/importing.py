"""Imports of profiles: registrations of another system, decided by the times that they had there (I1).

The result does not depend on the order of the records: whatever a later registration would have taken, an earlier one
does not get. So a file need not be sorted, a part may be repeated, and phones may register here meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from profile_grpc.domain import billing, erasure, inactivity, linking, ownership, patching, registration, stamps
from profile_grpc.domain.barriers import IMPORTED_LINKS, IMPORTED_PROFILES
from profile_grpc.domain.commands import OfOne, OfProfile, ProfilePatch
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import EventType
from profile_grpc.domain.import_start import ImportKey, ImportStart
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import CURRENT, GUARDS, IMPORTS, PROFILES, RECEIVING, SIGNED_IN
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import Attributes, Profile, ProfileStatus, UnregisterReason, UserState
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider
from profile_grpc.domain.results import IgnoredReason, IgnoredValue, Imported, ImportOutcome
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

_IMPORTED = "IMPORTED"
"""The reason of the event of a profile that an import created."""


class SourceState(NamedTuple):
    """The state of a profile in the system that it comes from, as far as no registration contains it (I1).

    An import takes it over. Without it, a profile would become ACTIVE whose neighbor on the device or of the user is in
    no file.
    """

    signed_out: bool = False
    """The profile is UNREGISTERED there."""
    inactive: bool = False
    """Another user of the device registered later (R5)."""
    superseded: bool = False
    """Another device of the user registered later (R7)."""
    suspect: frozenset[tuple[PushProvider, str]] = frozenset()
    """The identities of endpoints that a provider refused (F6)."""
    invalid: tuple[PushEndpoint, ...] = ()
    """Endpoints that a provider declared dead, without tokens (F4)."""


REGISTERED = SourceState()
"""That of a profile whose last call there was a registration, and of which no provider refused a token."""


@dataclass(frozen=True, slots=True)
class BeginImport(OfOne):
    """Begin an import, or find when it began (I1, I2)."""

    key: ImportKey

    @property
    def app_id(self) -> str:
        return self.key.app_id

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(IMPORTS, self.key)

    def decide(self, state: State, _settings: AppSettings) -> datetime:
        """When it began: the first time that it was asked."""
        begun = state.row(IMPORTS, self.key)
        start = state.now if begun is None else stamps.Stamps(state.now).time(begun.start_time)
        if begun is None or start != begun.start_time:
            state.put_row(IMPORTS, ImportStart(self.key, start, state.fresh_revision()))
        return start


@dataclass(frozen=True, slots=True)
class ReadBarrier(OfOne):
    """Read the barrier between an import and erasures of customers, before the customers that its records name are
    read (C8).
    """

    app_id: str
    start: datetime
    """When the import began."""

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(GUARDS, IMPORTED_LINKS.guard(self.app_id, self.start))

    def decide(self, state: State, _settings: AppSettings) -> int:
        """Its revision, see `ImportProfile.barrier`. The first time, the barrier is stored."""
        return IMPORTED_LINKS.revision(state, self.app_id, self.start)


@dataclass(frozen=True, slots=True)
class ImportProfile(OfProfile):
    """Import one profile: register it as of the time of its registration (I1, R1-R9)."""

    key: ProfileKey
    patch: ProfilePatch
    start: datetime
    """When the import began: no time of the record is later."""
    register_time: datetime | None = None
    """None: not known. Then a profile that was active here keeps what it has."""
    create_time: datetime | None = None
    source: SourceState = REGISTERED
    app_time: datetime | None = None
    """When the app was created. What was deleted with an earlier app of this id may be imported again (D4)."""
    barrier: int | None = None
    """The revision that IMPORTED_LINKS had before the record's customer was read; None: no customer was read. With
    another revision the customer may have been erased since, and is to be read again."""

    def needs(self, needs: Needs, settings: AppSettings) -> None:
        key = self.key
        needs.add(PROFILES, key, erasure.of_user(key.user))
        needs.add(GUARDS, IMPORTED_PROFILES.guard(key.app_id, self.start))
        if self.barrier is not None:
            needs.add(GUARDS, IMPORTED_LINKS.guard(key.app_id, self.start))
        ownership.registration_needs(needs, key, self.patch, settings)

    def decide(self, state: State, settings: AppSettings) -> Imported:
        """Creates the profile, or registers it again if this registration is later than the stored one.

        Raises:
            Refused: CHANNEL_NOT_ENABLED (R9), INVALID_ATTRIBUTE (U4, U5), RECORD_EXPIRED (P2), CONFLICT; nothing has
                changed then.
        """
        if state.history(erasure.of_user(self.key.user)).tombstone is not None:
            return Imported(ImportOutcome.UNCHANGED)  # no import brings an erased person back (C8)
        imported = self._decide(state, settings)
        if imported.outcome is not ImportOutcome.UNCHANGED:
            IMPORTED_PROFILES.let_pass(state, self.app_id, self.start)
            if self.barrier is not None:
                IMPORTED_LINKS.let_pass(state, self.app_id, self.start)
        return imported

    def _decide(self, state: State, settings: AppSettings) -> Imported:
        self._check_barrier(state)
        known = state.profile(self.key)
        if known is not None and (self._loses_to(known) or self._time == known.register_time):
            return self._fill(state, known, settings)
        if self._was_deleted_since(state) if known is None else self._was_signed_out_since(state, known, settings):
            return Imported(ImportOutcome.UNCHANGED)
        patch = self.patch if known is None else self._not_confirmed_since(known)
        profile, ignored = patching.apply(self._base(state, known, settings), patch, settings, self.start)
        profile = (profile if self.source is REGISTERED else self._as_in_source(profile))._replace(
            update_time=state.now
        )
        if self.source.signed_out or self._is_replaced(state, settings):
            _sign_out(state, known, profile, None if self.source.signed_out else UnregisterReason.REPLACED)
            return Imported(_outcome(known), ignored)
        self._check_lifetime(state, profile, settings)
        profile, owned = self._without_owned(state, profile)
        profile, _ = ownership.claim_tokens(state, profile)
        profile = self._take_device(state, profile, settings)
        profile = self._take_user(state, profile, settings)
        _record_events(state, known, state.put(profile))
        return Imported(_outcome(known), (*ignored, *owned))

    def _check_barrier(self, state: State) -> None:
        if self.barrier is None:
            return
        if self.barrier != IMPORTED_LINKS.revision(state, self.app_id, self.start):
            raise Refused(Reason.CONFLICT, "A customer was erased since the record's customer was read; try again.")

    # --- the order of registrations ---

    @property
    def _time(self) -> datetime:
        return self.register_time or self.start

    @property
    def _created(self) -> datetime:
        return min(self.create_time or self._time, self._time)

    def _loses_to(self, other: Profile) -> bool:
        """Whether the other registration is the later one. Of two at the same time, that of the greater key is."""
        if self.register_time is None and billing.was_active(other.mad):
            return True
        return (other.register_time, other.key) > (self._time, self.key)

    def _is_before(self, ended: datetime) -> bool:
        """Whether the registration was before the end of the profile here; if its time is not known, it was."""
        return self.register_time is None or ended >= self._time

    def _was_deleted_since(self, state: State) -> bool:
        """Whether the profile was deleted after this registration, perhaps after this record was imported (I2), or was
        erased: no import brings an erased person back (C8).
        """
        gone = state.history(self.key).tombstone
        if gone is None or gone.reason is DeletionReason.ERASED:
            return gone is not None
        is_of_app = self.app_time is None or gone.delete_time >= self.app_time
        return is_of_app and self._is_before(gone.delete_time)

    def _was_signed_out_since(self, state: State, known: Profile, settings: AppSettings) -> bool:
        """Whether the user was signed out here after this registration: then the user stays signed out (D1, R6)."""
        if known.unregister_time is None or not self._is_before(known.unregister_time):
            return False
        if known.unregister_reason is not UnregisterReason.REPLACED:
            return known.unregister_reason is not None  # None: signed out by a record
        # Who replaced the user decides, while that user is there (`_is_replaced`).
        return not settings.multi_user_per_device and not state.select(SIGNED_IN, self.key.device)

    # --- the profile itself ---

    def _base(self, state: State, known: Profile | None, settings: AppSettings) -> Profile:
        """The profile before the patch."""
        if known is not None:
            again = registration.reactivated(known, self._time)
            return again._replace(create_time=min(known.create_time, self._created))
        return Profile(
            key=self.key,
            create_time=self._created,
            register_time=self._time,
            update_time=state.now,
            mad=registration.counted_before(state, self.key) or billing.never_counted(),
            channels=settings.channels,
        )

    def _as_in_source(self, profile: Profile) -> Profile:
        """With what the record tells besides: dead and suspect endpoints (F4, F6), superseded (R7), inactive (R5)."""
        source = self.source
        dead = {endpoint.purpose for endpoint in source.invalid}
        fresh = {endpoint.purpose for endpoint in self.patch.push_endpoints}
        endpoints = [
            e._replace(state=PushEndpointState.SUSPECT) if e.identity in source.suspect else e
            for e in profile.push_endpoints
            if e.purpose not in dead or e.purpose in fresh
        ]
        held = {(e.provider, e.purpose) for e in endpoints}
        endpoints += [e for e in source.invalid if (e.provider, e.purpose) not in held]
        return profile._replace(
            push_endpoints=tuple(sorted(endpoints, key=lambda e: (e.provider, e.purpose))),
            push_superseded=source.superseded,
            user_state=UserState.INACTIVE if source.inactive else UserState.ACTIVE,
        )

    def _not_confirmed_since(self, known: Profile) -> ProfilePatch:
        """The patch without endpoints of purposes of which the app has confirmed a token here since (R3)."""
        if not billing.was_active(known.mad):
            return self.patch
        since = {e.purpose for e in known.push_endpoints if e.confirm_time > self._time}
        kept = tuple(e for e in self.patch.push_endpoints if e.purpose not in since)
        return self.patch._replace(push_endpoints=kept)

    def _check_lifetime(self, state: State, profile: Profile, settings: AppSettings) -> None:
        """Refuses a profile that the reaper would delete at its next pass (P2)."""
        if profile.last_heartbeat_time is not None:
            return
        expires = inactivity.expire_time(None, self._time, settings)
        if expires is not None and expires <= state.now:
            description = "is longer ago than never_heartbeat_ttl"
            message = f"The profile would be deleted at once: register_time {description}."
            raise Refused.for_field(Reason.RECORD_EXPIRED, message, "register_time", description)

    def _fill(self, state: State, known: Profile, settings: AppSettings) -> Imported:
        """An earlier registration: gives the profile what the later one left as it was (R1).

        Only once: the profile then has the earlier creation time, by which a repetition is known (I2).
        """
        if self.register_time is None or self._created >= known.create_time or known.status is not ProfileStatus.ACTIVE:
            return Imported(ImportOutcome.UNCHANGED)
        earlier, ignored = patching.apply(self._base(state, None, settings), self.patch, settings, self.start)
        purposes = {endpoint.purpose for endpoint in known.push_endpoints}
        added = () if self.source.signed_out else [e for e in earlier.push_endpoints if e.purpose not in purposes]
        filled = known._replace(
            create_time=self._created,
            platform=known.platform or earlier.platform,
            push_permission=known.push_permission or earlier.push_permission,
            push_endpoints=tuple(sorted([*known.push_endpoints, *added], key=lambda e: (e.provider, e.purpose))),
            attributes=_filled(known.attributes, earlier.attributes),
            update_time=state.now,
        )
        filled, _ = self._without_owned(state, filled)
        filled, _ = ownership.claim_tokens(state, filled)
        _record_events(state, known, state.put(filled))
        return Imported(ImportOutcome.UPDATED, ignored)

    # --- other profiles ---

    def _without_owned(self, state: State, profile: Profile) -> tuple[Profile, tuple[IgnoredValue, ...]]:
        """Without the record's tokens that a later registration of another device holds (R4)."""
        owned: dict[tuple[PushProvider, str], IgnoredValue] = {}
        for index, endpoint in enumerate(self.patch.push_endpoints):
            identity = (endpoint.provider, endpoint.token)
            if any(self._loses_to(holder) for holder in ownership.other_holders(state, profile, {identity})):
                owned[identity] = IgnoredValue(f"profile.push_endpoints[{index}]", IgnoredReason.TOKEN_OWNED)
        if not owned:
            return profile, ()
        kept = tuple(e for e in profile.push_endpoints if not e.token or e.identity not in owned)
        return profile._replace(push_endpoints=kept), tuple(owned.values())

    def _is_replaced(self, state: State, settings: AppSettings) -> bool:
        """Whether another user registered later on a device that has one user (R6)."""
        return not settings.multi_user_per_device and self._is_passed(state.select(SIGNED_IN, self.key.device))

    def _take_device(self, state: State, profile: Profile, settings: AppSettings) -> Profile:
        """The device's other users step back (R5, R6), unless one of them registered later."""
        if settings.multi_user_per_device and self._is_passed(state.select(CURRENT, self.key.device)):
            return profile._replace(user_state=UserState.INACTIVE)
        if not settings.multi_user_per_device or profile.user_state is UserState.ACTIVE:
            for _ in ownership.take_device(state, profile, settings):
                pass
        return profile

    def _take_user(self, state: State, profile: Profile, settings: AppSettings) -> Profile:
        """The user's other devices are superseded, or this one is (R7)."""
        if not settings.single_device_per_user:
            return profile
        if self._is_passed(state.select(RECEIVING, self.key.user)):
            return profile._replace(push_superseded=True)
        if not profile.push_superseded:
            for _ in ownership.take_user(state, profile, settings):
                pass
        return profile

    def _is_passed(self, others: Iterable[Profile]) -> bool:
        """Whether one of the others registered later."""
        return any(other.key != self.key and self._loses_to(other) for other in others)


def _outcome(known: Profile | None) -> ImportOutcome:
    return ImportOutcome.CREATED if known is None else ImportOutcome.UPDATED


def _filled(known: Attributes, earlier: Attributes) -> Attributes:
    """The known values, and those of the earlier registration where there is none."""
    filled = Attributes(
        *[value if value is not None else before for value, before in zip(known, earlier, strict=True)]  # type: ignore[arg-type]
    )
    return filled._replace(
        device_attributes=MappingProxyType({**earlier.device_attributes, **known.device_attributes}),
        custom_attributes=_up_to_limit(known.custom_attributes, earlier.custom_attributes),
    )


def _up_to_limit(known: Mapping[str, str], earlier: Mapping[str, str]) -> Mapping[str, str]:
    names = [*known, *[name for name in earlier if name not in known]][: patching.MAX_CUSTOM_ATTRIBUTES]
    return MappingProxyType({name: known.get(name, earlier.get(name, "")) for name in names})


def _sign_out(state: State, known: Profile | None, profile: Profile, reason: UnregisterReason | None) -> None:
    """Stores the profile as UNREGISTERED, kept for the retention from now on (D1).

    `reason`: None: a record says so. It is stored as no reason, because the user did not sign out here.
    """
    was_out = known is not None and known.status is ProfileStatus.UNREGISTERED
    stored = state.put(
        profile._replace(
            status=ProfileStatus.UNREGISTERED,
            user_state=UserState.INACTIVE,
            push_endpoints=(),
            unregister_time=known.unregister_time if known is not None and was_out else state.now,
            unregister_reason=known.unregister_reason if known is not None and was_out else reason,
        )
    )
    if known is None:
        stored = state.add_event(EventType.PROFILE_CREATED, stored.key, _IMPORTED)
    linking.record_events(state, known, stored)
    if not was_out:
        state.add_event(EventType.PROFILE_UNREGISTERED, stored.key, reason or UnregisterReason.CLIENT)


def _record_events(state: State, known: Profile | None, stored: Profile) -> None:
    """Records the events of the record's own profile (E1)."""
    registration.record_events(state, known, stored, _IMPORTED)
    if known is None:
        return
    if known.user_state is UserState.ACTIVE and stored.user_state is UserState.INACTIVE:
        state.add_event(EventType.USER_DEACTIVATED, stored.key)
    if stored.push_superseded and not known.push_superseded:
        state.add_event(EventType.PUSH_SUPERSEDED, stored.key)
