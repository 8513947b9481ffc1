"""The use cases of customers (C1-C7): changes through the write queue, reads from the store.

What spans a tenant's customer and the profiles of its apps is several transactions, on a cluster on several nodes. Each
use case makes them in an order in which an interruption leaves nothing that misleads, and a repetition completes it:
docs/adr/0072.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from profile_grpc.domain import customer_schema, customers
from profile_grpc.domain.commands import Command
from profile_grpc.domain.customer_changes import (
    TOMBSTONE_RETENTION,
    CreateCustomer,
    CustomerPatch,
    DeleteCustomer,
    MergeCustomers,
    UpdateCustomer,
)
from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import Content, Customer, CustomerEnd, CustomerRef, CustomerTombstone
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.filtering.judging import matches
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.linking import MoveLinks
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service import paging
from profile_grpc.service.customer_ports import CustomerFilter, CustomerStore
from profile_grpc.service.directory_ports import DirectoryStore, every_app
from profile_grpc.service.page_reading import PAGE_BYTES, profile_size, read_page, read_profiles
from profile_grpc.service.ports import Clock, ProfileFilter, ProfileStore
from profile_grpc.service.write_queue import WriteQueue

ResultT = TypeVar("ResultT")

MAX_LINKED = 1000
"""Linked profiles that are answered with a customer."""
_SCANS = 2
"""Filtered pages that are read at a time: they must leave connections to other calls."""
_NAMED = 1000
"""Ids of customers that are read at a time."""
_OF_TENANT = AppSettings()
"""Commands of a tenant read no app's settings."""


class LinkedProfile(NamedTuple):
    """A profile of a person."""

    profile: Profile
    settings: AppSettings
    """Of its app."""


class Linked(NamedTuple):
    """The profiles that are linked with a customer."""

    profiles: Sequence[LinkedProfile]
    more: bool
    """Whether there are more."""


@dataclass(eq=False)
class Customers:
    """A tenant's customers."""

    _queue: WriteQueue
    _store: CustomerStore
    _profiles: ProfileStore
    _directory: DirectoryStore
    _hasher: Hasher
    _clock: Clock
    _scans: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_SCANS), init=False)

    def ref(self, tenant_id: str, customer_id: str) -> CustomerRef:
        """The customer as commands name it."""
        return CustomerRef(tenant_id, customer_id, self._hasher.customer(tenant_id, customer_id))

    async def submit(self, command: Command[ResultT]) -> ResultT:
        """Carries out a command of a tenant.

        Raises:
            Refused: as the command says.
        """
        return await self._queue.submit(command, _OF_TENANT)

    async def create(self, tenant_id: str, customer_id: str, content: Content) -> Customer:
        """Creates a customer.

        Raises:
            Refused: CUSTOMER_ALREADY_EXISTS, CUSTOMER_MERGED, INVALID_ATTRIBUTE.
        """
        return await self.submit(CreateCustomer(self.ref(tenant_id, customer_id), content))

    async def update(
        self, tenant_id: str, customer_id: str, patch: CustomerPatch, *, etag: str = "", allow_missing: bool = False
    ) -> Customer:
        """Changes a customer.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, ETAG_MISMATCH, INVALID_ATTRIBUTE.
        """
        ref = self.ref(tenant_id, customer_id)
        return await self.submit(UpdateCustomer(ref, patch, etag, allow_missing=allow_missing))

    async def get(self, tenant_id: str, customer_id: str) -> Customer:
        """The customer as committed.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED.
        """
        found = await self.find(tenant_id, customer_id)
        if found is None:
            raise customers.not_found()
        return found

    async def find(self, tenant_id: str, customer_id: str) -> Customer | None:
        """The customer as committed, or None.

        Raises:
            Refused: CUSTOMER_MERGED.
        """
        ref = self.ref(tenant_id, customer_id)
        found = await self._store.get(ref.key)
        if found is not None:
            return customer_schema.shown(await self._store.schema(tenant_id), found)
        target_id = await self._merged_into(ref)
        if target_id is not None:
            raise customers.was_merged(target_id)
        return None

    async def _merged_into(self, ref: CustomerRef) -> str | None:
        """The customer that this one was merged into, for as long as that is remembered."""
        return self._target_of(await self._store.tombstone(ref.tombstone))

    def _target_of(self, gone: CustomerTombstone | None) -> str | None:
        if gone is None or self._clock.now() - gone.delete_time > TOMBSTONE_RETENTION:
            return None
        return gone.target_id

    async def require(self, app: App, customer_id: str) -> None:
        """Checks that a customer exists that a profile of the app is to be linked with, if the app requires it (C5).

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED.
        """
        if app.settings.require_known_customer and await self.find(app.tenant_id, customer_id) is None:
            raise customers.not_found(referred=True)

    async def refusals(self, app: App, customer_ids: Collection[str]) -> Mapping[str, Refused | None]:
        """Those of the customers with whom an import must not link profiles of the app.

        With why: CUSTOMER_NOT_FOUND or CUSTOMER_MERGED, if the app requires known customers (C5), as `require`. None:
        the person was erased, and no import brings the person back (C8).
        """
        if not customer_ids:
            return {}
        tenant_id = app.tenant_id
        by_hash = {self.ref(tenant_id, one).tombstone: one for one in customer_ids}
        ended = {by_hash[gone.key]: gone for gone in await self._store.tombstones(by_hash)}
        refused: dict[str, Refused | None] = {}
        if app.settings.require_known_customer:
            existing = await self._store.existing(tenant_id, customer_ids)
            for one in {*customer_ids} - {*existing}:
                target_id = self._target_of(ended.get(one))
                refused[one] = customers.was_merged(target_id) if target_id else customers.not_found(referred=True)
        return refused | dict.fromkeys(one for one, gone in ended.items() if gone.reason is CustomerEnd.ERASED)

    async def follow(self, app: App, customer_id: str) -> bool:
        """Moves the links of the app's profiles with a customer that was merged to its target (C7); returns whether it
        was merged.
        """
        target_id = await self._merged_into(self.ref(app.tenant_id, customer_id))
        if target_id is None:
            return False
        await self._queue.submit(MoveLinks(app.app_id, customer_id, target_id), app.settings)
        await self.follow(app, target_id)  # which may have been merged meanwhile
        return True

    async def list(self, wanted: CustomerFilter, page_size: int, page_token: str) -> tuple[Sequence[Customer], str]:
        """One page of customers, ordered by id, and the token of the next (empty: the last page).

        Raises:
            Refused: INVALID_PAGE_TOKEN.
        """
        listing = ["customers", wanted.tenant_id, wanted.email, wanted.msisdn]
        if wanted.filter is not None:
            listing.append(wanted.filter.text)
        position = paging.unseal(self._hasher, listing, page_token)
        after = position[0] if position else ""

        def read(last: Customer | None, limit: int) -> Awaitable[Sequence[Customer]]:
            begin = after if last is None else last.key.customer_id
            if wanted.filter is not None:
                return self._fitting(wanted, wanted.filter, begin, limit)
            return self._store.list(wanted, begin, limit)

        schema = await self._store.schema(wanted.tenant_id)
        stored, more = await read_page(read, customer_size, paging.size(page_size))
        page = [customer_schema.shown(schema, customer) for customer in stored]
        return page, paging.seal(self._hasher, listing, [page[-1].key.customer_id]) if more else ""

    async def _fitting(self, wanted: CustomerFilter, filter_: Filter, after: str, limit: int) -> Sequence[Customer]:
        """Up to `limit` customers after the id that fit the filter. Every customer is read until then."""
        schema = filter_.schema or CustomerSchema(wanted.tenant_id)
        found: list[Customer] = []
        async with self._scans:
            while len(found) < limit and (part := await self._store.part(wanted, after)):
                found += [one for one in part if matches(filter_.expression, customer_schema.shown(schema, one))]
                after = part[-1].key.customer_id
        return found[:limit]

    async def linked(self, tenant_id: str, customer_id: str, limit: int = MAX_LINKED, room: int = PAGE_BYTES) -> Linked:
        """The profiles of the tenant's apps that are linked with the customer, by app, user and device (C6).

        Up to `limit`, fewer where they are larger than `room` bytes together.
        """
        found: list[LinkedProfile] = []
        for app in await self.apps(tenant_id):
            wanted = ProfileFilter(app.app_id, customer_id=customer_id)
            free = room - sum([profile_size(one.profile) for one in found])
            if found and (free <= 0 or len(found) == limit):
                if await self._profiles.list(wanted, None, 1):
                    return Linked(found, more=True)
                continue
            page, more = await read_profiles(self._profiles, wanted, None, limit - len(found), free)
            found += [LinkedProfile(profile, app.settings) for profile in page]
            if more:
                return Linked(found, more=True)
        return Linked(found, more=False)

    async def delete(self, tenant_id: str, customer_id: str, *, allow_missing: bool = False) -> int:
        """Unlinks the customer's profiles, then deletes the customer (C4); returns how many were unlinked.

        The customer goes last: until then a repetition finds it, and unlinks what is left.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED.
        """
        if await self.find(tenant_id, customer_id) is None and not allow_missing:
            raise customers.not_found()
        unlinked = await self._move_links(tenant_id, customer_id, None)
        await self.submit(DeleteCustomer(self.ref(tenant_id, customer_id), allow_missing=allow_missing))
        return unlinked

    async def merge(self, tenant_id: str, source_id: str, target_id: str) -> tuple[Customer, int]:
        """Merges the source into the target (C7); returns the target, and how many links moved.

        The customers come first, in one transaction. From then on the source's id answers CUSTOMER_MERGED, and a
        repetition finds that and moves the links that are left.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED.
        """
        source, target = self.ref(tenant_id, source_id), self.ref(tenant_id, target_id)
        merged = await self.submit(MergeCustomers(source, target))
        return merged, await self._move_links(tenant_id, source_id, target_id)

    async def names(
        self,
        tenant_id: str,
        customer_id: str,
        candidates: Callable[[str], Awaitable[Collection[str]]],
        apps: Sequence[App],
    ) -> Sequence[str]:
        """The customer's id, and the ids of customers that were merged into it.

        Only their hashes are stored. The ids are looked for among the candidates (of the tenant), then in the links of
        all profiles: a phone may name a customer long after it was merged (C5).
        """
        hashes = set(await self._store.merged_into(tenant_id, customer_id))
        found = [customer_id]

        def take(ids: Iterable[str]) -> None:
            for one in ids:
                hashed = self._hasher.customer(tenant_id, one)
                if hashed in hashes:
                    hashes.remove(hashed)
                    found.append(one)

        if hashes:
            take(await candidates(tenant_id))
        for app in apps:
            after = ""
            while hashes and (ids := await self._store.named(app.app_id, after, _NAMED)):
                take(ids)
                after = ids[-1]
        return found

    async def apps(self, tenant_id: str) -> Sequence[App]:
        return [app async for app in every_app(self._directory, tenant_id)]

    async def _move_links(self, tenant_id: str, source_id: str, target_id: str | None) -> int:
        apps = await self.apps(tenant_id)
        commands = [(MoveLinks(app.app_id, source_id, target_id), app.settings) for app in apps]
        return sum(await self._queue.submit_parts(commands))


def customer_size(customer: Customer) -> int:
    """About what a caller is sent of the customer."""
    values = customer.content.attributes.items()
    return 300 + sum(len(name) + (len(value.encode()) if isinstance(value, str) else 16) for name, value in values)
