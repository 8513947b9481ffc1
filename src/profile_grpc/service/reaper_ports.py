"""What the reaper needs of a store (P1-P8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.keys import ProfileKey


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


class ReaperStore(Protocol):
    """The data that the reaper reads, deletes and stores."""

    async def record(self) -> ReaperRecord: ...

    async def save_record(self, record: ReaperRecord) -> None: ...

    async def newest_sign_of_life(self) -> datetime | None:
        """The newest heartbeat or registration of any profile."""

    async def due(self, before: DueBefore, limit: int) -> Sequence[DueProfile]:
        """Up to `limit` due profiles, oldest first, at a cost proportional to their number."""

    async def count_due(self, before: DueBefore, limit: int) -> int:
        """The number of due profiles, counted up to `limit`."""

    async def due_unregistered(self, app_id: str, before: datetime, limit: int) -> Sequence[DueProfile]:
        """Up to `limit` UNREGISTERED profiles that were unregistered before `before`, oldest first."""

    async def delete(self, app_id: str, profiles: Sequence[DueProfile], reason: DeletionReason, now: datetime) -> None:
        """Deletes these profiles of the app if none has changed, or raises Conflict and deletes none.

        The same transaction writes everything that belongs to a deletion: guards, tombstones and events (D3, M2), the
        profile counts and, for INACTIVE, the tally of the breaker (P6).
        """

    async def reaped_since(self, app_id: str, since: datetime) -> int:
        """Deletions for inactivity at or after `since`."""

    async def last_heartbeat_days(self, app_id: str) -> Mapping[date, int]:
        """How many ACTIVE profiles had their last heartbeat on each UTC day."""

    async def register_days(self, app_id: str) -> Mapping[date, int]:
        """How many ACTIVE profiles that never sent a heartbeat were last registered on each UTC day."""

    async def apps_with_leftovers(self) -> Sequence[str]:
        """The apps that have rows which are purged by age. Includes deleted apps, and "" for rows without an app."""

    async def purge_tombstones(self, app_id: str, before: datetime, limit: int) -> int:
        """Deletes up to `limit` tombstones of the app older than `before`; returns how many."""

    async def purge_ledger(self, app_id: str, before: datetime, limit: int) -> int:
        """Deletes up to `limit` counts of the app older than `before`; returns how many."""

    async def purge_orders(self, app_id: str, before: datetime, limit: int) -> int:
        """Deletes up to `limit` orders of the app's calls whose `forget_time` is before `before` (R13)."""

    async def stamped_ahead(self, app_id: str, after: datetime, limit: int) -> Sequence[ProfileKey]:
        """Up to `limit` profiles of the app of which a time that the reaper uses is after `after`."""

    async def purge_reaped(self, app_id: str, before: datetime) -> int:
        """Deletes the deletion tallies of the app older than `before`."""

    async def purge_imports(self, app_id: str, before: datetime) -> int:
        """Deletes the starts of the app's imports that began before `before` (I2)."""

    async def held_apps(self) -> Sequence[str]:
        """The apps in which the breaker held at the last pass (P6)."""

    async def hold(self, app_id: str, now: datetime) -> None:
        """Stores that the breaker holds in the app."""

    async def release(self, app_id: str) -> None:
        """Stores that it does not."""
