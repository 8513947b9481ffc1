"""Writes the changes of a batch: one statement for each table and kind of change, guarded by revisions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from profile_grpc.domain.changes import NOTHING, Changes, RowChanges, Write
from profile_grpc.domain.kinds import PROFILES, RowKind
from profile_grpc.service.ports import Conflict
from profile_grpc.store import kinds, statements
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Row
from profile_grpc.store.tasks import to_the_end
from profile_grpc.store.tokens import TokenIndex
from profile_grpc.store.writing import write_all


class Applier:
    """Applies `Changes` in a transaction."""

    def __init__(self, database: Database, index: TokenIndex) -> None:
        self._rows: Mapping[RowKind[Any, Any], _Rows] = {one.kind: _Rows(database, one) for one in kinds.ROWS}
        self._tokens = index
        self._after = {one.after: _Records(database, one) for one in kinds.RECORDS if one.after is not None}
        self._records = [_Records(database, one) for one in kinds.RECORDS if one.after is None]
        self._tallies = [_Tally(database, one) for one in kinds.TALLIES]

    async def apply(self, session: Session, changes: Changes) -> None:
        """Writes all changes, or raises Conflict and writes nothing. Every process writes the tables in this order,
        rows by key.
        """
        if changes.only is not None and not self._tokens.follows(changes.only[1]):
            kind, write = changes.only
            await self._rows[kind].write_alone(session, write)
            return
        await to_the_end(session.together(partial(self._write, changes=changes)))

    async def _write(self, session: Session, changes: Changes) -> None:
        for kind, stored in self._rows.items():
            if kind in changes.rows:
                await stored.write(session, changes.rows[kind])
            if kind in self._after:
                await self._after[kind].write(session, changes)
        await self._tokens.write(session, changes.rows.get(PROFILES, NOTHING))
        for records in self._records:
            await records.write(session, changes)
        for tally in self._tallies:
            await tally.write(session, changes)


class _Rows:
    """The statements that change the rows of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredRows[Any, Any]) -> None:
        table = stored.table
        key = [column.name for column in table.primary_key]
        self._name = table.name
        self._key = stored.key
        updates = list(stored.updates)
        if stored.values is not None:
            rest = tuple(column.name for column in table.c if column.name not in key)
            updates.append(kinds.PartialUpdate(rest, lambda _before, _row: True, stored.values))
            self._insert = statements.insert_new(database, table)
            self._values = stored.values
        self._delete = statements.delete_seen(database, table)
        self._updates = [(update, statements.update_seen(database, table, update.columns)) for update in updates]

    async def write(self, session: Session, changes: RowChanges[Any, Any]) -> None:
        """Inserts new rows; updates and deletes rows that still have the revision that was read."""
        new: list[Row] = []
        changed: list[list[Row]] = [[] for _ in self._updates]
        for write in changes.writes:
            if write.seen is None:
                new.append(self._values(write.row))
            else:
                number, row = self._update(write)
                changed[number].append(row)
        for (_, statement), given in zip(self._updates, changed, strict=True):
            await write_all(session, statement, given, self._name)
        if new:
            await write_all(session, self._insert, new, self._name)
        if changes.deletes:
            deleted = [(*self._key(delete.before.key), delete.seen) for delete in changes.deletes]
            await write_all(session, self._delete, deleted, self._name)

    async def write_alone(self, session: Session, write: Write[Any]) -> None:
        """Updates one row in one round trip: the most frequent write of a service with few callers."""
        number, row = self._update(write)
        if not await session.execute_alone(self._updates[number][1], row):
            raise Conflict(f"the row of {self._name} is no longer as it was read")

    def _update(self, write: Write[Any]) -> tuple[int, Row]:
        """The update statement for this change, and its row."""
        for number, (update, _) in enumerate(self._updates):
            if update.fits(write.before, write.row):
                return number, (*update.values(write.row), write.seen)
        msg = f"no update of {self._name} fits"
        raise LookupError(msg)


class _Records:
    """The records of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredRecords[Any]) -> None:
        self._kind = stored.kind
        self._name = stored.table.name
        self._values = stored.encoder()
        make = statements.upsert if stored.kind.replaces else statements.insert_new
        self._statement = make(database, stored.table)

    async def write(self, session: Session, changes: Changes) -> None:
        """Inserts the records. An existing record is replaced, or is a conflict."""
        records = changes.records_of(self._kind)
        if records:
            await write_all(session, self._statement, [self._values(record) for record in records], self._name)


class _Tally:
    """The numbers of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredTally[Any]) -> None:
        self._kind = stored.kind
        self._name = stored.table.name
        self._values = stored.values
        self._statement = statements.upsert(database, stored.table, adds=[stored.number])

    async def write(self, session: Session, changes: Changes) -> None:
        """Adds to the numbers."""
        added = changes.added(self._kind)
        if added:
            given = [self._values(key, number, changes.time) for key, number in added.items()]
            await write_all(session, self._statement, given, self._name)
