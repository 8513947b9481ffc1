"""Writes all of the given rows, or none."""

from __future__ import annotations

from collections.abc import Sequence

from profile_grpc.service.ports import Conflict
from profile_grpc.store.database import Session
from profile_grpc.store.engine import Prepared, Row


async def write_all(session: Session, statement: Prepared, given: Sequence[Row], table: str) -> None:
    """Executes the statement with the rows in the order of their keys, so that two writers rarely deadlock.

    Each row begins with its key, which is unique.

    Raises:
        Conflict: fewer rows were written than given, because another writer was first.
    """
    if not given:
        return
    written = await session.execute(statement, sorted(given))
    if written != len(given):
        raise Conflict(f"{len(given) - written} of {len(given)} rows of {table} are no longer as they were read")
