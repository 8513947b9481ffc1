"""The reaper: one pass after another over all apps, by one process at a time (P5)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import structlog

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.inactivity import CorrectFutureTimes
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.domain.stamps import MAX_AHEAD
from profile_grpc.reaper.deletion import Deletion
from profile_grpc.reaper.dry_run import DryRun, dry_run
from profile_grpc.reaper.due import Inactive, ReadCutoffs, Unregistered, inactive_before
from profile_grpc.reaper.holds import HeldApp, Holds
from profile_grpc.reaper.purge import Purged, purge_customers, purge_events, purge_leftovers, release_app_ids
from profile_grpc.service.apps import erase_profiles
from profile_grpc.service.background import repeat
from profile_grpc.service.directory_ports import every_app
from profile_grpc.service.lease import Lease
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, Conflict, NodeUnavailable, Store, StoreError, StoreUnavailable
from profile_grpc.service.reaper_ports import ReaperRecord
from profile_grpc.service.write_queue import WriteQueue

log = structlog.get_logger(__name__)

LEASE = "reaper"
"""The name of the lease that the one reaping process holds."""
_CORRECTED = 100
"""Profiles whose times are corrected in one transaction."""


@dataclass(slots=True)
class PassReport:
    """What a pass did."""

    clock_held: bool = False
    """The clock is too far ahead: nothing was deleted anywhere (P6)."""
    held: list[HeldApp] = field(default_factory=list)
    reaped: Counter[str] = field(default_factory=Counter)
    """Profiles deleted for inactivity, by app."""
    purged: Purged = field(default_factory=Purged)

    @property
    def stopped(self) -> bool:
        """Whether something waits for an operator's confirmation."""
        return self.clock_held or bool(self.held)


@dataclass(frozen=True, slots=True)
class _Order:
    """The arguments of a pass."""

    app_id: str | None
    """Only this app; None: all."""
    confirm: bool
    progress: Callable[[str, int], None]
    now: datetime


class _Failures:
    """Collects errors of single apps, so that the pass can continue with the others."""

    def __init__(self) -> None:
        self._first: Exception | None = None

    @contextmanager
    def kept(self, app_id: str | None = None) -> Iterator[None]:
        """Keeps an error of the block about an app's data, settings or node, and continues after the block."""
        try:
            yield
        except (StoreError, Refused) as error:
            if isinstance(error, StoreUnavailable) and not isinstance(error, NodeUnavailable):
                raise
            log.warning("cannot complete a part of the pass", app=app_id, error=str(error))
            self._first = self._first or error

    def raise_first(self) -> None:
        """Raises the first error, if there was one."""
        if self._first is not None:
            raise self._first


class Reaper:
    """Any number of processes may run one; the lease in the database lets one work at a time (P5)."""

    def __init__(self, store: Store, queue: WriteQueue, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._observer = observer
        self._lease = Lease(store.leases, LEASE, clock)
        self._holds = Holds(store, observer)
        self._deletion = Deletion(store, queue, clock, observer, self._lease)
        self._cutoffs = ReadCutoffs()

    async def run(self, interval: timedelta) -> None:
        """A pass each `interval` until cancelled; a failed one is logged and tried again at the next."""
        await asyncio.sleep(interval.total_seconds())
        await repeat(self.run_pass, interval.total_seconds(), "reaper pass")

    async def run_pass(
        self,
        app_id: str | None = None,
        *,
        confirm: bool = False,
        progress: Callable[[str, int], None] | None = None,
    ) -> PassReport:
        """One pass over all apps or one.

        Args:
            app_id: only this app; what belongs to no app is purged too.
            confirm: an operator's confirmation. It overrides the breaker and, unless for one app only, ends a clock
                hold (P6).
            progress: called after each chunk with the app and the number of deleted profiles.

        Raises:
            LeaseLost: another process holds the lease.
            StoreError, Refused: the store or the queue failed; what was deleted stays deleted.
        """
        await self._lease.acquire()
        started = perf_counter()
        report, outcome = PassReport(), "failed"
        order = _Order(app_id, confirm, progress or (lambda _app, _count: None), self._clock.now())
        try:
            await self._work(report, order)
            outcome = "held" if report.stopped else "done"
        finally:
            self._observer.reaper_passed(outcome, perf_counter() - started)
            await self._lease.release()
        return report

    async def dry_run(self, app_id: str | None = None) -> list[DryRun]:
        """What a pass would delete now, for each app or one; changes nothing (P7)."""
        now = self._clock.now()
        return [await dry_run(self._store.reaper, self._holds, app, now) async for app in self._apps(app_id)]

    async def clock_would_hold(self) -> bool:
        """Whether a pass would delete nothing now, because the clock cannot be trusted (P6); changes nothing."""
        return await self._holds.clock_would_hold(self._clock.now())

    async def held(self) -> list[HeldApp]:
        """The apps that a pass would hold now (P6); changes nothing."""
        now = self._clock.now()
        found = [await self._holds.over_limit(app, inactive_before(app, now), now) async for app in self._apps(None)]
        return [held for held in found if held is not None]

    async def _work(self, report: PassReport, order: _Order) -> None:
        # A confirmation for one app is about its breaker. It must not end the clock hold for all the others.
        all_apps = order.app_id is None
        certain = not _clock_went_back(order.now, (await self._store.reaper.record()).last_pass_time)
        report.clock_held = await self._holds.clock_holds(order.now, confirm=order.confirm and all_apps)
        if report.clock_held:
            return
        known: set[str] = set()
        failures = _Failures()
        async for app in self._apps(order.app_id):
            known.add(app.app_id)
            with failures.kept(app.app_id):
                if certain:
                    await self._correct_future_times(app, order.now)
                await self._clean(app, report, order)
        if all_apps:
            self._holds.forget_all_but({held.app_id for held in report.held})
            await self._holds.forget_gone(known)
        reaper, leftovers = self._store.reaper, {*known, ""}
        with failures.kept():  # if one node is unavailable, the database cannot list the apps that are gone
            leftovers.update(await reaper.apps_with_leftovers())
        for app_id in sorted(leftovers):
            with failures.kept(app_id):
                await purge_leftovers(reaper, app_id, order.now, self._lease, report.purged)
        with failures.kept():
            report.purged.events += await purge_events(self._store.events, order.now)
        with failures.kept():
            report.purged.tombstones += await purge_customers(self._store, order.now)
        with failures.kept():
            await self._erase_leftovers_of_deleted_apps(known)
        with failures.kept():
            await release_app_ids(self._store.directory, order.now, self._lease)
        await reaper.save_record(ReaperRecord(last_pass_time=order.now))
        failures.raise_first()

    async def _correct_future_times(self, app: App, now: datetime) -> None:
        """Sets the app's times that a wrong clock dated in the future to now, for profiles without calls (Terms)."""
        while found := await self._store.reaper.stamped_ahead(app.app_id, now + MAX_AHEAD, _CORRECTED):
            try:
                await self._queue.submit(CorrectFutureTimes(app.app_id, tuple(found)), app.settings)
            except Refused as refused:
                if refused.reason is not Reason.QUEUE_FULL:
                    raise
                await asyncio.sleep(refused.retry_after or 1)
            await self._lease.acquire()

    async def _clean(self, app: App, report: PassReport, order: _Order) -> None:
        """Deletes what is inactive in the app unless the breaker holds, and purges what is unregistered."""
        now, progress = order.now, order.progress
        before = inactive_before(app, now)
        if not self._holds.is_held(app.app_id):
            before = self._cutoffs.without_recent_days(app, before)
        held = await self._holds.breaker_holds(app, before, now, confirm=order.confirm)
        if held is not None:
            report.held.append(held)
        else:
            if deleted := await self._deletion.delete_due(app, Inactive(before), now, progress):
                report.reaped[app.app_id] = deleted
            self._cutoffs.mark_read(before)
        report.purged.profiles += await self._deletion.delete_due(app, Unregistered.of(app, now), now, progress)

    async def _erase_leftovers_of_deleted_apps(self, known: AbstractSet[str]) -> None:
        """Erases profiles of deleted apps: a call that was in progress during the deletion may have registered them.

        Args:
            known: apps that exist, as this pass has read them.
        """
        counts = await self._store.profiles.counts()
        for app_id in sorted({key.app_id for key in counts} - known):
            if not await self._gone(app_id):
                continue
            gone = partial(self._gone, app_id)
            try:
                await erase_profiles(self._store.profiles, self._queue, app_id, AppSettings(), gone)
            except Conflict:  # it is being created again, which erases them
                continue
            except Refused as refused:  # a later pass tries again
                log.warning("cannot erase the profiles of a deleted app", app=app_id, error=str(refused))
            await self._lease.acquire()

    async def _gone(self, app_id: str) -> bool:
        return await self._store.directory.app(app_id) is None

    async def _apps(self, app_id: str | None) -> AsyncIterator[App]:
        """Every app, or one."""
        if app_id is not None:
            app = await self._store.directory.app(app_id)
            if app is not None:
                yield app
            return
        async for app in every_app(self._store.directory, None):
            yield app


def _clock_went_back(now: datetime, last_pass_time: datetime | None) -> bool:
    """Whether the last pass is dated in the future: then it is not known yet which of the two clocks was wrong.

    A pass under a clock that is briefly behind must not set back the times of every profile. The next pass decides.
    """
    return last_pass_time is not None and last_pass_time - now > MAX_AHEAD
