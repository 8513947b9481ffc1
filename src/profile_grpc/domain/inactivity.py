"""When a profile expires, when the reaper may delete it and when the reaper must stop (P1-P6, P9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from profile_grpc.domain.commands import OnlyOfProfiles
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import PROFILES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

CLOCK_JUMP = timedelta(days=7)
BREAKER_WINDOW = timedelta(hours=24)


def expire_time(
    last_heartbeat_time: datetime | None, register_time: datetime, settings: AppSettings
) -> datetime | None:
    """When the profile expires without another heartbeat; None while it is exempt (P1, P2).

    The app's current period decides, so that a changed period needs no rewritten profile (P3).
    """
    if last_heartbeat_time is not None:
        return last_heartbeat_time + settings.inactivity_period
    if settings.never_heartbeat_ttl is not None:
        return register_time + settings.never_heartbeat_ttl
    return None


def expired(
    last_heartbeat_time: datetime | None, register_time: datetime, settings: AppSettings, now: datetime
) -> bool:
    """Whether readers treat the profile as deleted, even if the reaper has not deleted it yet (P9)."""
    end = expire_time(last_heartbeat_time, register_time, settings)
    return end is not None and now > end


def heartbeat_cutoff(settings: AppSettings, now: datetime) -> datetime:
    """The reaper may delete a profile whose last heartbeat is before this instant (P1)."""
    return now - settings.inactivity_period - promised_granularity(settings, now)


def promised_granularity(settings: AppSettings, now: datetime) -> timedelta:
    """By how much the stored heartbeat of a profile may be older than the acknowledged one (H3).

    A larger granularity of the past applies until each heartbeat that was acknowledged under it is older than the
    period. Otherwise lowering the granularity would break the promise of those acknowledgements (P1).
    """
    kept = settings.kept_granularity
    if kept is not None and now <= kept.end_time + settings.inactivity_period:
        return max(settings.heartbeat_granularity, kept.granularity)
    return settings.heartbeat_granularity


def register_cutoff(settings: AppSettings, now: datetime) -> datetime | None:
    """The reaper may delete a profile without heartbeat registered before this instant; None: never (P2)."""
    return None if settings.never_heartbeat_ttl is None else now - settings.never_heartbeat_ttl


def is_scan_due(last: datetime | None, cutoff: datetime, period: timedelta) -> bool:
    """Whether the reaper should read the day of the cutoff, of which only a part can be due (P5).

    The index contains days. If each pass read the day that contains the cutoff, it would read the same profiles again
    for the few that have become due since. So the day is read again only when half of its remaining time has passed.
    Over the day, twice as many rows are read as are deleted. Readers do not see the remaining profiles (P9), and they
    remain for at most a 32nd of the period.

    Args:
        last: the cutoff when the day of a cutoff was last read; None: not yet.
        cutoff: the cutoff now.
        period: after which profiles expire.
    """
    if last is None or last > cutoff:
        return True
    last = max(last, start_of_day(cutoff))  # the time until which nothing of this day was due
    return cutoff - last >= min((next_day(last) - last) / 2, period / 32)


def next_day(time: datetime) -> datetime:
    """The end of the UTC day."""
    return start_of_day(time) + timedelta(days=1)


def start_of_day(time: datetime) -> datetime:
    """The beginning of the UTC day."""
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def breaker_trips(*, due: int, reaped: int, limit: int) -> bool:
    """Whether deleting `due` profiles now, after `reaped` in the last 24 hours, is more than the app allows (P6)."""
    return due > 0 and reaped + due > limit


def clock_jumped(now: datetime, reference: datetime | None) -> bool:
    """Whether the clock is too far ahead of the last pass, or of the newest activity (P6)."""
    return reference is not None and now - reference > CLOCK_JUMP


class SeenProfile(NamedTuple):
    """A profile that a scan found due, with the heartbeat it saw (P4)."""

    key: ProfileKey
    last_heartbeat_time: datetime | None


@dataclass(frozen=True, slots=True)
class ReapInactive:
    """Delete the profiles that are still inactive (P1-P4)."""

    app_id: str
    seen: tuple[SeenProfile, ...]

    @property
    def size(self) -> int:
        return len(self.seen)

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(PROFILES, *[seen.key for seen in self.seen])

    def decide(self, state: State, settings: AppSettings) -> Deleted:
        """Deletes profiles that are inactive and have sent no heartbeat since the scan (P1, P2, P4)."""
        heard_before = heartbeat_cutoff(settings, state.now)
        registered_before = register_cutoff(settings, state.now)
        deleted = []
        for seen in self.seen:
            profile = state.profile(seen.key)
            if profile is None or profile.status is not ProfileStatus.ACTIVE:
                continue
            if profile.last_heartbeat_time != seen.last_heartbeat_time:
                continue
            if profile.last_heartbeat_time is not None:
                due = profile.last_heartbeat_time < heard_before
            else:
                due = registered_before is not None and profile.register_time < registered_before
            if due:
                state.delete(profile, DeletionReason.INACTIVE)
                deleted.append(profile.key)
        return Deleted(tuple(deleted))


@dataclass(frozen=True, slots=True)
class CorrectFutureTimes(OnlyOfProfiles):
    """Replace times in the future of these profiles by now (Terms), as is done with all rows that are loaded."""

    app_id: str
    keys: tuple[ProfileKey, ...]

    def decide(self, _state: State, _settings: AppSettings) -> None:
        """Nothing more."""


@dataclass(frozen=True, slots=True)
class PurgeUnregistered(OnlyOfProfiles):
    """Delete the UNREGISTERED profiles whose retention is over (P8)."""

    app_id: str
    keys: tuple[ProfileKey, ...]

    def decide(self, state: State, settings: AppSettings) -> Deleted:
        """Deletes the profiles that have been UNREGISTERED for longer than the retention (D1, P8)."""
        deleted = []
        for key in self.keys:
            profile = state.profile(key)
            if profile is None or profile.status is not ProfileStatus.UNREGISTERED or profile.unregister_time is None:
                continue
            if state.now > profile.unregister_time + settings.unregistered_retention:
                state.delete(profile, DeletionReason.UNREGISTERED)
                deleted.append(profile.key)
        return Deleted(tuple(deleted))
