"""SQLite: one file, one writing connection, several reading ones."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import msgspec
from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    create_engine,
    event,
    func,
    literal_column,
    not_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from profile_grpc.domain.filtering.values import MAX_NUMBER
from profile_grpc.service.ports import Conflict, DataRefused, StoreError, StoreUnavailable
from profile_grpc.store.engine import (
    DriverConnection,
    Found,
    Insert,
    Pool,
    Prepared,
    ResultT,
    Returning,
    Row,
    RowColumn,
    Rowwise,
    Statement,
    TableMissing,
    first_line,
    prepared,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

BUSY_TIMEOUT = 5.0
"""Seconds to wait for a lock of another process, for example an administration command, before StoreUnavailable."""

_MIGRATION_TIMEOUT = 600.0
# FULL: acknowledged writes survive a power failure. A cache of 32 MiB holds the upper levels of every index.
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)
# 32 MiB between checkpoints: a page with many changes is copied into the file only once.
_WRITER_PRAGMAS = (*_PRAGMAS, "PRAGMA cache_size = -32768", "PRAGMA wal_autocheckpoint = 8000")
# Only the writing connection writes, checkpoints included.
_READER_PRAGMAS = (*_PRAGMAS, "PRAGMA cache_size = -8192", "PRAGMA query_only = ON", "PRAGMA wal_autocheckpoint = 0")


_ERRORS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreUnavailable,
    sqlite3.SQLITE_LOCKED: StoreUnavailable,
    sqlite3.SQLITE_CONSTRAINT: DataRefused,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Conflict,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Conflict,
    sqlite3.SQLITE_TOOBIG: DataRefused,
    sqlite3.SQLITE_MISMATCH: DataRefused,
    sqlite3.SQLITE_FULL: StoreUnavailable,
    sqlite3.SQLITE_IOERR: StoreUnavailable,
    sqlite3.SQLITE_NOMEM: StoreUnavailable,
    # The file is damaged or unreadable. The call is not at fault; another server may answer it.
    sqlite3.SQLITE_CORRUPT: StoreUnavailable,
    sqlite3.SQLITE_NOTADB: StoreUnavailable,
    sqlite3.SQLITE_PROTOCOL: StoreUnavailable,
    sqlite3.SQLITE_INTERRUPT: StoreUnavailable,
}
_REMEDIES: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: "end the other program that holds the file, or wait for it",
    sqlite3.SQLITE_FULL: "free space on the disk",
    sqlite3.SQLITE_IOERR: "check that the disk is neither full nor faulty",
    sqlite3.SQLITE_CORRUPT: "restore the file from a backup",
    sqlite3.SQLITE_NOTADB: "name another file, or restore it from a backup",
}
_NOT_ALLOWED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)

_ROWS = "rows"
"""The name of the value with the given rows."""
_EACH = "FROM json_each(?) AS each_row"
_ELEMENT = r"""json_extract\(each_row\.value, '\$\[\d+\]'\) AS ("?\w+"?)"""
_GIVEN = re.compile(rf"SELECT (?:{_ELEMENT}[, ]+)+\n{re.escape(_EACH)}")
"""What `Sqlite.rows` becomes in the text of a statement."""


class Sqlite:
    """An SQLite file."""

    name = "SQLite"
    # IMMEDIATE: otherwise a transaction that reads first and then writes fails at once if another one has written.
    begin = "BEGIN IMMEDIATE"
    # One process serves a file, and nobody else can end its transaction.
    limit_idle = ""
    concurrent_writers = False
    has_lateral = False
    is_spread = False
    facts: Mapping[str, str] = {
        "version": "sqlite_version()",
        "citus": "''",
        "clock": "strftime('%Y-%m-%dT%H:%M:%fZ')",
        "journal_mode": "(SELECT journal_mode FROM pragma_journal_mode)",
        "synchronous": "(SELECT CASE synchronous WHEN 3 THEN 'extra' WHEN 2 THEN 'full' WHEN 1 THEN 'normal'"
        " ELSE 'off' END FROM pragma_synchronous)",
        "size_bytes": "(SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)",
        "integrity": "(SELECT group_concat(quick_check, '; ') FROM pragma_quick_check(5))",
    }

    @classmethod
    def connect(cls, url: str, *, pool_size: int) -> Sqlite:
        """The file, which must exist."""
        return cls(parse(url), readers=pool_size)

    @staticmethod
    def check_url(url: str) -> None:
        """The URL must name a file. The file need not exist."""
        parse(url)

    @staticmethod
    def migrator(url: str) -> AsyncEngine:
        """Creates the file if it does not exist."""
        # Waits for another process's migration without a time limit.
        from sqlalchemy.ext.asyncio import AsyncEngine  # noqa: PLC0415 - slow, and for migrations only

        pool = engine(parse(url), size=1, pragmas=_WRITER_PRAGMAS, create=True, busy_timeout=_MIGRATION_TIMEOUT)
        # Before the schema is read: its state must not change before this process writes.
        event.listen(pool, "begin", lambda connection: connection.exec_driver_sql(Sqlite.begin))
        return AsyncEngine(pool)

    @staticmethod
    def lock_migrations(connection: Connection) -> None:
        """One process writes at a time: see `migrator`."""

    @staticmethod
    def gather(connection: Connection) -> None:
        """SQLite is on one machine."""

    @staticmethod
    def spread(connection: Connection, shards: int | None) -> None:
        """SQLite is on one machine."""

    @staticmethod
    def translate(error: Exception) -> StoreError | None:
        """Errors of sqlite3, and of aiosqlite where the connection is closed."""
        if isinstance(error, sqlite3.Error):
            return _translate(error)
        if isinstance(error, ValueError) and str(error).lower() in ("connection closed", "no active connection"):
            return StoreUnavailable("the connection to the database is closed")
        return None

    def __init__(self, path: Path, *, readers: int) -> None:
        self.readers = engine(path, size=readers, pragmas=_READER_PRAGMAS)
        self.writers = engine(path, size=1, pragmas=_WRITER_PRAGMAS)
        self._dialect = sqlite.dialect(paramstyle="qmark")

    def insert(self, table: Table) -> Insert:
        """SQLite's INSERT … ON CONFLICT."""
        return sqlite.insert(table)

    def only_new(self, statement: Insert) -> Insert:
        """SQLite counts inserted rows correctly."""
        return statement.on_conflict_do_nothing()

    def counted(self, statement: Insert) -> Insert:
        """SQLite counts right by itself."""
        return statement

    def rows(self, columns: Sequence[RowColumn]) -> FromClause:
        """SQLite has no arrays: the rows are passed as one JSON text, or value by value (`prepare`)."""
        each = func.json_each(bindparam(_ROWS, type_=Text())).table_valued("value", name="each_row")
        elements = [
            func.json_extract(each.c.value, text(f"'$[{position}]'"), type_=column.type).label(column.name)
            for position, column in enumerate(columns)
        ]
        return select(*elements).subquery("given")

    def among(self, column: Column[Any], position: int) -> ColumnElement[bool]:  # noqa: ARG002 - nothing to add
        """SQLite has no shards."""
        return true()

    def in_rows(self, table: Table, rows: FromClause, pairs: Mapping[str, str]) -> ColumnElement[bool]:
        """SQLite has no DELETE … USING. A comparison of row values uses the index."""
        return tuple_(*(table.c[name] for name in pairs)).in_(select(*(rows.c[name] for name in pairs.values())))

    json_flags: Mapping[bool, str] = {True: "1", False: "0"}

    def json_member(self, document: ColumnElement[str], name: str) -> ColumnElement[str]:
        """As a text: otherwise numbers and flags would be numbers."""
        return cast(func.json_extract(document, literal_column(f"'$.{name}'")), Text())

    def json_entry(
        self, document: ColumnElement[str], member: str, name: ColumnElement[str], *, first: bool
    ) -> ColumnElement[str]:
        """By a search in the object. In a path, a name with special characters would need quotes."""
        entries = func.json_each(document, literal_column(f"'$.{member}'")).table_valued("key", "value", name="entry")
        value = func.json_extract(entries.c.value, literal_column("'$[0]'")) if first else entries.c.value
        return select(cast(value, Text())).select_from(entries).where(entries.c.key == name).scalar_subquery()

    def json_any(
        self, document: ColumnElement[str], condition: Callable[[ColumnElement[str]], ColumnElement[bool]]
    ) -> ColumnElement[bool]:
        """With json_each."""
        elements = func.json_each(document).table_valued("value", name="element")
        return select(literal_column("1")).select_from(elements).where(condition(elements.c.value)).exists()

    def number(self, text: ColumnElement[str]) -> ColumnElement[float]:
        """SQLite has no regular expressions."""
        digits = func.substr(text, literal_column("1") + (func.substr(text, 1, 1) == literal_column("'-'")))
        is_number = and_(
            func.length(digits) <= literal_column(str(MAX_NUMBER)),
            digits.op("GLOB")(literal_column("'[0-9]*'")),
            digits.op("GLOB")(literal_column("'*[0-9]'")),
            not_(digits.op("GLOB")(literal_column("'*[^0-9.]*'"))),
            not_(digits.op("GLOB")(literal_column("'*.*.*'"))),
        )
        return case((is_number, cast(text, Double())))

    def prepare(self, statement: Statement) -> Prepared:
        """A SELECT returns one row that contains all rows as JSON. A write binds each value of its rows.

        Python's module releases and acquires the interpreter lock for each row. With a busy event loop in the same
        process, each acquisition waits: reading 100 rows one by one takes seconds.
        """
        compiled = statement.compile(dialect=self._dialect)
        sql = str(compiled)
        if isinstance(statement, Select):
            columns = ", ".join(f"c{position}" for position in range(len(statement.selected_columns)))
            sql = f"WITH found({columns}) AS ({sql}) SELECT json_group_array(json_array({columns})) FROM found"  # noqa: S608 - no values
            return prepared(compiled, sql)
        rowwise = _rowwise(sql)
        return replace(prepared(compiled, rowwise.sql(1) if rowwise else sql), rowwise=rowwise)

    def prepare_given(self, many: Statement, one: Statement) -> Prepared:  # noqa: ARG002 - a join costs it nothing
        """The join takes one row as well."""
        return self.prepare(many)

    def prepare_insert(self, many: Insert | Returning, one: Insert | Returning) -> Prepared:  # noqa: ARG002 - one form
        """The first form works for any number of rows."""
        return self.prepare(many)

    async def fetch(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> Sequence[Found]:
        """One round trip to the connection's thread."""
        ((found,),) = await connection.execute_fetchall(statement.sql, _values(statement, rows, values))
        decoded: list[Found] = msgspec.json.decode(found)
        return decoded

    async def execute(
        self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> int:
        """Without RETURNING: that would step through the rows (see `prepare`)."""
        if statement.rowwise is None:
            cursor = await connection.execute(statement.sql, _values(statement, rows, values))
            return int(cursor.rowcount)
        _encoded(rows)  # refuses the character NUL, for less than a look at each value costs (docs/adr/0109)
        given = statement.names.index(_ROWS)
        written = 0
        for sql, some in statement.rowwise.portions(rows):
            arguments = statement.arguments({**values, _ROWS: None})
            arguments[given : given + 1] = [value for row in some for value in row]
            written += (await connection.execute(sql, arguments)).rowcount
        return written

    def commits_alone(self, rows: Sequence[Row]) -> bool:
        """A statement cannot fail because of the number of rows that it writes."""
        return len(rows) == 1

    async def execute_alone(self, connection: DriverConnection, statement: Prepared, rows: Sequence[Row]) -> int:
        """The connection is in autocommit mode."""
        return await self.execute(connection, statement, rows, {})

    async def together(
        self, connection: DriverConnection, work: Callable[[DriverConnection], Coroutine[Any, Any, ResultT]]
    ) -> ResultT:
        """In the connection's thread: a batch has up to 20 statements, and each would switch threads twice."""
        # aiosqlite has no public function for this. SQLAlchemy's dialect uses the same private part.
        direct = _InThread(connection._conn)  # noqa: SLF001
        run = partial(copy_context().run, _step_through, work, direct)
        found: ResultT = await connection._execute(run)  # noqa: SLF001
        return found

    async def control(self, connection: DriverConnection, command: str) -> None:
        """The connection itself begins no transactions: it is in autocommit mode."""
        await connection.execute(command)

    def spoils(self, error: BaseException) -> bool:  # noqa: ARG002 - none does, on this engine
        """A cancelled statement continues in the connection's thread, and later statements wait for it."""
        return False

    def discard(self, connection: DriverConnection) -> None:
        """Ends the connection's thread when its pending work is done."""
        connection.stop()


class _InThread:
    """A connection as its own thread uses it, with those methods of aiosqlite that the engine calls."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, parameters)

    async def execute_fetchall(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        return self._connection.execute(sql, parameters).fetchall()


def _step_through(work: Callable[[_InThread], Coroutine[Any, Any, ResultT]], connection: _InThread) -> ResultT:
    """The result of work that waits for nothing."""
    steps = work(connection)
    try:
        steps.send(None)
    except StopIteration as end:
        result: ResultT = end.value
        return result
    steps.close()
    raise RuntimeError("the work waits for something other than its connection")


def engine(
    path: Path,
    *,
    size: int,
    pragmas: Sequence[str] = _WRITER_PRAGMAS,
    create: bool = False,
    busy_timeout: float = BUSY_TIMEOUT,
) -> Pool:
    """A pool of connections to the file, which must exist unless `create`.

    `busy_timeout`: seconds to wait for another process's lock.

    Raises:
        StoreError: the file cannot be created at this path.
    """
    _check_place(path, create=create)
    pool = create_engine(
        URL.create(
            "sqlite+aiosqlite",
            database=f"file:{quote(str(path.absolute()))}",
            query={"mode": "rwc" if create else "rw", "uri": "true"},
        ),
        # No implicit transactions.
        connect_args={"isolation_level": None, "cached_statements": 512},
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_reset_on_return=None,
        hide_parameters=True,
    )

    @event.listens_for(pool, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        try:
            cursor = connection.cursor()
            # First, because changing the journal mode needs a lock too.
            for pragma in (f"PRAGMA busy_timeout = {busy_timeout * 1000:.0f}", *pragmas):
                cursor.execute(pragma)
            cursor.close()
        except BaseException:
            connection.close()  # and wait for its thread, which would otherwise outlive the event loop
            raise

    return pool


def _check_place(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a directory; the database's path must name a file")
    if not path.parent.is_dir():
        raise StoreError(f"the directory {path.parent} does not exist; create it, or name another file")
    if not create and not path.exists():
        raise StoreError(f"there is no database file {path}; run: profile-grpc migrate")


def _rowwise(sql: str) -> Rowwise | None:
    """The form of a write that binds each value of its rows, if it has rows.

    For each column of each row, `json_extract` counts the elements of the row up to this column: a registration on
    SQLite spent a tenth of its CPU time there (docs/adr/0109).
    """
    if _EACH not in sql:
        return None
    found = _GIVEN.search(sql)
    if found is None or sql.count(_EACH) != 1:
        msg = f"no write of given rows: {sql}"
        raise ValueError(msg)
    names = re.findall(_ELEMENT, found[0])
    columns = ", ".join(f"column{number} AS {name}" for number, name in enumerate(names, 1))
    return Rowwise(
        start=f"{sql[: found.start()]}SELECT {columns} FROM (VALUES",  # noqa: S608 - no values
        row=f"({', '.join('?' * len(names))})",
        end=f"){sql[found.end() :]}",
        names=tuple(names),
    )


def _values(statement: Prepared, rows: Sequence[Row], values: dict[str, object]) -> list[object]:
    return statement.arguments({**values, _ROWS: _encoded(rows)} if rows else values)


def _encoded(rows: Sequence[Row]) -> str:
    """The rows as JSON.

    Raises:
        DataRefused: a value has the character NUL, at which SQLite would end a text; PostgreSQL refuses it.
    """
    encoded = msgspec.json.encode(rows).decode()
    # The escaped form is checked first, because it is rare.
    if "\\u0000" in encoded and any("\x00" in value for row in rows for value in row if isinstance(value, str)):
        raise DataRefused("a value holds the character NUL, which no database text can hold")
    return encoded


def parse(url: str) -> Path:
    """The file that the URL names: `sqlite:///relative/path` or `sqlite:////absolute/path`.

    Raises:
        StoreError: it cannot be used.
    """
    location = url.partition("://")[2]
    if not location.startswith("/"):
        raise StoreError("an SQLite URL has three slashes before a relative path (sqlite:///data.db), four before /")
    path, _, options = location[1:].partition("?")
    if options:
        raise StoreError("an SQLite URL takes no options")
    if path in ("", ":memory:"):
        raise StoreError("the database needs a file (sqlite:///data.db): what is only in memory is lost")
    return Path(unquote(path)).expanduser()


def _translate(error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python's module itself, for example for a number that is too large
        kind: type[StoreError] = DataRefused if isinstance(error, sqlite3.DataError) else StoreUnavailable
        return kind(f"SQLite failed ({type(error).__name__})")
    kind = _ERRORS.get(code) or _ERRORS.get(code & 0xFF, StoreError)  # the low byte is the primary code
    if "no such table" in str(error):
        kind = TableMissing
    elif code & 0xFF in _NOT_ALLOWED:
        return StoreUnavailable(
            "the SQLite database cannot be opened for writing: this user needs write permission on the file"
            f" and on its directory ({error.sqlite_errorname})"
        )
    name = getattr(error, "sqlite_errorname", "")
    if kind in (DataRefused, Conflict):
        return kind(f"SQLite refused the write ({name})")
    remedy = _REMEDIES.get(code & 0xFF)
    return kind(f"SQLite: {first_line(error)} ({name})" + (f"; {remedy}" if remedy else ""))
