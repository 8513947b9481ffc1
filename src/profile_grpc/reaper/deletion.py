"""Deletes the profiles of an app that are due, page by page, in chunks, with priority for callers (P4, P5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from time import perf_counter

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.settings import App
from profile_grpc.reaper.due import Due
from profile_grpc.service.lease import Lease
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, Conflict, Store
from profile_grpc.service.reaper_ports import DueProfile
from profile_grpc.service.write_queue import WriteQueue

LANES = 3
"""Chunks that are deleted at the same time, where the database allows it."""
REST = 5.0
"""How long a lane pauses after a chunk, as a multiple of the chunk's duration, while there are callers."""
DECIDED_AT_ONCE = 50
"""Profiles in one command to the write queue, which it decides together with the commands of callers."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many profiles are processed at once."""

    page: int
    """Looked up by one statement."""
    chunk: int
    """Deleted in one transaction."""


ALONE = Sizes(page=10_000, chunk=500)
WITH_CALLERS = Sizes(page=2500, chunk=150)
"""Small enough that callers do not notice: no call is answered while a page is converted to records."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What is deleted in which app, under which settings, and the callback for the number of deletions."""

    app: App
    due: Due
    progress: Callable[[str, int], None]


class Deletion:
    """Deletes due profiles of one app after another."""

    def __init__(self, store: Store, queue: WriteQueue, clock: Clock, observer: Observer, lease: Lease) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._observer = observer
        self._lease = lease
        self._callers_active = True
        """Whether the write queue accepted commands while the last chunk was deleted."""

    async def delete_due(self, app: App, due: Due, now: datetime, progress: Callable[[str, int], None]) -> int:
        """Deletes the profiles that are due and have not changed since they were found; returns their number.

        Settings are read again for each page, so that a longer period applies during a pass (P3).

        Raises:
            LeaseLost, StoreError, Refused: what was deleted stays deleted.
        """
        total = 0
        while found := await due.find(self._store.reaper, self._sizes.page):
            current = await self._store.directory.app(app.app_id)
            if current is None:
                break
            if (narrowed := due.under(current, now)) != due:
                due = narrowed
                continue
            deleted = await self._delete_page(_Work(current, due, progress), found)
            total += deleted
            if not deleted:
                break  # all of them have changed since they were found
            await self._lease.acquire()
        return total

    @property
    def _sizes(self) -> Sizes:
        return WITH_CALLERS if self._callers_active else ALONE

    async def _delete_page(self, work: _Work, found: Sequence[DueProfile]) -> int:
        """Deletes several chunks at a time."""
        left = iter(found)
        try:
            async with asyncio.TaskGroup() as lanes:
                tasks = [lanes.create_task(self._delete_chunks(work, left)) for _ in range(LANES)]
        except ExceptionGroup as failed:
            # Callers can handle the first error; the other lanes were cancelled because of it.
            raise failed.exceptions[0] from None
        return sum(task.result() for task in tasks)

    async def _delete_chunks(self, work: _Work, left: Iterator[DueProfile]) -> int:
        total, app_id, reason = 0, work.app.app_id, work.due.reason
        while chunk := tuple(islice(left, self._sizes.chunk)):
            accepted, started = self._queue.accepted, perf_counter()
            try:
                await self._store.reaper.delete(app_id, chunk, reason, self._clock.now())
            except Conflict:
                deleted = await self._decide(work, chunk)
            else:
                deleted = len(chunk)
                self._observer.profiles_deleted(app_id, reason, deleted)
            work.progress(app_id, deleted)
            total += deleted
            await self._lease.keep()
            self._callers_active = self._queue.accepted > accepted
            if self._callers_active:
                await asyncio.sleep((perf_counter() - started) * REST)
        return total

    async def _decide(self, work: _Work, found: Sequence[DueProfile]) -> int:
        """Lets the write queue decide on fresh state which of these are still due; returns how many it deleted.

        Callers have priority: few profiles at a time, and the reaper waits when the queue is full. If callers keep
        changing some of the profiles, the list is halved until the others are deleted.
        """
        if len(found) > DECIDED_AT_ONCE:
            return await self._decide_halves(work, found)
        while True:
            try:
                result = await self._queue.submit(work.due.command(work.app.app_id, found), work.app.settings)
            except Refused as refused:
                if refused.reason is Reason.CONFLICT:
                    # It keeps changing, so it is alive; a later pass checks again.
                    return await self._decide_halves(work, found) if len(found) > 1 else 0
                if refused.reason is not Reason.QUEUE_FULL:
                    raise
                await asyncio.sleep(refused.retry_after or 1)
                await self._lease.acquire()
            else:
                return len(result.keys)

    async def _decide_halves(self, work: _Work, found: Sequence[DueProfile]) -> int:
        middle = len(found) // 2
        return await self._decide(work, found[:middle]) + await self._decide(work, found[middle:])
