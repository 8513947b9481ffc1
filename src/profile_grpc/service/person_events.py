"""The port of the events of people: to find and to erase them (C8, C9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from profile_grpc.domain.customers import CustomerId
from profile_grpc.domain.events import Event
from profile_grpc.domain.keys import CustomerKey, ProfileKey, UserKey


class Person(NamedTuple):
    """By which ids the events of a person are found: any of them."""

    users: Sequence[UserKey] = ()
    profiles: Sequence[ProfileKey] = ()
    linked: Sequence[CustomerKey] = ()
    """The customer in each app: the events of profiles that name it."""
    customers: Sequence[CustomerId] = ()
    """The events of the customer itself. A tenant may have the id of another tenant's app."""


class PersonEvents(Protocol):
    """The events of people, with a position or without one."""

    async def find(self, person: Person, limit: int) -> Sequence[Event]:
        """Up to `limit` of the person's events, oldest position first; those without a position last."""

    async def keys(self, person: Person, after: ProfileKey | None, limit: int) -> Sequence[ProfileKey]:
        """Up to `limit` keys of profiles that the person's events name, in order, after the key `after`."""

    async def announcements(self, person: Person) -> Sequence[Event]:
        """The person's events of type ERASED. They are few: an erasure leaves one for each user, once."""

    async def erase(self, person: Person, *, keep_announcements: bool, keep_customer: str | None = None) -> int:
        """Removes the ids from the person's events, which keep type, position, reason, version and time.

        `keep_announcements`: not from those of type ERASED. `keep_customer`: not from those that name this customer.
        Returns from how many.
        """

    async def merged_customers(self, tenant_id: str) -> Collection[str]:
        """The ids of the tenant's customers of whose merge there is an event."""

    async def forget(self) -> None:
        """Has every process forget the events that it has in memory."""
