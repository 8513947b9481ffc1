"""Erasing people: what is deleted of them leaves no id behind (C8)."""

from __future__ import annotations

from dataclasses import dataclass

from profile_grpc.domain.barriers import IMPORTED_LINKS, IMPORTED_PROFILES
from profile_grpc.domain.commands import OfOne, OfProfiles, ReadsNothing
from profile_grpc.domain.deletion_records import DeletionReason, Tombstone
from profile_grpc.domain.events import ERASED_CUSTOMER, ERASED_USER, Event, EventType
from profile_grpc.domain.keys import DeviceKey, ProfileKey, UserKey
from profile_grpc.domain.kinds import EVENTS, ORDERS, PROFILES, TOMBSTONES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


def of_user(user: UserKey) -> ProfileKey:
    """The key of the tombstone of an erased user as a whole. No profile has it: no device id is empty."""
    return ProfileKey(user.app_id, user.user_id, "")


@dataclass(frozen=True, slots=True)
class RememberErasure(ReadsNothing):
    """Leave a tombstone of a user as a whole, so that no import brings the user back on any device (C8)."""

    user: UserKey

    @property
    def app_id(self) -> str:
        return self.user.app_id

    def decide(self, state: State, _settings: AppSettings) -> None:
        """Leaves it, or begins its retention anew. An import that was decided without it is decided again."""
        hashed = state.hasher.profile(of_user(self.user))
        state.add_record(TOMBSTONES, Tombstone(self.app_id, hashed, DeletionReason.ERASED, state.now, state.now))
        IMPORTED_PROFILES.raise_for(state, self.app_id)


@dataclass(frozen=True, slots=True)
class StopImports(ReadsNothing):
    """Make each record conflict that names a customer and that an import into the app has decided before: the erasure
    of a customer is remembered since (C8). The customer may be on another shard than the app.
    """

    app_id: str

    def decide(self, state: State, _settings: AppSettings) -> None:
        """Raises the barrier."""
        IMPORTED_LINKS.raise_for(state, self.app_id)


@dataclass(frozen=True, slots=True)
class EraseProfiles(OfProfiles):
    """Delete these profiles of an app, with the order of calls on their devices.

    A profile that has changed since it was read is kept: it has left events since, whose ids are to be erased first.
    """

    app_id: str
    keys: tuple[ProfileKey, ...]
    revisions: tuple[int, ...]
    """The revisions that were read, in the same order."""
    announced_customer: str = ""
    """The customer that is erased: an event of type ERASED carries each user's id, and this one. Empty: none does."""
    announced_users: frozenset[str] = frozenset()
    """Users of whom there is such an event."""

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(PROFILES, *self.keys)
        needs.in_order.update(key.device for key in self.keys)

    def decide(self, state: State, _settings: AppSettings) -> Deleted:
        """Deletes those that have not changed. An import that has not seen them is decided again."""
        IMPORTED_PROFILES.raise_for(state, self.app_id)
        seen = dict(zip(self.keys, self.revisions, strict=True))
        found = [p for p in map(state.profile, self.keys) if p is not None and p.revision == seen[p.key]]
        for profile in found:
            state.delete(profile, DeletionReason.ERASED)
        if self.announced_customer:
            for user_id in sorted({profile.key.user_id for profile in found} - self.announced_users):
                _announce(state, self.app_id, user_id, self.announced_customer)
        return Deleted(tuple(p.key for p in found))


@dataclass(frozen=True, slots=True)
class ForgetCalls(OfOne):
    """Delete the order of calls on devices that a user had, and that has no profile any more (R13)."""

    app_id: str
    devices: tuple[DeviceKey, ...]

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.in_order.update(self.devices)

    def decide(self, state: State, _settings: AppSettings) -> None:
        """Deletes them. What belongs to a profile stays: that profile is another user's."""
        for device in self.devices:
            order = state.device_order(device)
            if order is not None and order.forget_time is not None:
                state.drop_row(ORDERS, device)


@dataclass(frozen=True, slots=True)
class Announce(ReadsNothing):
    """Leave the event by which others learn whom to erase."""

    app_id: str
    """The app or, of a customer, the tenant (see Command)."""
    user_id: str = ""
    customer_id: str = ""

    def decide(self, state: State, _settings: AppSettings) -> None:
        _announce(state, self.app_id, self.user_id, self.customer_id)


def _announce(state: State, owner: str, user_id: str, customer_id: str) -> None:
    """Records the event about a user of the app or, without one, about a customer of the tenant."""
    app_id, tenant_id, reason = (owner, "", ERASED_USER) if user_id else ("", owner, ERASED_CUSTOMER)
    event = Event(
        EventType.ERASED, app_id, state.now, user_id, reason=reason, customer_id=customer_id, tenant_id=tenant_id
    )
    state.add_record(EVENTS, event)
