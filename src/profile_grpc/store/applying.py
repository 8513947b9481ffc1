"""Writes the changes of a batch: one statement for each table and kind of change, guarded by revisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from profile_grpc.domain.changes import NOTHING, Changes, RowChanges, Write
from profile_grpc.domain.kinds import PROFILES, RowKind
from profile_grpc.store import kinds, statements
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Row
from profile_grpc.store.tasks import to_the_end
from profile_grpc.store.tokens import TokenIndex
from profile_grpc.store.writing import PlannedWrite, write_alone, write_in_order


class Applier:
    """Applies `Changes` in a transaction."""

    def __init__(self, database: Database, index: TokenIndex) -> None:
        self._rows: Mapping[RowKind[Any, Any], _Rows] = {one.kind: _Rows(database, one) for one in kinds.ROWS}
        self._tokens = index
        self._after = {one.after: _Records(database, one) for one in kinds.RECORDS if one.after is not None}
        self._records = [_Records(database, one) for one in kinds.RECORDS if one.after is None]
        self._tallies = [_Tally(database, one) for one in kinds.TALLIES]

    async def apply(self, session: Session, changes: Changes) -> None:
        """Writes all changes, or raises Conflict and writes nothing. Every process executes the statements in this
        order, each with its rows by key.

        One update, as of heartbeats or patches, commits by itself if the engine can do that
        (`Session.commits_alone`).
        """
        writes = [write for write in self._writes(changes) if write.rows]
        if len(writes) == 1 and writes[0].is_update and session.commits_alone(writes[0].rows):
            await write_alone(session, writes[0])
        else:
            await to_the_end(session.together(partial(write_in_order, writes=writes)))

    def _writes(self, changes: Changes) -> Iterator[PlannedWrite]:
        for kind, stored in self._rows.items():
            if kind in changes.rows:
                yield from stored.writes(changes.rows[kind])
            if kind in self._after:
                yield self._after[kind].write(changes)
        yield from self._tokens.writes(changes.rows.get(PROFILES, NOTHING))
        for records in self._records:
            yield records.write(changes)
        for tally in self._tallies:
            yield tally.write(changes)


class _Rows:
    """The statements that change the rows of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredRows[Any, Any]) -> None:
        table = stored.table
        key = statements.key_of(table)
        self._name = table.name
        self._key = stored.key
        updates = list(stored.updates)
        if stored.values is not None:
            rest = tuple(column.name for column in table.c if column.name not in key)
            updates.append(kinds.PartialUpdate(rest, lambda _before, _row: True, stored.values))
            self._insert = statements.insert_new(database, table)
            self._values = stored.values
        self._delete = statements.delete_keys(database, table, seen=True)
        self._updates = [(update, statements.update_seen(database, table, update.columns)) for update in updates]

    def writes(self, changes: RowChanges[Any, Any]) -> Iterator[PlannedWrite]:
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
            yield PlannedWrite(statement, given, self._name, is_update=True)
        if new:
            yield PlannedWrite(self._insert, new, self._name)
        deleted = [(*self._key(row.key), row.revision) for row in changes.deletes]
        yield PlannedWrite(self._delete, deleted, self._name)

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

    def write(self, changes: Changes) -> PlannedWrite:
        """Inserts the records. An existing record is replaced, or is a conflict."""
        given = [self._values(record) for record in changes.records_of(self._kind)]
        return PlannedWrite(self._statement, given, self._name)


class _Tally:
    """The numbers of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredTally[Any]) -> None:
        self._kind = stored.kind
        self._name = stored.table.name
        self._values = stored.values
        self._statement = statements.upsert(database, stored.table, adds=[stored.number])

    def write(self, changes: Changes) -> PlannedWrite:
        """Adds to the numbers."""
        given = [self._values(key, number, changes.time) for key, number in changes.added(self._kind).items()]
        return PlannedWrite(self._statement, given, self._name)
