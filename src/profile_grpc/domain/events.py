"""Events: what a change leaves for others. That of a profile has the profile's next version (E1, E2)."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain.keys import ProfileKey


class EventType(enum.StrEnum):
    """What happened to a profile or a customer or, without a key, to an app."""

    PROFILE_CREATED = "PROFILE_CREATED"
    PROFILE_REACTIVATED = "PROFILE_REACTIVATED"
    PROFILE_UNREGISTERED = "PROFILE_UNREGISTERED"
    PROFILE_DELETED = "PROFILE_DELETED"
    USER_DEACTIVATED = "USER_DEACTIVATED"
    PUSH_SUPERSEDED = "PUSH_SUPERSEDED"
    PUSH_TOKEN_CHANGED = "PUSH_TOKEN_CHANGED"  # noqa: S105 - an event's name
    PUSH_TOKEN_MOVED = "PUSH_TOKEN_MOVED"  # noqa: S105 - an event's name
    PUSH_ENDPOINT_INVALIDATED = "PUSH_ENDPOINT_INVALIDATED"
    PUSH_ENDPOINT_SUSPECT = "PUSH_ENDPOINT_SUSPECT"
    PUSH_PERMISSION_CHANGED = "PUSH_PERMISSION_CHANGED"
    CUSTOMER_LINKED = "CUSTOMER_LINKED"
    CUSTOMER_UNLINKED = "CUSTOMER_UNLINKED"
    PUSH_CREDENTIAL_PROBLEM = "PUSH_CREDENTIAL_PROBLEM"
    REAPER_HELD = "REAPER_HELD"
    REAPER_RELEASED = "REAPER_RELEASED"
    FEEDBACK_HELD = "FEEDBACK_HELD"
    FEEDBACK_RELEASED = "FEEDBACK_RELEASED"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    CUSTOMER_CREATED = "CUSTOMER_CREATED"
    CUSTOMER_UPDATED = "CUSTOMER_UPDATED"
    CUSTOMER_DELETED = "CUSTOMER_DELETED"
    ERASED = "ERASED"
    CREDENTIAL_EXPIRING = "CREDENTIAL_EXPIRING"


class Event(NamedTuple):
    """A change that matters to others (E1). Never holds a token, an attribute's value, a key or a JWT."""

    type: EventType
    app_id: str
    time: datetime
    """When it was decided: no order (E3)."""
    user_id: str = ""
    device_id: str = ""
    reason: str = ""
    customer_id: str = ""
    """The customer that the profile is linked with; of CUSTOMER_UNLINKED, was linked with."""
    version: int = 0
    """The profile's or the customer's version that the change led to (E2); 0: of an app."""
    tenant_id: str = ""
    """Of an event of a customer: whose it is. Such an event has no app."""

    @property
    def owner(self) -> str:
        """The app or the tenant that it belongs to, which decides its shard."""
        return self.tenant_id or self.app_id


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
