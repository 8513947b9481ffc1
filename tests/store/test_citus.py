"""Every statement of the store has a form that Citus takes, as far as its text tells; and `migrate` spreads the tables.

While the tests of this folder run on PostgreSQL, each statement that reaches the driver is looked at (see conftest.py).
"""

from contextlib import suppress

import pytest
from sqlalchemy import select

from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.ports import Conflict
from profile_grpc.store import SqlStore, migrate, open_store
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared
from profile_grpc.store.tables import DISTRIBUTED, REFERENCE, guard
from tests.store.support import DAY, HASHER, NOW, Writer, key, register
from tests.support import citus
from tests.support.engines import Engine
from tests.support.postgres import Postgres

JOIN = "SELECT mad_ledger.app_id FROM mad_ledger JOIN tombstone ON "


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("SELECT profile.app_id FROM profile WHERE profile.user_id = $1 FOR UPDATE", "FOR UPDATE"),
        ("WITH due AS (SELECT a FROM profile FOR UPDATE SKIP LOCKED) SELECT a FROM due", "FOR UPDATE"),
        ("SELECT guard.revision FROM guard FOR SHARE", "FOR SHARE"),
        ("UPDATE profile SET update_time=now() WHERE profile.user_id = $1", "now()"),
        ("UPDATE profile SET update_time=CURRENT_TIMESTAMP WHERE profile.user_id = $1", "CURRENT_TIMESTAMP"),
        ("INSERT INTO event (id) SELECT gen_random_uuid() FROM unnest($1::TEXT[]) AS given(id)", "gen_random_uuid()"),
        (JOIN + "mad_ledger.app_id = tombstone.app_id", "not joined"),
        ("SELECT a FROM profile JOIN push_token ON profile.device_id = push_token.device_id", "not joined"),
        ("SELECT a FROM unnest($1::TEXT[]) AS given(h) LEFT OUTER JOIN tombstone ON tombstone.h = given.h", "whole"),
        ("INSERT INTO push_token (app_id) VALUES ($1) ON CONFLICT (app_id) DO NOTHING", "ON CONFLICT"),
        ("INSERT INTO event (id) SELECT a FROM unnest($1::TEXT[]) AS given(a) ON CONFLICT DO NOTHING", "RETURNING"),
        ("UPDATE guard SET key=$1 WHERE guard.revision = $2", "cannot be assigned"),
        ("DELETE FROM event WHERE event.id IN (SELECT event.id FROM event LIMIT 5)", "sub-select"),
        ("TRUNCATE profile", "no form"),
    ],
)
def test_refused_forms_are_found(statement: str, why: str) -> None:
    assert any(why in reason for reason in citus.refusals(statement)), citus.refusals(statement)


def test_a_join_on_what_both_are_distributed_by_is_taken() -> None:
    assert not citus.refusals(
        JOIN + "mad_ledger.profile_hash = tombstone.profile_hash AND mad_ledger.app_id = tombstone.app_id"
    )


@pytest.mark.engines("postgresql")
async def test_what_reaches_the_driver_is_looked_at(store: SqlStore, emitted: list[str]) -> None:
    """The recorder sees every table's reads and writes, and an offender would be found."""
    writer = Writer(store, AppSettings(single_device_per_user=True))
    await writer.commit(register(key(), "token"))
    writer.now = NOW + DAY
    await writer.commit(Heartbeat(key()), register(key("bob"), "token"))
    await writer.commit(Unregister(key("bob")), DeleteDeviceProfile("shop", user_id="ann"))
    for table, _ in DISTRIBUTED:
        assert any(table.name in sql for sql in emitted), table.name
    locked = store._database.prepare(select(guard.c.revision).with_for_update())
    with suppress(Conflict):  # Citus itself refuses it
        await store._database.fetch(locked)
    assert citus.refusals(emitted.pop()), "and so would the test have failed"


def prepared(of: object) -> list[Prepared]:
    """Every statement that an object of the store, or one of its parts, holds ready."""
    found: list[Prepared] = []
    for value in vars(of).values():
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, Prepared):
                found.append(part)
            elif type(part).__module__.startswith("profile_grpc.store") and not isinstance(part, Database):
                found += prepared(part)
    return found


@pytest.mark.engines("postgresql")
async def test_statements_that_no_test_happens_to_emit_are_taken_too(store: SqlStore) -> None:
    parts = (store.profiles, store.directory, store.usage, store.reaper)
    ready = [statement.sql for part in parts for statement in prepared(part)]
    assert len(ready) > 60
    assert {sql: found for sql in ready if (found := citus.refusals(sql))} == {}


# Notes what it is asked for. Who may do this may do anything: on a private server only.
STAND_IN = """
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (999999, 'citus', 10, 'public'::regnamespace, false, 'stand-in');
CREATE TABLE pg_dist_partition (logicalrelid regclass, partkey text);
CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE sql
AS $$ INSERT INTO pg_dist_partition VALUES (name, NULL) $$;
CREATE FUNCTION create_distributed_table(name regclass, by text) RETURNS void LANGUAGE sql
AS $$ INSERT INTO pg_dist_partition VALUES (name, by) $$;
"""


@pytest.mark.engines("postgresql")
async def test_migrate_spreads_every_table_once(server: Postgres, engine: Engine, engine_url: str) -> None:
    if not engine.private:
        pytest.skip("the stand-in for the extension changes the server's catalogue")
    server.execute(STAND_IN, url=engine_url)
    for _ in range(2):
        await migrate(engine_url)
    spread = server.execute("SELECT logicalrelid, partkey FROM pg_dist_partition", url=engine_url).splitlines()
    assert sorted(spread) == sorted(
        [f"{table.name}|{column}" for table, column in DISTRIBUTED] + [f"{table.name}|" for table in REFERENCE]
    )


@pytest.mark.engines("postgresql")
async def test_citus_plans_each_statement_for_its_values(server: Postgres, engine: Engine, store_url: str) -> None:
    """It has no plan for some before it knows them, and would refuse them if told to keep one."""
    if not engine.private:
        pytest.skip("the stand-in for the extension changes the server's catalogue")

    async def setting() -> str:
        store = await open_store(store_url, hasher=HASHER)
        async with store._database.reading() as session:
            told: str = await session._connection.fetchval("SHOW plan_cache_mode")
        await store.close()
        return told

    assert await setting() == "force_generic_plan"
    server.execute(STAND_IN, url=store_url)
    assert await setting() == "auto"
