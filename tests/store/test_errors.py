"""Every error of a driver has one meaning for the service, and no value of a row gets into its text."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy import exc

from profile_grpc.service.ports import Conflict, DataRefused, StoreError, StoreUnavailable
from profile_grpc.store.engine import StalePlan, TableMissing
from profile_grpc.store.engines import ENGINES
from profile_grpc.store.errors import translate


@pytest.fixture(autouse=True)
def loaded_engines() -> None:
    """As if a database of each kind had been named."""
    for engine in ENGINES:
        assert engine.kind is not None


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.UniqueViolationError, Conflict),
        (asyncpg.SerializationError, Conflict),
        (asyncpg.DeadlockDetectedError, Conflict),
        (asyncpg.InvalidCachedStatementError, StalePlan),
        (asyncpg.StatementCompletionUnknownError, StoreUnavailable),
        (asyncpg.TransactionResolutionUnknownError, StoreUnavailable),
        (asyncpg.NotNullViolationError, DataRefused),
        (asyncpg.CharacterNotInRepertoireError, DataRefused),
        (asyncpg.NumericValueOutOfRangeError, DataRefused),
        (asyncpg.ProgramLimitExceededError, DataRefused),
        (asyncpg.TooManyConnectionsError, StoreUnavailable),
        (asyncpg.DiskFullError, StoreUnavailable),
        (asyncpg.AdminShutdownError, StoreUnavailable),
        (asyncpg.CrashShutdownError, StoreUnavailable),
        (asyncpg.CannotConnectNowError, StoreUnavailable),
        (asyncpg.QueryCanceledError, StoreUnavailable),
        (asyncpg.ConnectionDoesNotExistError, StoreUnavailable),
        (asyncpg.ReadOnlySQLTransactionError, StoreUnavailable),
        (asyncpg.UndefinedTableError, TableMissing),
        (asyncpg.InvalidPasswordError, StoreUnavailable),
        (asyncpg.InvalidSQLStatementNameError, StoreError),
        (asyncpg.DuplicatePreparedStatementError, StoreError),
        (asyncpg.InsufficientPrivilegeError, StoreError),
    ],
    ids=lambda value: value.__name__,
)
def test_postgresql(error: type[asyncpg.PostgresError], meaning: type[StoreError]) -> None:
    raised = error("what happened\nin a second line")
    raised.detail = "Key (user_id)=(secret) already exists."
    translation = translate(raised)
    assert type(translation) is meaning
    assert "secret" not in str(translation)
    assert "\n" not in str(translation)


def sqlite_error(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("what happened")
    error.sqlite_errorcode = code
    error.sqlite_errorname = f"CODE {code}"
    return error


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), StoreUnavailable),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT), StoreUnavailable),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY_DIRECTORY), StoreUnavailable),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE), StoreUnavailable),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), StoreUnavailable),
        (sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), Conflict),
        (sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE), Conflict),
        (sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_NOTNULL), DataRefused),
        (sqlite_error(sqlite3.DataError, sqlite3.SQLITE_TOOBIG), DataRefused),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), StoreUnavailable),
        (sqlite3.DataError("too large"), DataRefused),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), StoreUnavailable),
        (ValueError("Connection closed"), StoreUnavailable),
    ],
)
def test_sqlite(error: Exception, meaning: type[StoreError]) -> None:
    assert type(translate(error)) is meaning


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ConnectionRefusedError(111, "Connection refused"), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
        (exc.TimeoutError(), StoreUnavailable),
        (asyncpg.InterfaceError("connection is closed"), StoreUnavailable),
        (asyncpg.InternalClientError("cannot switch to state 15"), StoreUnavailable),
        (asyncpg.DataError("invalid input for query argument $1: 'secret'"), DataRefused),
        (UnicodeEncodeError("utf-8", "secret", 0, 1, "surrogates not allowed"), DataRefused),
        (OverflowError("int too big"), DataRefused),
        (Conflict("as it is"), Conflict),
    ],
)
def test_errors_of_pool_and_driver_are_translated_without_secrets(error: Exception, meaning: type[StoreError]) -> None:
    translation = translate(error)
    assert type(translation) is meaning
    assert "secret" not in str(translation)


@pytest.mark.parametrize("fault", [KeyError("x"), ValueError("x"), LookupError("x"), TypeError("x")])
def test_a_fault_of_the_program_stays_what_it_is(fault: Exception) -> None:
    assert translate(fault) is None
