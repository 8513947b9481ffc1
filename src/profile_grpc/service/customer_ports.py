"""The ports of customers: what the use cases and the recipients' filters need of a store (C1-C7, T3)."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from profile_grpc.domain.customer_schema import CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import Customer, CustomerId, CustomerTombstone, TombstoneKey, Value
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


class Comparison(enum.StrEnum):
    """How the value of an attribute is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    PRESENT = ":*"
    """The customer has a value."""


class AttributeTest(NamedTuple):
    """A condition on the value of one attribute. A customer without a value satisfies none."""

    attribute: SchemaAttribute
    comparison: Comparison
    value: Value | None = None
    """Of the attribute's type; None with PRESENT."""


class CustomerReader(Protocol):
    """The attributes of customers, for filters of recipients (T3). Each read is of one tenant, and so of one shard."""

    async def schema(self, tenant_id: str) -> CustomerSchema:
        """The tenant's schema as committed; of version 0 if it never set one. `by_name` has the types."""
        ...

    async def matching(self, tenant_id: str, test: AttributeTest, after: str, limit: int) -> Sequence[str]:
        """Up to `limit` ids of the tenant's customers after the id `after` that satisfy the test, in order.

        Reads every customer of the tenant up to there: attributes have no index.
        """
        ...


class CustomerStore(CustomerReader, Protocol):
    """The customers, as committed."""

    async def get(self, key: CustomerId) -> Customer | None:
        """The customer as stored: `customer_schema.shown` tells what its schema has of it."""
        ...

    async def tombstone(self, key: TombstoneKey) -> CustomerTombstone | None:
        """What remains of a customer that was deleted."""
        ...

    async def merged_into(self, tenant_id: str, target_id: str) -> Collection[str]:
        """The keyed hashes of the ids of the customers that were merged into this one."""
        ...

    async def named(self, app_id: str, after: str, limit: int) -> Sequence[str]:
        """Up to `limit` ids after the id `after`, in order, of customers that profiles of the app are linked with."""
        ...

    async def list(self, wanted: CustomerFilter, after: str, limit: int) -> Sequence[Customer]:
        """Up to `limit` customers as stored after the id `after`, ordered by id."""
        ...

    async def part(self, wanted: CustomerFilter, after: str) -> Sequence[Customer]:
        """Some customers as stored after the id `after`, ordered by id, not too large together; none: no more."""
        ...

    async def purge_tombstones(self, tenant_id: str, before: datetime) -> int:
        """Deletes what remains of the tenant's customers that were deleted before that time; returns how many."""
        ...
