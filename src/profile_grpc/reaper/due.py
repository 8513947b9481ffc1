"""What a pass deletes in an app: the two kinds of profiles that can be due, and how each is found and decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, Self

from profile_grpc.domain import inactivity
from profile_grpc.domain.commands import Command
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.settings import App
from profile_grpc.service.reaper_ports import DueBefore, DueProfile, ReaperStore


class Due(Protocol):
    """Profiles of an app that are due for one reason, as of the time of a pass."""

    reason: ClassVar[DeletionReason]

    async def find(self, store: ReaperStore, limit: int) -> Sequence[DueProfile]:
        """Up to `limit` of them, oldest first."""

    def under(self, app: App, now: datetime) -> Self:
        """What is due under these settings too: a longer period applies at once (P3), a shorter one next time."""

    def command(self, app_id: str, profiles: Sequence[DueProfile]) -> Command[Deleted]:
        """Decides on fresh state which of these to delete."""


def inactive_before(app: App, now: datetime) -> DueBefore:
    """Which profiles of the app are inactive (P1, P2)."""
    return DueBefore(
        app.app_id,
        inactivity.heartbeat_cutoff(app.settings, now),
        inactivity.register_cutoff(app.settings, now),
    )


@dataclass(frozen=True, slots=True)
class Inactive:
    """ACTIVE profiles without a sign of life for longer than the app's periods (P1, P2)."""

    reason: ClassVar = DeletionReason.INACTIVE
    before: DueBefore

    async def find(self, store: ReaperStore, limit: int) -> Sequence[DueProfile]:
        return await store.due(self.before, limit)

    def under(self, app: App, now: datetime) -> Self:
        current, registered = inactive_before(app, now), None
        if self.before.registered is not None and current.registered is not None:
            registered = min(self.before.registered, current.registered)
        return replace(
            self, before=replace(self.before, heard=min(self.before.heard, current.heard), registered=registered)
        )

    def command(self, app_id: str, profiles: Sequence[DueProfile]) -> Command[Deleted]:
        return ReapInactive(app_id, tuple(SeenProfile(p.key, p.last_heartbeat_time) for p in profiles))


@dataclass(frozen=True, slots=True)
class Unregistered:
    """UNREGISTERED profiles whose retention is over (D1, P8)."""

    reason: ClassVar = DeletionReason.UNREGISTERED
    app_id: str
    before: datetime

    @classmethod
    def of(cls, app: App, now: datetime) -> Self:
        """What is due in the app now."""
        return cls(app.app_id, now - app.settings.unregistered_retention)

    async def find(self, store: ReaperStore, limit: int) -> Sequence[DueProfile]:
        return await store.due_unregistered(self.app_id, self.before, limit)

    def under(self, app: App, now: datetime) -> Self:
        return replace(self, before=min(self.before, now - app.settings.unregistered_retention))

    def command(self, app_id: str, profiles: Sequence[DueProfile]) -> Command[Deleted]:
        return PurgeUnregistered(app_id, tuple(p.key for p in profiles))


class ReadCutoffs:
    """Skips the day of a cutoff if this process has read it recently (P5).

    Kept in memory only: after a restart each such day is read once more, and each process reads it for itself. A count
    of what is due without that day is too small, so it must not end a hold of the breaker (P6).
    """

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], datetime] = {}
        """The cutoffs whose day was last read, by app and kind."""

    def without_recent_days(self, app: App, before: DueBefore) -> DueBefore:
        """The cutoffs, each moved back to the start of its day if that day was read recently."""
        heard = self._cutoff(app.app_id, "heard", before.heard, app.settings.inactivity_period)
        ttl = app.settings.never_heartbeat_ttl
        if before.registered is None or ttl is None:
            return replace(before, heard=heard)
        return replace(before, heard=heard, registered=self._cutoff(app.app_id, "registered", before.registered, ttl))

    def mark_read(self, before: DueBefore) -> None:
        """Everything before these cutoffs is deleted, or was found to be alive."""
        for kind, cutoff in (("heard", before.heard), ("registered", before.registered)):
            # A cutoff at the start of a day reads nothing of that day.
            if cutoff is not None and cutoff != inactivity.start_of_day(cutoff):
                self._read[before.app_id, kind] = cutoff

    def _cutoff(self, app_id: str, kind: str, cutoff: datetime, period: timedelta) -> datetime:
        scan_due = inactivity.is_scan_due(self._read.get((app_id, kind)), cutoff, period)
        return cutoff if scan_due else inactivity.start_of_day(cutoff)
