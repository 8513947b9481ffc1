"""Loads the rows that a batch needs: one statement for each requested kind and selection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.deletion_records import DeletionReason, History, Tombstone
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import ORDERS, PROFILES, RowKind, Selection, TallyKind
from profile_grpc.domain.needs import COUNT_LIMIT, AnyNeed, Needs, Rows
from profile_grpc.store import kinds, statements, tables, times
from profile_grpc.store.bounds import UNBOUND, BoundedLookup, bounded_lookup, check_bound
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Prepared, Row
from profile_grpc.store.tokens import TokenIndex


class _KindLoader:
    """Finds rows of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredRows[Any, Any]) -> None:
        table = stored.table
        columns = stored.columns or table.c.keys()
        self.kind: RowKind[Any, Any] = stored.kind
        self.table = table.name
        self.whole = stored.kind.part_of.whole if stored.kind.part_of else self.kind
        self.key = stored.key
        self._read = stored.read
        self.by_key = statements.lookup(database, table, statements.key_of(table), columns)
        mine = [one for one in kinds.SELECTIONS if one.kind is stored.kind]
        self.selections: dict[Selection[Any, Any, Any], BoundedLookup] = {
            one.selection: bounded_lookup(database, table, one.by, columns, *one.where)
            for one in mine
            if isinstance(one.selection, Selection) and one.by
        }
        self.indexed = [one.selection for one in mine if not one.by]
        self.keys: dict[Selection[Any, Any, Any], Prepared] = {
            one.selection: statements.lookup(database, table, one.by, statements.key_of(table), *one.where)
            for one in mine
            if isinstance(one.selection, Selection) and one.by
        }
        self.counts = {
            one.selection: statements.count_up_to(database, table, one.by, COUNT_LIMIT, *one.where)
            for one in mine
            if one.by
        }

    async def fetch(self, session: Session, statement: Prepared, keys: Collection[Row]) -> dict[Any, Any]:
        """The rows that the statement finds, by their keys."""
        if not keys:
            return {}
        return {row.key: row for row in map(self._read, await session.fetch(statement, sorted(keys)))}

    async def select(self, session: Session, requested: dict[AnyNeed, set[Any]], bound: int) -> dict[Any, Any]:
        """The rows of the selections that are found by columns. Also requests the rows that they lead to."""
        found: dict[Any, Any] = {}
        for selection, lookup in self.selections.items():
            wanted = requested.get(selection)
            if not wanted:
                continue
            rows = await self.fetch(session, lookup.within(bound), wanted)
            check_bound(selection, list(rows.values()), selection.by, bound)
            if selection.also_loads is not None:
                led_to = {by for row in rows.values() for by in selection.also_loads.by(row)}
                requested[selection.also_loads.to] = requested.get(selection.also_loads.to, set()) | led_to
            found |= rows
        return found

    async def count(self, session: Session, wanted: Needs) -> dict[Selection[Any, Any, Any], dict[Any, int]]:
        """The numbers of rows of the selections that are only counted."""
        counts: dict[Selection[Any, Any, Any], dict[Any, int]] = {}
        for selection, keys in wanted.counted.items():
            if selection.of is self.kind:
                by = {tuple(key): key for key in keys}
                found = await session.fetch(self.counts[selection], sorted(by))
                counts[selection] = {by[tuple(key)]: number for *key, number in found}
        return counts


class Loader:
    """Loads `Rows` in a transaction."""

    def __init__(self, database: Database, hasher: Hasher, index: TokenIndex) -> None:
        self._hasher = hasher
        self._index = index
        every = [_KindLoader(database, one) for one in kinds.ROWS]
        self._kinds = [one for one in every if one.whole is one.kind]
        self._parts = [one for one in every if one.whole is not one.kind]
        [self.profile_by_key] = [one.by_key for one in every if one.kind is PROFILES]
        self._totals: dict[TallyKind[Any], Prepared] = {
            one.kind: statements.lookup(database, one.table, [one.by], [one.by, one.number])
            for one in kinds.TALLIES
            if one.by is not None
        }
        # Two statements, not one with outer joins, because Citus would fetch both tables completely.
        self._tombstones, self._ledger = (
            statements.lookup(database, table, ["app_id", "profile_hash"], table.c.keys())
            for table in (tables.tombstone, tables.mad_ledger)
        )

    async def load(self, session: Session, needs: Needs, bound: int) -> Rows:
        """The rows of `needs`, kind by kind in the declared order.

        So guards are read before the rows that they guard: a change of a profile between the two reads also changes its
        guards.

        Raises:
            TooManyRows: of a selection.
        """
        return await session.together(partial(self._load, needs=needs, bound=bound))

    async def _load(self, session: Session, needs: Needs, bound: int) -> Rows:
        requested = dict(needs.requested)
        found: dict[RowKind[Any, Any], dict[Any, Any]] = {}
        counts: dict[Selection[Any, Any, Any], dict[Any, int]] = {}
        for kind in self._kinds:
            rows = await kind.select(session, requested, bound)
            keys = requested.get(kind.kind, set()).difference(rows)
            for selection in kind.indexed:
                if wanted := requested.get(selection):
                    keys.update(await self._index.find(session, selection, wanted, bound))
            rows |= await kind.fetch(session, kind.by_key, [kind.key(key) for key in keys.difference(rows)])
            found[kind.kind] = rows
            if needs.counted:
                counts |= await kind.count(session, needs)
            if kind.kind is PROFILES:
                requested[ORDERS] = needs.orders(rows.values(), self._hasher)
        totals = {kind: await self._total(session, kind, keys) for kind in self._totals if (keys := needs.of(kind))}
        missing = requested.get(PROFILES, set()) - found[PROFILES].keys()
        for part in self._parts:
            wanted = requested.get(part.kind)
            if not wanted:
                continue
            alone = wanted - found[part.whole].keys()
            found[part.kind] = await part.fetch(session, part.by_key, [part.key(key) for key in alone])
            if part.whole is PROFILES:
                missing |= alone - found[part.kind].keys()
        return Rows(
            needs=needs,
            found={kind: rows.values() for kind, rows in found.items() if rows},
            counts=counts,
            totals=totals,
            histories=await self.histories(session, missing) if missing else {},
        )

    async def keys(self, session: Session, needs: Needs) -> set[ProfileKey]:
        """The keys of all profiles that are selected, however many."""
        requested = dict(needs.requested)
        [profiles] = [kind for kind in self._kinds if kind.kind is PROFILES]
        found: set[ProfileKey] = set()
        for selection, statement in profiles.keys.items():
            wanted = requested.get(selection)
            if not wanted:
                continue
            if selection.also_loads is not None:
                rows = await profiles.fetch(session, profiles.selections[selection].unbounded, wanted)
                led_to = {by for row in rows.values() for by in selection.also_loads.by(row)}
                requested[selection.also_loads.to] = requested.get(selection.also_loads.to, set()) | led_to
            found.update(ProfileKey(*row) for row in await session.fetch(statement, sorted(wanted)))
        for indexed in profiles.indexed:
            if wanted := requested.get(indexed):
                found.update(await self._index.find(session, indexed, wanted, UNBOUND))
        return found

    async def _total(self, session: Session, kind: TallyKind[Any], keys: Collection[Any]) -> dict[Any, int]:
        """The numbers with these keys. Each is the sum of several rows."""
        totals: Counter[Any] = Counter()
        for key, number in await session.fetch(self._totals[kind], sorted((key,) for key in keys)):
            totals[key] += number
        return totals

    async def histories(self, session: Session, missing: Iterable[ProfileKey]) -> dict[ProfileKey, History]:
        """What is known of profiles that do not exist."""
        by_hash = {(key.app_id, self._hasher.profile(key)): key for key in missing}
        requested = sorted(by_hash)
        tombstones = {row[:2]: row for row in map(tuple, await session.fetch(self._tombstones, requested))}
        counts: dict[Row, Row] = {}
        for row in map(tuple, await session.fetch(self._ledger, requested)):
            counts[row[:2]] = max(row, counts.get(row[:2], row))  # the last number, if a profile has several rows
        return {key: _history(tombstones.get(hashed), counts.get(hashed)) for hashed, key in by_hash.items()}


def _history(tombstone: Row | None, count: Row | None) -> History:
    """The record of rows of `tombstone` and `mad_ledger`."""
    left = None
    if tombstone is not None:
        app_id, profile_hash, reason, delete_time, mad_deletion_time, version = tombstone
        left = Tombstone(
            app_id=app_id,
            profile_hash=profile_hash,
            reason=DeletionReason(reason),
            delete_time=times.instant(delete_time),
            mad_deletion_time=times.instant(mad_deletion_time),
            version=version,
        )
    mad = None
    if count is not None:
        _, _, number, _, count_time = count
        mad = MadRecord(times.instant(count_time), number, left.mad_deletion_time if left else None)
    return History(left, mad)
