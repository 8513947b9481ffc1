"""The ports of the use cases: protocols for a clock and a store."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.model import (
    CountKey,
    DeletionReason,
    Event,
    Platform,
    Profile,
    ProfileKey,
    ProfileStatus,
    Tombstone,
)
from profile_grpc.domain.needs import AnyNeed, Needs, Rows
from profile_grpc.domain.settings import App
from profile_grpc.domain.state import Changes
from profile_grpc.service.customer_ports import CustomerStore
from profile_grpc.service.event_ports import EventStore


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The current time, UTC, timezone-aware, microsecond precision."""
        ...


class StoreError(Exception):
    """An operation of the store failed. Nothing of the transaction was written, unless the subclass says otherwise."""


class Conflict(StoreError):  # noqa: N818 - the field's term
    """A row has changed since it was read: another writer was first. Read again and decide again."""


class DataRefused(StoreError):  # noqa: N818
    """The database refuses the data. The same data will be refused again."""


class StoreUnavailable(StoreError):  # noqa: N818
    """The database cannot be reached, or the outcome of a commit is unknown. Safe to repeat."""


class NodeUnavailable(StoreUnavailable):
    """A part of the database cannot be reached: the node of a cluster that holds the rows. Other nodes work."""


class TooManyRows(StoreError):  # noqa: N818
    """A batch needs more rows than one transaction should read."""

    def __init__(self, what: AnyNeed, keys: Collection[Any]) -> None:
        super().__init__("more rows were asked for than a batch may read")
        self.what = what
        self.keys = keys
        """The keys of which each alone needs too many rows."""


class WriteTransaction(Protocol):
    """One transaction: load, decide, apply."""

    async def load(self, needs: Needs, *, bounded: bool = True) -> Rows:
        """The rows that `needs` names. Guards are read before the profiles that they guard.

        Raises:
            TooManyRows: if `bounded`, and so many rows would delay other calls.
        """
        ...

    async def apply(self, changes: Changes) -> None:
        """Writes all changes, or raises Conflict and writes nothing. Called once, last. A single heartbeat may be
        committed by this call.
        """
        ...


class ProfileFilter(NamedTuple):
    """A filter of profiles; None: no restriction."""

    app_id: str
    user_id: str | None = None
    device_id: str | None = None
    customer_id: str | None = None
    status: ProfileStatus | None = None
    platform: Platform | None = None
    filter: Filter | None = None
    """In the language of T3."""


class ProfileStore(Protocol):
    """Profiles and their guards."""

    @property
    def commits_concurrently(self) -> bool:
        """Whether several transactions write at the same time."""
        ...

    @property
    def is_spread(self) -> bool:
        """Whether the apps are distributed over shards, each of which commits and fails independently."""
        ...

    async def shard(self, app_id: str) -> int:
        """The number of the shard that holds the app.

        Raises:
            StoreUnavailable.
        """
        ...

    def write(self) -> AbstractAsyncContextManager[WriteTransaction]:
        """A transaction that commits durably when the block ends, and rolls back if the block raises.

        Raises (also from the block's end): Conflict, DataRefused, StoreUnavailable.
        """
        ...

    async def get(self, key: ProfileKey) -> Profile | None:
        """The profile as committed, or None."""
        ...

    async def tombstone(self, key: ProfileKey) -> Tombstone | None:
        """What is left of a deleted profile (D3), or None."""
        ...

    async def keys(self, needs: Needs) -> Sequence[ProfileKey]:
        """The keys of all selected profiles, in order, without a limit."""
        ...

    async def list(self, wanted: ProfileFilter, after: ProfileKey | None, limit: int) -> Sequence[Profile]:
        """Up to `limit` profiles after the key `after`, ordered by (user_id, device_id)."""
        ...

    async def counts(self) -> Mapping[CountKey, int]:
        """The number of stored profiles by app, status and platform. Exact; the cost does not depend on the number of
        profiles.
        """
        ...

    async def app_counts(self, app_id: str) -> Mapping[CountKey, int]:
        """`counts` of one app."""
        ...

    async def feedback_holds(self) -> Mapping[str, bool]:
        """For every app that ever lost an endpoint to feedback: whether its dead items are held (F8)."""
        ...


class KeyKind(enum.IntEnum):
    """The kind of a credential; the contract's numbers."""

    ADMIN = 1
    PROFILE = 2
    BRIDGE = 3
    CLIENT = 4


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company that uses the service. `tenant_id`: 1 to 64 characters of [a-z0-9][a-z0-9._-]*."""

    tenant_id: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored credential: it has a keyed hash instead of the secret."""

    key_id: str
    secret_hash: str
    kind: KeyKind
    tenant_id: str
    app_id: str
    """The one app it reaches (BRIDGE, CLIENT), or empty."""
    create_time: datetime
    revoke_time: datetime | None = None
    label: str = ""
    """A display name."""
    expire_time: datetime | None = None
    """When it expires; None: never."""
    last_used_day: date | None = None
    """The UTC day of its last use, according to the last write; None: never used."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The id of a deleted app, which only its tenant may use (D4)."""

    app_id: str
    tenant_id: str
    delete_time: datetime
    revision: int


class DirectoryStore(Protocol):
    """Tenants, apps and keys. Every change bumps `version` in its transaction."""

    async def version(self) -> int:
        """A number that grows with every change of a tenant, an app or a key."""
        ...

    async def add_tenant(self, tenant: Tenant) -> None:
        """Raises Conflict when the id is taken."""
        ...

    async def tenant(self, tenant_id: str) -> Tenant | None: ...

    async def tenants(self) -> Sequence[Tenant]: ...

    async def add_app(self, app: App) -> None:
        """Raises Conflict when the id is taken. `app.revision` is stored as given."""
        ...

    async def app(self, app_id: str) -> App | None:
        """The app, including one that is being deleted."""
        ...

    async def apps_by_id(
        self, app_ids: Sequence[str], tenant_id: str | None, *, deleted: bool = False
    ) -> Sequence[App]:
        """Those of these apps that belong to the tenant (None: to any tenant).

        Nothing is read of other apps. `deleted`: also the tenant's deleted apps whose ids are reserved, with `deleting`
        set.
        """
        ...

    async def apps(self, tenant_id: str | None, after: str, limit: int) -> Sequence[App]:
        """Up to `limit` apps after the id `after`, ordered by id; `tenant_id` None: of every tenant."""
        ...

    async def change_app(self, app: App, seen: int) -> None:
        """Stores the app. Raises Conflict unless the stored one has the revision `seen`."""
        ...

    async def remove_app(self, reservation: Reservation, seen: int) -> None:
        """Replaces the app by the reservation of its id (D4).

        Deletes its settings, profile counts and reaper records, and revokes its keys. Raises Conflict unless the app
        has the revision `seen`.
        """
        ...

    async def reservation(self, app_id: str) -> Reservation | None:
        """The reservation of an id that no app uses."""
        ...

    async def reserve_app(self, reservation: Reservation, seen: int) -> None:
        """Replaces a reservation. Raises Conflict unless it has the revision `seen`. `change_app` turns it into an
        app.
        """
        ...

    async def reservations(self, before: datetime, after: str, limit: int) -> Sequence[Reservation]:
        """Up to `limit` reservations that are older than that time, with ids after `after`, ordered by id."""
        ...

    async def release_app(self, reservation: Reservation) -> None:
        """Deletes the reservation, unless it has changed since it was read."""
        ...

    async def leaves_traces(self, app_id: str) -> bool:
        """Whether any data of an app with this id is stored: a profile, a tombstone, a count (D4)."""
        ...

    async def add_key(self, key: StoredKey) -> None: ...

    async def key(self, key_id: str) -> StoredKey | None: ...

    async def keys(self, tenant_id: str, app_id: str | None) -> Sequence[StoredKey]:
        """The tenant's keys (of one app), including revoked keys, newest first."""
        ...

    async def revoke_key(self, key_id: str, time: datetime) -> None:
        """Sets the revoke time unless there is one."""
        ...

    async def keys_used(self, key_ids: Sequence[str], day: date) -> None:
        """Stores the UTC day of the keys' last use, unless a later day is stored. Bumps no version."""
        ...


@dataclass(frozen=True, slots=True)
class MadUsage:
    """Monthly active devices of an app (M4)."""

    days: Mapping[date, int]
    """The number of counted devices by UTC day. Days without a count may be missing."""
    distinct: int
    rolling: int


class UsageStore(Protocol):
    """The billing ledger."""

    async def usage(self, app_id: str, first: date, last: date, rolling_since: datetime, now: datetime) -> MadUsage:
        """The counts of the days `first` to `last`, both inclusive, and the devices counted from `rolling_since` until
        now.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReaperRecord:
    """The reaper's state between passes (P6)."""

    last_pass_time: datetime | None = None
    held_since: datetime | None = None
    """Set while the clock hold is in force. Only an operator's confirmation clears it."""


@dataclass(frozen=True, slots=True)
class DueBefore:
    """The limits that decide which ACTIVE profiles of an app are due."""

    app_id: str
    heard: datetime
    """Profiles whose last heartbeat is before this time are due."""
    registered: datetime | None
    """Profiles without a heartbeat that were registered before this time are due. None: they are exempt."""


class DueProfile(NamedTuple):
    """A due profile, found by a scan."""

    key: ProfileKey
    last_heartbeat_time: datetime | None
    stored: Any
    """The other data that `ReaperStore.delete` needs, in the store's form, because there may be very many of these
    objects."""


class LeaseStore(Protocol):
    """Leases by name. A lease has one holder at a time, until the holder releases it or it expires."""

    async def acquire(self, name: str, holder: str, now: datetime, duration: timedelta) -> bool:
        """Acquires or renews the lease; False if the lease of another holder has not expired."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Releases the lease, if this holder has it."""
        ...


class ReaperStore(Protocol):
    """The data that the reaper reads, deletes and stores."""

    async def record(self) -> ReaperRecord: ...

    async def save_record(self, record: ReaperRecord) -> None: ...

    async def newest_sign_of_life(self) -> datetime | None:
        """The newest heartbeat or registration of any profile."""
        ...

    async def due(self, before: DueBefore, limit: int) -> Sequence[DueProfile]:
        """Up to `limit` due profiles, oldest first, at a cost proportional to their number."""
        ...

    async def count_due(self, before: DueBefore, limit: int) -> int:
        """The number of due profiles, counted up to `limit`."""
        ...

    async def due_unregistered(self, app_id: str, before: datetime, limit: int) -> Sequence[DueProfile]:
        """Up to `limit` UNREGISTERED profiles that were unregistered before `before`, oldest first."""
        ...

    async def delete(self, app_id: str, profiles: Sequence[DueProfile], reason: DeletionReason, now: datetime) -> None:
        """Deletes these profiles of the app if none has changed, or raises Conflict and deletes none.

        The same transaction writes everything that belongs to a deletion: guards, tombstones and events (D3, M2), the
        profile counts and, for INACTIVE, the tally of the breaker (P6).
        """
        ...

    async def reaped_since(self, app_id: str, since: datetime) -> int:
        """Deletions for inactivity at or after `since`."""
        ...

    async def last_heartbeat_days(self, app_id: str) -> Mapping[date, int]:
        """How many ACTIVE profiles had their last heartbeat on each UTC day."""
        ...

    async def register_days(self, app_id: str) -> Mapping[date, int]:
        """How many ACTIVE profiles that never sent a heartbeat were last registered on each UTC day."""
        ...

    async def apps_with_leftovers(self) -> Sequence[str]:
        """The apps that have rows which are purged by age. Includes deleted apps, and "" for rows without an app."""
        ...

    async def purge_tombstones(self, app_id: str, before: datetime, limit: int) -> int:
        """Deletes up to `limit` tombstones of the app older than `before`; returns how many."""
        ...

    async def purge_ledger(self, app_id: str, before: datetime, limit: int) -> int: ...

    async def purge_orders(self, app_id: str, before: datetime, limit: int) -> int:
        """Deletes up to `limit` orders of the app's calls whose `forget_time` is before `before` (R13)."""
        ...

    async def stamped_ahead(self, app_id: str, after: datetime, limit: int) -> Sequence[ProfileKey]:
        """Up to `limit` profiles of the app of which a time that the reaper uses is after `after`."""
        ...

    async def purge_reaped(self, app_id: str, before: datetime) -> int:
        """Deletes the deletion tallies of the app older than `before`."""
        ...

    async def purge_imports(self, app_id: str, before: datetime) -> int:
        """Deletes the starts of the app's imports that began before `before` (I2)."""
        ...

    async def held_apps(self) -> Sequence[str]:
        """The apps in which the breaker held at the last pass (P6)."""
        ...

    async def hold(self, app_id: str, now: datetime) -> None:
        """Stores that the breaker holds in the app."""
        ...

    async def release(self, app_id: str) -> None:
        """Stores that it does not."""
        ...

    async def add_events(self, events: Sequence[Event]) -> None:
        """Stores events that belong to no profile change (P6)."""
        ...


class Store(Protocol):
    """The whole store."""

    @property
    def profiles(self) -> ProfileStore: ...
    @property
    def directory(self) -> DirectoryStore: ...
    @property
    def usage(self) -> UsageStore: ...
    @property
    def leases(self) -> LeaseStore: ...
    @property
    def reaper(self) -> ReaperStore: ...
    @property
    def events(self) -> EventStore: ...
    @property
    def customers(self) -> CustomerStore: ...

    async def ping(self) -> None:
        """Checks whether calls can be served: every table exists, and the database can be written.

        Raises: StoreUnavailable.
        """
        ...

    async def close(self) -> None: ...
