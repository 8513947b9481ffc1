"""A database of its own for a run, with an app whose every heartbeat is written."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from profile_grpc.bootstrap.administration import administration
from profile_grpc.config import DatabaseConfig
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.ports import KeyKind, Tenant
from profile_grpc.store import migrate
from scripts.benchmark.workloads import APP
from tests.support.postgres import PrivatePostgres


@contextmanager
def database(engine: str, url: str | None) -> Iterator[str]:
    """The URL of an empty database: the given one, or one that ends with the run."""
    if url is not None:
        yield url
    elif engine == "postgresql":
        with PrivatePostgres() as server:
            # Tests do without; what is measured must be durable.
            server.execute("ALTER SYSTEM SET fsync = on")
            server.execute("SELECT pg_reload_conf()")
            yield server.create_database()
    else:
        with tempfile.TemporaryDirectory(prefix="profile-grpc-bench-") as folder:
            yield f"sqlite:///{Path(folder, 'bench.db')}"


def prepare(url: str, hash_key: bytes) -> str:
    """Creates the schema and the app; answers a key."""

    async def run() -> str:
        await migrate(url)
        async with administration(DatabaseConfig(url, hash_key)) as admin:
            await admin.store.directory.add_tenant(Tenant(APP, admin.clock.now()))
            await admin.apps.create(APP, APP, "Benchmark", AppSettings(heartbeat_granularity=timedelta(0)))
            _, secret = await admin.apps.create_key(KeyKind.ADMIN, APP, "")
        return secret

    return asyncio.run(run())
