"""The store's access to a database: prepared statements, reads, and transactions that are never interrupted.

SQLAlchemy builds and compiles the statements and pools the connections; the driver itself executes them. Executed by
SQLAlchemy, a batch of heartbeats costs this process nearly twice as much. Its conversions are not needed: every column
is text, a number or a boolean, and `rows` converts all other types.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.store.engine import (
    Deferred,
    DriverConnection,
    Engine,
    Found,
    Pool,
    Prepared,
    Row,
    StalePlan,
    Statement,
)
from profile_grpc.store.errors import translate, translated
from profile_grpc.store.spans import begin_statement
from profile_grpc.store.tasks import to_the_end
from profile_grpc.telemetry import tracing

T = TypeVar("T")


class Session:
    """A connection in use. The first write begins a transaction; earlier reads see committed data.

    Every method raises StoreUnavailable, Conflict, DataRefused or a plain StoreError.
    """

    def __init__(self, engine: Engine, connection: DriverConnection) -> None:
        self.broken = False
        """The connection must not be used again."""
        self.begun = False
        """Whether a transaction is open: something was written and not yet committed."""
        self._engine = engine
        self._connection = connection

    async def fetch(self, statement: Prepared, rows: Sequence[Row] = (), /, **values: object) -> Sequence[Found]:
        """The rows that a SELECT finds, for `rows` if the statement takes rows."""
        return await self._run(self._engine.fetch(self._connection, statement, rows, values), statement)

    async def execute(self, statement: Prepared, rows: Sequence[Row] = (), /, **values: object) -> int:
        """Executes an INSERT, UPDATE or DELETE; returns the number of rows that it wrote."""
        await self._begin()
        return await self._run(self._engine.execute(self._connection, statement, rows, values), statement)

    def commits_alone(self, rows: Sequence[Row]) -> bool:
        """Whether `execute_alone` is possible for these rows."""
        return not self.begun and self._engine.commits_alone(rows)

    async def execute_alone(self, statement: Prepared, rows: Sequence[Row], /) -> int:
        """As `execute`, for a transaction that writes only these rows. The statement commits by itself, so no
        transaction is begun. Returns 0 if the only row is no longer as it was read.

        Raises:
            Conflict: some of several rows are not; none was written.
        """
        work = self._engine.execute_alone(self._connection, statement, rows)
        return await to_the_end(self._run(work, statement))

    async def together(self, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Runs several statements with as few round trips as the engine can: `work` awaits nothing but the session that
        it gets. If it writes, it must run to its end (`to_the_end`): only then does this session know what has begun.
        """

        async def run(connection: DriverConnection) -> T:
            session = Session(self._engine, connection)
            session.begun = self.begun
            try:
                return await work(session)
            finally:
                self.begun = session.begun
                self.broken = self.broken or session.broken

        with translated():
            return await self._engine.together(self._connection, run)

    async def limit_idle(self) -> None:
        """Begins a transaction that the server ends if this process stands still in it: others wait for its rows."""
        await self._begin()
        if self._engine.limit_idle:
            await self._control(self._engine.limit_idle)

    async def commit(self) -> None:
        """Commits the transaction."""
        await self._control("COMMIT")
        self.begun = False

    async def rollback(self) -> None:
        """Rolls back the transaction, if one is open. Raises nothing: a connection that fails here is dropped."""
        if self.begun and not self.broken:
            self.begun = False
            try:
                await self._control("ROLLBACK")
            except Exception:  # noqa: BLE001 - the error that led here is the one to tell
                self.broken = True

    async def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            await self._control(self._engine.begin)

    async def _control(self, command: str) -> None:
        await self._run(self._engine.control(self._connection, command), command)

    async def _run(self, work: Awaitable[T], statement: Prepared | str) -> T:
        caller = tracing.current()
        span = None if caller is None else begin_statement(caller, self._engine.name, statement)
        try:
            return await work
        except BaseException as error:
            translation = translate(error) if isinstance(error, Exception) else None
            if span is not None:
                span.fail(type(translation or error).__name__)
            self.broken = self.broken or self._engine.spoils(translation or error)
            if translation is None:
                raise
            raise translation from None
        finally:
            if span is not None:
                span.end()


class Database:
    """The connections to one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.write_failed = False
        """Whether the database has failed a transaction since this was last set to False."""
        self._closed = False

    def prepare(self, statement: Statement) -> Prepared:
        """A statement for `fetch` and `execute`, compiled when it is first used."""
        return Deferred(lambda: self.engine.prepare(statement))

    async def fetch(self, statement: Prepared, rows: Sequence[Row] = (), /, **values: object) -> Sequence[Found]:
        """Reads committed data, with one statement.

        Raises:
            StoreError: as `Session`.
        """
        return await to_the_end(self.read(lambda session: session.fetch(statement, rows, **dict(values))))

    async def read(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Reads committed data, in a task that is never cancelled. A stale plan is made again.

        Raises:
            StoreError: as `Session`.
        """
        try:
            async with self.reading() as session:
                return await work(session)
        except StalePlan:
            async with self.reading() as session:
                return await work(session)

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A session that reads committed data, in a task that is never cancelled."""
        return self._connected(self.engine.readers)

    async def execute(self, statement: Prepared, rows: Sequence[Row] = (), /, **values: object) -> int:
        """Writes with one statement, in its own transaction; returns the number of rows.

        Raises:
            StoreError: as `Session`.
        """
        async with self.transaction() as session:
            return await session.execute(statement, rows, **values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """A session that commits at the block's end and rolls back when the block raises."""
        async with self._connected(self.engine.writers) as session:
            try:
                yield session
                if session.begun:
                    await to_the_end(session.commit())
            except BaseException as error:
                self.write_failed = self.write_failed or isinstance(error, StoreUnavailable)
                await to_the_end(session.rollback())
                raise

    async def close(self) -> None:
        """Closes every connection. Later requests are refused."""
        self._closed = True
        # Readers first: the last connection of SQLite runs the checkpoint, and that must be the writing one.
        for pool in dict.fromkeys((self.engine.readers, self.engine.writers)):
            await to_the_end(greenlet_spawn(pool.dispose))

    @asynccontextmanager
    async def _connected(self, pool: Pool) -> AsyncIterator[Session]:
        connection = await self._acquire(pool)
        session = Session(self.engine, connection.driver_connection)
        try:
            yield session
        finally:
            self._release(connection, broken=session.broken)

    async def _acquire(self, pool: Pool) -> PoolProxiedConnection:
        """A connection of the pool. It returns to the pool even if the caller is cancelled."""
        acquired: list[PoolProxiedConnection] = []

        if self._closed:  # SQLAlchemy's pools would open again
            raise StoreUnavailable("the store is closed")

        async def acquire() -> PoolProxiedConnection:
            acquired.append(await greenlet_spawn(pool.raw_connection))
            return acquired[0]

        try:
            with translated():
                return await to_the_end(acquire())
        except BaseException:
            for connection in acquired:
                self._release(connection, broken=False)
            raise

    def _release(self, connection: PoolProxiedConnection, *, broken: bool) -> None:
        if broken:
            self.engine.discard(connection.driver_connection)
            connection.invalidate()
        # `Session` has already reset the connection, so there is nothing to wait for.
        connection.close()
