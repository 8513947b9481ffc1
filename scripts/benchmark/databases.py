"""A database of its own for a run, with an app whose every heartbeat is written, and what it tells of its work."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from profile_grpc.bootstrap.administration import administration
from profile_grpc.config import DatabaseConfig, is_sqlite, sqlite_path
from profile_grpc.domain.settings import AppSettings, ReaperBreaker
from profile_grpc.service.credentials import NewKey
from profile_grpc.service.directory_ports import KeyKind, Tenant
from profile_grpc.store import migrate, postgresql_url
from scripts.benchmark.workloads import APP
from tests.support.postgres import PrivatePostgres

# Tests run without fsync, but measured writes must be durable. The memory settings are those of a small dedicated
# server. All other settings, such as autovacuum, have their defaults.
_SETTINGS = {"fsync": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"}


@contextmanager
def database(engine: str, url: str | None) -> Iterator[str]:
    """The URL of an empty database: the given one, or a temporary one."""
    if url is not None:
        yield url
    elif engine == "postgresql":
        with PrivatePostgres() as server:
            for name, value in _SETTINGS.items():
                server.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            server.stop()
            server.start()
            yield server.create_database()
    else:
        with tempfile.TemporaryDirectory(prefix="profile-grpc-bench-") as folder:
            yield f"sqlite:///{Path(folder, 'bench.db')}"


def prepare(url: str, hash_key: bytes) -> str:
    """Creates the schema and the app, in which the reaper may delete everything. Returns a key."""
    settings = AppSettings(heartbeat_granularity=timedelta(0), reaper_breaker=ReaperBreaker(percent=100))

    async def run() -> str:
        await migrate(url)
        async with administration(DatabaseConfig(url, hash_key)) as admin:
            if await admin.store.directory.app(APP) is not None:
                raise SystemExit("bench: the database has been used before; name an empty one")
            await admin.store.directory.add_tenant(Tenant(APP, admin.clock.now()))
            await admin.apps.create(APP, APP, "Benchmark", settings)
            _, secret = await admin.apps.create_key(NewKey(KeyKind.ADMIN, APP, ""))
        return secret

    return asyncio.run(run())


def fsyncs(url: str) -> int | None:
    """The number of fsync calls of the server for its log, for all databases; None for SQLite, which does not count
    them.

    A server process reports its work at the end of a transaction, at most once a second.
    """
    if is_sqlite(url):
        return None
    [[version]] = query(url, "SELECT current_setting('server_version_num')::int")
    if version >= 180_000:  # noqa: PLR2004
        [[found]] = query(url, "SELECT coalesce(sum(fsyncs), 0)::bigint FROM pg_stat_io WHERE object = 'wal'")
    else:
        [[found]] = query(url, "SELECT wal_sync FROM pg_stat_wal")
    return int(found)


def heartbeat_updates(url: str) -> tuple[int, int] | None:
    """The number of updated rows of `profile`, and the number of these updates that changed no index (HOT)."""
    if is_sqlite(url):
        return None
    [[updated, hot]] = query(url, "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'profile'")
    return updated, hot


def index_reads(url: str) -> int | None:
    """Entries read so far from the indexes through which the reaper finds what is due."""
    if is_sqlite(url):
        return None
    [[found]] = query(
        url,
        "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes"
        " WHERE indexrelname IN ('profile_heartbeat', 'profile_register')",
    )
    return int(found)


def sizes(url: str) -> Mapping[str, int]:
    """Bytes of each table and of each index; of SQLite the whole file."""
    if is_sqlite(url):
        return {"file": sqlite_path(url).stat().st_size}
    found = query(
        url,
        "SELECT relname, pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)"
        " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY 2 DESC, 1",
    )
    return {name: size for name, size in found if size >= 1 << 16}


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The result of one statement in a PostgreSQL database."""

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(dsn(url))
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(run())


def dsn(url: str) -> str:
    """The URL in the driver's form."""
    return postgresql_url.parse(url).dsn
