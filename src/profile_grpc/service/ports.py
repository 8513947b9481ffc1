"""The ports of the use cases: protocols for a clock and a store. Its parts have modules of their own (`…_ports`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import Tombstone
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.needs import AnyNeed, Needs, Rows
from profile_grpc.domain.profile import CountKey, Platform, Profile, ProfileStatus
from profile_grpc.domain.reach import Audience, Reachable, Reached, Recipient
from profile_grpc.service.customer_ports import CustomerStore
from profile_grpc.service.directory_ports import DirectoryStore
from profile_grpc.service.event_ports import EventStore
from profile_grpc.service.reaper_ports import ReaperStore


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The current time, UTC, timezone-aware, microsecond precision."""


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

    async def apply(self, changes: Changes) -> None:
        """Writes all changes, or raises Conflict and writes nothing. Called once, last. If they are one
        update, they may be committed when this returns.
        """


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

    @property
    def is_spread(self) -> bool:
        """Whether the apps are distributed over shards, each of which commits and fails independently."""

    async def shard(self, app_id: str) -> int:
        """The number of the shard that holds the app.

        Raises:
            StoreUnavailable.
        """

    def write(self) -> AbstractAsyncContextManager[WriteTransaction]:
        """A transaction that commits durably when the block ends, and rolls back if the block raises.

        Raises (also from the block's end): Conflict, DataRefused, StoreUnavailable.
        """

    async def get(self, key: ProfileKey) -> Profile | None:
        """The profile as committed, or None."""

    async def tombstone(self, key: ProfileKey) -> Tombstone | None:
        """What is left of a deleted profile (D3), or None."""

    async def keys(self, needs: Needs) -> Sequence[ProfileKey]:
        """The keys of all selected profiles, in order, without a limit."""

    async def list(self, wanted: ProfileFilter, after: ProfileKey | None, limit: int) -> Sequence[Profile]:
        """Up to `limit` profiles after the key `after`, ordered by (user_id, device_id)."""

    async def counts(self) -> Mapping[CountKey, int]:
        """The number of stored profiles by app, status and platform. Exact; the cost does not depend on the number of
        profiles.
        """

    async def app_counts(self, app_id: str) -> Mapping[CountKey, int]:
        """`counts` of one app."""

    async def feedback_holds(self) -> Mapping[str, bool]:
        """For every app that ever lost an endpoint to feedback: whether its dead items are held (F8)."""


Cursor = tuple[str, str]
"""The user and the device of the last profile that was read."""


class RecipientPage(NamedTuple):
    """Some recipients, in the order of keys."""

    recipients: Sequence[Recipient]
    """Fewer than were read where a profile has no live endpoint."""
    cursor: Cursor | None
    """The next page begins after it. None: this is the last page."""


class RecipientStore(Protocol):
    """Reads who can be reached."""

    def reader(self, audience: Audience) -> RecipientReader:
        """Reads an audience once, from a cursor on."""


class RecipientReader(Protocol):
    """Reads the recipients of one audience, one page after the other. Every method raises StoreError."""

    async def page(self, bounds: Reachable, after: Cursor | None, size: int) -> RecipientPage:
        """The recipients among the next `size` profiles of the target. `after`: the cursor of the page before."""

    async def counted(
        self, bounds: Reachable, after: Cursor | None
    ) -> tuple[Sequence[tuple[Reached, int]], Cursor | None]:
        """As `page`, of more profiles, without tokens: what is counted of them, and how many are alike."""


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


class HeldLease(NamedTuple):
    """A lease as its holder last renewed it."""

    holder: str
    expire_time: datetime


class LeaseStore(Protocol):
    """Leases by name. A lease has one holder at a time, until the holder releases it or it expires."""

    async def acquire(
        self, name: str, holder: str, now: datetime, duration: timedelta, lost: HeldLease | None = None
    ) -> bool:
        """Acquires or renews the lease; False if the lease of another holder has not expired.

        `now`: the holder's time. `lost`: the lease of another holder that is replaced although it has not expired,
        unless it was renewed.
        """

    async def held(self, name: str) -> HeldLease | None:
        """The lease, expired or not; None if nobody has it."""

    async def release(self, name: str, holder: str) -> None:
        """Releases the lease, if this holder has it."""


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

    async def close(self) -> None: ...
