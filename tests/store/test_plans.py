"""Every look-up on the paths of calls and of the reaper goes through an index, whatever the table's size."""

import asyncio
import itertools
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from profile_grpc.domain.billing import LedgerEntry
from profile_grpc.domain.changes import Write
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import (
    Content,
    Customer,
    CustomerEnd,
    CustomerId,
    CustomerTombstone,
    TombstoneKey,
)
from profile_grpc.domain.deletion_records import DeletionReason, Tombstone
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.feedback_losses import FeedbackLosses
from profile_grpc.domain.filtering.of_customers import parts_of
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.import_start import ImportKey, ImportStart
from profile_grpc.domain.keys import DeviceKey, Guard, GuardKey, UserKey
from profile_grpc.domain.kinds import (
    BEATS,
    CURRENT,
    GUARDS,
    OF_CUSTOMER,
    OF_USER,
    PROFILES,
    RECEIVING,
    SIGNED_IN,
    RowKind,
    Selection,
)
from profile_grpc.domain.needs import AnyNeed, Needs
from profile_grpc.domain.ordered_calls import CallMethod, DeviceOrder, OrderedCall
from profile_grpc.domain.profile import Attributes, ProfileStatus
from profile_grpc.domain.push_endpoints import PushEndpoint, PushProvider, PushPurpose
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.filter_parsing import profile_filter
from profile_grpc.store import SqlStore, filtering, open_store, postgresql, scanning, times
from profile_grpc.store.bounds import BoundedLookup
from profile_grpc.store.engine import Prepared, Row
from profile_grpc.store.person_events import _KEY
from profile_grpc.store.recipients import Among
from profile_grpc.store.tables import metadata
from tests.store.support import DAY, HASHER, NOW, Writer, changes, key, profile, put
from tests.support.postgres import Postgres

ROWS = 3000


@pytest.fixture(scope="module")
def filled_url(
    server: Postgres | None,
    one_server: None,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """A database with rows in every table and statistics of them: an empty one is planned differently."""
    if server is None:
        url = f"sqlite:///{shutil.copy(urlsplit(template).path, tmp_path_factory.mktemp('filled') / 'store.db')}"
        asyncio.run(fill(url))
        yield url
        return
    url = server.create_database(template=urlsplit(template).path[1:])
    asyncio.run(fill(url))
    server.execute("ANALYZE", url=url)
    yield url
    server.drop_database(url)


async def fill(url: str) -> None:
    store = await open_store(url, hasher=HASHER)
    profiles = [
        profile(
            key(f"user {n}", f"device {n}"),
            attributes=Attributes(
                customer_id=f"customer {n}", language=f"l{n % 40}", time_zone=f"Zone/{n % 40}", sdk_version="2.11"
            ),
            push_endpoints=(PushEndpoint(PushProvider.FCM, f"token {n}", "", PushPurpose.DEFAULT, NOW),),
            last_heartbeat_time=NOW - n * DAY / 100 if n % 3 else None,
            status=ProfileStatus.ACTIVE if n % 10 else ProfileStatus.UNREGISTERED,
            unregister_time=None if n % 10 else NOW - n * DAY / 100,
        )
        for n in range(ROWS)
    ]
    tier = SchemaAttribute("tier", AttributeType.STRING, "What the customer pays for. " * 10)
    async with store.profiles.write() as transaction:
        await transaction.apply(
            changes(
                profiles=[Write(p, None) for p in profiles],
                guards=[Write(Guard(GuardKey("shop", n), 1), None) for n in range(ROWS)],
                orders=[
                    Write(DeviceOrder(DeviceKey("shop", f"device {n}"), OrderedCall(n, CallMethod.REGISTER)), None)
                    for n in range(ROWS)
                ],
                imports=[Write(ImportStart(ImportKey("shop", f"import {n}"), NOW, 1), None) for n in range(ROWS)],
                feedback_losses=[Write(FeedbackLosses(f"app {n}"), None) for n in range(ROWS)],
                customers=[
                    Write(Customer(CustomerId("acme", f"customer {n}"), NOW, NOW, Content(), 0), None)
                    for n in range(ROWS)
                ],
                schemas=[Write(CustomerSchema(f"tenant {n}", 1, (tier,)), None) for n in range(ROWS)],
                customer_tombstones=[
                    Write(CustomerTombstone(TombstoneKey("acme", f"{n}"), CustomerEnd.DELETED, NOW, 1), None)
                    for n in range(ROWS)
                ],
                endpoints={f"app {n}": 1 for n in range(ROWS)},
                tombstones=[
                    Tombstone("shop", f"{n}", DeletionReason.DELETED, NOW - n * DAY / 100, NOW) for n in range(3 * ROWS)
                ],
                ledger=[LedgerEntry("shop", f"{n}", 1, NOW - n * DAY / 10) for n in range(3 * ROWS)],
                events=[Event(EventType.PROFILE_CREATED, "shop", NOW - n * DAY / 100) for n in range(3 * ROWS)],
            )
        )
    await store.close()


@pytest.fixture
async def filled(filled_url: str) -> AsyncIterator[SqlStore]:
    store = await open_store(filled_url, hasher=HASHER)
    yield store
    await store.close()


async def plan(store: SqlStore, statement: Prepared, **values: object) -> str:
    """How the database would execute the statement, in its own words."""
    engine = store._database.engine
    async with store._database._connected(engine.readers) as session:
        connection = session._connection
        if engine.name == "SQLite":
            sql = statement.rowwise.sql(64) if statement.rowwise else statement.sql
            found = await connection.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))
            return "\n".join(row[3] for row in found)
        # Without values: the plan that is kept for all of them.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE explained AS {statement.sql}")
        found = await connection.fetch(f"EXPLAIN EXECUTE explained({', '.join(['NULL'] * len(statement.names))})")
        await connection.execute("DEALLOCATE explained")
        return "\n".join(row[0] for row in found)


def assert_index(described: str, table: str, index: str) -> None:
    """The table is reached through the index alone."""
    assert index in described, described
    for scan in (f"SCAN {table}", f"Seq Scan on {table}"):
        assert scan not in described.replace("SCAN profile USING", ""), described


def assert_by_key(described: str, table: str) -> None:
    """The table is reached by its key: a user, a device or a time that very many rows share is no obstacle."""
    conditions = re.findall(r"Index Cond: (.*)|SEARCH \w+ USING .*(\(.*\))", described)
    key_columns = [column.name for column in metadata.tables[table].primary_key]
    if "token_hash" in key_columns or "profile_hash" in key_columns:
        key_columns = key_columns[:2]  # what is behind the hash is of one token or profile
    assert any(all(name in "".join(found) for name in key_columns) for found in conditions), described
    assert f"Seq Scan on {table}" not in described


def names(store: SqlStore, postgresql: str, sqlite: str) -> str:
    return sqlite if store._database.engine.name == "SQLite" else postgresql


@pytest.mark.parametrize(
    ("what", "table", "index"),
    [
        (SIGNED_IN, "profile", "profile_on_device"),
        (CURRENT, "profile", "profile_on_device"),
        (RECEIVING, "profile", "profile_receiving"),
        (OF_USER, "profile", "profile_pkey"),
        (OF_CUSTOMER, "profile", "profile_customer"),
        (GUARDS, "guard", "guard_pkey"),
        ("_of_token", "token_holder", "token_holder_pkey"),
        ("_on_device", "token_holder", "token_holder_pkey"),
        ("_devices", "token_holder", "token_holder_pkey"),
        ("_tombstones", "tombstone", "tombstone_pkey"),
        ("_ledger", "mad_ledger", "mad_ledger_pkey"),
    ],
)
async def test_loading(filled: SqlStore, what: AnyNeed | str, table: str, index: str) -> None:
    described = await plan(filled, lookup(filled, what))
    assert_index(described, table, names(filled, index, _sqlite_key(table, index)))


def lookup(store: SqlStore, what: AnyNeed | str) -> Prepared:
    """The statement that finds rows by their key, or by what selects them."""
    loader = store.profiles._loader
    if isinstance(what, str):
        found = getattr(loader, what, None) or getattr(loader._index, what)
        statement: Prepared = found.bounded if isinstance(found, BoundedLookup) else found
        return statement
    for kind in (*loader._kinds, *loader._parts):
        if what is kind.kind:
            return kind.by_key
        if isinstance(what, Selection) and what in kind.selections:
            return kind.selections[what].bounded
    raise LookupError(what)


def _sqlite_key(table: str, index: str) -> str:
    if not index.endswith("_pkey"):
        return index
    return "sqlite_autoindex_profile_1" if table == "profile" else "USING PRIMARY KEY"


async def test_guarded_writes(filled: SqlStore) -> None:
    for stored in filled.profiles._applier._rows.values():
        deletes = [] if stored._name == "guard" else [stored._delete]  # no rule deletes a guard
        for statement in [*deletes, *(statement for _, statement in stored._updates)]:
            assert_by_key(await plan(filled, statement), stored._name)


async def test_rows_by_their_keys(filled: SqlStore) -> None:
    loader = filled.profiles._loader
    for kind in [*loader._kinds, *loader._parts]:
        assert_by_key(await plan(filled, kind.by_key), kind.table)


def due_statements(store: SqlStore) -> dict[str, Prepared]:
    heard, registered = store.reaper._due
    counted, registered_counted = store.reaper._count_due
    return {
        "heard": heard,
        "heard, counted": counted,
        "registered": registered,
        "registered, counted": registered_counted,
        "unregistered": store.reaper._unregistered,
    }


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("heard", "profile_heartbeat"),
        ("heard, counted", "profile_heartbeat"),
        ("registered", "profile_register"),
        ("registered, counted", "profile_register"),
        ("unregistered", "profile_unregister"),
    ],
)
async def test_the_reaper(filled: SqlStore, statement: str, index: str) -> None:
    values = {"app_id": "shop", "day": 1, "before": 1, "limit": 1}
    described = await plan(filled, due_statements(filled)[statement], **values)
    assert_index(described, "profile", index)
    if not statement.endswith("counted"):
        assert "Sort" not in described, "oldest first is the order of the index"
        assert "TEMP B-TREE FOR ORDER BY" not in described


@pytest.mark.parametrize(
    ("purge", "table", "index"),
    [
        ("purge_tombstones", "tombstone", "tombstone_delete_time"),
        ("purge_ledger", "mad_ledger", "mad_ledger_day"),
    ],
)
async def test_purges(filled: SqlStore, purge: str, table: str, index: str) -> None:
    statements = getattr(filled.reaper, purge)
    described = await plan(filled, statements._oldest, app_id="shop", before="0", day=0, limit=1)
    assert_index(described, table, names(filled, index, _sqlite_key(table, index)))
    assert_by_key(await plan(filled, statements._delete, before="0", day=0), table)


async def test_tokens_of_profiles_that_go(filled: SqlStore) -> None:
    assert_by_key(await plan(filled, filled.profiles._loader._index._delete), "token_holder")


@pytest.mark.parametrize("statement", ["_days", "_distinct", "_rolling"])
async def test_the_usage_report(filled: SqlStore, statement: str) -> None:
    values = {"app_id": "shop", "first": 1, "last": 1, "since": 1, "until": 2}
    described = await plan(filled, getattr(filled.usage, statement), **values)
    assert_index(described, "mad_ledger", "mad_ledger_day")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "profile_pkey"),
        ({"user_id": "u"}, "profile_pkey"),
        ({"device_id": "d"}, "profile_on_device"),
        ({"customer_id": "c"}, "profile_customer"),
    ],
)
@pytest.mark.parametrize("after", [None, key()])
async def test_lists(filled: SqlStore, wanted: dict[str, str], index: str, after: object) -> None:
    filters = {"app_id": "shop"} | wanted
    if after is not None:
        filters |= {"after_user_id": "u", "after_device_id": "d"}
    pages = filled.profiles._pages
    described = await plan(filled, pages.statement(tuple(filters)), **filters, limit=10)
    assert_index(described, "profile", names(filled, index, _sqlite_key("profile", index)))
    if filled._database.engine.has_lateral:
        assert_index(await plan(filled, pages.statement_of_several(tuple(filters))), "profile", index)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("language = en", "profile_language"),
        ("guest = true AND language = en AND platform = IOS", "profile_language"),
        ("time_zone = utc AND sdk_version > 2", "profile_time_zone"),
        ("customer_id = c", "profile_customer"),
        # An index without the order of keys would sort all of the app's profiles for each page.
        ("language:en", "profile_pkey"),
        ("language = en OR time_zone = utc", "profile_pkey"),
        ("NOT language = en", "profile_pkey"),
        ("language > en", "profile_pkey"),
        ("sdk_version > 2", "profile_pkey"),
        ("custom_attributes.tier = gold", "profile_pkey"),
        ("provider = FCM", "profile_pkey"),
    ],
)
@pytest.mark.parametrize("after", [None, key()])
async def test_filters(filled: SqlStore, text: str, index: str, after: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """T3: a page comes in the order of an index, and is not sorted."""
    monkeypatch.setattr(scanning, "WINDOW", 50)  # of a table that is much larger than a window
    names_ = ("app_id", *(("after_user_id", "after_device_id") if after else ()))
    wanted = profile_filter(text)
    assert wanted is not None
    statement = filled.profiles._scan_statement(names_, parts_of(wanted))
    values = dict.fromkeys(names_, "x") | filtering.bound(parts_of(wanted), filled._database.engine)
    assert_in_order(filled, await plan(filled, statement, **values), index)


def assert_in_order(store: SqlStore, described: str, index: str) -> None:
    """The window is a range of the index, and is not sorted; only its last key is found by sorting it."""
    assert_index(described, "profile", names(store, index, _sqlite_key("profile", index)))
    if index != "profile_customer":
        assert described.count("Sort Key") <= 1, described
        assert described.count("TEMP B-TREE FOR ORDER BY") <= 1, described


@pytest.mark.parametrize(
    ("among", "text", "index"),
    [
        (Among.EVERYONE, "", "profile_pkey"),
        (Among.EVERYONE, "language = en", "profile_language"),
        (Among.EVERYONE, "language = en OR guest = true", "profile_pkey"),
        (Among.EVERYONE, "customer_id = c", "profile_customer"),
        (Among.USERS, "", "profile_pkey"),
        (Among.USERS, "language = en", "profile_pkey"),
        (Among.USER, "", "profile_pkey"),
        (Among.USER, "language = en", "profile_pkey"),
        (Among.CUSTOMERS, "", "profile_customer"),
        (Among.KEYS, "", "profile_pkey"),
        (Among.KEYS, "language = en", "profile_pkey"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
async def test_recipients(filled: SqlStore, among: Among, text: str, index: str, *, is_first: bool) -> None:
    """T2: everyone and one user in the order of keys, from where a page ended; users and customers by their ids."""
    wanted = profile_filter(text)
    parts = parts_of(wanted) if wanted else filtering.NO_FILTER
    query = filled.recipients._query(among, parts, 50, push=True, is_first=is_first)
    values = filtering.bound(parts, filled._database.engine)
    places = {} if is_first else {"after_user_id": "u", "after_device_id": "d"}
    bounds = {"app_id": "shop", "user_id": "u", "heard": 0, "registered": 0, "channel": 2}
    described = await plan(filled, filled._database.engine.prepare(query), **bounds, **places, **values)
    if among in {Among.EVERYONE, Among.USER}:
        assert_in_order(filled, described, index)
        assert is_first or among is Among.EVERYONE or re.search(r"device_id ?> ?\(?[?$]", described), described
    else:
        assert_index(described, "profile", names(filled, index, _sqlite_key("profile", index)))


async def test_T4_keys_of_customers_are_found_by_their_index(filled: SqlStore) -> None:
    statement = filled._database.engine.prepare(filled.recipients._keys())
    described = await plan(filled, statement, app_id="shop", after_user_id="u", after_device_id="d")
    assert_index(described, "profile", names(filled, "profile_customer", _sqlite_key("profile", "profile_customer")))


@pytest.mark.engines("postgresql")
@pytest.mark.usefixtures("one_server")
async def test_updates_of_what_filters_compare_are_hot(store: SqlStore) -> None:
    """Columns for filters end no HOT update: those that change with most updates have no index."""
    opened = Attributes(language="en", time_zone="Europe/Berlin", sdk_version="2.10", last_opened_time=NOW)
    await put(store, *(profile(key(f"user {n}"), attributes=opened) for n in range(100)))
    patch = ProfilePatch(attributes={"sdk_version": "2.11", "last_opened_time": NOW + DAY, "language": "en"})
    changed = range(0, 100, 10)
    await Writer(store).commit(*(UpdateProfileData(key(f"user {n}"), patch, "") for n in changed))
    assert await updates(store) == (len(changed), len(changed))


async def test_C8_the_events_of_a_person_are_found_by_an_index(store: SqlStore, server: Postgres | None) -> None:
    """Whatever the log holds: an erasure has the 30 seconds of a call."""
    if server is not None and server.is_citus:
        pytest.skip("a coordinator's plan tells the shards; how a shard is read is PostgreSQL's plan")
    left = [
        Event(EventType.CUSTOMER_LINKED, "shop", NOW, f"user {n}", f"device {n}", customer_id=f"customer {n}")
        for n in range(ROWS)
    ]
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(events=left))
    head, number = await store.events.take_over("1" * 16), 1
    while number:
        head, number, _ = await store.events.assign(head, NOW)
    async with store._database._connected(store._database.engine.writers) as session:
        await session._connection.execute("ANALYZE")
    values = {"limit": 10, "kept": "", "kept_customer": None} | dict.fromkeys(f"after_{n}" for n in _KEY)
    for name, way in store.person_events._ways.items():
        index = "event_log_customer" if name in {"linked", "customers"} else "event_log_user"
        for statement in (way.find_logged, way.positions, way.keys[0], way.announcements[0]):
            assert_index(await plan(store, statement, **values), "event_log", index)


async def updates(store: SqlStore) -> tuple[int, int]:
    """The updates of profiles, and how many of them were HOT."""
    async with store._database._connected(store._database.engine.readers) as session:
        await session._connection.execute("SELECT pg_stat_force_next_flush()")
        [(all_, hot)] = await session._connection.fetch(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'profile'"
        )
    return all_, hot


ASKED = range(5, ROWS, ROWS // 10)
"""Ten of the rows of each table."""
LOOKUPS: dict[AnyNeed | str, tuple[str, Callable[[int], tuple[object, ...]]]] = {
    PROFILES: ("profile", lambda n: ("shop", f"user {n}", f"device {n}")),
    BEATS: ("profile", lambda n: ("shop", f"user {n}", f"device {n}")),
    SIGNED_IN: ("profile", lambda n: ("shop", f"device {n}")),
    CURRENT: ("profile", lambda n: ("shop", f"device {n}")),
    RECEIVING: ("profile", lambda n: ("shop", f"user {n}")),
    OF_USER: ("profile", lambda n: ("shop", f"user {n}")),
    OF_CUSTOMER: ("profile", lambda n: ("shop", f"customer {n}")),
    GUARDS: ("guard", lambda n: ("shop", n)),
    "_tombstones": ("tombstone", lambda n: ("shop", f"{n}")),
    "_ledger": ("mad_ledger", lambda n: ("shop", f"{n}")),
}
KEYS: dict[RowKind[Any, Any], Callable[[int], tuple[object, ...]]] = {
    PROFILES: LOOKUPS[PROFILES][1],
}
STEPS = 600
"""Instructions of SQLite's virtual machine for one row, found by its key and answered with all columns: 60 to 330."""


async def assert_reads(store: SqlStore, statement: Prepared, given: list[Row], table: str, **values: object) -> None:
    """The statement reads as many rows as are asked for, however large the table is."""
    engine = store._database.engine
    wanted = len(given) or cast("int", values["limit"])
    async with store._database._connected(engine.writers) as session:
        connection = session._connection
        await engine.control(connection, "BEGIN")
        if engine.name == "SQLite":
            steps = itertools.count()
            await connection.set_progress_handler(lambda: next(steps) < 0, 1)
            await engine.execute(connection, statement, given, values)
            await connection.set_progress_handler(None, 0)
            assert next(steps) <= STEPS * wanted, statement.sql
        else:
            await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            arguments = postgresql._values(statement, given, dict(values))
            found = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *arguments)
            assert 0 < rows_read(found[0]["Plan"], table) <= wanted, found
        await engine.control(connection, "ROLLBACK")


def rows_read(node: dict[str, Any], table: str) -> float:
    """Of the table, by a plan and those below it; what a filter then removed was read as well."""
    read = 0.0
    if node.get("Relation Name") == table and "Scan" in node["Node Type"]:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        read = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return read + sum(rows_read(below, table) for below in node.get("Plans", ()))


@pytest.mark.parametrize("what", LOOKUPS)
async def test_a_lookup_reads_what_it_answers(filled: SqlStore, what: AnyNeed | str) -> None:
    table, asked = LOOKUPS[what]
    given = [asked(n) for n in ASKED]
    assert len(await filled._database.fetch(lookup(filled, what), given)) == len(given)
    await assert_reads(filled, lookup(filled, what), given, table)


@pytest.mark.parametrize("kind", [*KEYS, BEATS])
async def test_a_guarded_write_reads_what_it_writes(filled: SqlStore, kind: RowKind[Any, Any]) -> None:
    guarded = filled.profiles._applier._rows[kind]
    keys = KEYS.get(kind, KEYS[PROFILES])
    await assert_reads(filled, guarded._delete, unseen(keys, len(keys(0))), guarded._name)
    for update, statement in guarded._updates:
        await assert_reads(filled, statement, unseen(keys, len(keys(0)) + len(update.columns)), guarded._name)


def unseen(keys: Callable[[int], tuple[object, ...]], columns: int) -> list[Row]:
    """Rows to write with a revision that none has: they are found, and nothing is written."""
    return [(*keys(n), *[None] * (columns - len(keys(n))), -1) for n in ASKED]


@pytest.mark.parametrize("by", ["", "user_id", "device_id", "customer_id"])
async def test_a_list_reads_no_more_than_a_page(filled: SqlStore, by: str) -> None:
    filters: dict[str, object] = {"app_id": "shop"}
    if by:
        filters[by] = f"{by.removesuffix('_id')} 5"
    statement = filled.profiles._pages.statement(tuple(filters))
    await assert_reads(filled, statement, [], "profile", **filters, limit=10)


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("by", ["", "user_id", "device_id", "customer_id"])
async def test_several_lists_read_no_more_than_their_pages(filled: SqlStore, by: str) -> None:
    statement = filled.profiles._pages.statement_of_several(("app_id", *([by] if by else [])))
    given: list[Row] = [("shop", *([f"{by.removesuffix('_id')} {n}"] if by else []), n) for n in range(5)]
    await assert_reads(filled, statement, given, "profile", limit=1)


@pytest.mark.parametrize("name", ["heard", "registered", "unregistered"])
async def test_the_reaper_reads_what_is_due(filled: SqlStore, name: str) -> None:
    """P4: at a cost proportional to what it deletes."""
    now = times.micros(NOW)
    values: dict[str, object] = {"app_id": "shop", "before": now + 1, "limit": 10}
    if name != "unregistered":
        values["day"] = now // times.DAY
    await assert_reads(filled, due_statements(filled)[name], [], "profile", **values)


@pytest.mark.engines("postgresql")
@pytest.mark.usefixtures("one_server")
async def test_heartbeats_of_a_day_touch_no_index(store: SqlStore) -> None:
    """HOT updates: the row's new version is on its page, and the index on the day of the heartbeat stays (H1)."""
    await put(store, *(profile(key(f"user {n}"), last_heartbeat_time=NOW) for n in range(100)))
    heard = range(0, 100, 10)  # more at once do not fit into the room that a page keeps
    await Writer(store, now=NOW + DAY / 12).commit(*(Heartbeat(key(f"user {n}")) for n in heard))
    assert await updates(store) == (len(heard), len(heard))


@pytest.mark.engines("postgresql")
@pytest.mark.usefixtures("one_server")
async def test_a_plan_for_an_empty_table_does_not_last(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("profile_grpc.store.postgresql_connections.monotonic", lambda: clock[0])
    store = await open_store(store_url, hasher=HASHER, pool_size=1)
    needs = Needs({OF_USER: {UserKey("shop", "user 7")}})
    statement = lookup(store, OF_USER).sql

    async def planned() -> str:
        await Writer(store).load(needs)
        async with store._database._connected(store._database.engine.readers) as session:
            [(name,)] = await session._connection.fetch(
                "SELECT name FROM pg_prepared_statements WHERE statement = $1", statement
            )
            given = ", ".join(["NULL"] * len(lookup(store, OF_USER).names))
            found = await session._connection.fetch(f'EXPLAIN EXECUTE "{name}"({given})')
        return "\n".join(row[0] for row in found)

    async with store._database._connected(store._database.engine.readers) as session:
        await session._connection.execute("ALTER TABLE profile SET (autovacuum_enabled = off)")
    assert "profile_pkey" not in await planned()
    await put(store, *(profile(key(f"user {n}", f"device {n}")) for n in range(ROWS)))
    clock[0] += 1.5
    assert "profile_pkey" in await planned()
    await store.close()


@pytest.mark.engines("postgresql")
@pytest.mark.usefixtures("one_server")
async def test_a_statement_is_not_planned_for_the_number_of_its_rows(store: SqlStore) -> None:
    for _ in range(8):  # as often as the server would try plans for the very values, and then compare
        await Writer(store).load(Needs({PROFILES: {key("user 7", "device 7")}}))
    async with store._database.reading() as session:
        [row] = await session._connection.fetch(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1",
            store.profiles._loader.profile_by_key.sql,
        )
    assert tuple(row) == (8, 0)
