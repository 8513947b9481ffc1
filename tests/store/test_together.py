"""Several statements in one round trip to the connection's thread (SQLite)."""

import asyncio
import threading
from contextvars import ContextVar

import aiosqlite
import pytest

from profile_grpc.service.ports import Conflict, StoreUnavailable
from profile_grpc.store import SqlStore
from profile_grpc.store.database import Session
from profile_grpc.store.engine import DriverConnection, Found, Prepared, Row
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import Span
from tests.store.support import Writer, contents, key, profile, put, register

pytestmark = pytest.mark.engines("sqlite")


async def test_a_batch_takes_three_round_trips(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    await writer.commit(register(key("bob"), "another token"))  # connects
    trips = []
    execute = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *given: object) -> object:
        trips.append(given)
        return await execute(self, *given)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await writer.commit(register(key(), "token"), register(key("eve", "tablet"), "third token"))
    assert len(trips) == 3, "one to load, one to write, one to commit"


async def test_a_write_that_is_cancelled_in_the_thread_is_rolled_back(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, loop = store._database.engine, asyncio.get_running_loop()
    reached, go_on = asyncio.Event(), threading.Event()
    execute = engine.execute

    async def slow(
        connection: DriverConnection, statement: Prepared, rows: list[Row], values: dict[str, object]
    ) -> int:
        loop.call_soon_threadsafe(reached.set)
        go_on.wait()
        return await execute(connection, statement, rows, values)

    monkeypatch.setattr(engine, "execute", slow)
    task = asyncio.create_task(put(store, profile(key())))
    await reached.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert await contents(store) == {}
    await put(store, profile(key("bob")))
    assert await store.profiles.get(key("bob")) is not None


async def test_errors_pass_through(store: SqlStore) -> None:
    async def lose(session: Session) -> None:
        await session.execute(Prepared("DELETE FROM lease", (), {}))
        raise Conflict("another was first")

    async with store._database.transaction() as session:
        with pytest.raises(Conflict, match="another was first"):
            await session.together(lose)
        assert session.begun
        await session.rollback()


async def test_a_closed_connection_is_an_unavailable_database(store: SqlStore) -> None:
    async def read(session: Session) -> None:
        await session.fetch(Prepared("SELECT json_array()", (), {}))

    connection = await aiosqlite.connect(":memory:")
    await connection.close()
    with pytest.raises(StoreUnavailable):
        await Session(store._database.engine, connection).together(read)


async def test_work_that_waits_for_something_else_is_refused(store: SqlStore) -> None:
    other = asyncio.get_running_loop().create_future()

    async def wait(_: Session) -> None:
        await other

    async with store._database.transaction() as session:
        with pytest.raises(RuntimeError, match="waits for something other"):
            await session.together(wait)
    await put(store, profile(key()))


async def test_statements_in_the_thread_belong_to_the_call(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    callers: list[object] = []
    name: ContextVar[str] = ContextVar("name")
    name.set("the call")

    def current() -> Span | None:
        callers.append(name.get(None))
        return None

    monkeypatch.setattr(tracing, "current", current)

    async def read(session: Session) -> list[Found]:
        return list(await session.fetch(Prepared("SELECT json_array()", (), {})))

    async with store._database.transaction() as session:
        assert await session.together(read) == []
    assert callers == ["the call"]
