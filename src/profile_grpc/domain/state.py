"""The rows of a batch in memory: the rules read and change them here, and `changes` lists what to write.

The bookkeeping of every change is done here, for all rules: new revisions, guards, tombstones, the profile counts, the
ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from profile_grpc.domain import billing, deletion_records, events
from profile_grpc.domain.billing import LedgerEntry, MadRecord
from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import DeletedProfile, DeletionReason, History
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import DeviceKey, Guard, GuardKey, ProfileKey, UserKey
from profile_grpc.domain.kinds import (
    BEATS,
    COUNTS,
    ENDPOINTS,
    EVENTS,
    GUARDS,
    LEDGER,
    ORDERS,
    PROFILES,
    REAPED,
    RECOUNTED,
    TOMBSTONES,
    ByT,
    KeyT,
    RecordKind,
    RecordT,
    RowKind,
    RowT,
    Selection,
    TallyKind,
)
from profile_grpc.domain.loaded_rows import LoadedRows
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.domain.ordered_calls import DeviceOrder
from profile_grpc.domain.profile import CountKey, Liveness, Profile, UserState
from profile_grpc.domain.stamps import Stamps


class State:
    """The rows that a batch of commands reads and changes."""

    def __init__(self, rows: Rows, *, hasher: Hasher, now: datetime, fresh_revision: Callable[[], int]) -> None:
        self.hasher = hasher
        self.now = now
        self.fresh_revision = fresh_revision
        self._needs: Needs = rows.needs
        self._histories = dict(rows.histories)
        self._totals = rows.totals
        self._tables: defaultdict[RowKind[Any, Any], LoadedRows[Any, Any]] = defaultdict(LoadedRows)
        for kind, found in rows.found.items():
            self._tables[kind].load(found)
        for selection, counts in rows.counts.items():
            self._tables[selection.of].counts[selection] = dict(counts)
        self._guarded_users: set[UserKey] = set()
        self._records: defaultdict[RecordKind[Any], dict[Any, Any]] = defaultdict(dict)
        self._tallies: defaultdict[TallyKind[Any], defaultdict[Any, int]] = defaultdict(lambda: defaultdict(int))
        self._correct_future_times()

    # --- any kind ---

    def row(self, kind: RowKind[KeyT, RowT], key: KeyT) -> RowT | None:
        """The row, or None when there is none."""
        table = self._tables[kind]
        found = table.rows.get(key)
        if found is None and key not in self._needs.of(kind) and key not in table.touched:
            msg = f"a rule reads a row of {kind.name} that its command does not need"
            raise LookupError(msg)
        return found

    def select(self, selection: Selection[ByT, KeyT, RowT], by: ByT) -> list[RowT]:
        """Every row with this common value, ordered by key."""
        return self._tables[selection.of].select(selection, by)

    def count(self, selection: Selection[ByT, Any, Any], by: ByT) -> int:
        """The number of rows with this common value, counted up to COUNT_LIMIT when they were loaded."""
        return self._tables[selection.of].counts[selection][by]

    def put_row(self, kind: RowKind[KeyT, RowT], row: RowT) -> None:
        """Stores the row, new or changed, which has a new revision."""
        self._tables[kind].put(row.key, row)

    def drop_row(self, kind: RowKind[KeyT, Any], key: KeyT) -> None:
        self._tables[kind].drop(key)

    def add_record(self, kind: RecordKind[RecordT], record: RecordT) -> None:
        records = self._records[kind]
        records[kind.key(record) if kind.replaces and kind.key else len(records)] = record

    def add(self, kind: TallyKind[KeyT], key: KeyT, number: int) -> None:
        self._tallies[kind][key] += number

    def total(self, kind: TallyKind[KeyT], key: KeyT) -> int:
        """The number as it was read, with what was added since."""
        if key not in self._needs.of(kind):
            msg = f"a rule reads a number of {kind.name} that its command does not need"
            raise LookupError(msg)
        read, added = self._totals.get(kind), self._tallies.get(kind)
        return (read.get(key, 0) if read else 0) + (added.get(key, 0) if added else 0)

    # --- profiles ---

    def profile(self, key: ProfileKey) -> Profile | None:
        return self.row(PROFILES, key)

    def liveness(self, key: ProfileKey) -> Liveness | None:
        """The part of the profile that a heartbeat needs, or None when there is no profile."""
        profiles = self._tables.get(PROFILES)
        if profiles is not None:
            whole = profiles.rows.get(key)
            if whole is not None:
                found: Liveness = whole.liveness
                return found
            if key in profiles.touched:  # deleted by an earlier command of the batch
                return None
        return self._tables[BEATS].rows.get(key)

    def history(self, key: ProfileKey) -> History:
        """What is known of a missing profile: its tombstone and its last count. Empty for a profile that exists."""
        found = self._histories.get(key)
        if found is None and key not in self._needs.of(PROFILES) and key not in self._needs.of(BEATS):
            msg = "a rule reads the history of a profile that its command does not need"
            raise LookupError(msg)
        return found or _NO_HISTORY

    def device_order(self, device: DeviceKey) -> DeviceOrder | None:
        """The highest call that was applied on the device, if any had a sequence (R13)."""
        return self._tables[ORDERS].rows.get(device)

    # --- changing ---

    def put(self, profile: Profile) -> Profile:
        """Stores the profile, new or changed; returns it with its new revision and with the version it has (E2)."""
        key = profile.key
        profiles = self._tables[PROFILES]
        before = profiles.rows.get(key)
        version = before.version if before is not None else self._version_when_deleted(key)
        profile = profile._replace(revision=self.fresh_revision(), version=version)
        profiles.put(key, profile)
        if before is None or before.status is not profile.status or before.platform is not profile.platform:
            self._count(before, -1)
            self._count(profile, +1)
        # Two profiles that become current at the same time may write no common row: the guard makes them conflict.
        if profile.user_state is UserState.ACTIVE and (before is None or before.user_state is not UserState.ACTIVE):
            self.bump(key.device.guard)
        if key.user in self._guarded_users and profile.receiving and (before is None or not before.receiving):
            self.bump(key.user.guard)
        had = before.push_endpoints if before else ()
        if profile.push_endpoints is not had:
            self._track_tokens(before, profile)
        return profile

    def delete(self, profile: Profile, reason: DeletionReason) -> None:
        """Deletes the profile; adds a tombstone and an event (D3)."""
        key = profile.key
        self.drop_row(PROFILES, key)
        self._count(profile, -1)
        if profile.last_call is not None or reason is DeletionReason.ERASED:
            self.drop_row(ORDERS, key.device)
        gone = DeletedProfile.of(profile)
        if gone.live_endpoints:
            self.add(ENDPOINTS, key.app_id, -gone.live_endpoints)
        tombstone = deletion_records.tombstone(gone, reason, self.now, self.hasher)
        self.add_record(TOMBSTONES, tombstone)
        self._histories[key] = History(tombstone, billing.delete(profile.mad, self.now))
        self.add_record(EVENTS, deletion_records.event(gone, reason, self.now))
        if deletion_records.is_tallied(reason):
            self.add(REAPED, key.app_id, 1)

    def beat(self, key: ProfileKey, last_heartbeat_time: datetime, mad: MadRecord) -> None:
        """Stores a heartbeat of an existing profile, and nothing else."""
        profiles = self._tables.get(PROFILES)
        whole = None if profiles is None else profiles.rows.get(key)
        if whole is not None:
            self.put(whole._replace(last_heartbeat_time=last_heartbeat_time, mad=mad))
            return
        beats = self._tables[BEATS]
        status = beats.rows[key].status
        beats.put(key, Liveness(key, status, last_heartbeat_time, mad, self.fresh_revision()))

    def count_active(self, key: ProfileKey, known: MadRecord | None) -> MadRecord:
        """Counts the profile as active now unless a window covers it (M1, M2)."""
        mad = billing.count(known, self.now)
        if known is None or mad.number != known.number:
            self.add_record(LEDGER, LedgerEntry(key.app_id, self.hasher.profile(key), mad.number, self.now))
        return mad

    def guard_user(self, user: UserKey) -> None:
        """From now on, a profile that becomes the user's newest device bumps the user's guard (R7)."""
        self._guarded_users.add(user)

    def bump(self, guard: GuardKey) -> None:
        """Changes a guard, so that concurrent decisions about its profiles are made again."""
        self.row(GUARDS, guard)  # fails if the command did not request it: its rows were then read without a guard
        self.put_row(GUARDS, Guard(guard, self.fresh_revision()))

    def add_event(self, what: EventType, key: ProfileKey, reason: str = "", customer_id: str | None = None) -> Profile:
        """Adds an event about a stored profile, and returns the profile with its new version (E2).

        `customer_id`: of a customer that it is no longer linked with.
        """
        profiles = self._tables[PROFILES]
        profile: Profile = profiles.rows[key]
        customer = customer_id or profile.attributes.customer_id
        event = events.of_profile(what, key, profile.version, self.now, reason, customer)
        self.add_record(EVENTS, event)
        # A new version alone must be a write too, so that another process that changes the profile conflicts.
        revision = profile.revision if key in profiles.touched else self.fresh_revision()
        stored = profile._replace(version=event.version, revision=revision)
        profiles.restamp(key, stored)
        return stored

    def add_app_event(self, event: EventType, app_id: str, reason: str) -> None:
        """Adds an event about an app, once for each reason in a batch."""
        event_ = Event(event, app_id, self.now, reason=reason)
        if event_ not in self._records.get(EVENTS, {}).values():
            self.add_record(EVENTS, event_)

    # --- the outcome ---

    def changes(self) -> Changes:
        rows = {kind: changed for kind, table in self._tables.items() if (changed := table.changes())}
        tallies = {kind: {key: n for key, n in added.items() if n} for kind, added in self._tallies.items()}
        return Changes(
            time=self.now,
            rows=rows,
            records={kind: list(left.values()) for kind, left in self._records.items()},
            tallies={kind: added for kind, added in tallies.items() if added},
        )

    # --- bookkeeping ---

    def _track_tokens(self, before: Profile | None, profile: Profile) -> None:
        if (before.held if before else []) == profile.held:
            return
        # Two devices that register a free token write no common row: the guard makes them conflict (R4).
        for token in profile.tokens - (before.tokens if before else frozenset()):
            self.bump(token.guard)
        difference = profile.live_endpoints - (before.live_endpoints if before else 0)
        if difference:
            self.add(ENDPOINTS, profile.key.app_id, difference)

    def _correct_future_times(self) -> None:
        """Replaces times in the future by now, and stores them (Terms)."""
        stamps = Stamps(self.now)
        whole = self._tables.get(PROFILES)
        if whole is not None:
            for key, profile in list(whole.rows.items()):
                corrected = stamps.profile(profile)
                if corrected is not profile:
                    whole.put(key, corrected._replace(revision=self.fresh_revision()))
                    self._recount(key, profile.mad, corrected.mad)
        beats = self._tables.get(BEATS)
        if beats is not None:
            for key, beat in list(beats.rows.items()):
                heard = stamps.liveness(beat)
                if heard is not beat and (whole is None or key not in whole.rows):
                    beats.put(key, heard._replace(revision=self.fresh_revision()))
                    self._recount(key, beat.mad, heard.mad)
        for key, history in list(self._histories.items()):
            known = stamps.history(history)
            if known is history:
                continue
            self._histories[key] = known
            if known.tombstone is not None and known.tombstone != history.tombstone:
                self.add_record(TOMBSTONES, known.tombstone)
            if known.mad is not None and history.mad is not None:
                self._recount(key, history.mad, known.mad)

    def _recount(self, key: ProfileKey, before: MadRecord, after: MadRecord) -> None:
        """Corrects the time of a count in the future, also in the ledger, which outlives the profile."""
        if before.count_time != after.count_time:
            counted = LedgerEntry(key.app_id, self.hasher.profile(key), after.number, after.count_time)
            self.add_record(RECOUNTED, counted)

    def _version_when_deleted(self, key: ProfileKey) -> int:
        """The version with which a new profile goes on: that of the tombstone, if there is one (E2)."""
        tombstone = self.history(key).tombstone
        return 0 if tombstone is None else tombstone.version

    def _count(self, profile: Profile | None, difference: int) -> None:
        if profile is not None:
            self.add(COUNTS, CountKey(profile.key.app_id, profile.status, profile.platform), difference)


_NO_HISTORY = History()
