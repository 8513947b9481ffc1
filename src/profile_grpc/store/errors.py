"""What a driver raises, told in the store's words. No value of a row gets into a text: values are personal data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import exc
from sqlalchemy.connectors.asyncio import AsyncAdapt_Error

from profile_grpc.service.ports import Conflict, DataRefused, StoreError, StoreUnavailable


class TableMissing(StoreError):  # noqa: N818 - as its parents
    """There is no such table: the database has no schema yet, or an older one."""

    def __init__(self, _: str = "") -> None:
        super().__init__("the database is not ready for this program; run: profile-grpc migrate")


# SQLSTATE, by its beginning; the longest that fits decides. Its text names conditions, never values.
_STATES: dict[str, type[StoreError]] = {
    "0A000": Conflict,  # a cached plan that no longer fits after a schema change: asyncpg drops it, the next try works
    "08": StoreUnavailable,  # connection lost, 08007: the outcome of the commit is unknown
    "22": DataRefused,  # data exception, as bytes that are no text
    "23": DataRefused,  # constraint violation
    "23505": Conflict,  # unique violation: another writer was first
    "25006": StoreUnavailable,  # read-only: we still talk to what has become the standby
    "42P01": TableMissing,
    "28": StoreUnavailable,  # the login is refused: while a password is changed, for one
    "3D000": StoreUnavailable,  # there is no such database: while it is renamed or restored
    "40": Conflict,  # serialization failure, deadlock
    "40003": StoreUnavailable,  # the outcome of the statement is unknown
    "53": StoreUnavailable,  # out of connections, memory, disk
    "54": DataRefused,  # too large for an index or a row
    "55": StoreUnavailable,  # not ready, lock not available
    "57": StoreUnavailable,  # shutdown, start-up, cancelled by the administrator
    "58": StoreUnavailable,  # system error of the server
    "XX": StoreUnavailable,
}

_SQLITE: dict[int, type[StoreError]] = {
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
    sqlite3.SQLITE_INTERRUPT: StoreUnavailable,
}

# A prepared statement is gone, or is there already: the pooler gave us another connection of its own.
_POOLER = ("26000", "42P05")
_NOT_ALLOWED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


@contextmanager
def translated() -> Iterator[None]:
    """What the block raises is one of the store's errors."""
    try:
        yield
    except Exception as error:
        translation = translate(error)
        if translation is None:
            raise
        raise translation from None


def translate(error: Exception) -> StoreError | None:
    """The store's error for what the driver or the pool raised, or None for what is a fault of this program.

    Raise it `from None`: the driver's own error may hold values of the rows.
    """
    if isinstance(error, StoreError):
        return error
    error = _driver_error(error)
    if isinstance(error, asyncpg.PostgresError):
        return _postgresql(error)
    if isinstance(error, sqlite3.Error):
        return _sqlite(error)
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return StoreUnavailable(f"the database cannot be reached: {_line(error)}")
    if isinstance(error, ValueError) and str(error).lower() in ("connection closed", "no active connection"):
        return StoreUnavailable("the connection to the database is closed")  # aiosqlite's words
    return next((translation(told) for kind, translation, told in _OTHERS if isinstance(error, kind)), None)


# In this order: some are kinds of others.
_OTHERS: tuple[tuple[type[Exception], type[StoreError], str], ...] = (
    (TimeoutError, StoreUnavailable, "the database did not answer in time"),
    (exc.TimeoutError, StoreUnavailable, "no connection to the database became free in time"),
    (asyncpg.DataError, DataRefused, "the database driver cannot store a value of this kind"),
    (asyncpg.exceptions.ClientConfigurationError, StoreError, "the database URL cannot be used"),
    (asyncpg.InterfaceError, StoreUnavailable, "the connection to the database is lost"),
    (asyncpg.InternalClientError, StoreUnavailable, "the connection to the database is in disorder"),  # lost just now
    (UnicodeError, DataRefused, "a value is no text that the database can store"),
    (OverflowError, DataRefused, "a value is a number that the database cannot store"),
)


def _driver_error(error: Exception) -> Exception:
    """SQLAlchemy wraps the driver's errors, its adapter for asyncpg does so once more."""
    wrapped: BaseException | None = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(wrapped, AsyncAdapt_Error):
        wrapped = wrapped.__cause__
    return wrapped if isinstance(wrapped, Exception) else error


def _postgresql(error: asyncpg.PostgresError) -> StoreError:
    state = error.sqlstate or ""
    kind = next((_STATES[state[:n]] for n in (5, 2) if state[:n] in _STATES), StoreError)
    name = f"{type(error).__name__}, SQLSTATE {state}"
    if kind in (DataRefused, Conflict):
        return kind(f"PostgreSQL refused the write ({name})")
    if state in _POOLER:
        return StoreError(
            "a pooler in transaction mode lies before PostgreSQL: add ?prepared_statement_cache_size=0 to the URL"
        )
    # The primary message (without DETAIL, where values are) of what is not about data.
    return kind(f"PostgreSQL: {_line(error.args[0] if error.args else '')} ({name})")


def _sqlite(error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python's module itself, as for a number that is too large
        kind: type[StoreError] = DataRefused if isinstance(error, sqlite3.DataError) else StoreUnavailable
        return kind(f"SQLite failed ({type(error).__name__})")
    kind = _SQLITE.get(code) or _SQLITE.get(code & 0xFF, StoreError)  # the low byte is the primary code
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
    return kind(f"SQLite: {_line(error)} ({name})")


def _line(text: object) -> str:
    return str(text).partition("\n")[0]
