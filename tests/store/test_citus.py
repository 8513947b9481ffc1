"""Citus accepts the text of every statement of the store, and `migrate` distributes the tables.

While the tests of this folder run on PostgreSQL, each statement that reaches the driver is looked at (see conftest.py).
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select

from profile_grpc.domain.commands import AnyCommand, ProfilePatch
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.ports import Conflict, StoreError
from profile_grpc.store import SqlStore, migrate, open_store, postgresql_connections
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared
from profile_grpc.store.postgresql import Postgresql
from profile_grpc.store.tables import DISTRIBUTED, ON_COORDINATOR, distributed_by, guard, metadata
from tests.store.support import DAY, HASHER, NOW, Writer, key, register
from tests.support import citus
from tests.support.engines import Engine
from tests.support.postgres import Postgres

JOIN = "SELECT mad_ledger.app_id FROM mad_ledger JOIN tombstone ON mad_ledger.profile_hash = tombstone.profile_hash"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("SELECT profile.app_id FROM profile WHERE profile.user_id = $1 FOR UPDATE", "FOR UPDATE"),
        ("WITH due AS (SELECT a FROM profile FOR UPDATE SKIP LOCKED) SELECT a FROM due", "FOR UPDATE"),
        ("SELECT guard.revision FROM guard FOR SHARE", "FOR SHARE"),
        ("UPDATE profile SET update_time=now() WHERE profile.user_id = $1", "now()"),
        ("UPDATE profile SET update_time=CURRENT_TIMESTAMP WHERE profile.user_id = $1", "CURRENT_TIMESTAMP"),
        ("INSERT INTO event (id) SELECT gen_random_uuid() FROM unnest($1::TEXT[]) AS given(id)", "gen_random_uuid()"),
        (JOIN, "not joined"),
        ("SELECT guard.revision FROM guard WHERE guard.number = $1", "every shard"),
        ("DELETE FROM event USING unnest($1::TEXT[]) AS given(a) WHERE event.app_id = given.a", "every shard"),
        ("SELECT a FROM profile JOIN token_holder ON profile.device_id = token_holder.device_id", "not joined"),
        ("SELECT a FROM unnest($1::TEXT[]) AS given(h) LEFT OUTER JOIN tombstone ON tombstone.h = given.h", "whole"),
        ("INSERT INTO token_holder (app_id) VALUES ($1) ON CONFLICT (token_hash) DO NOTHING", "ON CONFLICT"),
        ("INSERT INTO event (id) SELECT a FROM unnest($1::TEXT[]) AS given(a) ON CONFLICT DO NOTHING", "RETURNING"),
        ("UPDATE guard SET app_id=$1 WHERE guard.app_id = $2", "cannot be assigned"),
        ("DELETE FROM event WHERE event.id IN (SELECT event.id FROM event LIMIT 5)", "sub-select"),
        ("TRUNCATE profile", "no form"),
    ],
)
def test_refused_forms_are_found(statement: str, why: str) -> None:
    assert any(why in reason for reason in citus.refusals(statement)), citus.refusals(statement)


def test_a_join_on_what_both_are_distributed_by_is_taken() -> None:
    on = " AND mad_ledger.app_id = tombstone.app_id"
    assert not citus.refusals(JOIN + on + " WHERE mad_ledger.app_id = $1 AND tombstone.app_id = ANY ($2::TEXT[])")


@pytest.mark.engines("postgresql")
async def test_what_reaches_the_driver_is_looked_at(store: SqlStore, emitted: list[str]) -> None:
    """The recorder sees every table's reads and writes, and an offender would be found."""
    writer = Writer(store, AppSettings(single_device_per_user=True))
    await writer.commit(register(key(), "token"))
    writer.now = NOW + DAY
    await writer.commit(Heartbeat(key()), register(key("bob"), "token"))
    await writer.commit(Unregister(key("bob")), DeleteDeviceProfile("shop", user_id="ann"))
    for table in ("guard", "token_holder", "profile", "tombstone", "mad_ledger", "event", "profile_count"):
        assert any(table in sql for sql in emitted), table
    locked = store._database.prepare(select(guard.c.revision).with_for_update())
    with suppress(Conflict):  # Citus itself refuses it
        await store._database.fetch(locked)
    assert citus.refusals(emitted.pop()), "and so would the test have failed"
    emitted[:] = [sql for sql in emitted if sql != locked.sql]  # a cluster was asked twice


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
    parts = (store.profiles, store.directory, store.usage, store.reaper, store.events)
    ready = [(statement.routed or statement).sql for part in parts for statement in prepared(part)]
    assert len(ready) > 60
    assert {sql: found for sql in ready if (found := citus.refusals(sql))} == {}


# Notes what it is asked for. Who may do this may do anything: on a private server only.
STAND_IN = """
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (999999, 'citus', 10, 'public'::regnamespace, false, 'stand-in');
CREATE TABLE pg_dist_partition (logicalrelid regclass, partkey text, beside text);
CREATE TABLE pg_dist_shard (logicalrelid regclass);
CREATE FUNCTION column_to_column_name(regclass, text) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$;
CREATE FUNCTION undistribute_table(name regclass) RETURNS void LANGUAGE sql
AS $$ DELETE FROM pg_dist_partition WHERE logicalrelid = name; DELETE FROM pg_dist_shard WHERE logicalrelid = name $$;
CREATE FUNCTION create_distributed_table(name regclass, by text, colocate_with text, shard_count integer)
RETURNS void LANGUAGE sql AS $$
INSERT INTO pg_dist_partition VALUES (name, by, colocate_with);
INSERT INTO pg_dist_shard SELECT name FROM generate_series(1, coalesce(
    shard_count, (SELECT nullif(count(*), 0) FROM pg_dist_shard WHERE logicalrelid = to_regclass(colocate_with)), 2
))
$$;
CREATE FUNCTION truncate_local_data_after_distributing_table(regclass) RETURNS void LANGUAGE sql AS '';
"""


@pytest.fixture
def becomes_citus(server: Postgres, engine: Engine) -> Callable[[str], None]:
    """`becomes_citus(url)`: from now on the database says that it is a Citus cluster."""
    if not engine.private:
        pytest.skip("the stand-in for the extension changes the server's catalogue")

    def become(url: str) -> None:
        server.execute(STAND_IN, url=url)

    return become


def spread(server: Postgres, url: str) -> list[str]:
    """The distributed tables, their distribution columns and their co-location, as the stand-in recorded them."""
    found = server.execute("SELECT logicalrelid, partkey, beside FROM pg_dist_partition ORDER BY 1", url=url)
    return sorted(found.splitlines())


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("before", ["nothing", "a schema", "another distribution"])
async def test_migrate_distributes_every_table_once(
    server: Postgres, becomes_citus: Callable[[str], None], engine_url: str, before: str
) -> None:
    """On a new cluster, on a database that has become one, and on one that an earlier version had distributed."""
    if before != "nothing":
        await migrate(engine_url)
    becomes_citus(engine_url)
    if before == "another distribution":
        server.execute("INSERT INTO pg_dist_partition VALUES ('profile', 'user_id'), ('tenant', NULL)", url=engine_url)
    for _ in range(2):
        await migrate(engine_url)
    first = DISTRIBUTED[0][0].name
    wanted = [f"{table.name}|{column}|{'none' if table.name == first else first}" for table, column in DISTRIBUTED]
    assert spread(server, engine_url) == sorted(wanted)


@pytest.mark.engines("postgresql")
async def test_the_number_of_shards_is_chosen_once(
    server: Postgres, becomes_citus: Callable[[str], None], engine_url: str
) -> None:
    becomes_citus(engine_url)
    await migrate(engine_url, shards=8)
    first = DISTRIBUTED[0][0].name
    shards = f"SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = '{first}'::regclass"  # noqa: S608 - our own name
    assert server.execute(shards, url=engine_url) == "8"
    await migrate(engine_url)
    with pytest.raises(StoreError, match="8 shards already"):
        await migrate(engine_url, shards=16)


def test_everything_of_an_app_is_on_the_shard_of_the_app() -> None:
    """Each table says where it is; a new one that holds something of an app or a tenant cannot be forgotten."""
    for table in metadata.sorted_tables:
        of_whom = next((name for name in ("app_id", "tenant_id") if name in table.c), None)
        if table not in ON_COORDINATOR:
            assert distributed_by(table) == of_whom, table.name
        assert (table in ON_COORDINATOR) == (distributed_by(table) is None), table.name


@pytest.mark.engines("postgresql")
async def test_citus_plans_each_statement_for_its_values(
    server: Postgres, becomes_citus: Callable[[str], None], store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no plan for some before it knows them, and would refuse them if told to keep one.

    Connections that are open notice that the database has become a cluster, and that it is none any more.
    """
    monkeypatch.setattr(postgresql_connections, "_PLANS_RENEWED", -1.0)  # at each use
    store = await open_store(store_url, hasher=HASHER, pool_size=1)

    async def setting() -> str:
        async with store._database.reading() as session:
            told: str = await session._connection.fetchval("SHOW plan_cache_mode")
        return told

    assert await setting() == "force_generic_plan"
    becomes_citus(store_url)
    assert (await setting(), store._database.engine.is_spread) == ("auto", True)
    server.execute(
        "SET allow_system_table_mods = on", "DELETE FROM pg_extension WHERE extname = 'citus'", url=store_url
    )
    assert (await setting(), store._database.engine.is_spread) == ("force_generic_plan", False)
    await store.close()


@pytest.mark.engines("postgresql")
async def test_a_command_alone_does_the_same_with_statements_for_one_row(
    store: SqlStore, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator gets no join where one row is looked up or written (docs/adr/0016)."""
    if server.is_citus:
        pytest.skip("a cluster refuses the statements of one server, with which these are compared")
    sent: list[str] = []
    bound = Postgresql._bound

    def recorded(engine: Postgresql, *given: Any) -> tuple[Prepared, list[object]]:
        found = bound(engine, *given)
        sent.append(found[0].sql)
        return found

    monkeypatch.setattr(Postgresql, "_bound", recorded)
    left = []
    for app_id, cluster in (("one", False), ("two", True)):
        monkeypatch.setattr(Postgresql, "is_spread", cluster)
        sent.clear()
        writer = Writer(store, AppSettings(multi_user_per_device=False))
        for n, command in enumerate(life(app_id)):
            writer.now = NOW + n * DAY
            await writer.commit(command)
        left.append(await told_of(store, app_id))
    assert left[0] == left[1]
    assert len(left[0]["profile"]) == 3
    joined = [sql for sql in sent if "unnest(" in sql]
    assert len(joined) < len(sent) / 4, joined


def life(app_id: str) -> list[AnyCommand]:
    ann, bob, tablet = key("ann", "phone", app_id), key("bob", "phone", app_id), key("ann", "tablet", app_id)
    return [
        register(ann, "T"),
        Heartbeat(ann),
        UpdateProfileData(ann, ProfilePatch(attributes={"language": "it's \\ \x1f"}), ""),
        register(bob, "U"),
        register(tablet, "T"),
        Unregister(bob),
        DeleteDeviceProfile(app_id, user_id="ann", device_id="phone"),
        register(ann, "V"),
        Heartbeat(ann),
        Heartbeat(ann),
        register(ann, "T"),
    ]


async def told_of(store: SqlStore, app_id: str) -> dict[str, list[list[object]]]:
    """The rows of an app, without what is random in them or derived from its id."""
    other = {"app_id", "revision", "number", "event_id", "profile_hash", "token_hash", "id"}
    found = {}
    for table in metadata.sorted_tables:
        names = [column.name for column in table.c if column.name not in other]
        if "app_id" in table.c and "shard" not in table.c:  # of numbers, any row may be added to
            statement = store._database.prepare(
                select(*(table.c[name] for name in names)).where(table.c.app_id == app_id)
            )
            found[table.name] = sorted((list(row) for row in await store._database.fetch(statement)), key=repr)
    return found
