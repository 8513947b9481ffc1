"""A store in memory, and what it promises: rows guarded by revisions, all changes or none."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

from profile_grpc.domain.billing import LedgerEntry, MadRecord
from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import History, Tombstone
from profile_grpc.domain.events import Event
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import Guard, GuardKey, ProfileKey, Token
from profile_grpc.domain.kinds import (
    COUNTS,
    ENDPOINTS,
    EVENTS,
    GUARDS,
    LEDGER,
    ORDERS,
    PROFILES,
    RAISED_GUARDS,
    REAPED,
    RECOUNTED,
    TOMBSTONES,
    NarrowedSelection,
    RecordKind,
    RowKind,
    Selection,
    TallyKind,
)
from profile_grpc.domain.needs import COUNT_LIMIT, Needs, Rows
from profile_grpc.domain.profile import CountKey, Profile
from profile_grpc.service.ports import Conflict


class World:
    """Everything that is stored, by its kind. `load` and `apply` do in memory what a store's transaction does."""

    def __init__(self, hasher: Hasher) -> None:
        self.hasher = hasher
        self.rows: defaultdict[RowKind[Any, Any], dict[Any, Any]] = defaultdict(dict)
        self.records: defaultdict[RecordKind[Any], dict[Hashable, Any]] = defaultdict(dict)
        self.tallies: defaultdict[TallyKind[Any], Counter[Any]] = defaultdict(Counter)

    @property
    def profiles(self) -> dict[ProfileKey, Profile]:
        return self.rows[PROFILES]

    @property
    def guards(self) -> dict[GuardKey, Guard]:
        return self.rows[GUARDS]

    @property
    def tokens(self) -> dict[Token, set[str]]:
        """The devices that hold each token."""
        found: dict[Token, set[str]] = {}
        for p in self.profiles.values():
            for token in p.tokens:
                found.setdefault(token, set()).add(p.key.device_id)
        return found

    @property
    def tombstones(self) -> dict[Hashable, Tombstone]:
        return self.records[TOMBSTONES]

    @property
    def ledger(self) -> dict[tuple[str, str], list[LedgerEntry]]:
        """The counts of each (app, user, device), oldest first."""
        found: dict[tuple[str, str], list[LedgerEntry]] = {}
        for entry in self.records[LEDGER].values():
            found.setdefault((entry.app_id, entry.profile_hash), []).append(entry)
        return found

    @property
    def events(self) -> list[Event]:
        return list(self.records[EVENTS].values())

    @property
    def counts(self) -> Counter[CountKey]:
        return self.tallies[COUNTS]

    @property
    def reaped(self) -> Counter[str]:
        return self.tallies[REAPED]

    # --- reading ---

    def load(self, needs: Needs) -> Rows:
        """The rows that `needs` names, as the contract of `Rows` says; more than those are loaded of none."""
        found: defaultdict[RowKind[Any, Any], dict[Any, Any]] = defaultdict(dict)
        for what, keys in needs.requested.items():
            if isinstance(what, Selection):
                self._select(what, keys, found)
            elif isinstance(what, NarrowedSelection):
                rows = self.rows[what.of.of]
                found[what.of.of] |= {k: row for k, row in rows.items() if any(what.matches(row, by) for by in keys)}
        wanted: set[ProfileKey] = set()
        for kind, keys in needs.requested.items():
            if not isinstance(kind, RowKind):
                continue
            whole = kind if kind.part_of is None else kind.part_of.whole
            found[kind] |= self._by_key(kind, keys)
            if whole is PROFILES:
                wanted |= keys
        found[ORDERS] |= self._by_key(ORDERS, needs.orders(found[PROFILES].values(), self.hasher))
        return Rows(
            needs=needs,
            totals={what: self.tallies[what] for what in needs.requested if isinstance(what, TallyKind)},
            found={kind: list(rows.values()) for kind, rows in found.items()},
            counts={what: {by: self._count(what, by) for by in keys} for what, keys in needs.counted.items()},
            histories={key: self.history(key) for key in wanted if key not in self.profiles},
        )

    def _select(self, selection: Selection[Any, Any, Any], wanted: set[Any], found: dict[Any, dict[Any, Any]]) -> None:
        rows = {key: row for key, row in self.rows[selection.of].items() if wanted.intersection(selection.by(row))}
        found[selection.of] |= rows
        if selection.also_loads is not None:
            self._select(
                selection.also_loads.to, {by for row in rows.values() for by in selection.also_loads.by(row)}, found
            )

    def _count(self, selection: Selection[Any, Any, Any], by: Any) -> int:
        return min(sum(by in selection.by(row) for row in self.rows[selection.of].values()), COUNT_LIMIT)

    def _by_key(self, kind: RowKind[Any, Any], keys: Iterable[Any]) -> dict[Any, Any]:
        if kind.part_of is not None:
            whole = self._by_key(kind.part_of.whole, keys)
            return {key: kind.part_of.take(row) for key, row in whole.items()}
        return {key: self.rows[kind][key] for key in keys if key in self.rows[kind]}

    def history(self, key: ProfileKey) -> History:
        """What is known of a profile that is not there."""
        tombstone = self.tombstone(key)
        counted = self.ledger_of(key)
        if not counted:
            return History(tombstone)
        deletion_time = tombstone.mad_deletion_time if tombstone else None
        return History(tombstone, MadRecord(counted[-1].count_time, counted[-1].number, deletion_time))

    def tombstone(self, key: ProfileKey) -> Tombstone | None:
        return self.tombstones.get((key.app_id, self.hasher.profile(key)))

    def ledger_of(self, key: ProfileKey) -> list[LedgerEntry]:
        """The counts of one (app, user, device), oldest first."""
        return self.ledger.get((key.app_id, self.hasher.profile(key)), [])

    # --- writing ---

    def add(self, profile: Profile) -> None:
        """Stores a profile with everything that belongs to one."""
        key = profile.key
        self.profiles[key] = profile
        self.counts[CountKey(key.app_id, profile.status, profile.platform)] += 1
        self.tallies[ENDPOINTS][key.app_id] += profile.live_endpoints
        profile_hash = self.hasher.profile(key)
        entry = LedgerEntry(key.app_id, profile_hash, profile.mad.number, profile.mad.count_time)
        self.records[LEDGER][(key.app_id, profile_hash, entry.number)] = entry

    def apply(self, changes: Changes) -> None:
        """Writes everything or, with Conflict, nothing."""
        self.check(changes)
        for kind, changed in changes.rows.items():
            for deleted in changed.deletes:
                del self.rows[kind][deleted.key]
            for write in changed.writes:
                self._write(kind, write.row)
        for record_kind, records in changes.records.items():
            for record in records:
                if record_kind is RAISED_GUARDS:
                    self._write(GUARDS, record)
                    continue
                # The counts that are dated anew are those of the ledger.
                into = LEDGER if record_kind is RECOUNTED else record_kind
                self.records[into][self._record_key(record_kind, record)] = record
        for tally, added in changes.tallies.items():
            self.tallies[tally].update(added)

    def _write(self, kind: RowKind[Any, Any], row: Any) -> None:
        if kind.part_of is None:
            self.rows[kind][row.key] = row
        else:
            whole = self.rows[kind.part_of.whole]
            whole[row.key] = kind.part_of.give(whole[row.key], row)

    def _record_key(self, kind: RecordKind[Any], record: Any) -> Hashable:
        return kind.key(record) if kind.key else len(self.records[kind])

    def check(self, changes: Changes) -> None:
        """Raises Conflict unless every row is as it was when it was read."""
        for kind, changed in changes.rows.items():
            rows = self.rows[kind.part_of.whole if kind.part_of else kind]
            seen = {write.row.key: write.seen for write in changed.writes}
            for key, revision in (seen | {row.key: row.revision for row in changed.deletes}).items():
                stored = rows.get(key)
                if (stored.revision if stored else None) != revision:
                    raise Conflict("a row is not as it was read")
        for record_kind, records in changes.records.items():
            if record_kind.key is None or record_kind.replaces:
                continue
            if any(record_kind.key(record) in self.records[record_kind] for record in records):
                raise Conflict("there is such a record already")
