"""Translates driver errors into store errors. Texts contain no values of rows, because they are personal data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.connectors.asyncio import AsyncAdapt_Error

from profile_grpc.service.ports import DataRefused, StoreError, StoreUnavailable
from profile_grpc.store.engine import first_line
from profile_grpc.store.engines import ENGINES

# The order matters: some classes are subclasses of others.
_OTHERS: tuple[tuple[type[Exception], type[StoreError], str], ...] = (
    (TimeoutError, StoreUnavailable, "the database did not answer in time"),
    (exc.TimeoutError, StoreUnavailable, "no connection to the database became free in time"),
    (UnicodeError, DataRefused, "a value is not text that the database can store"),
    (OverflowError, DataRefused, "a value is a number that the database cannot store"),
)


@contextmanager
def translated() -> Iterator[None]:
    """Translates an exception of the block to an error of the store."""
    try:
        yield
    except Exception as error:
        translation = translate(error)
        if translation is None:
            raise
        raise translation from None


def translate(error: Exception) -> StoreError | None:
    """The store's error for an error of the driver or the pool, or None for an error of this program.

    Raise it `from None`: the driver's own error may contain values of the rows.
    """
    if isinstance(error, StoreError):
        return error
    error = _driver_error(error)
    for engine in ENGINES:
        translation = engine.kind.translate(error) if engine.is_loaded else None
        if translation is not None:
            return translation
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return StoreUnavailable(f"the database cannot be reached: {first_line(error)}")
    return next((meaning(told) for kind, meaning, told in _OTHERS if isinstance(error, kind)), None)


def _driver_error(error: Exception) -> Exception:
    """SQLAlchemy wraps the driver's errors; its adapter for asyncpg wraps them again."""
    wrapped: BaseException | None = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(wrapped, AsyncAdapt_Error):
        wrapped = wrapped.__cause__
    return wrapped if isinstance(wrapped, Exception) else error
