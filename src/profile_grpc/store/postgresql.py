"""PostgreSQL, and Citus, which uses the same protocol."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    collate,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from profile_grpc.domain.filtering.values import MAX_NUMBER
from profile_grpc.service.ports import Conflict, NodeUnavailable, StoreUnavailable
from profile_grpc.store import distribution, postgresql_errors, postgresql_url
from profile_grpc.store.engine import (
    DISTINCT,
    Deferred,
    DriverConnection,
    Found,
    Insert,
    Prepared,
    ResultT,
    Returning,
    Row,
    RowColumn,
    Rowwise,
    StalePlan,
    Statement,
    of_row,
    prepared,
)
from profile_grpc.store.postgresql_connections import Connections
from profile_grpc.store.postgresql_url import PostgresqlUrl

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_MIGRATION_LOCK = 0x70726F66  # any number that is the same in every process that migrates

_VALUES = re.compile(r"(.* VALUES) (\([^()]*\))(.*)", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$(\d+)")


class Postgresql:
    """A PostgreSQL database."""

    name = "PostgreSQL"
    # Regardless of the server's default: stricter levels cause more failures, and the guarded revisions do not need
    # them.
    begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
    limit_idle = "SET LOCAL idle_in_transaction_session_timeout = '10s'"
    concurrent_writers = True
    has_lateral = True
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

    @classmethod
    def connect(cls, url: str, *, pool_size: int) -> Postgresql:
        """The database on its server."""
        return cls(postgresql_url.parse(url), pool_size=pool_size)

    @staticmethod
    def check_url(url: str) -> None:
        """The options must be ones that are understood."""
        postgresql_url.parse(url)

    @staticmethod
    def migrator(url: str) -> AsyncEngine:
        """Without a time limit."""
        from sqlalchemy.ext.asyncio import AsyncEngine  # noqa: PLC0415 - slow, and for migrations only

        return AsyncEngine(Connections(postgresql_url.parse(url), timeout=None).pool(1))

    @staticmethod
    def lock_migrations(connection: Connection) -> None:
        """Held until the end of the transaction. A session lock would not work behind a pooler."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})

    gather = staticmethod(distribution.gather)
    spread = staticmethod(distribution.spread)
    translate = staticmethod(postgresql_errors.translate)

    def __init__(self, url: PostgresqlUrl, *, pool_size: int) -> None:
        self._connections = Connections(url)
        self.readers = self.writers = self._connections.pool(pool_size)
        self._dialect = self.readers.dialect

    @property
    def is_spread(self) -> bool:
        """Whether the database is a Citus cluster, according to the latest check of a connection, at most a minute
        ago.
        """
        return self._connections.cluster

    def insert(self, table: Table) -> Insert:
        """PostgreSQL's INSERT … ON CONFLICT."""
        return postgresql.insert(table)

    def only_new(self, statement: Insert) -> Returning:
        """With RETURNING: the command tag of Citus counts the rows of the input, not the inserted rows."""
        return self.counted(statement.on_conflict_do_nothing())

    def counted(self, statement: Insert) -> Returning:
        """With RETURNING, as `only_new`."""
        return statement.returning(literal_column("1"))

    def rows(self, columns: Sequence[RowColumn]) -> FromClause:
        """One text for each column, which the server splits. The driver would inspect each value of an array three
        times.
        """
        arrays = [_array(position, column.type) for position, column in enumerate(columns)]
        names = [column.name for column in columns]
        return func.unnest(*arrays).table_valued(*names, name="given").render_derived()

    def among(self, column: Column[Any], position: int) -> ColumnElement[bool]:
        """On a Citus cluster only: a single server would plan a scan of the app instead of look-ups by key."""
        return _OnCluster(column == any_(bindparam(f"{DISTINCT}{position}", type_=postgresql.ARRAY(Text()))))

    def in_rows(self, table: Table, rows: FromClause, pairs: Mapping[str, str]) -> ColumnElement[bool]:
        """Builds a DELETE … USING. It joins by the index; with a sub-select the planner may choose otherwise."""
        return and_(*(table.c[name] == rows.c[given] for name, given in pairs.items()))

    json_flags: Mapping[bool, str] = {True: "true", False: "false"}

    def json_member(self, document: ColumnElement[str], name: str) -> ColumnElement[str]:
        """In the order of bytes, whatever the database's own collation is."""
        return _text_of(_json(document), literal_column(f"'{name}'"))

    def json_entry(
        self, document: ColumnElement[str], member: str, name: ColumnElement[str], *, first: bool
    ) -> ColumnElement[str]:
        """By two or three steps into the document."""
        entries = _json(document).op("->", return_type=JSON())(literal_column(f"'{member}'"))
        if first:
            return _text_of(entries.op("->", return_type=JSON())(name), literal_column("0"))
        return _text_of(entries, name)

    def json_any(
        self, document: ColumnElement[str], condition: Callable[[ColumnElement[str]], ColumnElement[bool]]
    ) -> ColumnElement[bool]:
        """With json_array_elements."""
        elements = func.json_array_elements(_json(document)).table_valued("value", name="element").render_derived()
        return select(literal_column("1")).select_from(elements).where(condition(elements.c.value)).exists()

    def number(self, text: ColumnElement[str]) -> ColumnElement[float]:
        """The pattern is checked before the cast, which fails for other texts."""
        is_number = and_(
            text.op("~")(literal_column(r"'^-?[0-9]+(\.[0-9]+)?$'")),
            func.length(func.ltrim(text, literal_column("'-'"))) <= literal_column(str(MAX_NUMBER)),
        )
        return case((is_number, cast(text, Double())))

    def prepare(self, statement: Statement) -> Prepared:
        """The text is the key of the driver's cache of prepared statements."""
        plain, routed = (
            prepared(statement.compile(dialect=self._dialect, compile_kwargs={"on_cluster": on_cluster}))
            for on_cluster in (False, True)
        )
        return plain if plain.sql == routed.sql else replace(plain, routed=routed)

    def prepare_given(self, many: Statement, one: Statement) -> Prepared:
        """Without a join, a coordinator of Citus needs half the time to plan."""
        return replace(self.prepare(many), single=Deferred(lambda: self.prepare(one)))

    def prepare_insert(self, many: Insert | Returning, one: Insert | Returning) -> Prepared:
        """Citus writes the result of a SELECT to a file before it inserts it. It sends VALUES to the shard at once."""
        single = self.prepare(one)
        parts = _VALUES.fullmatch(single.sql)
        if parts is None or "$" in parts[3]:
            msg = f"no INSERT of one row: {single.sql}"
            raise ValueError(msg)
        row = _PLACEHOLDER.sub(lambda found: f"${{{int(found[1]) - 1}}}", parts[2])
        return replace(self.prepare(many), rowwise=Rowwise(parts[1], row, parts[3], single.names))

    async def fetch(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> Sequence[Found]:
        """Outside an open transaction, the statement is a transaction of its own: one round trip."""
        statement, arguments = self._bound(statement, rows, values)
        found: Sequence[Found] = await connection.fetch(statement.sql, *arguments)
        return found

    async def execute(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> int:
        """The number of rows is that of the rows returned, else the last word of the command's tag: `UPDATE 100`."""
        if statement.rowwise is not None and self.is_spread:
            return await self._insert(connection, statement, statement.rowwise, rows, values)
        statement, arguments = self._bound(statement, rows, values)
        if statement.returns:
            return len(await connection.fetch(statement.sql, *arguments))
        tag: str = await connection.execute(statement.sql, *arguments)
        return int(tag.rpartition(" ")[2])

    def commits_alone(self, rows: Sequence[Row]) -> bool:
        """One row always. Several on a single server only: whether Citus can plan an UPDATE within a SELECT depends on
        the shards.
        """
        return len(rows) == 1 or not self.is_spread

    async def execute_alone(self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row]) -> int:
        """Outside an open transaction, a statement is a transaction of its own: one round trip."""
        if len(rows) == 1:
            return await self.execute(connection, statement, rows, {})
        arguments = _values(statement, rows, {})
        try:
            await connection.fetch(_all_or_none(statement.sql, len(arguments) + 1), *arguments, len(rows))
        except asyncpg.DivisionByZeroError:
            raise Conflict(f"some of {len(rows)} rows are no longer as they were read") from None
        return len(rows)

    def _bound(
        self, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> tuple[Prepared, list[object]]:
        """The form of the statement for the current kind of database and these rows, and its arguments."""
        if self.is_spread:
            if statement.single is not None and len(rows) == 1:
                return statement.single, statement.single.arguments(of_row(rows[0]) | values)
            statement = statement.routed or statement
        return statement, _values(statement, rows, values)

    @staticmethod
    async def _insert(
        connection: DriverConnection,
        statement: Prepared,
        rowwise: Rowwise,
        rows: Sequence[Row],
        values: dict[str, object],
    ) -> int:
        written = 0
        for sql, some in rowwise.portions(rows):
            valued = [of_row(row) | values for row in some]
            found = await connection.fetch(sql, *[row[name] for row in valued for name in rowwise.names])
            written += len(found) if statement.returns else len(some)
        return written

    async def together(
        self, connection: DriverConnection, work: Callable[[DriverConnection], Coroutine[Any, Any, ResultT]]
    ) -> ResultT:
        """Each statement is a round trip to the server; the loop does other work meanwhile."""
        return await work(connection)

    async def control(self, connection: DriverConnection, command: str) -> None:
        """Without the driver's transaction objects: `Session` keeps the state."""
        await connection.execute(command)

    def spoils(self, error: BaseException) -> bool:
        """The server may still execute a cancelled statement, and its response may still arrive."""
        if isinstance(error, StalePlan):
            self._connections.forget()  # the other connections have failed too
            return True
        if isinstance(error, NodeUnavailable):
            return False
        return isinstance(error, StoreUnavailable) or not isinstance(error, Exception)

    def discard(self, connection: DriverConnection) -> None:
        """Closes the socket; the server rolls back when it notices."""
        connection.terminate()


def _all_or_none(update: str, number: int) -> str:
    """The UPDATE, within a SELECT that fails with a division by zero unless the number of written rows is the value
    with this number. So the server undoes the UPDATE, and the caller needs no transaction.
    """
    return f"WITH written AS ({update} RETURNING 1) SELECT 1 / (count(*) = ${number})::int FROM written"  # noqa: S608 - no values


def _json(document: ColumnElement[str]) -> ColumnElement[Any]:
    """The document as JSON, with another character for NUL: PostgreSQL fails where it meets one, in any value."""
    readable = func.replace(cast(document, Text()), literal_column(r"'\u0000'"), literal_column(r"'\ufffd'"))
    return cast(readable, JSON())


def _text_of(document: ColumnElement[Any], name: ColumnElement[Any]) -> ColumnElement[str]:
    return collate(document.op("->>", return_type=Text())(name), "C")


class _OnCluster(ColumnElement[bool]):
    """A condition that is used only on a Citus cluster."""

    inherit_cache: bool | None = False

    def __init__(self, condition: ColumnElement[bool]) -> None:
        self.condition = condition
        self.type = condition.type


@compiles(_OnCluster)
def _compile_on_cluster(
    element: _OnCluster,
    compiler: SQLCompiler,
    *,
    on_cluster: bool = False,
    **given: Any,  # noqa: ANN401 - what SQLAlchemy passes on
) -> str:
    return compiler.process(element.condition if on_cluster else true(), **given)


_SEPARATOR, _NULL = "\x1f", "\x1e"
"""The separator of a column's values, and the mark for NULL. They are used unless a value contains one of them."""


def _array(position: int, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """The values of a column. Uses only immutable functions and casts, which Citus accepts."""
    given = func.string_to_array(
        bindparam(f"rows_{position}", type_=Text()),
        bindparam("separator", type_=Text()),
        bindparam("null", type_=Text()),
        type_=postgresql.ARRAY(Text()),
    )
    if not isinstance(type_, Text):
        return cast(given, postgresql.ARRAY(type_))
    # A single empty text would result in an empty array.
    return func.coalesce(func.nullif(given, literal_column("'{}'::text[]")), literal_column("'{\"\"}'::text[]"))


def _values(statement: Prepared, rows: Sequence[Row], values: dict[str, object]) -> list[object]:
    if rows:
        columns = list(zip(*rows, strict=True))
        given = _joined(columns, _SEPARATOR, _NULL)
        while given is None:
            given = _joined(columns, secrets.token_hex(), secrets.token_hex())
        values |= given
        values |= {name: sorted({row[position] for row in rows}) for name, position in statement.distinct}
    return statement.arguments(values)


def _joined(columns: Sequence[Row], separator: str, null: str) -> dict[str, object] | None:
    """Each column as one text, or None if a value contains the separator or the mark for NULL."""
    given: dict[str, object] = {"separator": separator, "null": null}
    for position, column in enumerate(columns):
        nulls = column.count(None)
        texts = [null if value is None else value for value in column] if nulls else column
        joined = separator.join(texts if isinstance(column[0], str) else map(str, texts))
        if joined.count(separator) != len(column) - 1 or joined.count(null) != nulls:
            return None
        given[f"rows_{position}"] = joined
    return given
