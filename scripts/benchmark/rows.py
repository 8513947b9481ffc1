"""Fills a database with profiles as fast as it takes them: what the service would have stored for as many devices.

The rules themselves make one registration; its rows, as the store writes them, are the pattern of all others, which
differ in ids, token, hashes and revisions.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from profile_grpc.config import is_sqlite, sqlite_path
from profile_grpc.domain.changes import Changes
from profile_grpc.domain.commands import NewEndpoint, ProfilePatch, needs_of
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey, Token
from profile_grpc.domain.kinds import COUNTS, LEDGER, PROFILES
from profile_grpc.domain.needs import Rows
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State
from profile_grpc.store import open_store, tables
from profile_grpc.store import rows as columns
from profile_grpc.store.engine import Row
from profile_grpc.store.times import DAY, micros
from scripts.benchmark.databases import dsn
from scripts.benchmark.workloads import APP, PUSH_APP, key_of, token

LOT = 10_000
"""Profiles that are written at a time."""
BULK = 200_000
"""From this number on, the indexes of an empty database are built after the rows."""
TABLES = (tables.profile, tables.token_holder, tables.mad_ledger)
"""Those with a row for each profile. Not the events, which last 7 days, and not the guards, which profiles share."""
_COLUMNS = {table.name: table.c.keys() for table in TABLES}
"""In an upgraded database their order differs."""

REGISTERED = timedelta(days=20)
"""How long ago the profiles were registered, and counted."""


class Pattern:
    """Creates the rows of profiles that sent their last heartbeat at a given time."""

    def __init__(self, hasher: Hasher, now: datetime, heard: datetime, *, days: int = 1) -> None:
        """`days`: the last heartbeats are spread over this number of days; `heard` is the latest."""
        self._hasher = hasher
        self._heard, self._days = micros(heard), days
        self.registered = min(now - REGISTERED, heard - timedelta(days=days))
        self.changes = _registration(hasher, self.registered)
        [profile] = self.changes.rows[PROFILES].writes
        [count] = self.changes.records_of(LEDGER)
        self._profile = columns.profile_values(profile.row)
        self._count = columns.ledger_values(count)

    def lot(self, first: int, count: int) -> Mapping[str, Sequence[Row]]:
        """The rows of this number of profiles, from the number `first` on, by table."""
        dice = random.Random(first)  # noqa: S311 - no secret
        found: dict[str, list[Row]] = {table.name: [] for table in TABLES}
        profile = list(self._profile)
        before, after = self._profile[_ENDPOINTS].split(_TOKEN)
        for number in range(first, first + count):
            key, text = key_of(number), token(number)
            heard = self._heard - number % self._days * DAY
            profile[1], profile[2], profile[_ENDPOINTS] = key.user_id, key.device_id, f"{before}{text}{after}"
            profile[_HEARD], profile[_HEARD_DAY], profile[_REVISION] = heard, heard // DAY, dice.getrandbits(63)
            found["profile"].append(tuple(profile))
            token_hash = self._hasher.token(Token(APP, text))
            found["token_holder"].append((APP, token_hash, key.device_id, key.user_id))
            found["mad_ledger"].append((APP, self._hasher.profile(key), *self._count[2:]))
        return found


_TOKEN = "a token"  # noqa: S105 - the pattern's
_ENDPOINTS, _HEARD, _HEARD_DAY, _REVISION = (
    tables.profile.c.keys().index(name)
    for name in ("push_endpoints", "last_heartbeat_time", "heartbeat_day", "revision")
)


def _registration(hasher: Hasher, now: datetime) -> Changes:
    """The rows that the registration of one device writes: see `workloads.registration`."""
    patch = ProfilePatch(
        platform=Platform.ANDROID,
        push_endpoints=(NewEndpoint(PushProvider.FCM, _TOKEN, PUSH_APP),),
        attributes={
            "language": "en",
            "time_zone": "Europe/London",
            "os_version": "15",
            "sdk_version": "3.2.1",
            "device_model": "Pixel 9",
        },
    )
    command, settings = Register(ProfileKey(APP, "a user", "a device"), patch), AppSettings()
    needs = needs_of([(command, settings)])
    state = State(Rows(needs), hasher=hasher, now=now, fresh_revision=lambda: 0)
    command.decide(state, settings)
    return state.changes()


def load(
    url: str, hasher: Hasher, first: int, count: int, *, heard_ago: timedelta | None = None, days: int = 1
) -> None:
    """Stores `count` profiles from the number `first` on.

    `heard_ago`: the age of the last heartbeats; None: earlier today. `days`: they are spread over this number of days,
    of which that day is the latest.
    """
    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    heard = max(now - timedelta(hours=1), today) if heard_ago is None else now - heard_ago
    pattern = Pattern(hasher, now, heard, days=days)
    lots = (pattern.lot(n, min(LOT, first + count - n)) for n in range(first, first + count, LOT))
    if is_sqlite(url):
        _load_sqlite(url, lots, bulk=count >= BULK)
    else:
        asyncio.run(_load_postgresql(url, lots, bulk=count >= BULK))
    asyncio.run(_count(url, hasher, pattern.changes, count))


async def _count(url: str, hasher: Hasher, changes: Changes, count: int) -> None:
    """Adds to the numbers of stored profiles, as the store itself does."""
    [counted] = changes.added(COUNTS)
    only = Changes(changes.time, tallies={COUNTS: {counted: count}})
    store = await open_store(url, hasher=hasher, pool_size=1)
    try:
        async with store.profiles.write() as transaction:
            await transaction.apply(only)
    finally:
        await store.close()


def _load_sqlite(url: str, lots: Iterator[Mapping[str, Sequence[Row]]], *, bulk: bool) -> None:
    inserts = {table.name: str(table.insert().compile(dialect=_SQLITE)) for table in TABLES}
    connection = sqlite3.connect(sqlite_path(url), timeout=60, isolation_level=None)
    try:
        with _without_indexes_sqlite(connection) if bulk and _is_empty(connection) else _nothing():
            for lot in lots:
                connection.execute("BEGIN IMMEDIATE")
                for name, rows in lot.items():
                    connection.executemany(inserts[name], sorted(rows))
                connection.execute("COMMIT")
    finally:
        connection.close()


_SQLITE = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM profile LIMIT 1").fetchone() is None


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _without_indexes_sqlite(connection: sqlite3.Connection) -> Iterator[None]:
    # No other process uses the file, and after an interrupted run a new file is used.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -4000000"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = [index for table in TABLES for index in table.indexes]
    for index in indexes:
        connection.execute(f"DROP INDEX {index.name}")
    yield
    for index in indexes:
        connection.execute(str(CreateIndex(index).compile(dialect=_SQLITE)))
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode = WAL")


async def _load_postgresql(url: str, lots: Iterator[Mapping[str, Sequence[Row]]], *, bulk: bool) -> None:
    connection = await asyncpg.connect(dsn(url), command_timeout=3600)
    try:
        await connection.execute("SET synchronous_commit = off")
        citus = await connection.fetchval("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')")
        empty = await connection.fetchval("SELECT NOT EXISTS (SELECT 1 FROM profile)")
        async with _without_indexes_postgresql(connection) if bulk and empty and not citus else _nothing_async():
            for lot in lots:
                for name, rows in lot.items():
                    await connection.copy_records_to_table(name, columns=_COLUMNS[name], records=rows)
        if bulk:
            # The server would do the same after some time.
            for table in TABLES:
                await connection.execute(f"VACUUM (ANALYZE) {table.name}")
            await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


@asynccontextmanager
async def _nothing_async() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _without_indexes_postgresql(connection: asyncpg.Connection) -> AsyncIterator[None]:
    await connection.execute("SET maintenance_work_mem = '1GB'")
    indexes = [index for table in TABLES for index in table.indexes]
    for index in indexes:
        await connection.execute(f"DROP INDEX {index.name}")
    for table in TABLES:
        await connection.execute(f"ALTER TABLE {table.name} DROP CONSTRAINT {table.name}_pkey")
    yield
    for table in TABLES:
        key = ", ".join(table.primary_key.columns.keys())
        await connection.execute(f"ALTER TABLE {table.name} ADD PRIMARY KEY ({key})")
    for index in indexes:
        await connection.execute(str(CreateIndex(index).compile(dialect=_POSTGRESQL)))
