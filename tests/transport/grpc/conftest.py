"""The real server on loopback over a real SQLite store, with two tenants and a key of each kind."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from profile_grpc.store import migrate, open_store
from tests.support.domain import ManualClock
from tests.transport.grpc.support import HASHER, Backend, Serve, Served


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema; copying it is cheaper than migrating."""
    path = tmp_path_factory.mktemp("transport") / "store.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def backend(migrated: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Backend]:
    """The use cases over a store of their own."""
    store = await open_store(f"sqlite:///{shutil.copy(migrated, tmp_path / 'store.db')}", hasher=HASHER)
    backend = Backend(store, clock)
    await backend.start()
    yield backend
    await backend.close()


@pytest.fixture
async def serve(backend: Backend) -> AsyncIterator[Serve]:
    """Starts servers, with whatever a test wants to be different."""
    async with AsyncExitStack() as started:

        async def serve(**different: Any) -> Served:
            served = await backend.serve(**different)
            started.push_async_callback(served.close)
            return served

        yield serve


@pytest.fixture
async def served(serve: Serve) -> Served:
    """A server as it is by default."""
    return await serve()
