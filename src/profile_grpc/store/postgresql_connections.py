"""The connections to a PostgreSQL server, their plans, and whether its database is a Citus cluster."""

from __future__ import annotations

from math import inf
from time import monotonic
from uuid import uuid4

import asyncpg
from sqlalchemy import create_engine, event, exc
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from profile_grpc.store.engine import DriverConnection, Pool
from profile_grpc.store.postgresql_url import PostgresqlUrl

COMMAND_TIMEOUT = 60.0
"""Seconds after which a statement is cancelled: a server that no longer answers must not block the queue for ever."""

_PLANS_RENEWED = 60.0
"""The maximum age of a plan, in seconds."""

_IS_CLUSTER = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
# Without it, the server plans a statement again for each small batch, which takes longer than the execution: with the
# actual rows it expects fewer than the ten rows that a generic plan assumes. Citus cannot plan some statements before
# it knows their values.
_KEEP_PLANS = f"""SELECT is_cluster, set_config('plan_cache_mode',
    CASE WHEN is_cluster THEN 'auto' ELSE 'force_generic_plan' END, false) FROM ({_IS_CLUSTER}) AS found(is_cluster)"""  # noqa: S608 - no values


class Connections:
    """Opens connections, and adapts their plans to the kind of database: one server, or a Citus cluster."""

    def __init__(self, url: PostgresqlUrl, *, timeout: float | None = COMMAND_TIMEOUT) -> None:
        """`timeout`: the time limit of one statement, in seconds."""
        self._url = url
        self._timeout = timeout
        self._forgotten = -inf
        self.cluster = False
        """Whether the database is a Citus cluster, according to the latest check of a connection."""

    def pool(self, size: int) -> Pool:
        """A pool of connections."""
        pool = create_engine(
            "postgresql+asyncpg://",
            creator=self._adapted,
            pool_size=size,
            max_overflow=0,
            pool_reset_on_return=None,
            hide_parameters=True,
        )
        event.listen(pool, "checkout", self._check)
        return pool

    def forget(self) -> None:
        """Marks every open connection, so that it is closed before it is used again."""
        self._forgotten = monotonic()

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        connection = await asyncpg.connect(
            self._url.dsn,
            timeout=self._url.connect_timeout,
            command_timeout=self._timeout,
            # Behind PgBouncer in transaction mode, prepared statements are lost.
            statement_cache_size=0 if self._url.pooled else 256,
        )
        try:
            await self._look(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _look(self, connection: DriverConnection) -> None:
        """Checks the current kind of database, and sets the connection's plan cache mode."""
        self.cluster = await connection.fetchval(_IS_CLUSTER if self._url.pooled else _KEEP_PLANS)

    def _adapted(self) -> DBAPIConnection:
        # SQLAlchemy prepares its own statements (migrations) under a name, which must not clash with names of the
        # pooler's other clients.
        pooled = self._url.pooled
        options = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": uuid4} if pooled else {}
        dbapi = asyncpg_dialect.dialect.import_dbapi()  # type: ignore[no-untyped-call]
        adapted: DBAPIConnection = dbapi.connect(async_creator_fn=self._connect, **options)
        return adapted

    def _check(self, connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        now = monotonic()
        opened, renewed = record.info.setdefault("plans", (now, now))
        # The driver detects at once that the server is gone; then all of its connections are broken.
        if connection.driver_connection.is_closed() or opened <= self._forgotten:
            raise exc.InvalidatePoolError
        if now - renewed > min(renewed - opened + 1, _PLANS_RENEWED):
            connection.run_async(self._renew)
            record.info["plans"] = (opened, now)

    async def _renew(self, connection: DriverConnection) -> None:
        """Makes the server plan its prepared statements again whenever the connection's age has doubled.

        Otherwise a plan that was made while a table was empty is kept: it may scan a whole app with the wrong index,
        and would still do so in a table of millions of rows, until the server gathers statistics.
        """
        if not self._url.pooled:
            await connection.execute("DISCARD PLANS")
        await self._look(connection)
