"""The use cases of a tenant's schema of customers (C2), and the filters that may name its attributes (T3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from profile_grpc.domain import customer_schema
from profile_grpc.domain.customer_changes import RewriteCustomers
from profile_grpc.domain.customer_schema import CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import Customer, CustomerRef
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.schema_changes import AdoptSchema, BeginChange, WithdrawChange
from profile_grpc.service import filter_parsing
from profile_grpc.service.customer_ports import CustomerFilter, CustomerStore
from profile_grpc.service.customers import Customers

_REWRITE = 50
"""Customers that are rewritten in one transaction; other calls wait for it."""


class SchemaChanged(NamedTuple):
    """What a change of a schema led to."""

    schema: CustomerSchema
    """As stored, or as it would be."""
    affected: int
    """Customers that would lose values, or have lost them."""


class Misfits(NamedTuple):
    """The stored customers that would lose values."""

    customers: int
    attributes: Sequence[str]
    """The names of the attributes, most frequent first."""


class CustomerSchemas:
    """The schemas of tenants' customers."""

    def __init__(self, customers: Customers, store: CustomerStore) -> None:
        self._customers = customers
        self._store = store

    async def get(self, tenant_id: str) -> CustomerSchema:
        """The schema as committed; of version 0 if the tenant never set one."""
        return await self._store.schema(tenant_id)

    async def change(
        self,
        tenant_id: str,
        wanted: Sequence[SchemaAttribute],
        version: int = 0,
        *,
        dry_run: bool = False,
        drop_values: bool = False,
    ) -> SchemaChanged:
        """Replaces the attributes. `version`: of the schema that is replaced; 0: any.

        Raises:
            Refused: SCHEMA_CONFLICT: stored customers do not fit; INVALID_REQUEST; ETAG_MISMATCH; CONFLICT.
        """
        customer_schema.check(wanted)
        before = await self._store.schema(tenant_id)
        if version and version != before.version:
            raise Refused(Reason.ETAG_MISMATCH, "The schema has changed since it was read; read it again, then repeat.")
        attributes = customer_schema.succeed(before, wanted)
        if dry_run:
            found = await self._misfits(before, attributes)
            changed = 0 if customer_schema.same(before, wanted) else 1
            after = before._replace(version=before.version + changed, attributes=attributes)
            return SchemaChanged(after, found.customers)
        if customer_schema.same(before, wanted):
            # Repeated: an earlier call may have been interrupted before every customer was rewritten.
            return SchemaChanged(before, await self._rewrite(before) if drop_values else 0)
        if customer_schema.widened(before, attributes):
            # A change that was interrupted may have left values that its schema hides; this one would show them again.
            await self._rewrite(before)
        if not customer_schema.narrowed(before, attributes):
            return SchemaChanged(await self._customers.submit(AdoptSchema(tenant_id, attributes, before.version)), 0)
        if drop_values:
            after = await self._customers.submit(AdoptSchema(tenant_id, attributes, before.version))
            return SchemaChanged(after, await self._rewrite(after))
        return SchemaChanged(await self._change_checked(before, attributes), 0)

    async def _change_checked(self, before: CustomerSchema, attributes: tuple[SchemaAttribute, ...]) -> CustomerSchema:
        """Makes the change if every stored customer fits it."""
        tenant_id = before.tenant_id
        change = await self._customers.submit(BeginChange(tenant_id, attributes, before.version))
        try:
            found = await self._misfits(before, attributes)
            if found.customers:
                raise _conflict(found)
            return await self._customers.submit(AdoptSchema(tenant_id, attributes, before.version, change.begin_time))
        except BaseException:
            await self._customers.submit(WithdrawChange(tenant_id, change.begin_time))
            raise

    async def _misfits(self, before: CustomerSchema, after: Sequence[SchemaAttribute]) -> Misfits:
        if not customer_schema.narrowed(before, after):
            return Misfits(0, [])
        number, names = 0, Counter[str]()
        async for customer in self._stored(before.tenant_id):
            lost = list(customer_schema.broken(before, after, customer))
            number += bool(lost)
            names.update(lost)
        return Misfits(number, sorted(names, key=lambda name: (-names[name], name)))

    async def _rewrite(self, schema: CustomerSchema) -> int:
        """Removes what the schema does not have from the stored customers; returns from how many."""
        rewritten = 0
        due: list[CustomerRef] = []

        async def rewrite() -> int:
            refs = tuple(due)
            due.clear()
            return await self._customers.submit(RewriteCustomers(schema.tenant_id, refs)) if refs else 0

        async for customer in self._stored(schema.tenant_id):
            if customer_schema.shown(schema, customer) is not customer:
                due.append(self._customers.ref(*customer.key))
            if len(due) == _REWRITE:
                rewritten += await rewrite()
        return rewritten + await rewrite()

    async def _stored(self, tenant_id: str) -> AsyncIterator[Customer]:
        after = ""
        while part := await self._store.part(CustomerFilter(tenant_id), after):
            for customer in part:
                yield customer
            after = part[-1].key.customer_id


class Filters:
    """Parses filters that may compare attributes of customers."""

    def __init__(self, customers: CustomerStore) -> None:
        self._customers = customers

    async def of_profiles(self, tenant_id: str, text: str) -> Filter | None:
        """A filter of profiles of an app of the tenant; None: the text is empty.

        Raises:
            Refused: INVALID_FILTER.
            StoreError.
        """
        if filter_parsing.may_name_customers(text):
            return filter_parsing.profile_filter(text, await self._customers.schema(tenant_id))
        return filter_parsing.profile_filter(text)

    async def of_customers(self, tenant_id: str, text: str) -> Filter | None:
        """A filter of the tenant's customers; None: the text is empty.

        Raises:
            Refused: INVALID_FILTER.
            StoreError.
        """
        return filter_parsing.customer_filter(text, await self._customers.schema(tenant_id)) if text else None


def _conflict(found: Misfits) -> Refused:
    names = ", ".join(found.attributes)
    return Refused.about(
        Reason.SCHEMA_CONFLICT,
        "{customers} customers do not fit the new schema ({attributes}); set drop_values to remove their values.",
        customers=str(found.customers),
        attributes=names,
    )
