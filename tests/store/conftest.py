"""A store with its schema on each engine, and further ones on the same database."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from profile_grpc.store import SqlStore, migrate, open_store
from profile_grpc.store.engine import Prepared
from profile_grpc.store.postgresql import Postgresql
from profile_grpc.store.tables import metadata
from tests.store.support import HASHER, Writer
from tests.support import citus
from tests.support.engines import Engine, postgres_database
from tests.support.postgres import Postgres

Opener = Callable[[], Awaitable[SqlStore]]


@pytest.fixture(autouse=True)
def emitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What reached PostgreSQL's driver during the test; a statement that Citus would refuse fails the test."""
    statements: list[str] = []

    def recorded(name: str) -> None:
        method = getattr(Postgresql, name)

        async def record(self: Postgresql, connection: object, statement: Prepared | str, *given: object) -> object:
            statements.append(statement if isinstance(statement, str) else (statement.routed or statement).sql)
            return await method(self, connection, statement, *given)

        monkeypatch.setattr(Postgresql, name, record)

    for name in ("fetch", "execute", "control"):
        recorded(name)
    yield statements
    assert {sql: found for sql in statements if (found := citus.refusals(sql))} == {}


@pytest.fixture(scope="session")
def server(engine: Engine, request: pytest.FixtureRequest) -> Postgres | None:
    """The PostgreSQL server that databases are made on, if the engine has one."""
    if engine.name != "postgresql":
        return None
    return request.getfixturevalue("private_postgres") if engine.private else Postgres(engine.url)


@pytest.fixture(scope="session")
def template(server: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database that has the schema; copies of it are cheaper than migrations."""
    if server is None:
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'store.db'}"
        asyncio.run(migrate(url))
        yield url
    else:
        with postgres_database(server) as url:
            asyncio.run(migrate(url))
            yield url


@pytest.fixture
def store_url(server: Postgres | None, template: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with the schema and nothing in it, on each engine in turn."""
    if server is None:
        yield f"sqlite:///{shutil.copy(urlsplit(template).path, tmp_path / 'store.db')}"
        return
    if server.is_citus:  # of which nothing can be copied, and which takes seconds to set up
        yield template
        server.empty(template, [table.name for table in metadata.sorted_tables])
        return
    url = server.create_database(template=urlsplit(template).path[1:])
    try:
        yield url
    finally:
        server.drop_database(url)


@pytest.fixture
async def open_another(store_url: str) -> AsyncIterator[Opener]:
    """Opens one more store on the database, as another process would."""
    async with AsyncExitStack() as opened:

        async def opener() -> SqlStore:
            store = await open_store(store_url, hasher=HASHER, pool_size=3)
            opened.push_async_callback(store.close)
            return store

        yield opener


@pytest.fixture
async def store(open_another: Opener) -> SqlStore:
    return await open_another()


@pytest.fixture
async def other(open_another: Opener, store: SqlStore) -> SqlStore:
    return await open_another()


@pytest.fixture
def writer(store: SqlStore) -> Writer:
    return Writer(store)
