"""PostgreSQL, and Citus, which speaks the same protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from uuid import uuid4

import asyncpg
from sqlalchemy import ColumnElement, FromClause, Table, and_, bindparam, event, exc, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.store.engine import DriverConnection, Found, Insert, Prepared, Row, RowColumn, Statement, prepared
from profile_grpc.store.urls import PostgresqlUrl

COMMAND_TIMEOUT = 60.0
"""Seconds after which a statement is given up: a server that no longer answers must not hold the queue for ever."""

_PLANS_RENEWED = 60.0
"""Seconds, at most, that a plan is kept."""


class Postgresql:
    """A PostgreSQL database."""

    name = "PostgreSQL"
    # Whatever the server's default: stricter levels would add failures, and the guarded revisions need none.
    begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
    facts: Mapping[str, str] = {
        "version": "current_setting('server_version')",
        "citus": "coalesce((SELECT extversion FROM pg_extension WHERE extname = 'citus'), '')",
        "clock": "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        "server_encoding": "current_setting('server_encoding')",
        "synchronous_commit": "current_setting('synchronous_commit')",
        "fsync": "current_setting('fsync')",
        "full_page_writes": "current_setting('full_page_writes')",
        "max_connections": "current_setting('max_connections')",
        "in_recovery": "CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END",
        "profile_storage": "(SELECT array_to_string(reloptions, ', ') FROM pg_class"
        " WHERE oid = to_regclass('profile'))",
        "size_bytes": "pg_database_size(current_database())",
    }

    def __init__(self, url: PostgresqlUrl, *, pool_size: int) -> None:
        self.readers = self.writers = engine(url, size=pool_size)
        self._dialect = self.readers.dialect

    def insert(self, table: Table) -> Insert:
        """PostgreSQL's INSERT … ON CONFLICT."""
        return postgresql.insert(table)

    def rows(self, columns: Sequence[RowColumn]) -> FromClause:
        """One array for each column, typed, so that the driver sends them in binary form."""
        arrays = [
            bindparam(f"rows_{position}", type_=postgresql.ARRAY(column.type))
            for position, column in enumerate(columns)
        ]
        names = [column.name for column in columns]
        return func.unnest(*arrays).table_valued(*names, name="given").render_derived()

    def in_rows(self, table: Table, rows: FromClause, pairs: Mapping[str, str]) -> ColumnElement[bool]:
        """Makes a DELETE … USING: it joins by the index, whatever the planner thinks of sub-selects."""
        return and_(*(table.c[name] == rows.c[given] for name, given in pairs.items()))

    def prepare(self, statement: Statement) -> Prepared:
        """The text is the key of the driver's cache of prepared statements."""
        return prepared(statement.compile(dialect=self._dialect))

    async def fetch(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> Sequence[Found]:
        """Outside a transaction that has begun, the statement is its own: one round trip."""
        found: Sequence[Found] = await connection.fetch(statement.sql, *_values(statement, rows, values))
        return found

    async def execute(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> int:
        """The number of rows is the last word of the command's tag, as in `UPDATE 100`."""
        tag: str = await connection.execute(statement.sql, *_values(statement, rows, values))
        return int(tag.rpartition(" ")[2])

    async def control(self, connection: DriverConnection, command: str) -> None:
        """Without the driver's own transaction objects, which know less than `Session`."""
        await connection.execute(command)

    def spoils(self, error: BaseException) -> bool:
        """The server may still work on a cancelled statement, and its answer is still to come."""
        return isinstance(error, StoreUnavailable) or not isinstance(error, Exception)

    def discard(self, connection: DriverConnection) -> None:
        """Closes the socket; the server rolls back when it notices."""
        connection.terminate()


def engine(url: PostgresqlUrl, *, size: int, timeout: float | None = COMMAND_TIMEOUT) -> AsyncEngine:
    """A pool of connections. `timeout`: seconds that one statement may take."""

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            url.dsn,
            timeout=url.connect_timeout,
            command_timeout=timeout,
            # Behind PgBouncer in transaction mode no statement stays prepared.
            statement_cache_size=0 if url.pooled else 256,
        )

    def adapt() -> DBAPIConnection:
        # What SQLAlchemy itself executes (migrations) it prepares under a name, which a pooler's other clients must
        # not meet.
        options = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": uuid4} if url.pooled else {}
        dbapi = asyncpg_dialect.dialect.import_dbapi()  # type: ignore[no-untyped-call]
        adapted: DBAPIConnection = dbapi.connect(async_creator_fn=connect, **options)
        return adapted

    pool = create_async_engine(
        "postgresql+asyncpg://",
        creator=adapt,
        pool_size=size,
        max_overflow=0,
        pool_reset_on_return=None,
        hide_parameters=True,
    )

    @event.listens_for(pool.sync_engine, "checkout")
    def check(connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        # The driver knows at once when the server went away; then all its connections are as old.
        if connection.driver_connection.is_closed():
            raise exc.InvalidatePoolError
        if not url.pooled:
            _renew_plans(connection, record)

    return pool


def _renew_plans(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    """Has the server plan its prepared statements anew each time that the connection's age has doubled.

    A plan that was made while a table was empty is kept: it may walk through a whole app by the wrong index, and would
    still do so in a table of millions, until the server happens to gather statistics.
    """
    now = monotonic()
    opened, renewed = record.info.setdefault("plans", (now, now))
    if now - renewed > min(renewed - opened + 1, _PLANS_RENEWED):
        connection.run_async(lambda driver: driver.execute("DISCARD PLANS"))
        record.info["plans"] = (opened, now)


def _values(statement: Prepared, rows: Sequence[Row], values: dict[str, object]) -> list[object]:
    if rows:
        values |= {f"rows_{position}": column for position, column in enumerate(zip(*rows, strict=True))}
    return statement.arguments(values)
