"""What the checks of calls found, by day, outcome and SDK version (J7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from profile_grpc.domain.jwt import JwtMode, JwtOutcome
from profile_grpc.domain.settings import App
from profile_grpc.service.background import repeat
from profile_grpc.service.jwt.store import CountKey, JwtStore
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, StoreError

FLUSH_INTERVAL = 5.0
"""Seconds between two writes of a process's counts, and of the metrics of them. A crash loses as much."""
MAX_VERSIONS = 32
"""SDK versions of an app and a day that are counted apart."""
OTHER = "other"
"""All further ones."""
KEPT_DAYS = 30
_IMPACT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Impact:
    """How many of the checked calls REQUIRE would refuse."""

    calls: int = 0
    refused: int = 0

    @property
    def refused_share(self) -> float:
        """0 to 1."""
        return self.refused / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """How ready an app's callers are for REQUIRE."""

    mode: JwtMode
    last_7_days: Impact
    days: Mapping[date, Collection[tuple[CountKey, int]]]
    """The last 30 days that have calls, newest first; of each the largest number first."""


class Tally:
    """Counts checked calls in memory, and writes the numbers every few seconds."""

    def __init__(self, store: JwtStore, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._counts: Counter[CountKey] = Counter()
        """Counts that are not written yet, except those of `_cells`."""
        self._cells: dict[tuple[str, JwtOutcome, str], int] = {}
        """Counts of the current day since the last flush, by app, outcome and version. Calls add only here."""
        self._begin = self._end = datetime.min.replace(tzinfo=UTC)
        """The current UTC day."""
        self._versions: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._purged = date.min

    def count(self, app_id: str, now: datetime, outcome: JwtOutcome, sdk_version: str) -> None:
        if not self._begin <= now < self._end:
            self._gather()
            self._begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
            self._end = self._begin + timedelta(days=1)
        cell = app_id, outcome, sdk_version
        calls = self._cells.get(cell)
        if calls is None:
            cell = app_id, outcome, self._bounded(app_id, now.date(), sdk_version)
            calls = self._cells.get(cell, 0)
        self._cells[cell] = calls + 1

    async def flush(self) -> None:
        """Writes the numbers, and deletes those that are too old.

        Raises:
            StoreError: they are kept in memory.
        """
        self._gather()
        counts, self._counts = self._counts, Counter()
        try:
            if counts:
                await self._store.add_counts(await self._settled(counts))
        except StoreError:
            self._counts += counts
            raise
        today = self._clock.now().date()
        if self._purged < today:
            await self._store.purge_counts(today - timedelta(days=KEPT_DAYS - 1))
            self._purged = today
            self._versions = defaultdict(set, {key: known for key, known in self._versions.items() if key[1] >= today})

    async def run(self, interval: float = FLUSH_INTERVAL) -> None:
        """Flushes every `interval` seconds until cancelled. Numbers that cannot be written are kept."""
        await repeat(self.flush, interval, "write the counts of checked JWTs")

    def _gather(self) -> None:
        """Moves the counts of the current day to those that are to be written, and reports them to the observer."""
        cells, self._cells = self._cells, {}
        day = self._begin.date()
        for (app_id, outcome, version), calls in cells.items():
            self._counts[CountKey(app_id, day, outcome, version)] += calls
            self._observer.jwt_checked(app_id, outcome, calls)

    def _bounded(self, app_id: str, day: date, version: str) -> str:
        known = self._versions[app_id, day]
        if version in known:
            return version
        if len(known) >= MAX_VERSIONS:
            return OTHER
        known.add(version)
        return version

    async def _settled(self, counts: Counter[CountKey]) -> Mapping[CountKey, int]:
        """The counts, with at most MAX_VERSIONS versions of an app and a day over all processes."""
        settled: Counter[CountKey] = Counter()
        for app_id, day in {(key.app_id, key.day) for key in counts}:
            stored = set(await self._store.versions(app_id, day)) - {OTHER}
            for key, number in counts.items():
                if (key.app_id, key.day) != (app_id, day):
                    continue
                if key.sdk_version not in stored and len(stored) >= MAX_VERSIONS:
                    settled[key._replace(sdk_version=OTHER)] += number
                else:
                    stored.add(key.sdk_version)
                    settled[key] += number
        return settled


class JwtReadiness:
    """Reports of what the checks found."""

    def __init__(self, store: JwtStore, tally: Tally, clock: Clock) -> None:
        self._store = store
        self._tally = tally
        self._clock = clock

    async def report(self, app: App) -> Readiness:
        """The last 30 UTC days of the app. What other processes have counted is up to 5 seconds late."""
        today = self._clock.now().date()
        found = await self._counted(app.app_id, today)
        days: dict[date, list[tuple[CountKey, int]]] = defaultdict(list)
        for key, number in sorted(found.items(), key=lambda item: (-item[1], item[0])):
            days[key.day].append((key, number))
        return Readiness(app.settings.jwt.mode, _impact(found, today), dict(sorted(days.items(), reverse=True)))

    async def of_requiring(self, app_id: str) -> tuple[Impact, Sequence[str]]:
        """What REQUIRE would have refused in the last 7 UTC days, and warnings for the app's owner, in English."""
        today = self._clock.now().date()
        impact = _impact(await self._counted(app_id, today), today)
        has_keys = bool(await self._store.of_app(app_id))
        return impact, list(_warnings(impact, has_keys=has_keys))

    async def _counted(self, app_id: str, today: date) -> Mapping[CountKey, int]:
        await self._tally.flush()
        return await self._store.counts(app_id, today - timedelta(days=KEPT_DAYS - 1))


def _warnings(impact: Impact, *, has_keys: bool) -> Iterator[str]:
    if not has_keys:
        yield "The app has no key for JWTs: every call with a CLIENT key is refused until one is added."
    if not impact.calls:
        yield (
            "No call was checked in the last 7 days, so nobody knows what REQUIRE refuses: set OBSERVE first, and read"
            " GetJwtReadiness."
        )
    elif impact.refused:
        yield (
            f"{impact.refused} of {impact.calls} calls of the last 7 days ({impact.refused_share:.1%}) would have been"
            " refused. Users of app versions that send no valid JWT get no messages until they update."
        )


def _impact(counts: Mapping[CountKey, int], today: date) -> Impact:
    recent = {key: n for key, n in counts.items() if key.day > today - timedelta(days=_IMPACT_DAYS)}
    refused = sum(n for key, n in recent.items() if key.outcome is not JwtOutcome.VALID)
    return Impact(sum(recent.values()), refused)
