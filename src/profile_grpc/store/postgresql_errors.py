"""Translates errors of asyncpg to errors of the store."""

from __future__ import annotations

import asyncpg

from profile_grpc.service.ports import Conflict, DataRefused, NodeUnavailable, StoreError, StoreUnavailable
from profile_grpc.store.engine import StalePlan, TableMissing, first_line

# By the beginning of the SQLSTATE; the longest match decides. Its text names conditions, never values.
_STATES: dict[str, type[StoreError]] = {
    "0A000": StalePlan,  # also a statement that Citus cannot plan before it knows the values
    "08006": NodeUnavailable,  # a server reports it, so the server is up: a coordinator whose node is down
    "08": StoreUnavailable,  # connection lost, 08007: the outcome of the commit is unknown
    "22": DataRefused,  # data exception, for example bytes that are not valid text
    "23": DataRefused,  # constraint violation
    "23505": Conflict,  # unique violation: another writer was first
    "25006": StoreUnavailable,  # read-only: the connection is still to a server that has become the standby
    "25P03": StoreUnavailable,  # it stood still for too long within a transaction (`limit_idle`)
    "42P01": TableMissing,
    "28": StoreUnavailable,  # the login is refused, for example while a password is changed
    "3D000": StoreUnavailable,  # the database does not exist, for example while it is renamed or restored
    "40": Conflict,  # serialization failure, deadlock
    "40003": StoreUnavailable,  # the outcome of the statement is unknown
    "53": StoreUnavailable,  # out of connections, memory, disk
    "54": DataRefused,  # too large for an index or a row
    "55": StoreUnavailable,  # not ready, lock not available
    "57": StoreUnavailable,  # shutdown, start-up, cancelled by the administrator
    "58": StoreUnavailable,  # system error of the server
    "XX": StoreUnavailable,
}

# A prepared statement is missing, or exists already: the pooler has switched the server connection.
_POOLER = ("26000", "42P05")

# The order matters: some classes are subclasses of others.
_DRIVER_ERRORS: tuple[tuple[type[Exception], type[StoreError], str], ...] = (
    (asyncpg.DataError, DataRefused, "the database driver cannot store a value of this kind"),
    (asyncpg.exceptions.ClientConfigurationError, StoreError, "the database URL cannot be used"),
    (asyncpg.InterfaceError, StoreUnavailable, "the connection to the database is lost"),
    (
        asyncpg.InternalClientError,
        StoreUnavailable,
        "the connection to the database is in an unexpected state",
    ),  # has just been lost
)


def translate(error: Exception) -> StoreError | None:
    """The store's error for an error of asyncpg, or None for any other error."""
    if isinstance(error, asyncpg.PostgresError):
        return _server_error(error)
    return next((meaning(told) for kind, meaning, told in _DRIVER_ERRORS if isinstance(error, kind)), None)


def _server_error(error: asyncpg.PostgresError) -> StoreError:
    state = error.sqlstate or ""
    kind = next((_STATES[state[:n]] for n in (5, 2) if state[:n] in _STATES), StoreError)
    name = f"{type(error).__name__}, SQLSTATE {state}"
    if issubclass(kind, (DataRefused, Conflict)):
        return kind(f"PostgreSQL refused the write ({name})")
    if state in _POOLER:
        return StoreError(
            "PostgreSQL is behind a pooler in transaction mode: add ?prepared_statement_cache_size=0 to the URL"
        )
    # The primary message of an error that is not about data. It omits DETAIL, which contains values.
    return kind(f"PostgreSQL: {first_line(error.args[0] if error.args else '')} ({name})")
