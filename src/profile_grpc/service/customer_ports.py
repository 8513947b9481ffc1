"""What the use cases need of a store for customers, and for the events of people (C, T3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import Customer, CustomerId, CustomerTombstone, TombstoneKey
from profile_grpc.domain.events import Event
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.keys import CustomerKey, ProfileKey, UserKey


class CustomerFilter(NamedTuple):
    """Which customers of a tenant; None: no restriction."""

    tenant_id: str
    email: str | None = None
    """Normalised."""
    msisdn: str | None = None
    """E.164."""
    filter: Filter | None = None
    """In the language of T3; the store does not judge it."""


class CustomerStore(Protocol):
    """The customers, as committed. Each read is of one tenant, and so of one shard."""

    async def schema(self, tenant_id: str) -> CustomerSchema:
        """The tenant's schema; of version 0 if it never set one. `by_name` has the types."""

    async def get(self, key: CustomerId) -> Customer | None:
        """The customer as stored: `customer_schema.shown` tells what its schema has of it."""

    async def existing(self, tenant_id: str, customer_ids: Collection[str]) -> Collection[str]:
        """The ids of those of these customers that exist."""

    async def tombstone(self, key: TombstoneKey) -> CustomerTombstone | None:
        """What remains of a customer that was deleted."""

    async def tombstones(self, keys: Collection[TombstoneKey]) -> Sequence[CustomerTombstone]:
        """What remains of those of these customers that were deleted."""

    async def merged_into(self, tenant_id: str, target_id: str) -> Collection[str]:
        """The keyed hashes of the ids of the customers that were merged into this one."""

    async def named(self, app_id: str, after: str, limit: int) -> Sequence[str]:
        """Up to `limit` ids after the id `after`, in order, of customers that profiles of the app are linked with."""

    async def list(self, wanted: CustomerFilter, after: str, limit: int) -> Sequence[Customer]:
        """Up to `limit` customers as stored after the id `after`, ordered by id."""

    async def part(self, wanted: CustomerFilter, after: str) -> Sequence[Customer]:
        """Some customers as stored after the id `after`, ordered by id, not too large together; none: no more."""

    async def purge_tombstones(self, tenant_id: str, before: datetime) -> int:
        """Deletes what remains of the tenant's customers that were deleted before that time; returns how many."""


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
