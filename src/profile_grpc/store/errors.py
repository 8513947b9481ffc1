"""Translates driver errors into store errors. Texts contain no values of rows, because they are personal data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.connectors.asyncio import AsyncAdapt_Error

from profile_grpc.service.ports import DataRefused, StoreError, StoreUnavailable
from profile_grpc.store.engine import first_line
from profile_grpc.store.engines import ENGINES

# In this order: some are kinds of others.
_OTHERS: tuple[tuple[type[Exception], type[StoreError], str], ...] = (
    (TimeoutError, StoreUnavailable, "the database did not answer in time"),
    (exc.TimeoutError, StoreUnavailable, "no connection to the database became free in time"),
    (UnicodeError, DataRefused, "a value is no text that the database can store"),
    (OverflowError, DataRefused, "a value is a number that the database cannot store"),
)


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

    Raise it `from None`: the driver's own error may contain values of the rows.
    """
    if isinstance(error, StoreError):
        return error
    error = _driver_error(error)
    for engine in ENGINES:
        translation = engine.translate(error)
        if translation is not None:
            return translation
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return StoreUnavailable(f"the database cannot be reached: {first_line(error)}")
    return next((meaning(told) for kind, meaning, told in _OTHERS if isinstance(error, kind)), None)


def _driver_error(error: Exception) -> Exception:
    """SQLAlchemy wraps the driver's errors, its adapter for asyncpg does so once more."""
    wrapped: BaseException | None = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(wrapped, AsyncAdapt_Error):
        wrapped = wrapped.__cause__
    return wrapped if isinstance(wrapped, Exception) else error
