"""The interface of an engine: every difference between SQLite and PostgreSQL is one member of these protocols."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeAlias, TypeVar

import sqlalchemy
from sqlalchemy import Column, ColumnElement, Compiled, Connection, Delete, FromClause, Select, Table, Update
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from profile_grpc.service.ports import Conflict, StoreError, StoreUnavailable

if TYPE_CHECKING:
    # It imports the ORM, which only migrations need: a tenth of the CPU time of a command.
    from sqlalchemy.ext.asyncio import AsyncEngine

Row: TypeAlias = tuple[Any, ...]
"""A row that is passed to a statement, in the order of its columns: None, str, int, bool."""

Found: TypeAlias = Sequence[Any]
"""A row that a statement finds. Like `Row`, but booleans may be 0 and 1."""

Insert: TypeAlias = PostgresqlInsert | SqliteInsert
Query: TypeAlias = Select[*tuple[Any, ...]]
Returning: TypeAlias = ReturningInsert[*tuple[Any, ...]]
Statement: TypeAlias = Query | Insert | Returning | Update | Delete

ResultT = TypeVar("ResultT")

DISTINCT = "distinct_"
"""The prefix of the names of values that are computed from the given rows: see `Prepared.distinct`."""

Pool: TypeAlias = sqlalchemy.Engine
"""A pool of connections. Call what may wait for the database through `greenlet_spawn`."""

DriverConnection: TypeAlias = Any
"""A connection of the driver, aiosqlite or asyncpg."""


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column of the rows that are passed to a statement."""

    name: str
    type: TypeEngine[Any]


_ROWS_AT_ONCE = 128
"""The maximum number of rows in the text of one statement. A power of two, so that few texts cover any number of
rows."""


@dataclass(frozen=True, slots=True)
class Rowwise:
    """A write with placeholders for the values of each row after VALUES, which can be repeated for more rows."""

    start: str
    """Up to and with VALUES."""
    row: str
    """The placeholders of a row. PostgreSQL numbers them: `{0}` stands for the number of the first one."""
    end: str
    names: tuple[str, ...]
    """The names of a row's values, in order. PostgreSQL binds by them: `column_0` is the first given column."""

    def portions(self, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
        """The rows in portions, each with the statement for its number of rows, which is a power of two."""
        begin = 0
        while begin < len(rows):
            number = min(1 << (len(rows) - begin).bit_length() - 1, _ROWS_AT_ONCE)
            yield self.sql(number), rows[begin : begin + number]
            begin += number

    @lru_cache(1024)  # noqa: B019 - statements live as long as the process
    def sql(self, rows: int) -> str:
        """The statement for this number of rows."""
        each = len(self.names)
        listed = (self.row.format(*range(1 + each * row, 1 + each * (row + 1))) for row in range(rows))
        return f"{self.start} {', '.join(listed)}{self.end}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement that is ready to execute: its text and the names of its values, in order."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, object]
    """The values that the statement itself defines, by name."""
    returns: bool = False
    """A write with RETURNING: it returns one row for each row that it wrote."""
    distinct: tuple[tuple[str, int], ...] = ()
    """The names of values that are the distinct values of one column of the given rows, with the column's position."""
    rowwise: Rowwise | None = None
    """The form of a write of given rows that binds each of their values, if the engine has one."""
    routed: Prepared | None = None
    """The form for a Citus cluster, if it differs: it restricts the statement to the shards of the given rows."""
    single: Prepared | None = None
    """The form for one given row on a Citus cluster. Its values are those of the row: `column_0` is the first."""

    def arguments(self, values: dict[str, object]) -> list[object]:
        """The values in the order of their names."""
        if self.constants:
            values |= self.constants
        return [values[name] for name in self.names]


class Deferred(Prepared):
    """A statement that is compiled when it is first used: a command uses a few of some two hundred."""

    __slots__ = ("_compile",)

    def __init__(self, compile_: Callable[[], Prepared]) -> None:
        object.__setattr__(self, "_compile", compile_)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - called for a field that has no value yet
        compiled = self._compile()
        for field in fields(Prepared):
            object.__setattr__(self, field.name, getattr(compiled, field.name))
        return getattr(compiled, name)


ParametersT = ParamSpec("ParametersT")


def deferred(prepare: Callable[ParametersT, Prepared]) -> Callable[ParametersT, Prepared]:
    """Has the function build its statement when it is first used."""

    @wraps(prepare)
    def later(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> Prepared:
        return Deferred(partial(prepare, *args, **kwargs))

    return later


def prepared(compiled: Compiled, sql: str | None = None) -> Prepared:
    """The statement that SQLAlchemy compiled, possibly with another text around it."""
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    names = tuple(getattr(compiled, "positiontup", None) or ())
    distinct = tuple((name, int(name.removeprefix(DISTINCT))) for name in names if name.startswith(DISTINCT))
    returns = bool(getattr(compiled, "effective_returning", ()))
    return Prepared(sql or str(compiled), names, constants, returns, distinct)


class TableMissing(StoreUnavailable):
    """There is no such table: the database has no schema yet, or an older one."""

    def __init__(self, _: str = "") -> None:
        super().__init__("the database is not ready for this program; run: profile-grpc migrate")


class StalePlan(Conflict):
    """The plan of a statement is stale: a migration has changed the tables, or they have been distributed."""


class EngineKind(Protocol):
    """A kind of database: opening, error translation and migration lock.

    This protocol and `Engine` contain all differences between the kinds. `engines.ENGINES` lists them, with their URLs.
    """

    def connect(self, url: str, *, pool_size: int) -> Engine:
        """Opens the database that the URL names. It connects at the first use.

        Raises:
            StoreError: the URL cannot be used, or there is no such file.
        """

    def check_url(self, url: str) -> None:
        """Raises StoreError if the URL cannot be used. The error contains no part of the URL, which may contain a
        password.
        """

    def migrator(self, url: str) -> AsyncEngine:
        """A connection for migrations, to a database that may be empty. It has no time limit."""

    def lock_migrations(self, connection: Connection) -> None:
        """Acquires the migration lock, which is held until the end of the transaction."""

    def gather(self, connection: Connection) -> None:
        """Before migrations: moves tables that are distributed differently from this program's back to one node."""

    def spread(self, connection: Connection, shards: int | None) -> None:
        """After migrations: distributes the tables, if the database has several nodes.

        Raises:
            StoreError: the tables already have another number of shards.
        """

    def translate(self, error: Exception) -> StoreError | None:
        """The store's error for an error of its driver, or None for an error of another driver.

        The text contains no value of a row, because values are personal data.
        """


class Engine(Protocol):
    """One database, and the connections to it."""

    @property
    def name(self) -> str:
        """The name of the database for messages."""

    @property
    def readers(self) -> Pool:
        """The pool of the connections for reads."""

    @property
    def writers(self) -> Pool:
        """The pool of the connections for transactions."""

    @property
    def concurrent_writers(self) -> bool:
        """Whether several connections write at the same time."""

    @property
    def has_lateral(self) -> bool:
        """Whether a sub-select of a join may use the row that it is joined with."""

    @property
    def is_spread(self) -> bool:
        """Whether the database is distributed over nodes, each of which holds some of the apps."""

    @property
    def facts(self) -> Mapping[str, str]:
        """SQL expressions that describe the database, by name; including `version` and `citus`."""

    def insert(self, table: Table) -> Insert:
        """The engine's own INSERT, which knows ON CONFLICT."""

    def only_new(self, statement: Insert) -> Insert | Returning:
        """An INSERT that skips existing rows, so that `execute` counts the inserted ones."""

    def counted(self, statement: Insert) -> Insert | Returning:
        """An INSERT … ON CONFLICT … WHERE, so that `execute` counts the rows that were written, and no others."""

    def rows(self, columns: Sequence[RowColumn]) -> FromClause:
        """The rows that are passed to a statement, as a table to select from."""

    def among(self, column: Column[Any], position: int) -> ColumnElement[bool]:
        """The condition that the column equals the value of some given row at the position.

        A join with the rows implies it, but Citus needs values to find the shards. Other engines may omit it.
        """

    def in_rows(self, table: Table, rows: FromClause, pairs: Mapping[str, str]) -> ColumnElement[bool]:
        """For a DELETE: the condition that a row of the table equals one of the rows in these columns (column of the
        table: column of the rows).
        """

    @property
    def json_flags(self) -> Mapping[bool, str]:
        """How `json_member` shows true and false."""

    def json_member(self, document: ColumnElement[str], name: str) -> ColumnElement[str]:
        """The text of a member of a JSON object, in the order of its bytes; NULL if there is none."""

    def json_entry(
        self, document: ColumnElement[str], member: str, name: ColumnElement[str], *, first: bool
    ) -> ColumnElement[str]:
        """The text of the entry `name` of the object that is a member of a JSON object; NULL if there is none.

        `first`: each entry is an array, whose first element is the text.
        """

    def json_any(
        self, document: ColumnElement[str], condition: Callable[[ColumnElement[str]], ColumnElement[bool]]
    ) -> ColumnElement[bool]:
        """Whether the condition is true of an element of a JSON array. It gets the element as JSON."""

    def number(self, text: ColumnElement[str]) -> ColumnElement[float]:
        """The number that a text is (`domain.filtering.values.number`); NULL if it is none."""

    def prepare(self, statement: Statement) -> Prepared:
        """Compiles a statement. Call it once for each statement."""

    def prepare_given(self, many: Statement, one: Statement) -> Prepared:
        """Compiles a statement for given rows.

        Args:
            many: the statement joined with the rows.
            one: the same for one row, without a join; the row's columns are the values `column_0` and so on.
        """

    def prepare_insert(self, many: Insert | Returning, one: Insert | Returning) -> Prepared:
        """Compiles an INSERT of given rows.

        Args:
            many: INSERT … SELECT from the rows.
            one: the same with VALUES for one row; its columns are the values `column_0` and so on.
        """

    async def fetch(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> Sequence[Found]:
        """Executes a SELECT."""

    async def execute(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> int:
        """Executes an INSERT, UPDATE or DELETE; returns how many rows it wrote."""

    def commits_alone(self, rows: Sequence[Row]) -> bool:
        """Whether `execute_alone` is possible for these rows: one row always is."""

    async def execute_alone(self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row]) -> int:
        """As `execute`, for an UPDATE in a transaction of its own. If it would write only some of several rows, it
        fails with an error that is a Conflict.
        """

    async def together(
        self, connection: DriverConnection, work: Callable[[DriverConnection], Coroutine[Any, Any, ResultT]]
    ) -> ResultT:
        """Runs work that awaits nothing but statements of the connection that it gets.

        An engine whose connection has a thread runs all of it there, with one round trip.
        """

    async def control(self, connection: DriverConnection, command: str) -> None:
        """Executes a command without values: begin, COMMIT, ROLLBACK."""

    @property
    def begin(self) -> str:
        """The command that begins a transaction that will write."""

    @property
    def limit_idle(self) -> str:
        """The command that has the server end the transaction once its process stands still; empty: there is none."""

    def spoils(self, error: BaseException) -> bool:
        """Whether a connection is unusable after a statement ended with this StoreError or cancellation."""

    def discard(self, connection: DriverConnection) -> None:
        """Drops a connection without waiting. Its open transaction is rolled back."""


def of_row(row: Row) -> dict[str, object]:
    """The values of a statement for one row."""
    return {f"column_{number}": value for number, value in enumerate(row)}


def first_line(text: object) -> str:
    """The main text of an error, without its additions."""
    return str(text).partition("\n")[0]
