"""Exports: profiles of an app and customers of a tenant, in the order of their keys, with resume tokens (I3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from profile_grpc.domain import customer_schema
from profile_grpc.domain.customers import Customer
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile
from profile_grpc.service import paging
from profile_grpc.service.customer_ports import CustomerFilter, CustomerStore
from profile_grpc.service.customers import customer_size
from profile_grpc.service.page_reading import read_ahead, read_page, read_profiles
from profile_grpc.service.ports import ProfileFilter, ProfileStore

RowT = TypeVar("RowT")
_Page: TypeAlias = tuple[list[RowT], bool]
"""Rows, and whether others follow."""

MESSAGE = 500
"""Rows in one message at most; fewer where they are large."""


class Part(NamedTuple, Generic[RowT]):
    """One message of an export."""

    rows: Sequence[RowT]
    resume_token: str


class Exports:
    """Reads everything of an app or a tenant. Holds two messages at most: one is sent while the next is read."""

    def __init__(self, profiles: ProfileStore, customers: CustomerStore, hasher: Hasher) -> None:
        self._profiles = profiles
        self._customers = customers
        self._hasher = hasher

    async def profiles(
        self, app_id: str, wanted: Filter | None, resume_token: str
    ) -> AsyncGenerator[Part[Profile], None]:
        """Every profile of the app that the filter fits, once, ordered by user and device.

        Raises:
            Refused: INVALID_RESUME_TOKEN.
            StoreError.
        """
        listing = ["export profiles", app_id, wanted.text if wanted else ""]
        begin = paging.resume(self._hasher, listing, resume_token)
        selected = ProfileFilter(app_id, filter=wanted)

        def read(before: _Page[Profile] | None) -> Awaitable[_Page[Profile]]:
            after = before[0][-1].key if before else ProfileKey(app_id, *begin) if begin else None
            return read_profiles(self._profiles, selected, after, MESSAGE)

        async with aclosing(read_ahead(read, _is_last)) as pages:
            async for rows, _ in pages:
                if rows:
                    yield Part(rows, paging.seal(self._hasher, listing, rows[-1].key[1:]))

    async def customers(self, tenant_id: str, resume_token: str) -> AsyncGenerator[Part[Customer], None]:
        """Every customer of the tenant, once, ordered by id.

        Raises:
            Refused: INVALID_RESUME_TOKEN.
            StoreError.
        """
        listing = ["export customers", tenant_id]
        begin = paging.resume(self._hasher, listing, resume_token)
        wanted = CustomerFilter(tenant_id)

        def read_from(last: Customer | None, limit: int) -> Awaitable[Sequence[Customer]]:
            after = last.key.customer_id if last is not None else begin[0] if begin else ""
            return self._customers.list(wanted, after, limit)

        def read(before: _Page[Customer] | None) -> Awaitable[_Page[Customer]]:
            last = before[0][-1] if before else None
            return read_page(lambda row, limit: read_from(row or last, limit), customer_size, MESSAGE)

        async with aclosing(read_ahead(read, _is_last)) as pages:
            async for rows, _ in pages:
                if rows:
                    schema = await self._customers.schema(tenant_id)
                    shown = [customer_schema.shown(schema, customer) for customer in rows]
                    yield Part(shown, paging.seal(self._hasher, listing, [rows[-1].key.customer_id]))


def _is_last(page: _Page[RowT]) -> bool:
    return not page[1]
