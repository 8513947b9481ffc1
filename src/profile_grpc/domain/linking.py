"""Links between profiles and customers (C4, C5, C7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profile_grpc.domain.commands import OfOne
from profile_grpc.domain.events import EventType
from profile_grpc.domain.keys import CustomerKey
from profile_grpc.domain.kinds import OF_CUSTOMER
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.slices import InOnePart
from profile_grpc.domain.state import State


@dataclass(frozen=True, slots=True)
class MoveLinks(OfOne, InOnePart):
    """Link the profiles of an app that are linked with one customer with another one, or with none."""

    app_id: str
    source_id: str
    target_id: str | None = None
    """None: with none."""

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(OF_CUSTOMER, CustomerKey(self.app_id, self.source_id))

    def decide(self, state: State, _settings: AppSettings) -> int:
        """Changes the links; returns how many."""
        found = state.select(OF_CUSTOMER, CustomerKey(self.app_id, self.source_id))
        for profile in found:
            attributes = profile.attributes._replace(customer_id=self.target_id)
            record_events(state, profile, state.put(profile._replace(attributes=attributes, update_time=state.now)))
        return len(found)

    def joined(self, results: Sequence[int]) -> int:
        return sum(results)


def has_linked(before: Profile | None, after: Profile) -> bool:
    """Whether the profile is linked with a customer with whom it was not linked before."""
    new = after.attributes.customer_id
    return new is not None and (before is None or before.attributes.customer_id != new)


def record_events(state: State, before: Profile | None, after: Profile) -> Profile:
    """Records the events of a change of the linked customer, if it changed (E1); returns the profile as it is then."""
    old, new = None if before is None else before.attributes.customer_id, after.attributes.customer_id
    if old == new:
        return after
    if old is not None:
        after = state.add_event(EventType.CUSTOMER_UNLINKED, after.key, customer_id=old)
    if new is not None:
        after = state.add_event(EventType.CUSTOMER_LINKED, after.key)
    return after
