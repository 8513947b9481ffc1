"""A store in memory, and what it promises: rows guarded by revisions, all changes or none."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    DeviceKey,
    Event,
    Guard,
    History,
    LedgerEntry,
    MadRecord,
    Profile,
    ProfileKey,
    TokenGuard,
    TokenKey,
    Tombstone,
)
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.domain.state import Changes, CountKey, Delete, Row, Write
from profile_grpc.service.ports import Conflict

KeyT = TypeVar("KeyT", bound=Hashable)
RowT = TypeVar("RowT")


class World:
    """Everything that is stored. `load` and `apply` do in memory what a store's transaction does."""

    def __init__(self, hasher: Hasher) -> None:
        self.hasher = hasher
        self.profiles: dict[ProfileKey, Profile] = {}
        self.guards: dict[int, Guard] = {}
        self.tokens: dict[TokenKey, TokenGuard] = {}
        self.tombstones: dict[tuple[str, str], Tombstone] = {}
        self.ledger: defaultdict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
        self.events: list[Event] = []
        self.counts: Counter[CountKey] = Counter()
        self.reaped: list[tuple[datetime, str, int]] = []

    # --- reading ---

    def load(self, needs: Needs) -> Rows:
        """The rows that `needs` names, as the contract of `Rows` says."""
        devices = needs.devices | {
            DeviceKey(token.app_id, guard.device_id)
            for token, guard in self.tokens.items()
            if token.ref in needs.tokens
        }
        whole = {
            p.key: p
            for p in self.profiles.values()
            if p.key in needs.profiles
            or p.key.device in devices
            or p.key.user in needs.users
            or (p.key.app_id, p.attributes.customer_id) in needs.customers
        }
        patched = {key: self.profiles[key] for key in needs.patched if key in self.profiles}
        missing = {key for key in needs.profiles | needs.patched | needs.beats if key not in self.profiles}
        held = {token for p in whole.values() for token in self.tokens_of(p)}
        return Rows(
            needs=needs,
            beats=[self.profiles[key].liveness for key in needs.beats if key in self.profiles],
            profiles=list((whole | patched).values()),
            guards={key: self.guards[key].revision for key in needs.guards if key in self.guards},
            token_guards=[g for token, g in self.tokens.items() if token in held or token.ref in needs.tokens],
            histories={key: self.history(key) for key in missing},
        )

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

    def tokens_of(self, profile: Profile) -> set[TokenKey]:
        """The tokens the profile holds."""
        app_id = profile.key.app_id
        return {
            TokenKey(app_id, self.hasher.token(app_id, e.token).token_hash, e.provider, e.push_app_id)
            for e in profile.push_endpoints
            if e.token
        }

    # --- writing ---

    def add(self, profile: Profile) -> None:
        """Stores a profile with everything that belongs to one."""
        key = profile.key
        self.profiles[key] = profile
        self.counts[CountKey(key.app_id, profile.status, profile.platform)] += 1
        for token in self.tokens_of(profile):
            guard = self.tokens.get(token, TokenGuard(token, key.device_id, 0, revision=1))
            self.tokens[token] = guard._replace(holders=guard.holders + 1)
        profile_hash = self.hasher.profile(key)
        self.ledger[key.app_id, profile_hash].append(
            LedgerEntry(key.app_id, profile_hash, profile.mad.number, profile.mad.count_time)
        )

    def apply(self, changes: Changes) -> None:
        """Writes everything or, with Conflict, nothing."""
        self.check(changes)
        _write(self.profiles, changes.profiles, changes.deleted_profiles)
        _write(self.guards, changes.guards, [])
        _write(self.tokens, changes.token_guards, changes.deleted_token_guards)
        for beat in changes.beats:
            self.profiles[beat.row.key] = self.profiles[beat.row.key]._replace(
                last_heartbeat_time=beat.row.last_heartbeat_time,
                mad=beat.row.mad,
                revision=beat.row.revision,
            )
        self.tombstones |= {(t.app_id, t.profile_hash): t for t in changes.tombstones}
        for entry in changes.ledger:
            self.ledger[entry.app_id, entry.profile_hash].append(entry)
        self.events += changes.events
        for count, difference in changes.counts.items():
            self.counts[count] += difference
        self.reaped += [(changes.time, app_id, number) for app_id, number in changes.reaped.items()]

    def check(self, changes: Changes) -> None:
        """Raises Conflict unless every row is as it was when it was read."""
        _check(self.profiles, changes.profiles, changes.deleted_profiles)
        _check(self.profiles, changes.beats, [])
        _check(self.guards, changes.guards, [])
        _check(self.tokens, changes.token_guards, changes.deleted_token_guards)
        for entry in changes.ledger:
            if any(entry.number == e.number for e in self.ledger.get((entry.app_id, entry.profile_hash), ())):
                raise Conflict("the ledger has this count already")


def _check(rows: Mapping[Any, Row], writes: Iterable[Write[Any]], deletes: Iterable[Delete[Any]]) -> None:
    seen: dict[Hashable, int | None] = {write.row.key: write.seen for write in writes}
    for key, revision in (seen | {delete.key: delete.seen for delete in deletes}).items():
        row = rows.get(key)
        if (row.revision if row else None) != revision:
            raise Conflict("a row is not as it was read")


def _write(rows: dict[Any, Any], writes: Iterable[Write[Any]], deletes: Iterable[Delete[Any]]) -> None:
    for delete in deletes:
        del rows[delete.key]
    for write in writes:
        rows[write.row.key] = write.row
