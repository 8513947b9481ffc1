"""A cancelled call leaves no connection checked out, no open transaction and no partial commit."""

import asyncio

import pytest

from profile_grpc.domain.changes import Write
from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.store import SqlStore
from profile_grpc.store.engine import DriverConnection, Prepared
from profile_grpc.store.tasks import to_the_end
from tests.store.support import changes, contents, key, profile, put

POOL_SIZE = 3


async def cancel(task: asyncio.Task[object]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelled_blocks_write_nothing_and_give_their_connection_back(store: SqlStore) -> None:
    for _ in range(2 * POOL_SIZE):
        applied = asyncio.Event()

        async def block(applied: asyncio.Event) -> None:
            async with store.profiles.write() as transaction:
                await transaction.apply(changes(profiles=[Write(profile(key()), None)]))
                applied.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(block(applied))
        await applied.wait()
        await cancel(task)
        assert await contents(store) == {}
    await put(store, profile(key()))


async def test_a_commit_is_carried_through(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = store._database.engine
    committing, go_on = asyncio.Event(), asyncio.Event()
    control = engine.control

    async def slow_control(connection: DriverConnection, command: str) -> None:
        if command == "COMMIT":
            committing.set()
            await go_on.wait()
        await control(connection, command)

    monkeypatch.setattr(engine, "control", slow_control)
    task = asyncio.create_task(put(store, profile(key())))
    await committing.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done(), "the outcome is known before the caller is let go"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.profiles.get(key()) is not None
    await put(store, profile(key("bob")))


async def test_cancelled_reads_give_their_connection_back(store: SqlStore) -> None:
    for moment in range(4 * POOL_SIZE):
        task = asyncio.create_task(store.profiles.get(key()))
        for _ in range(moment % 4):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    readers = store._database.engine.readers.pool
    assert readers.checkedout() == 0  # type: ignore[attr-defined]
    await asyncio.gather(*(store.ping() for _ in range(2 * POOL_SIZE)))


async def test_callers_that_leave_while_waiting_for_a_connection_leave_none_behind(store: SqlStore) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with store._database.transaction():
            entered.set()
            await leave.wait()

    holders = [asyncio.create_task(hold()) for _ in range(POOL_SIZE)]
    await entered.wait()
    waiting = [asyncio.create_task(put(store, profile(key(f"user {n}")))) for n in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    leave.set()
    await asyncio.gather(*holders)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
    assert store._database.engine.writers.pool.checkedout() == 0  # type: ignore[attr-defined]
    await put(store, profile(key("late")))


@pytest.mark.engines("postgresql")
async def test_a_statement_cut_off_in_the_middle_costs_its_connection(store: SqlStore) -> None:
    sleeping = Prepared("SELECT pg_sleep(60)", (), {})
    for _ in range(POOL_SIZE + 1):
        started = asyncio.Event()

        async def block(started: asyncio.Event) -> None:
            async with store._database.transaction() as session:
                await session.execute(Prepared("UPDATE lease SET holder = ''", (), {}))
                started.set()
                await session.fetch(sleeping)

        task = asyncio.create_task(block(started))
        await started.wait()
        await asyncio.sleep(0)
        await cancel(task)
    await put(store, profile(key()))
    assert await store.profiles.get(key()) is not None


@pytest.mark.engines("postgresql")
async def test_a_connection_lost_in_a_transaction_is_unavailable(store: SqlStore, other: SqlStore) -> None:
    async def block() -> None:
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(profiles=[Write(profile(key()), None)]))
            terminate = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE state LIKE 'idle in%' AND datname = current_database()"
            )
            await other._database.fetch(Prepared(terminate, (), {}))

    with pytest.raises(StoreUnavailable):
        await block()
    await put(store, profile(key()))


async def test_work_ends_before_its_cancellation_is_raised() -> None:
    ended = []

    async def work() -> str:
        await asyncio.sleep(0.01)
        ended.append(True)
        return "done"

    assert await to_the_end(work()) == "done"
    task = asyncio.create_task(to_the_end(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True, True]


async def test_a_failure_after_a_cancellation_is_not_reported_twice() -> None:
    async def work() -> None:
        await asyncio.sleep(0.01)
        raise StoreUnavailable

    task = asyncio.create_task(to_the_end(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
