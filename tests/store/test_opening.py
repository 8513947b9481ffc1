"""A database that cannot be used is named in one clear line."""

import asyncio
import os
import pwd
import sqlite3
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from profile_grpc.service.ports import StoreError, StoreUnavailable
from profile_grpc.store import SqlStore, check_schema, migrate, open_store, postgresql_url, sqlite
from profile_grpc.store.engine import Prepared, Statement
from profile_grpc.store.engines import named_by
from profile_grpc.store.postgresql_url import PostgresqlUrl
from profile_grpc.store.sqlite import Sqlite
from tests.store.conftest import Opener
from tests.store.support import HASHER, Writer, contents, key, profile, put, register
from tests.support.engines import postgres_database
from tests.support.postgres import Postgres, PrivatePostgres

AUTHORITIES = ssl.get_default_verify_paths().cafile or ""
REFUSED = "postgresql://someone:s3cret@127.0.0.1:1/profiles"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/store.db", Path("data/store.db")),
        ("sqlite:////data/store.db", Path("/data/store.db")),
        ("sqlite:////data/a%20b%25.db", Path("/data/a b%.db")),
        ("sqlite+aiosqlite:///store.db", Path("store.db")),
        ("postgresql://ann@db/app", PostgresqlUrl("postgresql://ann@db/app")),
        ("postgres://ann:p%40ss@db:6432/app", PostgresqlUrl("postgresql://ann:p%40ss@db:6432/app")),
        ("postgresql+asyncpg://db/app", PostgresqlUrl("postgresql://db/app")),
        (
            "postgres://db/app?sslmode=verify-full&sslrootcert=/etc/ca.pem&application_name=a%20b",
            PostgresqlUrl("postgresql://db/app?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&application_name=a+b"),
        ),
        ("postgresql:///app?host=/run/postgresql", PostgresqlUrl("postgresql:///app?host=%2Frun%2Fpostgresql")),
        ("postgresql://a:1,b:2/app?target_session_attrs=read-write", None),
        ("postgresql://db/app?connect_timeout=3", PostgresqlUrl("postgresql://db/app", connect_timeout=3)),
        ("postgresql://db/app?connect_timeout=0", PostgresqlUrl("postgresql://db/app")),
        ("postgresql://db/app?prepared_statement_cache_size=0", PostgresqlUrl("postgresql://db/app", pooled=True)),
        ("postgresql://db/app?statement_cache_size=0", PostgresqlUrl("postgresql://db/app", pooled=True)),
        ("postgresql://db/app?keepalives=1&keepalives_idle=30", PostgresqlUrl("postgresql://db/app")),
        # As hosts and other programs write them.
        (
            "postgres://db/app?sslmode=require&channel_binding=prefer",
            PostgresqlUrl("postgresql://db/app?sslmode=require"),
        ),
        ("postgres://db/app?gssencmode=disable", PostgresqlUrl("postgresql://db/app")),
        ("postgres://db/app?ssl=true", PostgresqlUrl("postgresql://db/app?sslmode=require")),
        ("postgres://db/app?ssl=true&sslmode=verify-ca", PostgresqlUrl("postgresql://db/app?sslmode=verify-ca")),
        ("postgres://db/app?ssl=verify-full", PostgresqlUrl("postgresql://db/app?sslmode=verify-full")),
        (
            "postgres://db/app?sslrootcert=system",
            PostgresqlUrl(f"postgresql://db/app?{urlencode({'sslrootcert': AUTHORITIES, 'sslmode': 'verify-full'})}"),
        ),
        ("postgres://db/app?pgbouncer=true&connection_limit=1", PostgresqlUrl("postgresql://db/app", pooled=True)),
        ("postgres://db/app?pgbouncer=false&schema=public", PostgresqlUrl("postgresql://db/app")),
        ("postgres://db/app?schema=my_app", PostgresqlUrl("postgresql://db/app?search_path=%22my_app%22")),
        (
            "postgres://db/app?client_encoding=UTF8&target_session_attrs=any",
            PostgresqlUrl("postgresql://db/app?target_session_attrs=any"),
        ),
        (
            "postgresql://db/app?options=-c%20statement_timeout%3D5s",
            PostgresqlUrl("postgresql://db/app?options=-c+statement_timeout%3D5s"),
        ),
        (
            "postgresql://db/app?sslnegotiation=direct&sslmode=require",
            PostgresqlUrl("postgresql://db/app?sslnegotiation=direct&sslmode=require"),
        ),
    ],
)
def test_urls_are_understood_as_people_write_them(url: str, expected: object) -> None:
    """By the engine that each one asks for."""
    parse = sqlite.parse if named_by(url) is Sqlite else postgresql_url.parse
    assert parse(url) == (expected or PostgresqlUrl(url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.db",
        "mysql://ann:s3cret@db/app",
        "sqlite://store.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///store.db?mode=ro",
        "postgresql://ann:s3cret#tail@db/app",
        "postgresql://ann@db/app?connect_timeout=s3cret",
        "postgresql://ann:[s3cret@db/app",
    ],
)
def test_urls_that_cannot_be_used_are_refused_without_a_secret(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        named_by(url).check_url(url)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("channel_binding=require", "channel_binding in the database URL, with this value, cannot be followed"),
        ("gssencmode=require", "gssencmode in the database URL"),
        ("ssl=s3cret", "ssl in the database URL must be true"),
        ("sslmode=no-verify", "sslmode in the database URL is none of disable, allow"),
        ("sslrootcert=system&sslmode=require", "needs sslmode=verify-full"),
        ("pgbouncer=true&schema=other", "ALTER ROLE"),
        ("require_auth=scram-sha-256", "require_auth in the database URL"),
        ("hostaddr=10.0.0.1", "in the place of the host"),
        ("sslaccept=strict", "sslmode=verify-full"),
        ("sslmod=require", "sslmod in the database URL is none of libpq's options; did you mean sslmode?"),
        ("s3cret!@x=1", "an option in the database URL is none of libpq's options"),
    ],
)
def test_a_refused_option_is_named(options: str, says: str) -> None:
    """To pass over `require` would open what the host wants closed."""
    url = f"postgresql://db/app?{options}"
    with pytest.raises(StoreError) as refused:
        named_by(url).check_url(url)
    assert says in str(refused.value)
    assert "s3cret" not in str(refused.value)


async def test_a_url_of_a_host_opens_the_database(private_postgres: PrivatePostgres) -> None:
    """The driver and the server take what is made of it."""
    with postgres_database(private_postgres) as url:
        joined = url + ("&" if "?" in url else "?")
        for options in (
            "channel_binding=prefer&gssencmode=disable&keepalives=1&connection_limit=5",
            "pgbouncer=true&pool_timeout=10",
            "schema=public&sslsni=1&client_encoding=auto",
            "application_name=profiles&options=-c%20statement_timeout%3D50s",
        ):
            await migrate(joined + options)
            await check_schema(joined + options)


def test_a_parsed_url_shows_no_password() -> None:
    assert "s3cret" not in repr(postgresql_url.parse(REFUSED))


async def one_line(url: str, *, kind: type[StoreError] = StoreError) -> str:
    """What each way into the database says, the same for all."""
    said = set()
    for attempt in (lambda: open_store(url, hasher=HASHER), lambda: check_schema(url), lambda: migrate(url)):
        with pytest.raises(kind) as refused:
            await attempt()
        said.add(str(refused.value))
    [line] = said
    assert "\n" not in line
    assert "s3cret" not in line
    return line


async def test_an_unreachable_server() -> None:
    line = await one_line(REFUSED, kind=StoreUnavailable)
    assert line.startswith("the database cannot be reached: ")
    assert "127.0.0.1" in line


async def test_a_port_that_is_no_number_does_not_repeat_the_password() -> None:
    assert "percent-encode" in await one_line("postgresql://ann:x/s3cret@db/app")


async def test_a_server_without_the_database(private_postgres: PrivatePostgres) -> None:
    line = await one_line(private_postgres.url.rpartition("/")[0] + "/no_such_database")
    assert 'database "no_such_database" does not exist' in line


async def test_an_option_that_no_server_knows(private_postgres: PrivatePostgres) -> None:
    assert "channel_bonding" in await one_line(f"{private_postgres.url}?channel_bonding=require")


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    line = await one_line(f"sqlite:///{tmp_path}/missing/store.db")
    assert line == f"the directory {tmp_path}/missing does not exist; create it, or name another file"


async def test_a_directory_in_place_of_a_file(tmp_path: Path) -> None:
    assert "is a directory" in await one_line(f"sqlite:///{tmp_path}")


async def test_a_missing_file_is_not_made_by_opening_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    for attempt in (open_store(url, hasher=HASHER), check_schema(url)):
        with pytest.raises(StoreError, match=r"no database file .*store.db; run: profile-grpc migrate"):
            await attempt
    assert not os.listdir(tmp_path)  # noqa: PTH208 - as below


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("a shopping list, and a long one\n" * 100)
    assert "file is not a database" in await one_line(f"sqlite:///{tmp_path}/store.db")


@contextmanager
def nobody() -> Iterator[None]:
    """Without root's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("writable_folder", [True, False])
async def test_a_read_only_file(writable_folder: bool) -> None:
    # Not below tmp_path, which others than its owner cannot enter.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "store.db")
        await migrate(f"sqlite:///{file}")
        os.chmod(file, 0o444)  # noqa: PTH101 - pathlib is taken for slow here
        os.chmod(folder, 0o777 if writable_folder else 0o555)  # noqa: PTH101 - the case under test
        with nobody(), pytest.raises(StoreUnavailable, match="this user needs write permission") as refused:
            await open_store(f"sqlite:///{file}", hasher=HASHER)
        assert "\n" not in str(refused.value)
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - to be deleted


async def test_a_path_with_special_characters(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%e"
    folder.mkdir()
    url = f"sqlite:///{folder}/store.db".replace("%", "%25").replace("?", "%3F")
    await migrate(url)
    store = await open_store(url, hasher=HASHER)
    await put(store, profile(key()))
    await store.close()
    assert (folder / "store.db").exists()


@pytest.mark.engines("sqlite")
async def test_administration_commands_succeed_while_the_service_runs(store: SqlStore, other: SqlStore) -> None:
    """Two processes write one file: each waits for the other's transactions."""
    writers = [Writer(store), Writer(other)]
    commands = (writers[n % 2].commit(register(key(f"user {n}", f"device {n}"))) for n in range(40))
    await asyncio.gather(*commands)
    assert len((await contents(store))["profile"]) == 40


@pytest.mark.engines("sqlite")
async def test_a_lock_that_is_not_given_up_is_unavailable(store: SqlStore, store_url: str) -> None:
    async with store._database.transaction() as session:  # the one connection that writes
        await session._control("PRAGMA busy_timeout = 50")
    blocker = sqlite3.connect(store_url.removeprefix("sqlite:///"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await put(store, profile(key()))
    assert await store.profiles.get(key()) is None, "reads go on"
    blocker.execute("ROLLBACK")
    blocker.close()
    await put(store, profile(key()))
    assert await store.profiles.get(key()) is not None


async def test_describe_returns_version_and_durability_settings(store: SqlStore, server: Postgres | None) -> None:
    facts = await store.describe()
    assert facts.version
    assert bool(facts.citus) == (server is not None and server.is_citus)
    if facts.engine == "SQLite":
        assert facts.settings["journal_mode"] == "wal"
        assert facts.settings["synchronous"] == "full"
        assert facts.settings["integrity"] == "ok"
    else:
        assert facts.settings["profile_storage"] == "fillfactor=80"
        assert facts.settings["synchronous_commit"] == "on"
        assert facts.settings["in_recovery"] == "off"


async def test_a_closed_store_is_unavailable(open_another: Opener) -> None:
    store = await open_another()
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()
    with pytest.raises(StoreUnavailable, match="closed"):
        await put(store, profile(key()))


async def test_the_server_may_restart() -> None:
    with PrivatePostgres() as server:
        url = server.create_database()
        await migrate(url)
        store = await open_store(url, hasher=HASHER, pool_size=3)
        try:
            await put(store, profile(key()))
            await asyncio.gather(*(store.profiles.get(key()) for _ in range(10)))
            server.stop("immediate")
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    await store.ping()
                with pytest.raises(StoreUnavailable):
                    await put(store, profile(key("bob")))
            server.start()
            await asyncio.gather(*(store.ping() for _ in range(5)))
            await put(store, profile(key("bob")))
            assert await store.profiles.get(key()) is not None
        finally:
            await store.close()


async def test_a_statement_is_compiled_when_it_is_first_used_and_once(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command uses a few of some two hundred; to compile them all takes longer than its work."""
    engine = store._database.engine
    compiled: list[object] = []
    prepare = engine.prepare

    def counted(_: object, statement: Statement) -> Prepared:
        compiled.append(statement)
        return prepare(statement)

    monkeypatch.setattr(type(engine), "prepare", counted)
    opened = SqlStore(store._database, HASHER)
    assert compiled == []
    for _ in range(2):
        await opened.directory.apps(None, "", 10)
        assert len(compiled) == 1
