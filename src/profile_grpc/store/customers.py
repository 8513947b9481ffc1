"""Customers: reads of committed data, and the purge of what remains of deleted ones (C1-C7)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, cast, delete, func, literal_column, select

from profile_grpc.domain import customer_schema
from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import Customer, CustomerId, CustomerTombstone, TombstoneKey
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.filtering.of_customers import names_read, parts_of
from profile_grpc.service.customer_ports import CustomerFilter
from profile_grpc.store import parameters, statements, tables, times
from profile_grpc.store.customer_rows import read_customer, read_schema, read_tombstone
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Found, Query

PART_BYTES = 1 << 20
"""Characters of attributes in one part; the last customer may go beyond it. One may have half a million."""
_PART = 500
"""Customers of one part at most."""
_LOOKED_UP = (None, "email", "msisdn")
_customer = tables.customer
_TEXT = _customer.c.keys().index("attributes")


class SqlCustomers:
    """The port `CustomerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        schema, gone = tables.customer_schema, tables.customer_tombstone
        self._get = statements.lookup(database, _customer, ["tenant_id", "customer_id"], _customer.c.keys())
        self._existing = statements.lookup(database, _customer, ["tenant_id", "customer_id"], ["customer_id"])
        self._schema = statements.lookup(database, schema, ["tenant_id"], schema.c.keys())
        self._tombstone = statements.lookup(database, gone, ["tenant_id", "customer_hash"], gone.c.keys())
        targeted = gone.c.target_id.is_not(None)
        self._merged = statements.lookup(database, gone, ["tenant_id", "target_id"], ["customer_hash"], targeted)
        self._lists = {name: database.prepare(_list(name).limit(parameters.LIMIT)) for name in _LOOKED_UP}
        part: ColumnElement[int] = literal_column(str(_PART))
        self._parts = {name: database.prepare(_bounded(_list(name).limit(part))) for name in _LOOKED_UP}
        self._given = database.prepare(_bounded(_of_given(database)))
        self._named = database.prepare(_named())
        before = parameters.number("before")
        of_tenant = gone.c.tenant_id == parameters.text("tenant_id")
        self._purge = database.prepare(delete(gone).where(of_tenant, gone.c.delete_time < before))

    async def get(self, key: CustomerId) -> Customer | None:
        found = await self._database.fetch(self._get, [tuple(key)])
        return read_customer(found[0]) if found else None

    async def schema(self, tenant_id: str) -> CustomerSchema:
        """The tenant's schema; of version 0 if it never set one."""
        found = await self._database.fetch(self._schema, [(tenant_id,)])
        return read_schema(found[0]) if found else CustomerSchema(tenant_id)

    async def tombstone(self, key: TombstoneKey) -> CustomerTombstone | None:
        found = await self._database.fetch(self._tombstone, [tuple(key)])
        return read_tombstone(found[0]) if found else None

    async def existing(self, tenant_id: str, customer_ids: Collection[str]) -> Collection[str]:
        given = sorted((tenant_id, customer_id) for customer_id in customer_ids)
        return {customer_id for (customer_id,) in await self._database.fetch(self._existing, given)}

    async def tombstones(self, keys: Collection[TombstoneKey]) -> Sequence[CustomerTombstone]:
        found = await self._database.fetch(self._tombstone, sorted(map(tuple, keys)))
        return [read_tombstone(row) for row in found]

    async def merged_into(self, tenant_id: str, target_id: str) -> Collection[str]:
        found = await self._database.fetch(self._merged, [(tenant_id, target_id)])
        return {customer_hash for (customer_hash,) in found}

    async def named(self, app_id: str, after: str, limit: int) -> Sequence[str]:
        found = await self._database.fetch(self._named, app_id=app_id, after=after, limit=limit)
        return [customer_id for (customer_id,) in found]

    async def list(self, wanted: CustomerFilter, after: str, limit: int) -> Sequence[Customer]:
        """In the order of the bytes of the ids."""
        by, value = _by(wanted)
        found = await self._database.fetch(
            self._lists[by], tenant_id=wanted.tenant_id, after=after, limit=limit, **value
        )
        return [read_customer(row) for row in found]

    async def part(self, wanted: CustomerFilter, after: str) -> Sequence[Customer]:
        """Of about PART_BYTES together."""
        by, value = _by(wanted)
        found = await self._database.fetch(
            self._parts[by], tenant_id=wanted.tenant_id, after=after, room=PART_BYTES, **value
        )
        return [read_customer(row[:-1]) for row in found]

    async def fitting(
        self, wanted: Filter, found: Sequence[Found], customer_at: int, truths_at: int
    ) -> Sequence[Found]:
        """The rows of profiles that fit the filter when their customers are judged, too (T3).

        Args:
            wanted: the filter. The rows fulfil what it says of the profiles themselves.
            found: the rows.
            customer_at: the column with the id of the customer.
            truths_at: the column with `filtering.truths`.
        """
        decide, schema = parts_of(wanted).decide, wanted.schema
        if decide is None or schema is None:
            return found
        asked: defaultdict[str, set[str]] = defaultdict(set)
        for row in found:
            if row[customer_at] is not None:
                asked[row[customer_at]].add(row[truths_at])
        names = names_read(wanted.expression)
        read = schema._replace(attributes=tuple([one for one in schema.attributes if one.name in names]))
        fits: dict[tuple[str | None, str], bool] = {}
        async for stored in self._of(schema.tenant_id, sorted(asked)):
            customer = customer_schema.shown(read, stored)
            customer_id = customer.key.customer_id
            fits |= {(customer_id, truths): decide(truths, customer) for truths in asked[customer_id]}
        for customer_id, truths in {(row[customer_at], row[truths_at]) for row in found} - fits.keys():
            fits[customer_id, truths] = decide(truths, None)
        return [row for row in found if fits[row[customer_at], row[truths_at]]]

    async def _of(self, tenant_id: str, customer_ids: Sequence[str]) -> AsyncIterator[Customer]:
        """Those of these customers that exist. The ids are in order."""
        while customer_ids:
            given = [(tenant_id, customer_id) for customer_id in customer_ids]
            found = await self._database.fetch(self._given, given, tenant_id=tenant_id, room=PART_BYTES)
            for row in found:
                yield read_customer(row[:-1])
            if len(found) == len(customer_ids) or not found or found[-1][-1] + len(found[-1][_TEXT] or "") < PART_BYTES:
                return
            customer_ids = customer_ids[bisect_right(customer_ids, found[-1][1]) :]

    async def purge_tombstones(self, tenant_id: str, before: datetime) -> int:
        return await self._database.execute(self._purge, tenant_id=tenant_id, before=times.micros(before))


def _named() -> Query:
    profile = tables.profile
    return (
        select(profile.c.customer_id)
        .distinct()
        .where(
            profile.c.app_id == parameters.text("app_id"),
            profile.c.customer_id > parameters.text("after"),
            tables.HAS_CUSTOMER,
        )
        .order_by(profile.c.customer_id)
        .limit(parameters.LIMIT)
    )


def _list(by: str | None) -> Query:
    wanted = [] if by is None else [_customer.c[by] == parameters.text(by), _customer.c[by].is_not(None)]
    return (
        select(_customer)
        .where(
            _customer.c.tenant_id == parameters.text("tenant_id"),
            _customer.c.customer_id > parameters.text("after"),
            *wanted,
        )
        .order_by(_customer.c.customer_id)
    )


def _by(wanted: CustomerFilter) -> tuple[str | None, dict[str, str]]:
    """The column that has the wanted value, and that value."""
    if wanted.email is not None:
        return "email", {"email": wanted.email}
    return (None, {}) if wanted.msisdn is None else ("msisdn", {"msisdn": wanted.msisdn})


def _of_given(database: Database) -> Query:
    given = statements.given_rows(database, _customer, ["tenant_id", "customer_id"])
    return (
        select(_customer)
        .select_from(given.join(_customer, _customer.c.customer_id == given.c.customer_id))
        .where(_customer.c.tenant_id == parameters.text("tenant_id"))
        .order_by(_customer.c.customer_id)
    )


def _bounded(query: Query) -> Query:
    """The first rows of the query, until they have `room` characters; the last column has those of the rows before."""
    seen = query.subquery("seen")
    size = func.coalesce(func.length(seen.c.attributes), literal_column("0"))
    before = cast(func.sum(size).over(order_by=seen.c.customer_id) - size, BigInteger)
    counted = select(*seen.c, before.label("before")).subquery("counted")
    return select(counted).where(counted.c.before < parameters.number("room")).order_by(counted.c.customer_id)
