"""Loads what a batch needs: one statement for each kind and selection of rows, and none where nothing is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.kinds import ORDERS, OWNERS, PROFILES, TOKENS, RowKind, TallyKind
from profile_grpc.domain.model import DeletionReason, History, MadRecord, Profile, ProfileKey, Tombstone
from profile_grpc.domain.needs import Asked, Needs, Rows
from profile_grpc.store import kinds, statements, tables, times
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Prepared, Row


class _Kind:
    """The ways to find rows of one kind."""

    def __init__(self, database: Database, stored: kinds.StoredRows[Any, Any]) -> None:
        table = stored.table
        columns = stored.columns or [column.name for column in table.c]
        self.kind: RowKind[Any, Any] = stored.kind
        self.table = table.name
        self.whole = stored.kind.part_of.whole if stored.kind.part_of else self.kind
        self._read = stored.read
        self._key = stored.key
        self.by_key = statements.lookup(database, table, [column.name for column in table.primary_key], columns)
        self.selections = {
            one.selection: statements.lookup(database, table, one.by, columns, *one.where)
            for one in kinds.SELECTIONS
            if one.selection.of is stored.kind
        }

    async def select(self, session: Session, asked: dict[Asked, set[Any]]) -> dict[Any, Any]:
        """The rows of the selections that are asked for; asks for what they lead to."""
        found: dict[Any, Any] = {}
        for selection, statement in self.selections.items():
            wanted = asked.get(selection)
            if not wanted:
                continue
            rows = await self.found(session, statement, wanted)
            if selection.leads is not None:
                asked[selection.leads.to] = asked.get(selection.leads.to, set()).union(
                    map(selection.leads.by, rows.values())
                )
            found |= rows
        return found

    async def by_their_keys(
        self, session: Session, asked: dict[Asked, set[Any]], known: Collection[Any]
    ) -> dict[Any, Any]:
        """The rows that are asked for by their keys, without those that are known, or known not to be there."""
        keys = asked.get(self.kind)
        if not keys:
            return {}
        alone = keys.difference(known)
        for selection in self.selections:
            covers, by = selection.covers, asked.get(selection)
            if covers is not None and by:
                alone = {key for key in alone if covers(key) not in by}
        return await self.found(session, self.by_key, list(map(self._key, alone)))

    async def found(self, session: Session, statement: Prepared, keys: Collection[Row]) -> dict[Any, Any]:
        """The rows that the statement finds, by their keys."""
        if not keys:
            return {}
        return {row.key: row for row in map(self._read, await session.fetch(statement, sorted(keys)))}


class Loader:
    """Loads `Rows` in a transaction."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._hasher = hasher
        every = [_Kind(database, one) for one in kinds.ROWS]
        self._kinds = [one for one in every if one.whole is one.kind]
        self._parts = [one for one in every if one.whole is not one.kind]
        [self._tokens] = [one for one in every if one.kind is TOKENS]
        [self._profiles] = [one for one in every if one.kind is PROFILES]
        self.profile_by_key = self._profiles.by_key
        self._owners = self._tokens.selections[OWNERS]
        self._totals: dict[TallyKind[Any], Prepared] = {
            one.kind: statements.lookup(database, one.table, [one.by], [one.by, one.number])
            for one in kinds.TALLIES
            if one.by is not None
        }
        # Two statements, not one with outer joins: for these Citus would fetch both tables whole.
        self._tombstones, self._ledger = (
            statements.lookup(database, table, ["app_id", "profile_hash"], [c.name for c in table.c])
            for table in (tables.tombstone, tables.mad_ledger)
        )

    async def load(self, session: Session, needs: Needs) -> Rows:
        """The rows of `needs`, the kinds in the order in which they are declared.

        So guards come before what they guard: whoever changes a profile between the reads changes its guards.
        """
        asked = dict(needs.asked)
        asked[PROFILES] = needs.of(PROFILES) | needs.patched
        found: dict[RowKind[Any, Any], dict[Any, Any]] = {}
        for kind in self._kinds:
            found[kind.kind] = await kind.select(session, asked)
            alone = await kind.by_their_keys(session, asked, found[kind.kind])
            if kind.kind is PROFILES:
                found[TOKENS] |= await self._load_owners(session, needs, found[PROFILES], alone)
            found[kind.kind] |= alone
            if kind.kind is PROFILES:
                asked[ORDERS] = needs.orders(found[PROFILES].values())
        totals = {kind: await self._total(session, kind, keys) for kind in self._totals if (keys := needs.of(kind))}
        missing = asked[PROFILES] - found[PROFILES].keys()
        for part in self._parts:
            whole = found[part.whole]
            found[part.kind] = await part.by_their_keys(session, asked, whole)
            if part.whole is PROFILES:
                missing |= asked.get(part.kind, set()) - whole.keys() - found[part.kind].keys()
        return Rows(
            needs=needs,
            found={kind: rows.values() for kind, rows in found.items() if rows},
            histories=await self._load_histories(session, missing) if missing else {},
            totals=totals,
        )

    async def _total(self, session: Session, kind: TallyKind[Any], keys: Collection[Any]) -> dict[Any, int]:
        """The numbers with these keys, which several rows sum up to."""
        totals: Counter[Any] = Counter()
        for key, number in await session.fetch(self._totals[kind], sorted((key,) for key in keys)):
            totals[key] += number
        return totals

    async def _load_owners(
        self,
        session: Session,
        needs: Needs,
        selected: dict[ProfileKey, Profile],
        alone: dict[ProfileKey, Profile],
    ) -> dict[Any, Any]:
        """The owners of the tokens that profiles hold which may lose them."""
        changed = [*selected.values(), *(alone[key] for key in alone.keys() & needs.of(PROFILES))]
        owned = needs.of(OWNERS)
        held = {self._hasher.token(p.key.app_id, e.token) for p in changed for e in p.push_endpoints if e.token}
        return await self._tokens.found(session, self._owners, held - owned)

    async def _load_histories(self, session: Session, missing: Iterable[ProfileKey]) -> dict[ProfileKey, History]:
        by_hash = {(key.app_id, self._hasher.profile(key)): key for key in missing}
        asked = sorted(by_hash)
        tombstones = {row[:2]: row for row in map(tuple, await session.fetch(self._tombstones, asked))}
        counts: dict[Row, Row] = {}
        for row in map(tuple, await session.fetch(self._ledger, asked)):
            counts[row[:2]] = max(row, counts.get(row[:2], row))  # of one profile: the last number is asked for
        return {key: _history(tombstones.get(hashed), counts.get(hashed)) for hashed, key in by_hash.items()}


def _history(tombstone: Row | None, count: Row | None) -> History:
    """The record of rows of `tombstone` and `mad_ledger`."""
    left = None
    if tombstone is not None:
        app_id, profile_hash, reason, delete_time, mad_deletion_time = tombstone
        left = Tombstone(
            app_id=app_id,
            profile_hash=profile_hash,
            reason=DeletionReason(reason),
            delete_time=times.instant(delete_time),
            mad_deletion_time=times.instant(mad_deletion_time),
        )
    mad = None
    if count is not None:
        _, _, number, _, count_time = count
        mad = MadRecord(times.instant(count_time), number, left.mad_deletion_time if left else None)
    return History(left, mad)
