"""The store: the implementation of the service's ports on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import false, literal_column, select, update

from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.ports import StoreError, StoreUnavailable
from profile_grpc.store import schema, statements, tables
from profile_grpc.store.customers import SqlCustomers
from profile_grpc.store.database import Database
from profile_grpc.store.directory import SqlDirectory
from profile_grpc.store.engine import TableMissing
from profile_grpc.store.engines import named_by
from profile_grpc.store.events import SqlEvents
from profile_grpc.store.jwt import SqlJwt
from profile_grpc.store.leases import SqlLeases
from profile_grpc.store.person_events import SqlPersonEvents
from profile_grpc.store.profiles import SqlProfiles
from profile_grpc.store.push_credentials import SqlContacts, SqlCredentials
from profile_grpc.store.reaper import SqlReaper
from profile_grpc.store.recipients import SqlRecipients
from profile_grpc.store.sealed import SqlSealed
from profile_grpc.store.shards import Shards
from profile_grpc.store.usage import SqlUsage
from profile_grpc.store.webhooks import SqlWebhooks

POOL_SIZE = 5


async def open_store(url: str, *, hasher: Hasher, pool_size: int = POOL_SIZE, keyed: bool = True) -> SqlStore:
    """Opens the database that the URL names.

    Its schema must exist (`schema.migrate`). `pool_size`: the maximum number of connections; SQLite has one more, for
    writing. `keyed`: whether the hasher has the database's own key; without it, only data that needs no hash may be
    read.

    Raises:
        StoreError: the URL or the database cannot be used; one line that says why.
    """
    database = Database(named_by(url).connect(url, pool_size=pool_size))
    store = SqlStore(database, hasher)
    try:
        await store.check_writable()
        if keyed:
            await store.check_hash_key()
    except BaseException:
        await store.close()
        raise
    return store


@dataclass(frozen=True, slots=True)
class Description:
    """The facts about a database that `doctor` shows."""

    engine: str
    version: str
    revision: str
    """The schema's revision."""
    citus: str
    """The version of the Citus extension, or empty."""
    settings: Mapping[str, str]
    """Its settings and state, by the database's own names."""


_HEALTH_ROWS = 64
_ROOM = 256 * 1024
"""The size in bytes of a test write. After a failed write, the database counts as writable again when a write of this
size succeeds. It is as large as many batches."""


class SqlStore:
    """The port `Store`."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._database = database
        self._check_value = hasher.check_value()
        self._shards = Shards(database)
        self.customers = SqlCustomers(database)
        self.profiles = SqlProfiles(database, hasher, self._shards, self.customers)
        self.recipients = SqlRecipients(database, self._shards, self.customers)
        self.directory = SqlDirectory(database)
        self.usage = SqlUsage(database)
        self.leases = SqlLeases(database)
        self.reaper = SqlReaper(database, hasher)
        self.webhooks = SqlWebhooks(database)
        self.jwt = SqlJwt(database)
        self.credentials = SqlCredentials(database)
        self.contacts = SqlContacts(database)
        self.sealed = SqlSealed(database)
        self.events = SqlEvents(database, self._shards)
        self.person_events = SqlPersonEvents(database)
        self._facts = database.prepare(select(*map(literal_column, database.engine.facts.values())))
        # Writes no row, but fails if no row can be written: on a read-only file, or on a standby server.
        self._touch = database.prepare(update(tables.lease).values(holder="").where(false()))
        self._keep_check_value = statements.insert_new(database, tables.hash_key)
        self._kept_check_value = database.prepare(select(tables.hash_key.c.check_value))
        self._tables = [
            database.prepare(select(literal_column("1")).select_from(table).where(false()))
            for table in tables.metadata.sorted_tables
        ]
        self._write = statements.upsert(database, tables.lease)

    async def ping(self) -> None:
        """Checks whether calls can be served: every table exists, and a row can be written and committed.

        After a transaction has failed, the test writes a large row until that succeeds: on a full disk a row may still
        fit in freed space, although the writes of calls fail. The check does not wait for calls. On a cluster it tests
        only the coordinator; and some app must be servable, according to the latest `missing_nodes`.

        Raises:
            StoreUnavailable.
        """
        room = secrets.token_hex(_ROOM // 2) if self._database.write_failed else ""
        # Before the attempt: if anything fails during it, including the attempt itself, the next check writes a large
        # row again.
        self._database.write_failed = False
        async with self._database.transaction() as session:
            for table in self._tables:
                await session.fetch(table)
            # A row that hardly any other process writes, so that none waits for a suspended one.
            await session.execute(self._write, [(f"health-{os.getpid() % _HEALTH_ROWS}", room, 0)])
        if not self._shards.serve_any:
            raise StoreUnavailable("no node that holds apps can be reached")

    async def missing_nodes(self) -> Sequence[str]:
        """The nodes of a Citus cluster that hold apps and cannot be reached, as `host:port`.

        Raises:
            StoreUnavailable.
        """
        return await self._shards.missing_nodes()

    async def check_schema(self) -> None:
        """Checks that this program can still use the schema: another version may have migrated it.

        Raises:
            SchemaError: it cannot; the error says what to do.
            StoreError: the database cannot be read.
        """
        await schema.check(self._database)

    async def check_writable(self) -> None:
        """Checks that the database can be written, before it is used.

        Raises:
            StoreError: it cannot; the error says what to do.
        """
        await self._database.execute(self._touch)

    async def check_hash_key(self) -> None:
        """Checks that the hash key is the one with which the database was first opened.

        With another key no push token would be found, a token could have two owners, and every device would be counted
        again.

        Raises:
            StoreError: it is another key; the error says what to do.
        """
        async with self._database.transaction() as session:
            await session.execute(self._keep_check_value, [(1, self._check_value)])
        [(kept,)] = await self._database.fetch(self._kept_check_value)
        if kept != self._check_value:
            raise StoreError(
                "PROFILE_GRPC_HASH_KEY is not the key that this database was made with; find that key: with another"
                " one no push token is found and every device is counted again"
            )

    async def describe(self) -> Description:
        """Engine, versions and settings, for people.

        Raises:
            StoreError.
        """
        async with self._database.transaction() as session:  # a writing connection, because its settings matter
            [row] = await session.fetch(self._facts)
        texts = ["" if value is None else str(value) for value in row]
        facts = dict(zip(self._database.engine.facts, texts, strict=True))
        return Description(
            engine=self._database.engine.name,
            version=facts.pop("version"),
            revision=await schema.revision(self._database),
            citus=facts.pop("citus"),
            settings=facts,
        )

    async def damaged_tables(self) -> Sequence[str]:
        """The names of the tables that are missing, or lack columns that this program uses.

        Raises:
            StoreError.
        """
        damaged: list[str] = []
        for table in tables.metadata.sorted_tables:
            try:
                await self._database.fetch(self._database.prepare(select(table).limit(0)))
            except TableMissing:
                damaged.append(table.name)
            except StoreUnavailable:
                raise
            except StoreError:
                damaged.append(table.name)
        return damaged

    async def close(self) -> None:
        await self._database.close()
