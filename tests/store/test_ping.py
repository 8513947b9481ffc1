"""The health check's test of the database."""

import pytest

from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.store import SqlStore, open_store, sqlite
from profile_grpc.store.engine import Prepared
from tests.store.support import HASHER, Writer, key, register


async def say(store: SqlStore, statement: str) -> None:
    async with store._database.transaction() as session:
        # What the engines tell of such statements is no number of rows on the one, and no rows on the other.
        embedded = store._database.engine.name.lower() == "sqlite"
        await (session.execute if embedded else session.fetch)(Prepared(statement, (), {}, not embedded))


async def register_many(store: SqlStore) -> None:
    for number in range(10_000):
        await Writer(store).commit(register(key(f"user-{number}")))


async def test_a_database_that_is_whole_answers(store: SqlStore) -> None:
    await store.ping()
    await store.ping()


@pytest.mark.parametrize("table", ["profile", "mad_ledger", "app"])
async def test_a_missing_table_is_found_out_and_so_is_its_return(
    store: SqlStore, table: str, emitted: list[str]
) -> None:
    await say(store, f"ALTER TABLE {table} RENAME TO elsewhere")
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await say(store, f"ALTER TABLE elsewhere RENAME TO {table}")
    await store.ping()
    emitted[:] = [sql for sql in emitted if not sql.startswith("ALTER")]  # the operator's, not the store's


@pytest.mark.engines("sqlite")
async def test_a_database_that_refuses_writes_is_found_out(store: SqlStore) -> None:
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON lease BEGIN SELECT RAISE(ABORT, 'full'); END"
    await say(store, refuse)
    with pytest.raises(Exception, match=r"."):
        await store.ping()
    await say(store, "DROP TRIGGER refuse")
    await store.ping()


@pytest.mark.engines("sqlite")
async def test_a_full_database_is_found_out_although_known_rows_still_fit(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of the health check is replaced in its place; what calls add needs pages that are not to be had."""
    pragmas = [*sqlite._WRITER_PRAGMAS]  # of connections made later, too: one that failed may be replaced
    monkeypatch.setattr(sqlite, "_WRITER_PRAGMAS", pragmas)
    store = await open_store(store_url, hasher=HASHER)
    try:
        await store.ping()
        pragmas.append("PRAGMA max_page_count = 1")  # as many as there are
        await say(store, pragmas[-1])
        await store.ping()
        with pytest.raises(StoreUnavailable):
            await register_many(store)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await store.ping()
        del pragmas[-1]
        await say(store, "PRAGMA max_page_count = 1000000")
        await store.ping()
        await Writer(store).commit(register(key("late")))
        await store.ping()
    finally:
        await store.close()
