"""The rows of a batch in memory: the rules read and change them here; afterwards they say what is to be written.

Bookkeeping that every change owes, whatever rule made it, is done here once: fresh revisions, guards, owners of tokens,
tombstones, the profile counts, the ledger.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from profile_grpc.domain import billing
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    DeletionReason,
    DeviceKey,
    Event,
    EventType,
    Guard,
    History,
    LedgerEntry,
    Liveness,
    MadRecord,
    Platform,
    Profile,
    ProfileKey,
    ProfileStatus,
    PushEndpoint,
    TokenGuard,
    TokenKey,
    TokenRef,
    Tombstone,
    UserKey,
    UserState,
)
from profile_grpc.domain.needs import CustomerKey, Needs, Rows


class TornRows(Exception):  # noqa: N818 - what happened
    """Rows that another writer changed between two reads: they contradict each other. Read again and decide again."""


class Row(Protocol):
    """A stored row: it has a key and a revision."""

    @property
    def key(self) -> Hashable: ...
    @property
    def revision(self) -> int: ...


RowT = TypeVar("RowT", bound=Row)
KeyT = TypeVar("KeyT", bound=Hashable)


class CountKey(NamedTuple):
    """What profiles are counted by."""

    app_id: str
    status: ProfileStatus
    platform: Platform


class Write(NamedTuple, Generic[RowT]):
    """Write the row, provided that the stored one still has the revision seen (None: provided there is none)."""

    row: RowT
    seen: int | None
    before: RowT | None = None
    """The row that was seen, where it is known: what has not changed need not be written."""


class Delete(NamedTuple, Generic[KeyT]):
    """Delete the row, provided that it still has the revision seen."""

    key: KeyT
    seen: int


@dataclass(slots=True)
class Changes:
    """Everything that a batch writes, in one transaction. Guarded: one row that does not match refuses them all."""

    profiles: list[Write[Profile]]
    deleted_profiles: list[Delete[ProfileKey]]
    beats: list[Write[Liveness]]
    guards: list[Write[Guard]]
    token_guards: list[Write[TokenGuard]]
    deleted_token_guards: list[Delete[TokenKey]]
    tombstones: list[Tombstone]
    ledger: list[LedgerEntry]
    events: list[Event]
    counts: dict[CountKey, int]
    """Differences to the numbers of stored profiles."""
    reaped: dict[str, int]
    """Deletions for inactivity, by app (P6)."""
    time: datetime

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.beats or self._more)

    @property
    def one_beat(self) -> Write[Liveness] | None:
        """The one heartbeat, where it is all there is to write."""
        return self.beats[0] if len(self.beats) == 1 and not self._more else None

    @property
    def _more(self) -> bool:
        """Whether there is more to write than heartbeats."""
        return bool(
            self.profiles
            or self.deleted_profiles
            or self.guards
            or self.token_guards
            or self.deleted_token_guards
            or self.tombstones
            or self.ledger
            or self.events
        )


@dataclass(slots=True)
class _Table(Generic[KeyT, RowT]):
    """The rows of one table: as they are now, and as they were when they were loaded."""

    rows: dict[KeyT, RowT] = field(default_factory=dict)
    loaded: dict[KeyT, RowT] = field(default_factory=dict)
    touched: set[KeyT] = field(default_factory=set)

    def load(self, rows: Iterable[tuple[KeyT, RowT]]) -> None:
        for key, row in rows:
            self.rows[key] = self.loaded[key] = row

    def put(self, key: KeyT, row: RowT) -> None:
        self.rows[key] = row
        self.touched.add(key)

    def drop(self, key: KeyT) -> None:
        self.rows.pop(key, None)
        self.touched.add(key)

    def writes(self) -> list[Write[RowT]]:
        return [self._write(key) for key in self.touched if key in self.rows]

    def _write(self, key: KeyT) -> Write[RowT]:
        before = self.loaded.get(key)
        return Write(self.rows[key], None if before is None else before.revision, before)

    def deletes(self) -> list[Delete[KeyT]]:
        return [
            Delete(key, self.loaded[key].revision)
            for key in self.touched
            if key not in self.rows and key in self.loaded
        ]


class State:
    """The rows that a batch of commands reads and changes."""

    def __init__(self, rows: Rows, *, hasher: Hasher, now: datetime, fresh_revision: Callable[[], int]) -> None:
        self.hasher = hasher
        self.now = now
        self._fresh_revision = fresh_revision
        self._needs: Needs = rows.needs
        self._histories = dict(rows.histories)
        self._profiles: _Table[ProfileKey, Profile] = _Table()
        self._beats: _Table[ProfileKey, Liveness] = _Table()
        self._tokens: _Table[TokenKey, TokenGuard] = _Table()
        self._profiles.load((p.key, p) for p in rows.profiles)
        self._beats.load((b.key, b) for b in rows.beats)
        self._tokens.load((g.key, g) for g in rows.token_guards)
        self._device_members: defaultdict[DeviceKey, set[ProfileKey]] = defaultdict(set)
        self._user_members: defaultdict[UserKey, set[ProfileKey]] = defaultdict(set)
        for key in self._profiles.rows:
            self._device_members[key.device].add(key)
            self._user_members[key.user].add(key)
        self._tokens_by_ref: defaultdict[TokenRef, set[TokenKey]] = defaultdict(set)
        for token in self._tokens.rows:
            self._tokens_by_ref[token.ref].add(token)
        self._seen_guards = rows.guards
        self._bumped: set[int] = set()
        self._guarded_users: set[UserKey] = set()
        self._tombstones: dict[ProfileKey, Tombstone] = {}
        self._ledger: list[LedgerEntry] = []
        self._events: list[Event] = []
        self._counts: Counter[CountKey] = Counter()
        self._reaped: Counter[str] = Counter()

    # --- reading ---

    def profile(self, key: ProfileKey) -> Profile | None:
        """The profile, or None when there is none."""
        found = self._profiles.rows.get(key)
        if found is None and not self._covers(key):
            msg = f"{type(self).__name__}: a rule reads a profile that its command did not ask for"
            raise LookupError(msg)
        return found

    def _covers(self, key: ProfileKey) -> bool:
        needs = self._needs
        return (
            key in needs.profiles
            or key in needs.patched
            or key.device in needs.devices
            or key.user in needs.users
            or key in self._profiles.loaded
            or key in self._profiles.touched
        )

    def liveness(self, key: ProfileKey) -> Liveness | None:
        """What a heartbeat needs of the profile, or None when there is none."""
        whole = self._profiles.rows.get(key)
        if whole is not None:
            return whole.liveness
        if key in self._profiles.touched:  # deleted by an earlier command of the batch
            return None
        return self._beats.rows.get(key)

    def history(self, key: ProfileKey) -> History:
        """What is known of a profile that is not there."""
        return self._histories.get(key, History())

    def on_device(self, device: DeviceKey) -> list[Profile]:
        """Every profile of the device, ordered by user."""
        return [self._profiles.rows[key] for key in sorted(self._device_members.get(device, ()))]

    def of_user(self, user: UserKey) -> list[Profile]:
        """Every profile of the user, ordered by device."""
        return [self._profiles.rows[key] for key in sorted(self._user_members.get(user, ()))]

    def of_customer(self, customer: CustomerKey) -> list[Profile]:
        """Every profile linked with the customer, ordered by key."""
        return sorted(
            (
                p
                for p in self._profiles.rows.values()
                if p.key.app_id == customer.app_id and p.attributes.customer_id == customer.customer_id
            ),
            key=lambda p: p.key,
        )

    def token_owners(self, ref: TokenRef) -> list[TokenGuard]:
        """The guards of a token, whatever its provider and push app id."""
        guards = (self._tokens.rows[key] for key in sorted(self._tokens_by_ref.get(ref, ())))
        return [guard for guard in guards if guard.holders]

    def token_owner(self, key: TokenKey) -> TokenGuard | None:
        """The guard of one token, or None when nobody holds it."""
        guard = self._tokens.rows.get(key)
        return guard if guard is not None and guard.holders else None

    def token_keys(self, profile: Profile) -> set[TokenKey]:
        """The tokens the profile holds."""
        return {self.token_key(profile.key.app_id, e) for e in profile.push_endpoints if e.token}

    def token_key(self, app_id: str, endpoint: PushEndpoint) -> TokenKey:
        """What identifies the endpoint's token (R4)."""
        token = self.token_ref(app_id, endpoint.token)
        return TokenKey(app_id, token.token_hash, endpoint.provider, endpoint.push_app_id)

    def token_ref(self, app_id: str, token: str) -> TokenRef:
        """Stands for the (normalised) token."""
        return self.hasher.token(app_id, token)

    # --- changing ---

    def put(self, profile: Profile) -> Profile:
        """Stores the profile, new or changed; answers it with its revision."""
        key = profile.key
        before = self._profiles.rows.get(key)
        profile = profile._replace(revision=self._fresh_revision())
        self._profiles.put(key, profile)
        if before is None or before.status is not profile.status or before.platform is not profile.platform:
            self._count(before, -1)
            self._count(profile, +1)
        if before is None:
            self._device_members[key.device].add(key)
            self._user_members[key.user].add(key)
        # Whoever becomes current may have written no row that a rival writes as well: the guard is the one.
        if profile.user_state is UserState.ACTIVE and (before is None or before.user_state is not UserState.ACTIVE):
            self._bump(key.device.guard)
        if key.user in self._guarded_users and _is_current(profile) and (before is None or not _is_current(before)):
            self._bump(key.user.guard)
        if (before.push_endpoints if before else ()) != profile.push_endpoints:
            had, has = self.token_keys(before) if before else set(), self.token_keys(profile)
            self._release(key, had - has)
            for token in has - had:
                self._hold(token, key.device_id)
        return profile

    def delete(self, profile: Profile, reason: DeletionReason) -> None:
        """Deletes the profile; leaves a tombstone and an event (D3)."""
        key = profile.key
        self._profiles.drop(key)
        self._device_members[key.device].discard(key)
        self._user_members[key.user].discard(key)
        self._count(profile, -1)
        self._release(key, self.token_keys(profile))
        mad = billing.delete(profile.mad, self.now)
        tombstone = Tombstone(
            app_id=key.app_id,
            profile_hash=self.hasher.profile(key),
            reason=reason,
            delete_time=self.now,
            mad_deletion_time=mad.deletion_time or self.now,
        )
        self._tombstones[key] = tombstone
        self._histories[key] = History(tombstone, mad)
        self.tell(EventType.PROFILE_DELETED, key, reason)
        if reason is DeletionReason.INACTIVE:
            self._reaped[key.app_id] += 1

    def beat(self, key: ProfileKey, last_heartbeat_time: datetime, mad: MadRecord) -> None:
        """Stores a heartbeat of an existing profile, and nothing else."""
        whole = self._profiles.rows.get(key)
        if whole is not None:
            self.put(whole._replace(last_heartbeat_time=last_heartbeat_time, mad=mad))
            return
        row = self._beats.rows[key]
        self._beats.put(key, Liveness(key, row.status, last_heartbeat_time, mad, self._fresh_revision()))

    def count_active(self, key: ProfileKey, known: MadRecord | None) -> MadRecord:
        """Counts the profile as active now unless a window covers it (M1, M2)."""
        mad = billing.count(known, self.now)
        if known is None or mad.number != known.number:
            self._ledger.append(LedgerEntry(key.app_id, self.hasher.profile(key), mad.number, self.now))
        return mad

    def guard_user(self, user: UserKey) -> None:
        """Has whoever becomes the user's newest device bump the user's guard (R7)."""
        self._guarded_users.add(user)

    def tell(self, event: EventType, key: ProfileKey, reason: str = "") -> None:
        """Adds an event about a profile."""
        self._events.append(Event(event, key.app_id, self.now, key.user_id, key.device_id, reason))

    def tell_app(self, event: EventType, app_id: str, reason: str) -> None:
        """Adds an event about an app, once for each reason in a batch."""
        told = Event(event, app_id, self.now, reason=reason)
        if told not in self._events:
            self._events.append(told)

    # --- the outcome ---

    def changes(self) -> Changes:
        """What is to be written."""
        # An owner goes with the last profile that holds the token (D3).
        for token in [g for g in self._tokens.rows.values() if g.holders <= 0]:
            self._tokens.drop(token.key)
        return Changes(
            profiles=self._profiles.writes(),
            deleted_profiles=self._profiles.deletes(),
            beats=self._beats.writes(),
            guards=[Write(Guard(key, self._fresh_revision()), self._seen_guards.get(key)) for key in self._bumped],
            token_guards=self._tokens.writes(),
            deleted_token_guards=self._tokens.deletes(),
            tombstones=list(self._tombstones.values()),
            ledger=self._ledger,
            events=self._events,
            counts={key: n for key, n in self._counts.items() if n},
            reaped=dict(self._reaped),
            time=self.now,
        )

    # --- bookkeeping ---

    def _count(self, profile: Profile | None, difference: int) -> None:
        if profile is not None:
            self._counts[CountKey(profile.key.app_id, profile.status, profile.platform)] += difference

    def _bump(self, guard: int) -> None:
        if guard not in self._needs.guards:
            msg = "a rule makes a profile current without having asked for the guard of its device or user"
            raise LookupError(msg)
        self._bumped.add(guard)

    def _hold(self, key: TokenKey, device_id: str) -> None:
        guard = self._tokens.rows.get(key) or TokenGuard(key, device_id, 0)
        if guard.holders and guard.device_id != device_id:
            if key.ref not in self._needs.tokens or self._is_held(key, guard.device_id):
                msg = "a push token's owner and its profiles contradict each other (R4)"
                raise TornRows(msg)
            # It counts profiles that no longer are: all of the owner's were read after it, and none holds the token. If
            # one came in between, the guard has another revision, and the write is refused.
            guard = guard._replace(holders=0)
        self._tokens_by_ref[key.ref].add(key)
        self._tokens.put(
            key,
            guard._replace(device_id=device_id, holders=guard.holders + 1, revision=self._fresh_revision()),
        )

    def _is_held(self, key: TokenKey, device_id: str) -> bool:
        return any(key in self.token_keys(p) for p in self.on_device(DeviceKey(key.app_id, device_id)))

    def _release(self, holder: ProfileKey, keys: Iterable[TokenKey]) -> None:
        for key in keys:
            guard = self._tokens.rows.get(key)
            if guard is not None:
                self._tokens.put(key, guard._replace(holders=guard.holders - 1, revision=self._fresh_revision()))
            elif key.ref in self._needs.tokens or holder in self._needs.patched:
                # It was read before the profile, or not at all, as the profile was to keep its tokens.
                msg = "a push token's owner was not read with the profile that holds it"
                raise TornRows(msg)
            # Else it was read after the profile and is gone: so there is nothing to take from it.


def _is_current(profile: Profile) -> bool:
    """Whether the profile may be the user's only device that receives push (R7)."""
    return profile.status is ProfileStatus.ACTIVE and not profile.push_superseded
