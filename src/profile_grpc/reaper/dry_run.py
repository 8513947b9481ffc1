"""What a pass would delete, without deleting anything (P7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from profile_grpc.domain import inactivity
from profile_grpc.domain.settings import App
from profile_grpc.reaper.due import inactive_before
from profile_grpc.reaper.holds import Holds
from profile_grpc.service.reaper_ports import ReaperStore


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be deleted in an app, and what expires when (P7)."""

    app_id: str
    due: int
    limit: int
    reaped: int
    """Deletions for inactivity of the last 24 hours, which count towards the limit."""
    expiring: Mapping[date, int]
    """How many profiles the reaper may delete from each UTC day on, overdue ones under the first."""

    @property
    def held(self) -> bool:
        """Whether the breaker would hold."""
        return inactivity.breaker_trips(due=self.due, reaped=self.reaped, limit=self.limit)


async def dry_run(store: ReaperStore, holds: Holds, app: App, now: datetime) -> DryRun:
    """What a pass would delete in the app now; changes nothing."""
    settings = app.settings
    lifetime = settings.inactivity_period + inactivity.promised_granularity(settings, now)
    expiring = Counter(
        {_last_moment(day) + lifetime: n for day, n in (await store.last_heartbeat_days(app.app_id)).items()}
    )
    if settings.never_heartbeat_ttl is not None:
        for day, n in (await store.register_days(app.app_id)).items():
            expiring[_last_moment(day) + settings.never_heartbeat_ttl] += n
    histogram: Counter[date] = Counter()
    for end, n in expiring.items():
        histogram[max(end, now).date()] += n
    return DryRun(
        app_id=app.app_id,
        due=await store.count_due(inactive_before(app, now), sum(expiring.values())),
        limit=await holds.limit(app),
        reaped=await holds.reaped(app, now),
        expiring=dict(sorted(histogram.items())),
    )


def _last_moment(day: date) -> datetime:
    """The end of the day: the store counts by day, and a dry run must not predict deletions too early."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
