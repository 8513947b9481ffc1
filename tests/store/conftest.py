"""A store with its schema on each engine, and further ones on the same database."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from profile_grpc.store import SqlStore, open_store
from profile_grpc.store.engine import Prepared
from profile_grpc.store.postgresql import Postgresql
from tests.store.support import HASHER, Writer
from tests.support import citus
from tests.support.engines import Databases, Engine
from tests.support.postgres import Postgres

Opener = Callable[[], Awaitable[SqlStore]]


@pytest.fixture(autouse=True)
def emitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What reached PostgreSQL's driver during the test; a statement that Citus would refuse fails the test."""
    statements: list[str] = []
    singles: set[str] = set()

    def recorded(name: str) -> None:
        method = getattr(Postgresql, name)

        async def record(self: Postgresql, connection: object, statement: Prepared | str, *given: object) -> object:
            statements.append(statement if isinstance(statement, str) else (statement.routed or statement).sql)
            if isinstance(statement, Prepared) and statement.single is not None:
                singles.add(statement.single.sql)
            return await method(self, connection, statement, *given)

        monkeypatch.setattr(Postgresql, name, record)

    for name in ("fetch", "execute", "execute_alone", "control"):
        recorded(name)
    yield statements
    assert {sql: found for sql in [*statements, *singles] if (found := citus.refusals(sql))} == {}


@pytest.fixture(scope="session")
def server(database_server: Postgres | None) -> Postgres | None:
    """The PostgreSQL server that databases are made on, if the engine has one."""
    return database_server


@pytest.fixture(scope="session")
def one_server(server: Postgres | None) -> None:
    """Skips the test on a cluster: its coordinator plans, counts and writes what it sends to shards in another way."""
    if server is not None and server.is_citus:
        pytest.skip("of one server")


@pytest.fixture(scope="session")
def template(engine: Engine, server: Postgres | None, databases: Databases) -> str:
    """The URL of a database that has the schema, for copies."""
    return databases.template(engine, server)


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
