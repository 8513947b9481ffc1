"""What a change of a profile leaves for others: an event with the profile's next version (E1, E2)."""

from __future__ import annotations

from datetime import datetime

from profile_grpc.domain.model import Event, EventType, ProfileKey

OF_TENANT = frozenset({EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED, EventType.CUSTOMER_DELETED})
"""What happens to customers, and so to a tenant and not to an app."""

ERASED_USER = "USER"
"""The reason of ERASED: a user of an app was erased."""
ERASED_CUSTOMER = "CUSTOMER"
"""The reason of ERASED: a customer of a tenant was erased."""


def next_version(version: int) -> int:
    """The version of a profile after a change that leaves an event (E2).

    The profile, or the tombstone of a deleted one, is stored with it, guarded by the profile's revision: so the events
    of one profile have every version once, and each is committed after the one before it.
    """
    return version + 1


def of_profile(
    what: EventType, key: ProfileKey, version: int, now: datetime, reason: str = "", customer_id: str | None = None
) -> Event:
    """The event of a change of a profile that had this version until now."""
    app_id, user_id, device_id = key
    return Event(what, app_id, now, user_id, device_id, reason, customer_id or "", next_version(version))
