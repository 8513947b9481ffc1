"""The test support itself: what the other tests rely on."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.clients.builds import LANGUAGES
from tests.support import engines, limits, scheduling
from tests.support.engines import Engine
from tests.support.ports import free_port
from tests.support.postgres import Postgres, PrivatePostgres

ROOT = Path(__file__).parent.parent


async def tables(url: str) -> list[str]:
    """The names of the tables that tests would find in a database."""
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(urlsplit(url).path)) as connection:
            return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row["tablename"] for row in rows]
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_gets_an_empty_database(engine_url: str, turn: int) -> None:
    assert await tables(engine_url) == []
    if engine_url.startswith("sqlite:"):
        with closing(sqlite3.connect(urlsplit(engine_url).path)) as connection:
            connection.execute("CREATE TABLE used (turn INTEGER)")
    else:
        connection = await asyncpg.connect(engine_url)
        await connection.execute("CREATE TABLE used (turn INTEGER)")
        await connection.close()
    assert await tables(engine_url) == ["used"]


@pytest.mark.engines("postgresql")
def test_the_engines_marker_leaves_others_out(engine: Engine) -> None:
    assert engine.name == "postgresql"


def test_no_two_databases_of_a_server_have_the_same_name(private_postgres: PrivatePostgres) -> None:
    """However many of a session's fixtures, and of other sessions, work on a server that was given."""
    urls = [Postgres(private_postgres.url).create_database() for _ in range(2)]
    assert len(set(urls)) == len(urls)
    for url in urls:
        private_postgres.drop_database(url)


def test_a_private_server_survives_a_crash() -> None:
    with PrivatePostgres() as server:
        url = server.create_database()
        server.execute("CREATE TABLE kept (value INTEGER)", url=url)
        server.execute("INSERT INTO kept VALUES (7)", url=url)
        server.stop("immediate")
        with pytest.raises(OSError, match="Connect call failed"):
            asyncio.run(tables(url))
        server.start()
        assert server.execute("SELECT value FROM kept", url=url) == "7"


@pytest.mark.parametrize(
    ("url", "name", "private"),
    [
        ("sqlite://", "sqlite", False),
        ("postgresql://", "postgresql", True),
        ("postgres://me@db/app", "postgresql", False),
        ("postgresql+asyncpg://me@db/app", "postgresql", False),
    ],
)
def test_store_urls_are_accepted_as_people_write_them(url: str, name: str, private: bool) -> None:
    assert engines.parse([url]) == [Engine(name, url)]
    assert engines.parse([url])[0].private is private


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="not mysql://"):
        engines.parse(["mysql://me@db/app"])


def test_the_long_units_come_first_and_the_tests_of_a_unit_stay_in_order() -> None:
    few, long = "tests/unit/test_few.py", scheduling.LONG[-1]
    client = ("tests/clients/x.py::b[go]", "tests/clients/z.py::test_the_go_example", "tests/clients/z.py::test_in_go")
    nodeids = [f"{few}::a", client[0], "tests/y.py::c[go]", "tests/y.py::d", f"{long}::e", *client[1:]]
    items = [SimpleNamespace(nodeid=nodeid) for nodeid in nodeids]
    scheduling.longest_first(items)
    units = [scheduling.unit(item.nodeid) for item in items]
    assert units == ["go", "go", "go", long, "tests/y.py", "tests/y.py", few]
    assert [item.nodeid[-1] for item in items if "y.py" in item.nodeid] == ["]", "d"]


def test_what_is_said_to_be_long_is_there() -> None:
    files = [name for name in scheduling.LONG if name not in LANGUAGES]
    assert all((ROOT / name).is_file() for name in files)


@pytest.mark.timeout(700)
@pytest.mark.parametrize(("given", "wait", "own"), [(1200, 600, 1400), (60, 300, 700), (None, 300, 700)])
def test_the_option_timeout_raises_every_limit_and_lowers_none(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, given: int | None, wait: int, own: int
) -> None:
    monkeypatch.setattr(limits, "_factor", 1.0)
    limits.configure(cast("pytest.Config", SimpleNamespace(getoption=lambda _name, _default: given)))
    assert limits.wait_s() == wait
    limits.raise_markers([request.node])
    marker = request.node.get_closest_marker("timeout")
    assert marker is not None
    assert marker.args == (own,)


def test_a_free_port_is_given_once_and_is_none_of_connections() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == len(ports)
    [first, _] = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert max(ports) < int(first)
