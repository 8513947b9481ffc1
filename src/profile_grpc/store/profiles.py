"""Profiles: the write transactions, and reads of committed data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import BigInteger, bindparam, cast, func, literal_column, select

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import Tombstone
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.filtering.of_customers import Parts, parts_of
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.domain.profile import CountKey, Platform, Profile, ProfileStatus
from profile_grpc.service.ports import ProfileFilter, WriteTransaction
from profile_grpc.store import filtering, listing, rows, scanning, tables
from profile_grpc.store.applying import Applier
from profile_grpc.store.bounds import BOUND, UNBOUND
from profile_grpc.store.customers import SqlCustomers
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Engine, Found, Prepared, Query
from profile_grpc.store.errors import translated
from profile_grpc.store.listing import Pages
from profile_grpc.store.loading import Loader
from profile_grpc.store.lru_cache import LruCache
from profile_grpc.store.shards import Shards
from profile_grpc.store.sharing import SharedByShard
from profile_grpc.store.tasks import to_the_end
from profile_grpc.store.tokens import TokenIndex

_LOOKUPS = 500
_SCANS = 2
"""Filtered pages that are read at a time. A filter may read all profiles of an app; others need connections too."""
_SHAPES = 256
"""Statements of filtered listings that are kept."""


class Transaction:
    """One transaction: load, decide, apply. It acquires no lock before `apply`, and none without changes."""

    def __init__(self, session: Session, loader: Loader, applier: Applier) -> None:
        self._session = session
        self._loader = loader
        self._applier = applier

    async def load(self, needs: Needs, *, bounded: bool = True) -> Rows:
        """The rows that `needs` names. Guards are read before the profiles that they guard."""
        return await self._loader.load(self._session, needs, BOUND if bounded else UNBOUND)

    async def apply(self, changes: Changes) -> None:
        """Writes all changes, or raises Conflict and writes nothing."""
        try:
            with translated():  # a value that is not valid text fails before it reaches the database
                await self._applier.apply(self._session, changes)
        except BaseException:
            await to_the_end(self._session.rollback())  # even if the caller's block handles the error
            raise


class SqlProfiles:
    """The port `ProfileStore`."""

    def __init__(self, database: Database, hasher: Hasher, shards: Shards, customers: SqlCustomers) -> None:
        self._database = database
        self._customers = customers
        index = TokenIndex(database, hasher)
        self._loader = Loader(database, hasher, index)
        self._applier = Applier(database, index)
        self._shards = shards
        self._by_key = SharedByShard(shards, self._get, batch=_LOOKUPS)
        self._pages = Pages(database, shards)
        self._filtered = LruCache[tuple[tuple[str, ...], filtering.Shape], Prepared](_SHAPES)
        self._scans = asyncio.Semaphore(_SCANS)
        self._counts = database.prepare(_counts())
        breaker = tables.feedback_breaker
        self._feedback_holds = database.prepare(select(breaker.c.app_id, breaker.c.held_time))
        self._app_counts = database.prepare(_counts().where(tables.profile_count.c.app_id == bindparam("app_id")))

    @property
    def commits_concurrently(self) -> bool:
        return self._database.engine.concurrent_writers

    @property
    def is_spread(self) -> bool:
        return self._database.engine.is_spread

    async def shard(self, app_id: str) -> int:
        """0 where there are no shards."""
        return await self._shards.of(app_id)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteTransaction]:
        async with self._database.transaction() as session:
            yield Transaction(session, self._loader, self._applier)

    async def get(self, key: ProfileKey) -> Profile | None:
        return await self._by_key.fetch(key.app_id, key)

    async def tombstone(self, key: ProfileKey) -> Tombstone | None:
        histories = await self._database.read(lambda session: self._loader.histories(session, [key]))
        return histories[key].tombstone

    async def keys(self, needs: Needs) -> Sequence[ProfileKey]:
        async with self._database.reading() as session:
            return sorted(await self._loader.keys(session, needs))

    async def list(self, wanted: ProfileFilter, after: ProfileKey | None, limit: int) -> Sequence[Profile]:
        """In the order of the bytes of the ids."""
        values: dict[str, object] = {
            name: int(value) if isinstance(value, int) else value
            for name, value in zip(ProfileFilter._fields[:-1], wanted, strict=False)
            if value is not None
        }
        if after is not None:
            values |= {"after_user_id": after.user_id, "after_device_id": after.device_id}
        if wanted.filter is not None:
            return await self._scan(values, wanted.filter, limit)
        return await self._pages.read(wanted.app_id, values, limit)

    async def _scan(self, values: dict[str, object], wanted: Filter, limit: int) -> Sequence[Profile]:
        """Reads windows until `limit` profiles fit."""
        parts = parts_of(wanted)
        values |= filtering.bound(parts, self._database.engine)
        found: list[Profile] = []
        async with self._scans:
            while True:
                names = tuple([name for name in values if name in _FILTERS])
                answered = await self._database.fetch(self._scan_statement(names, parts), **values)
                fitting, place = scanning.read(answered, scanning.WINDOW)
                fitting = await self._customers.fitting(wanted, fitting, _CUSTOMER, _TRUTHS)
                found += [rows.read_profile(row[2:_CUSTOMER]) for row in fitting[: limit - len(found)]]
                if place is None or len(found) == limit:
                    return found
                values |= {"after_user_id": place[0], "after_device_id": place[1]}

    async def counts(self) -> Mapping[CountKey, int]:
        return _read_counts(await self._database.fetch(self._counts))

    async def app_counts(self, app_id: str) -> Mapping[CountKey, int]:
        return _read_counts(await self._database.fetch(self._app_counts, app_id=app_id))

    async def feedback_holds(self) -> Mapping[str, bool]:
        return {app_id: time is not None for app_id, time in await self._database.fetch(self._feedback_holds)}

    async def _get(self, keys: Sequence[ProfileKey]) -> Sequence[Profile | None]:
        """One statement for all keys."""
        asked = sorted(set(keys))
        found = await self._database.read(lambda session: session.fetch(self._loader.profile_by_key, asked))
        profiles = {profile.key: profile for profile in map(rows.read_profile, found)}
        return [profiles.get(key) for key in keys]

    def _scan_statement(self, names: tuple[str, ...], wanted: Parts) -> Prepared:
        """One statement for each set of filters and each shape of an expression."""
        kept = (names, filtering.shape(wanted))
        return self._filtered.get(kept, lambda: self._database.prepare(_scan(names, wanted, self._database.engine)))


_FILTERS = frozenset({*ProfileFilter._fields, "after_user_id", "after_device_id"})
_CUSTOMER = 2 + len(rows.READ)
_TRUTHS = _CUSTOMER + 1
"""Columns of a row of a window."""


def _scan(names: tuple[str, ...], wanted: Parts, engine: Engine) -> Query:
    read = dict.fromkeys([*rows.READ, *filtering.READ])
    window = listing.listed(names, [tables.profile.c[name] for name in read], filtering.indexed(wanted.needed))
    return scanning.fitting(
        window.limit(literal_column(str(scanning.WINDOW))),
        lambda seen: [
            *[seen.c[name] for name in rows.READ],
            seen.c.customer_id,
            filtering.truths(wanted, engine, seen),
        ],
        lambda seen: filtering.condition(wanted, engine, seen),
    )


def _counts() -> Query:
    count = tables.profile_count
    by = (count.c.app_id, count.c.status, count.c.platform)
    total = func.sum(count.c.profiles)
    return select(*by, cast(total, BigInteger)).group_by(*by).having(total != 0)


def _read_counts(found: Sequence[Found]) -> Mapping[CountKey, int]:
    return {
        CountKey(app_id, ProfileStatus(status), Platform(platform)): profiles
        for app_id, status, platform, profiles in found
    }
