"""The background clean-up: inactive profiles and everything whose retention is over (P1-P8).

A pass lists what is due and deletes it in chunks, as long as it is as it was found: a heartbeat or a registration that
comes in between wins (P4). A chunk in which that happened goes through the write queue and is decided there again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from time import perf_counter

import structlog

from profile_grpc.domain import inactivity
from profile_grpc.domain.commands import Command, PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.model import DeletionReason, Event, EventType, ProfileStatus
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service.erasing import erase_profiles
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import (
    Clock,
    Conflict,
    DueBefore,
    DueProfile,
    ReaperRecord,
    Store,
    StoreError,
    StoreUnavailable,
)
from profile_grpc.service.write_queue import WriteQueue

log = structlog.get_logger(__name__)

PAGE = 10_000
"""Profiles that are looked up at once."""
PAGE_BESIDE = 2500
"""... while callers come, for whom nothing is done while they are made into records."""
CHUNK = 500
"""Profiles that are deleted in one transaction."""
CHUNK_BESIDE = 150
"""... while callers come: few enough that they do not notice."""
LANES = 3
"""Chunks that are deleted at the same time, where the database allows it."""
REST = 5.0
"""How long a lane rests after a chunk during which callers came, in times of what the chunk took: they come first."""
DECIDED_AT_ONCE = 50
"""Profiles that the write queue decides at once, in the midst of callers."""
PURGE_CHUNK = 500
LEASE = timedelta(seconds=60)
TOMBSTONE_RETENTION = timedelta(days=90)
EVENT_RETENTION = timedelta(days=7)
LEDGER_RETENTION = timedelta(days=400)
APP_PAGE = 1000
_LARGEST = 2**63 - 1
"""What a database can count to."""


class LeaseLost(Exception):  # noqa: N818 - an outcome
    """Another process works as the reaper."""


@dataclass(frozen=True, slots=True)
class Held:
    """An app in which the breaker held (P6)."""

    app_id: str
    due: int
    """How many were due, counted no further than needed to know that it is too many."""
    limit: int
    reaped: int
    """Deletions for inactivity of the last 24 hours, which count towards the limit."""


@dataclass(slots=True)
class PassReport:
    """What a pass did."""

    clock_held: bool = False
    """The clock is too far ahead: nothing was deleted anywhere (P6)."""
    held: list[Held] = field(default_factory=list)
    reaped: Counter[str] = field(default_factory=Counter)
    """Profiles deleted for inactivity, by app."""
    purged_profiles: int = 0
    purged_tombstones: int = 0
    purged_events: int = 0
    purged_ledger_entries: int = 0

    @property
    def stopped(self) -> bool:
        """Whether something waits for an operator's go."""
        return self.clock_held or bool(self.held)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would go in an app, and what expires when (P7)."""

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


@dataclass(frozen=True, slots=True)
class _Deletion:
    """What profiles of an app are deleted for, and who is told how many."""

    app: App
    reason: DeletionReason
    progress: Callable[[str, int], None]

    def command(self, due: Sequence[DueProfile]) -> Command:
        """The command that decides the same."""
        if self.reason is DeletionReason.INACTIVE:
            seen = tuple(SeenProfile(p.key, p.last_heartbeat_time) for p in due)
            return ReapInactive(self.app.app_id, seen)
        return PurgeUnregistered(self.app.app_id, tuple(p.key for p in due))


class Reaper:
    """Any number of processes may run one; the lease in the database lets one work at a time (P5)."""

    def __init__(self, store: Store, queue: WriteQueue, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._reaper = store.reaper
        self._queue = queue
        self._clock = clock
        self._observer = observer
        self._holder = secrets.token_hex(8)
        self._read: dict[tuple[str, str], datetime] = {}
        """The cutoffs at which the day of a cutoff was last read, by app and kind. Lost with the process, which costs
        no more than one more reading."""
        self._beside_callers = True
        """Whether callers came while the last chunk was deleted."""
        self._renewed = 0.0
        """When the lease was last renewed, in seconds of a monotonic clock."""
        self._told_held: set[str] = set()
        """The apps of which the observer was last told that they hold."""

    async def run(self, interval: timedelta) -> None:
        """A pass each `interval` until cancelled; a failed one is logged and tried again at the next."""
        while True:
            await asyncio.sleep(interval.total_seconds())
            try:
                await self.run_pass()
            except LeaseLost:
                continue
            except (StoreError, Refused) as error:
                log.warning("reaper pass failed", error=str(error))
            except Exception:
                log.exception("reaper pass failed")

    async def run_pass(
        self,
        app_id: str | None = None,
        *,
        confirm: bool = False,
        progress: Callable[[str, int], None] | None = None,
    ) -> PassReport:
        """One pass over all apps or one.

        Args:
            app_id: only this app; what belongs to no app is purged as well.
            confirm: an operator's explicit go: passes the breaker and, unless for one app only, ends a clock hold (P6).
            progress: told each chunk: the app, and how many profiles were deleted.

        Raises:
            LeaseLost: another process holds the lease.
            StoreError, Refused: the store or the queue failed; what was deleted stays deleted.
        """
        started = perf_counter()
        await self._renew()
        report = PassReport()
        outcome = "failed"
        try:
            await self._work(report, app_id, confirm=confirm, progress=progress or (lambda _app, _count: None))
            outcome = "held" if report.stopped else "done"
        finally:
            self._observer.reaper_passed(outcome, perf_counter() - started)
            await self._reaper.release_lease(self._holder)
        return report

    async def dry_run(self, app_id: str | None = None) -> list[DryRun]:
        """What a pass now would delete, for each app or one; changes nothing (P7)."""
        return [await self._dry_run(app) async for app in self._apps(app_id)]

    async def held(self) -> list[Held]:
        """The apps in which a pass now would stop (P6); changes nothing."""
        now = self._clock.now()
        found = [await self._over_limit(app, _due_before(app, now), now) async for app in self._apps(None)]
        return [held for held in found if held is not None]

    async def _work(
        self, report: PassReport, app_id: str | None, *, confirm: bool, progress: Callable[[str, int], None]
    ) -> None:
        now = self._clock.now()
        # A go for one app is about its breaker. It must not take the clock's word for all the others.
        report.clock_held = not (confirm and app_id is None) and await self._clock_holds(now)
        self._observer.clock_hold(held=report.clock_held)
        if report.clock_held:
            return
        known: set[str] = set()
        failures: list[Exception] = []
        async for app in self._apps(app_id):
            known.add(app.app_id)
            try:
                await self._reap(app, now, report, confirm=confirm, progress=progress)
                await self._purge_unregistered(app, now, report, progress)
            except StoreUnavailable:
                raise
            except (StoreError, Refused) as error:  # of this app's data or settings: the others are not to wait for it
                log.warning("an app could not be reaped", app=app.app_id, error=str(error))
                failures.append(error)
        if app_id is None:
            self._forget_holds(report)
        await self._purge(now, report)
        await self._erase_homeless(known)
        await self._reaper.save_record(ReaperRecord(last_pass_time=now))
        if failures:
            raise failures[0]

    def _forget_holds(self, report: PassReport) -> None:
        """Of apps that are gone: nobody can give them a go."""
        held = {each.app_id for each in report.held}
        for app_id in self._told_held - held:
            self._observer.breaker(app_id, held=False)
        self._told_held = held

    async def _clock_holds(self, now: datetime) -> bool:
        """Whether the clock is too far ahead to believe; stored, so that only an operator lifts it (P6)."""
        record = await self._reaper.record()
        if record.held_since is not None:
            return True
        reference = record.last_pass_time or await self._reaper.newest_sign_of_life()
        if not inactivity.clock_jumped(now, reference):
            return False
        await self._reaper.save_record(replace(record, held_since=now))
        await self._reaper.add_events([Event(EventType.REAPER_HELD, "", now, reason="CLOCK_JUMPED")])
        log.error(
            "the clock is more than 7 days ahead of the last sign of life; the reaper holds until `reap --confirm`",
            now=now.isoformat(),
            reference=reference.isoformat() if reference else None,
        )
        return True

    async def _reap(
        self,
        app: App,
        now: datetime,
        report: PassReport,
        *,
        confirm: bool,
        progress: Callable[[str, int], None],
    ) -> None:
        before = self._worth_reading(app, _due_before(app, now))
        if not confirm:
            held = await self._breaker_holds(app, before, now)
            self._observer.breaker(app.app_id, held=held is not None)
            if held is not None:
                report.held.append(held)
                return
        else:
            self._observer.breaker(app.app_id, held=False)
        while due := await self._reaper.due(before, self._page_size()):
            current = await self._store.directory.app(app.app_id)
            if current is None:
                return
            if (narrowed := _earlier(before, _due_before(current, now))) != before:
                before = narrowed
                continue
            deleted = await self._delete(_Deletion(current, DeletionReason.INACTIVE, progress), due)
            report.reaped[app.app_id] += deleted
            if not deleted:
                return  # all of them have come back to life since the scan
            await self._renew()

    def _worth_reading(self, app: App, before: DueBefore) -> DueBefore:
        """Leaves out the days of the cutoffs where they were read a short while ago (P5)."""
        heard = self._cutoff(app.app_id, "heard", before.heard, app.settings.inactivity_period)
        ttl = app.settings.never_heartbeat_ttl
        if before.registered is None or ttl is None:
            return replace(before, heard=heard)
        return replace(before, heard=heard, registered=self._cutoff(app.app_id, "registered", before.registered, ttl))

    def _cutoff(self, app_id: str, kind: str, cutoff: datetime, period: timedelta) -> datetime:
        if not inactivity.worth_reading(self._read.get((app_id, kind)), cutoff, period):
            return inactivity.start_of_day(cutoff)
        self._read[app_id, kind] = cutoff
        return cutoff

    async def _breaker_holds(self, app: App, before: DueBefore, now: datetime) -> Held | None:
        """Whether deleting what is due would be too much for 24 hours; if so, tells it (P6)."""
        held = await self._over_limit(app, before, now)
        if held is not None:
            await self._reaper.add_events([Event(EventType.REAPER_HELD, app.app_id, now, reason="BREAKER")])
            log.error(
                "too many profiles are inactive; the reaper holds in this app until `reap --confirm`",
                app_id=app.app_id,
                due_at_least=held.due,
                limit=held.limit,
                reaped_in_24_hours=held.reaped,
            )
        return held

    async def _over_limit(self, app: App, before: DueBefore, now: datetime) -> Held | None:
        """Counts what is due no further than the limit."""
        reaped = await self._reaper.reaped_since(app.app_id, now - inactivity.BREAKER_WINDOW)
        limit = await self._limit(app)
        due = await self._reaper.count_due(before, min(max(limit - reaped, 0) + 1, _LARGEST))
        if not inactivity.breaker_trips(due=due, reaped=reaped, limit=limit):
            return None
        return Held(app.app_id, due, limit, reaped)

    async def _limit(self, app: App) -> int:
        counts = await self._store.profiles.app_counts(app.app_id)
        active = sum(n for key, n in counts.items() if key.status is ProfileStatus.ACTIVE)
        return app.settings.reaper_breaker.limit(active)

    async def _purge_unregistered(
        self, app: App, now: datetime, report: PassReport, progress: Callable[[str, int], None]
    ) -> None:
        before = now - app.settings.unregistered_retention
        while due := await self._reaper.due_unregistered(app.app_id, before, self._page_size()):
            current = await self._store.directory.app(app.app_id)
            if current is None:
                return
            if now - current.settings.unregistered_retention < before:
                before = now - current.settings.unregistered_retention
                continue
            deleted = await self._delete(_Deletion(current, DeletionReason.UNREGISTERED, progress), due)
            report.purged_profiles += deleted
            if not deleted:
                return
            await self._renew()

    def _page_size(self) -> int:
        return PAGE_BESIDE if self._beside_callers else PAGE

    async def _delete(self, deletion: _Deletion, due: Sequence[DueProfile]) -> int:
        """Deletes what is still as it was found, several chunks at a time; answers how many profiles that were."""
        left = iter(due)
        try:
            async with asyncio.TaskGroup() as lanes:
                tasks = [lanes.create_task(self._delete_chunks(deletion, left)) for _ in range(LANES)]
        except ExceptionGroup as failed:
            # What failed first is what callers know how to tell; the other lanes were stopped for it.
            raise failed.exceptions[0] from None
        return sum(task.result() for task in tasks)

    async def _delete_chunks(self, deletion: _Deletion, left: Iterator[DueProfile]) -> int:
        total, app_id = 0, deletion.app.app_id
        while chunk := tuple(islice(left, CHUNK_BESIDE if self._beside_callers else CHUNK)):
            taken, started = self._queue.taken, perf_counter()
            try:
                await self._reaper.delete(app_id, chunk, deletion.reason, self._clock.now())
            except Conflict:
                deleted = await self._decide(deletion, chunk)
            else:
                deleted = len(chunk)
                self._observer.profiles_deleted(app_id, deletion.reason, deleted)
            deletion.progress(app_id, deleted)
            total += deleted
            if perf_counter() - self._renewed > LEASE.total_seconds() / 3:
                await self._renew()
            self._beside_callers = self._queue.taken > taken
            if self._beside_callers:
                await asyncio.sleep((perf_counter() - started) * REST)
        return total

    async def _decide(self, deletion: _Deletion, due: Sequence[DueProfile]) -> int:
        """Has the write queue decide what of these is still due, on fresh state; answers how many it deleted.

        The callers of RPCs come first: few profiles at a time, and the reaper gives way when the queue is full. Where
        they keep changing some of the profiles, it halves them until the others are deleted.
        """
        if len(due) > DECIDED_AT_ONCE:
            return await self._halved(deletion, due)
        while True:
            try:
                result = await self._queue.submit(deletion.command(due), deletion.app.settings)
            except Refused as refused:
                if refused.reason is Reason.CONFLICT:
                    # Alive enough to conflict; a later pass will see.
                    return await self._halved(deletion, due) if len(due) > 1 else 0
                if refused.reason is not Reason.QUEUE_FULL:
                    raise
                await asyncio.sleep(refused.retry_after or 1)
                await self._renew()
            else:
                return len(result.keys) if isinstance(result, Deleted) else 0

    async def _halved(self, deletion: _Deletion, due: Sequence[DueProfile]) -> int:
        middle = len(due) // 2
        return await self._decide(deletion, due[:middle]) + await self._decide(deletion, due[middle:])

    async def _purge(self, now: datetime, report: PassReport) -> None:
        """Deletes tombstones, events and ledger entries past their retention, in chunks (P8)."""
        report.purged_tombstones = await self._in_chunks(
            lambda: self._reaper.purge_tombstones(now - TOMBSTONE_RETENTION, PURGE_CHUNK)
        )
        report.purged_events = await self._in_chunks(
            lambda: self._reaper.purge_events(now - EVENT_RETENTION, PURGE_CHUNK)
        )
        report.purged_ledger_entries = await self._in_chunks(
            lambda: self._reaper.purge_ledger(now - LEDGER_RETENTION, PURGE_CHUNK)
        )
        await self._reaper.purge_reaped(now - inactivity.BREAKER_WINDOW)

    async def _erase_homeless(self, known: AbstractSet[str]) -> None:
        """Erases what a call registered that was under way, somewhere, while its app was deleted.

        Args:
            known: apps that the pass has met, and need not look for.
        """
        counts = await self._store.profiles.counts()
        for app_id in sorted({key.app_id for key in counts} - known):
            if await self._store.directory.app(app_id) is not None:
                continue
            try:
                await erase_profiles(self._store.profiles, self._queue, app_id, AppSettings())
            except Refused as refused:  # a later pass tries again
                log.warning("profiles of an app that is gone could not be erased", app=app_id, error=str(refused))
            await self._renew()

    async def _in_chunks(self, purge: Callable[[], Awaitable[int]]) -> int:
        total = 0
        while purged := await purge():
            total += purged
            await self._renew()
        return total

    async def _dry_run(self, app: App) -> DryRun:
        now = self._clock.now()
        settings = app.settings
        heard = await self._reaper.last_heartbeat_days(app.app_id)
        lifetime = settings.inactivity_period + inactivity.promised_granularity(settings, now)
        expiring = Counter({_last_moment(day) + lifetime: n for day, n in heard.items()})
        if settings.never_heartbeat_ttl is not None:
            registered = await self._reaper.register_days(app.app_id)
            for day, n in registered.items():
                expiring[_last_moment(day) + settings.never_heartbeat_ttl] += n
        histogram: Counter[date] = Counter()
        for end, n in expiring.items():
            histogram[max(end, now).date()] += n
        return DryRun(
            app_id=app.app_id,
            due=await self._reaper.count_due(_due_before(app, now), sum(expiring.values())),
            limit=await self._limit(app),
            reaped=await self._reaper.reaped_since(app.app_id, now - inactivity.BREAKER_WINDOW),
            expiring=dict(sorted(histogram.items())),
        )

    async def _apps(self, app_id: str | None) -> AsyncIterator[App]:
        """Every app, or one."""
        if app_id is not None:
            app = await self._store.directory.app(app_id)
            if app is not None:
                yield app
            return
        after = ""
        while page := await self._store.directory.apps(None, after, APP_PAGE):
            for app in page:
                yield app
            after = page[-1].app_id

    async def _renew(self) -> None:
        self._renewed = perf_counter()
        if not await self._reaper.acquire_lease(self._holder, self._clock.now(), LEASE):
            raise LeaseLost


def _earlier(one: DueBefore, other: DueBefore) -> DueBefore:
    """What both say is due: a period that was raised meanwhile is in force at once (P3), a lowered one next time."""
    registered = None
    if one.registered is not None and other.registered is not None:
        registered = min(one.registered, other.registered)
    return replace(one, heard=min(one.heard, other.heard), registered=registered)


def _due_before(app: App, now: datetime) -> DueBefore:
    return DueBefore(
        app.app_id,
        inactivity.heartbeat_cutoff(app.settings, now),
        inactivity.register_cutoff(app.settings, now),
    )


def _last_moment(day: date) -> datetime:
    """The end of the day: the store knows the day only, and nothing is promised to go too early."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
