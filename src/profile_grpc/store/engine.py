"""What the store asks of an engine: every difference between SQLite and PostgreSQL is one member of these protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Column, ColumnElement, Compiled, Connection, Delete, FromClause, Select, Table, Update
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from profile_grpc.service.ports import Conflict, StoreError, StoreUnavailable

Row: TypeAlias = tuple[Any, ...]
"""What a statement is given, in the order of its columns: None, str, int, bool."""

Found: TypeAlias = Sequence[Any]
"""What a statement finds, as `Row`, but for booleans, which may be 0 and 1."""

Insert: TypeAlias = PostgresqlInsert | SqliteInsert
Query: TypeAlias = Select[*tuple[Any, ...]]
Returning: TypeAlias = ReturningInsert[*tuple[Any, ...]]
Statement: TypeAlias = Query | Insert | Returning | Update | Delete

DISTINCT = "distinct_"
"""How a value begins that is created of the given rows: see `Prepared.distinct`."""

DriverConnection: TypeAlias = Any
"""A connection as its driver, aiosqlite or asyncpg, makes it."""


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column of the rows that a statement is executed with."""

    name: str
    type: TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class Rowwise:
    """An INSERT … VALUES with one row's values, which can be repeated for more rows."""

    start: str
    """Up to and with VALUES."""
    row: str
    """The values of a row, with `{0}` for the number of its first value, and so on."""
    end: str
    names: tuple[str, ...]
    """The names of a row's values: `column_0` is the first column of the given rows."""

    def sql(self, rows: int) -> str:
        """The statement for so many rows."""
        each = len(self.names)
        listed = (self.row.format(*range(1 + each * row, 1 + each * (row + 1))) for row in range(rows))
        return f"{self.start} {', '.join(listed)}{self.end}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement ready to execute: its text, and the names of its values in their order."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, object]
    """The values of those names that the statement itself gives."""
    returns: bool = False
    """A write with RETURNING: it answers a row for each row that it wrote."""
    distinct: tuple[tuple[str, int], ...] = ()
    """The names of values that are those of one column of the given rows, each once, and the column's position."""
    rowwise: Rowwise | None = None
    """The other form of an INSERT of given rows, where the engine needs it."""
    routed: Prepared | None = None
    """The form for a Citus cluster, where it differs: it names the shards that the given rows are on."""

    def arguments(self, values: dict[str, object]) -> list[object]:
        """The values in the order of their names."""
        if self.constants:
            values |= self.constants
        return [values[name] for name in self.names]


def prepared(compiled: Compiled, sql: str | None = None) -> Prepared:
    """What SQLAlchemy compiled, perhaps with another text around it."""
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
    """A statement was planned for tables of another shape: before a migration, or before they were distributed."""


class EngineKind(Protocol):
    """A kind of database: how it is named, opened, told of errors and migrated.

    With `Engine`, all that differs between the kinds. `engines.ENGINES` lists them.
    """

    @property
    def schemes(self) -> Sequence[str]:
        """The schemes of its URLs; the first is the one to show. Also the name of its SQLAlchemy dialect."""
        ...

    @property
    def url_form(self) -> str:
        """How its URLs begin."""
        ...

    def connect(self, url: str, *, pool_size: int) -> Engine:
        """The database that the URL names. It connects when it is first used.

        Raises:
            StoreError: the URL cannot be used, or there is no such file.
        """
        ...

    def check_url(self, url: str) -> None:
        """Raises StoreError where the URL cannot be used. The text repeats nothing of it: it may be a password."""
        ...

    def migrator(self, url: str) -> AsyncEngine:
        """A connection for migrations, to a database that may be empty. A migration takes as long as it takes."""
        ...

    def lock_migrations(self, connection: Connection) -> None:
        """Waits until no other process migrates; holds until the transaction's end."""
        ...

    def gather(self, connection: Connection) -> None:
        """Before migrations: takes back tables that are spread over nodes in another way than this program's."""
        ...

    def spread(self, connection: Connection, shards: int | None) -> None:
        """After migrations: spreads tables over the nodes, where the database has several.

        Raises:
            StoreError: they have another number of shards already than is asked for.
        """
        ...

    def translate(self, error: Exception) -> StoreError | None:
        """What an error of its driver means, or None for an error of somebody else.

        No value of a row gets into a text: values are personal data.
        """
        ...


class Engine(Protocol):
    """One database, and the connections to it."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    @property
    def readers(self) -> AsyncEngine:
        """The pool of the connections that reads take."""
        ...

    @property
    def writers(self) -> AsyncEngine:
        """The pool of the connections that transactions take."""
        ...

    @property
    def concurrent_writers(self) -> bool:
        """Whether several connections write at the same time."""
        ...

    @property
    def is_spread(self) -> bool:
        """Whether the database is spread over nodes, of which each holds some of the apps."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """SQL expressions that describe the database, by name; including `version` and `citus`."""
        ...

    def insert(self, table: Table) -> Insert:
        """The engine's own INSERT, which knows ON CONFLICT."""
        ...

    def only_new(self, statement: Insert) -> Insert | Returning:
        """An INSERT that passes over the rows that are there, so that `execute` counts those that were not."""
        ...

    def rows(self, columns: Sequence[RowColumn]) -> FromClause:
        """The rows that a statement is executed with, as a table to select from."""
        ...

    def among(self, column: Column[Any], position: int) -> ColumnElement[bool]:
        """That the column equals what some given row has at the position: it follows from a join with the rows.

        Citus finds the shards by values, not by a join. Other engines may leave it out.
        """
        ...

    def in_rows(self, table: Table, rows: FromClause, pairs: Mapping[str, str]) -> ColumnElement[bool]:
        """For a DELETE: that a row of the table equals one of the rows in these columns (the table's: theirs)."""
        ...

    def prepare(self, statement: Statement) -> Prepared:
        """Compiles a statement, once."""
        ...

    def prepare_insert(self, many: Insert | Returning, one: Insert | Returning) -> Prepared:
        """Compiles an INSERT of given rows.

        Args:
            many: INSERT … SELECT from the rows.
            one: the same with VALUES for one row; its columns are the values `column_0` and so on.
        """
        ...

    async def fetch(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> Sequence[Found]:
        """Executes a SELECT."""
        ...

    async def execute(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> int:
        """Executes an INSERT, UPDATE or DELETE; returns how many rows it wrote."""
        ...

    async def control(self, connection: DriverConnection, command: str) -> None:
        """Executes a command without values: begin, COMMIT, ROLLBACK."""
        ...

    @property
    def begin(self) -> str:
        """The command that begins a transaction that will write."""
        ...

    def spoils(self, error: BaseException) -> bool:
        """Whether a connection is of no use after a statement ended with this, a StoreError or a cancellation."""
        ...

    def discard(self, connection: DriverConnection) -> None:
        """Drops a connection, without waiting; whatever it had begun is undone."""
        ...


def first_line(text: object) -> str:
    """What an error says, without what it adds."""
    return str(text).partition("\n")[0]
