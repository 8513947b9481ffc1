"""Links between profiles and customers (C5)."""

from __future__ import annotations

from profile_grpc.domain.model import EventType, Profile
from profile_grpc.domain.state import State


def leave_events(state: State, before: Profile | None, after: Profile) -> Profile:
    """Leaves the events of a change of the linked customer, if it changed (E1); returns the profile as it is then."""
    old, new = (None if p is None else p.attributes.customer_id for p in (before, after))
    if old != new and old is not None:
        after = state.add_event(EventType.CUSTOMER_UNLINKED, after.key, customer_id=old)
    if old != new and new is not None:
        after = state.add_event(EventType.CUSTOMER_LINKED, after.key)
    return after
