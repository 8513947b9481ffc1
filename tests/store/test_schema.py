"""Migrations build the declared schema; the program refuses any other."""

import asyncio
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, text

from profile_grpc.bootstrap.background import watch_schema
from profile_grpc.domain.feedback_breaker import ControlFeedbackBreaker
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import Token
from profile_grpc.domain.profile import Attributes
from profile_grpc.domain.results import DisplacementEffect, Registered
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.store import SchemaError, SqlStore, check_schema, migrate, open_store
from profile_grpc.store.engines import named_by
from profile_grpc.store.schema import REVISIONS, VERSION_TABLE, upgrade
from profile_grpc.store.tables import metadata
from tests.store.support import HASHER, NOW, Writer, contents, key, profile, put, register
from tests.support.limits import wait_s


async def run(url: str, statement: str) -> None:
    engine = named_by(url).migrator(url)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def test_the_program_knows_every_revision_in_order() -> None:
    folder = Path(sys.modules["profile_grpc.store.schema"].__file__ or "").parent / "migrations"
    found = [script.revision for script in ScriptDirectory(str(folder)).walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS


async def test_the_migrated_schema_is_the_declared_one(engine_url: str) -> None:
    assert await migrate(engine_url) == REVISIONS[-1]

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return list(compare_metadata(context, metadata))

    engine = named_by(engine_url).migrator(engine_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


@pytest.mark.engines("postgresql")
async def test_key_columns_sort_by_bytes_and_profiles_leave_room(engine_url: str) -> None:
    """What `compare_metadata` does not compare: collations and storage."""
    await migrate(engine_url)
    engine = named_by(engine_url).migrator(engine_url)
    async with engine.connect() as connection:
        collations = {
            (table, column): collation
            for table, column, collation in await connection.execute(
                text("SELECT table_name, column_name, collation_name FROM information_schema.columns")
            )
        }
        storage = (await connection.execute(text("SELECT reloptions FROM pg_class WHERE relname = 'profile'"))).scalar()
    await engine.dispose()
    declared = {
        (table.name, column.name): getattr(column.type.dialect_impl(engine.dialect), "collation", None)
        for table in metadata.sorted_tables
        for column in table.c
    }
    assert {place: collations[place] for place in declared} == declared
    assert storage == ["fillfactor=80"]


async def test_migrating_again_changes_nothing(engine_url: str) -> None:
    await migrate(engine_url)
    store = await open_store(engine_url, hasher=HASHER)
    await put(store, profile(key()))
    before = await contents(store)
    await migrate(engine_url)
    assert await contents(store) == before
    await check_schema(engine_url)
    assert (await store.describe()).revision == REVISIONS[-1]
    await store.close()


DEVICE = "INSERT INTO device (app_id, device_id, profiles, revision) VALUES ('shop', 'phone', 1, 5)"
TOKEN = (
    "INSERT INTO push_token (app_id, token_hash, provider, push_app_id, device_id, holders, revision)"  # noqa: S608 - a hash
    f" VALUES ('shop', '{HASHER.token(Token('shop', 'T'))}', 1, 'com.shop', 'phone', 1, 6)"
)
PROFILE = (
    "INSERT INTO profile (app_id, user_id, device_id, create_time, register_time, update_time, register_day, status,"
    " user_state, platform, channels, push_endpoints, push_superseded, mad_count_time, mad_number, revision)"
    ' VALUES (\'shop\', \'ann\', \'phone\', 1, 1, 1, 0, 1, 1, 0, 14, \'[{"p":1,"t":"T","c":1,"a":"com.shop"}]\','
    " FALSE, 1, 1, 7)"
)


async def test_a_database_of_the_first_revision_goes_on_where_it_was(engine_url: str) -> None:
    engine = named_by(engine_url).migrator(engine_url)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade, "0001")
        for statement in (DEVICE, TOKEN, PROFILE):
            await connection.exec_driver_sql(statement)
    await engine.dispose()
    with pytest.raises(SchemaError, match=r"0001 is older .* run: profile-grpc migrate"):
        await check_schema(engine_url)
    assert await migrate(engine_url) == REVISIONS[-1]
    store = await open_store(engine_url, hasher=HASHER)
    writer = Writer(store)
    [status] = await writer.commit(ControlFeedbackBreaker("shop"))
    assert status.endpoints == 1, "counted by the migration (F8)"
    await writer.commit(Heartbeat(key()))
    [registered] = await writer.commit(register(key("bob", "tablet"), "T"))
    assert isinstance(registered, Registered)
    assert [(d.key, d.effect) for d in registered.displaced] == [(key(), DisplacementEffect.TOKEN_MOVED)]
    await store.close()


def seed_owners(connection: Connection) -> None:
    """What programs before revision 0006 left of tokens whose label was part of their identity.

    W has two owners, U is a device's twice, nobody holds V any more, and X is as ever.
    """
    endpoints = {
        ("ann", "phone", 10): '[{"p":1,"t":"W","c":1,"a":"com.shop"},{"p":1,"t":"é","c":1,"a":"com.shop","u":2}]',
        ("bob", "tablet", 20): '[{"p":1,"t":"W","c":1}]',
        ("carl", "watch", 5): '[{"p":1,"t":"U","c":1,"a":"one"},{"p":1,"t":"U","c":1,"a":"two","u":2}]',
        ("dora", "watch", 6): '[{"p":1,"t":"U","c":1,"a":"one"}]',
    }
    for (user, device, registered), column in endpoints.items():
        connection.execute(
            text(PROFILE.partition(" VALUES ")[0] + PROFILE_VALUES),
            {"u": user, "d": device, "r": registered, "e": column},
        )
    owners = [
        ("W", "com.shop", "phone", 1),
        ("W", "", "tablet", 1),
        ("U", "one", "watch", 2),
        ("U", "two", "watch", 1),
        ("V", "one", "gone", 1),
        ("V", "two", "lost", 2),
        ("X", "one", "phone", 3),
    ]
    for token, label, device, holders in owners:
        connection.execute(
            text("INSERT INTO push_token VALUES ('shop', :hash, 1, :label, :device, :holders, 6)"),
            {"hash": token_hash(token), "label": label, "device": device, "holders": holders},
        )


PROFILE_VALUES = " VALUES ('shop', :u, :d, 1, :r, 1, 0, 1, 1, 0, 14, :e, FALSE, 1, 1, 7)"


def token_hash(token: str) -> str:
    return HASHER.token(Token("shop", token))


async def test_R4_two_owners_of_a_token_become_one(engine_url: str) -> None:
    """The device that registered last keeps the token; the migration needs no hash key for that."""
    engine = named_by(engine_url).migrator(engine_url)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade, "0005")
        await connection.run_sync(seed_owners)
    await engine.dispose()
    await migrate(engine_url)
    store = await open_store(engine_url, hasher=HASHER)
    found = await contents(store)
    holders = {row[1:] for row in found["token_holder"]}
    known = {(token_hash("W"), "tablet", "bob"), (token_hash("U"), "watch", "carl"), (token_hash("U"), "watch", "dora")}
    assert {holder for holder in holders if holder[0] in (token_hash("W"), token_hash("U"))} == known
    profiles = {p.key.user_id: p for p in await store.profiles.list(ProfileFilter("shop"), None, 10)}
    tokens = {user: [e.token for e in p.push_endpoints] for user, p in profiles.items()}
    assert tokens == {"ann": ["é"], "bob": ["W"], "carl": ["U", "U"], "dora": ["U"]}
    assert profiles["ann"].revision != 7
    assert profiles["bob"].revision == profiles["carl"].revision == 7
    assert [row[3:6] for row in found["event"]] == [("PUSH_TOKEN_MOVED", "ann", "phone")]
    await store.close()


def fill(connection: Connection, rows: dict[str, list[tuple[object, ...]]]) -> None:
    """Writes the rows into tables of an older schema, without the columns that it lacks."""
    for name, found in rows.items():
        table = metadata.tables[name]
        there = {column["name"] for column in inspect(connection).get_columns(name)}
        values = [dict(zip(table.c.keys(), row, strict=True)) for row in found]
        connection.execute(insert(table), [{n: row[n] for n in row if n in there} for row in values])


async def test_columns_for_filters_are_filled_from_the_attributes(engine_url: str) -> None:
    """T3: after the upgrade a filter finds what was stored before it, and the columns are what the program writes."""
    stored = [
        Attributes(language="en_US", time_zone="Europe/Berlin", sdk_version="v2.10.0", os_version="17.2 (21C62)"),
        Attributes(language="de", sdk_version='night"ly', last_opened_time=NOW, custom_attributes={"a": "b\x00c"}),
        Attributes(custom_attributes={"sdk_version": "no"}),
        Attributes(),
    ]
    await migrate(engine_url)
    store = await open_store(engine_url, hasher=HASHER)
    await put(store, *(profile(key(f"user {n}"), attributes=one) for n, one in enumerate(stored)))
    before = await contents(store)
    await store.close()
    engine = named_by(engine_url).migrator(engine_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        await connection.run_sync(upgrade, "0012")
        await connection.run_sync(fill, before)
    await engine.dispose()
    await migrate(engine_url)
    store = await open_store(engine_url, hasher=HASHER)
    assert await contents(store) == before
    await store.close()


async def test_processes_may_migrate_at_once(engine_url: str) -> None:
    program = "import asyncio, sys; from profile_grpc.store import migrate; print(asyncio.run(migrate(sys.argv[1])))"

    async def one() -> tuple[int | None, bytes]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, engine_url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        return process.returncode, output

    outcomes = await asyncio.gather(*(one() for _ in range(3)))
    assert outcomes == [(0, f"{REVISIONS[-1]}\n".encode())] * 3
    await check_schema(engine_url)


async def test_tasks_may_migrate_at_once(engine_url: str) -> None:
    assert await asyncio.gather(*(migrate(engine_url) for _ in range(5))) == [REVISIONS[-1]] * 5


async def test_an_empty_database_says_what_to_run(engine_url: str) -> None:
    with pytest.raises(Exception, match=r"run: profile-grpc migrate$"):
        await check_schema(engine_url)
    if engine_url.startswith("sqlite:"):
        with open(engine_url.removeprefix("sqlite:///"), "xb"):  # noqa: ASYNC230, PTH123 - "x": a check creates nothing
            pass
    with pytest.raises(SchemaError, match="empty; run: profile-grpc migrate"):
        await check_schema(engine_url)


@pytest.mark.parametrize("oldest", [None, "9998"])
async def test_a_newer_schema_is_refused(engine_url: str, oldest: str | None) -> None:
    """Unless it says that programs as old as this one can use it."""
    await migrate(engine_url)
    said = "NULL" if oldest is None else f"'{oldest}'"
    await run(engine_url, f"UPDATE schema_revision SET version_num = '9999', oldest_program = {said}")  # noqa: S608 - ours
    for refused in (check_schema, migrate):
        with pytest.raises(SchemaError, match=r"schema 9999 is newer .* install a newer version"):
            await refused(engine_url)


async def test_a_newer_schema_that_this_program_can_use_stays_as_it_is(engine_url: str) -> None:
    await migrate(engine_url)
    ours = REVISIONS[-1]
    await run(engine_url, f"UPDATE schema_revision SET version_num = '9999', oldest_program = '{ours}'")  # noqa: S608 - ours
    await check_schema(engine_url)
    assert await migrate(engine_url) == "9999"
    store = await open_store(engine_url, hasher=HASHER)
    await put(store, profile(key()))
    await store.check_schema()
    await store.close()


async def test_a_running_program_notices_that_the_schema_left_it_behind(
    engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(engine_url)
    store = await open_store(engine_url, hasher=HASHER)
    check, checked = store.check_schema, asyncio.Semaphore(0)

    async def counted(_: SqlStore) -> None:
        await check()
        checked.release()

    monkeypatch.setattr(SqlStore, "check_schema", counted)
    watch = asyncio.create_task(watch_schema(store, interval=0.01))
    for _ in range(2):
        await asyncio.wait_for(checked.acquire(), wait_s())
    assert not watch.done()
    await run(engine_url, "UPDATE schema_revision SET version_num = '9999', oldest_program = '9999'")
    with pytest.raises(SchemaError, match="9999 is newer"):
        await asyncio.wait_for(watch, wait_s())
    await store.close()


async def test_the_schema_says_the_oldest_program_that_survives_every_migration(engine_url: str) -> None:
    """The oldest program that a migration names and that every later migration permits."""
    await migrate(engine_url)
    folder = Path(sys.modules["profile_grpc.store.schema"].__file__ or "").parent / "migrations"
    scripts = ScriptDirectory(str(folder)).walk_revisions()
    oldest = max(getattr(script.module, "oldest_program", script.revision) for script in scripts)
    engine = named_by(engine_url).migrator(engine_url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT oldest_program FROM schema_revision"))).scalar() == oldest
    await engine.dispose()


async def test_an_older_schema_says_what_to_run(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(engine_url)
    monkeypatch.setattr("profile_grpc.store.schema.REVISIONS", (*REVISIONS, "9999"))
    with pytest.raises(SchemaError, match=r"older than this program needs \(9999\); run: profile-grpc migrate"):
        await check_schema(engine_url)
