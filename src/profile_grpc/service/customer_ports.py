"""The ports of customers: what the use cases and the recipients' filters need of a store (C1-C7, T3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import Customer, CustomerId, CustomerTombstone, TombstoneKey
from profile_grpc.domain.filtering.expressions import Filter


class CustomerFilter(NamedTuple):
    """Which customers of a tenant; None: no restriction."""

    tenant_id: str
    email: str | None = None
    """Normalised."""
    msisdn: str | None = None
    """E.164."""
    filter: Filter | None = None
    """In the language of T3; the store does not judge it."""


class CustomerReader(Protocol):
    """What filters need to know of customers (T3). Each read is of one tenant, and so of one shard."""

    async def schema(self, tenant_id: str) -> CustomerSchema:
        """The tenant's schema as committed; of version 0 if it never set one. `by_name` has the types."""


class CustomerStore(CustomerReader, Protocol):
    """The customers, as committed."""

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
