"""Writes all of the given rows, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from profile_grpc.service.ports import Conflict
from profile_grpc.store.database import Session
from profile_grpc.store.engine import Prepared, Row


class PlannedWrite(NamedTuple):
    """A statement and the rows that it writes, all or none. Each row begins with its key, which is unique."""

    statement: Prepared
    rows: Sequence[Row]
    table: str
    is_update: bool = False


async def write_in_order(session: Session, writes: Iterable[PlannedWrite]) -> None:
    """Executes the statements in their order.

    Raises:
        Conflict: as `write_all`.
    """
    for statement, given, table, _ in writes:
        await write_all(session, statement, given, table)


async def write_all(session: Session, statement: Prepared, given: Sequence[Row], table: str) -> None:
    """Executes the statement with the rows in the order of their keys, so that two writers rarely deadlock.

    Raises:
        Conflict: fewer rows were written than given, because another writer was first.
    """
    if not given:
        return
    _check(await session.execute(statement, sorted(given)), given, table)


async def write_alone(session: Session, write: PlannedWrite) -> None:
    """As `write_all`, but the statement commits by itself: one round trip instead of three.

    `Session.commits_alone` says for which numbers of rows that is possible.

    Raises:
        Conflict: as `write_all`.
    """
    statement, given, table, _ = write
    _check(await session.execute_alone(statement, sorted(given)), given, table)


def _check(written: int, given: Sequence[Row], table: str) -> None:
    if written != len(given):
        raise Conflict(f"{len(given) - written} of {len(given)} rows of {table} are no longer as they were read")
