"""Writes the changes of a batch: one statement for each table and kind of change, guarded by revisions."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sqlalchemy import Table

from profile_grpc.domain.model import Liveness
from profile_grpc.domain.state import Changes, Write
from profile_grpc.service.ports import Conflict
from profile_grpc.store import rows, statements, tables, times
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Prepared, Row

SHARDS = 16
"""Rows of `profile_count` for one (app, status, platform)."""


class _Guarded:
    """A table whose rows have revisions: the three ways to change its rows."""

    def __init__(self, database: Database, table: Table) -> None:
        key = {column.name for column in table.primary_key}
        self._name = table.name
        self._insert = statements.insert_new(database, table)
        self._update = statements.update_seen(
            database, table, [column.name for column in table.c if column.name not in key]
        )
        self._delete = statements.delete_seen(database, table)

    async def write(self, session: Session, written: Sequence[tuple[Row, int | None]]) -> None:
        """Inserts the rows that were seen nowhere, updates those that still have the revision seen."""
        new = [row for row, seen in written if seen is None]
        changed = [(*row, seen) for row, seen in written if seen is not None]
        await self._all(session, self._insert, new)
        await self._all(session, self._update, changed)

    async def delete(self, session: Session, deleted: Sequence[Row]) -> None:
        """Deletes the rows (key, seen) that still have the revision seen."""
        await self._all(session, self._delete, deleted)

    async def _all(self, session: Session, statement: Prepared, given: Sequence[Row]) -> None:
        await write_all(session, statement, given, self._name)


class Applier:
    """Applies `Changes` in a transaction."""

    def __init__(self, database: Database) -> None:
        self._guards = _Guarded(database, tables.guard)
        self._tokens = _Guarded(database, tables.push_token)
        self._profiles = _Guarded(database, tables.profile)
        # SQLite writes the indexes of every assigned column anew, even when its value is the same.
        self._patch = statements.update_seen(database, tables.profile, rows.PATCH)
        self._beat = statements.update_seen(database, tables.profile, rows.BEAT)
        self._same_day_beat = statements.update_seen(database, tables.profile, rows.SAME_DAY_BEAT)
        self._tombstones = statements.upsert(database, tables.tombstone)
        self._ledger = statements.insert_new(database, tables.mad_ledger)
        self._events = statements.insert_new(database, tables.event)
        self._counts = statements.upsert(database, tables.profile_count, adds=["profiles"])
        self._reaped = statements.upsert(database, tables.reaper_deletion, adds=["deletions"])
        self._event_rows = rows.EventRows()

    async def apply(self, session: Session, changes: Changes) -> None:
        """Writes all or, with Conflict, nothing. Every process writes the tables in this order, rows by key."""
        if changes.one_beat is not None:
            await self._apply_one_beat(session, changes.one_beat)
            return
        await self._apply_guards(session, changes)
        await self._apply_beats(session, changes.beats)
        await self._apply_profiles(session, changes)
        await self._apply_records(session, changes)

    async def _apply_profiles(self, session: Session, changes: Changes) -> None:
        patched: list[Row] = []
        others: list[tuple[Row, int | None]] = []
        for write in changes.profiles:
            if rows.is_patch(write.before, write.row):
                patched.append((*rows.patch_values(write.row), write.seen))
            else:
                others.append((rows.profile_values(write.row), write.seen))
        await write_all(session, self._patch, patched, tables.profile.name)
        await self._profiles.write(session, others)
        await self._profiles.delete(session, [(*d.key, d.seen) for d in changes.deleted_profiles])

    async def _apply_beats(self, session: Session, beats: Sequence[Write[Liveness]]) -> None:
        new_day: list[Row] = []
        same_day: list[Row] = []
        for beat in beats:
            if rows.is_same_day(beat.before, beat.row):
                same_day.append((*rows.same_day_beat_values(beat.row), beat.seen))
            else:
                new_day.append((*rows.beat_values(beat.row), beat.seen))
        await write_all(session, self._beat, new_day, tables.profile.name)
        await write_all(session, self._same_day_beat, same_day, tables.profile.name)

    async def _apply_one_beat(self, session: Session, beat: Write[Liveness]) -> None:
        """Most of what a service with few callers writes: two trips to the database less."""
        if rows.is_same_day(beat.before, beat.row):
            statement, row = self._same_day_beat, rows.same_day_beat_values(beat.row)
        else:
            statement, row = self._beat, rows.beat_values(beat.row)
        if not await session.execute_alone(statement, (*row, beat.seen)):
            raise Conflict("the row of a profile is no longer as it was read")

    async def _apply_guards(self, session: Session, changes: Changes) -> None:
        await self._guards.write(session, [(w.row, w.seen) for w in changes.guards])
        await self._tokens.write(session, [(rows.token_guard_values(w.row), w.seen) for w in changes.token_guards])
        await self._tokens.delete(
            session, [(*rows.token_key_values(d.key), d.seen) for d in changes.deleted_token_guards]
        )

    async def _apply_records(self, session: Session, changes: Changes) -> None:
        await write_all(session, self._tombstones, [rows.tombstone_values(t) for t in changes.tombstones], "tombstone")
        # A count whose number is taken was made by another process at the same time (M4).
        await write_all(session, self._ledger, [rows.ledger_values(e) for e in changes.ledger], "mad_ledger")
        await write_all(session, self._events, self._event_rows.values(changes.events), "event")
        # Last, because other transactions may wait for these rows until the commit.
        shard = random.randrange(SHARDS)  # noqa: S311 - no secret
        counts = [
            (key.app_id, key.status.value, key.platform.value, shard, difference)
            for key, difference in changes.counts.items()
            if difference
        ]
        await write_all(session, self._counts, counts, "profile_count")
        time = times.micros(changes.time)
        reaped = [(app_id, time, number) for app_id, number in changes.reaped.items()]
        await write_all(session, self._reaped, reaped, "reaper_deletion")


async def write_all(session: Session, statement: Prepared, given: Sequence[Row], table: str) -> None:
    """Executes the statement with the rows in the order of their keys, so that two writers rarely deadlock.

    Each row begins with its key, which no other row has.

    Raises:
        Conflict: fewer rows were written than given: another writer was first.
    """
    if not given:
        return
    written = await session.execute(statement, sorted(given))
    if written != len(given):
        raise Conflict(f"{len(given) - written} of {len(given)} rows of {table} are no longer as they were read")
