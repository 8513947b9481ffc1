"""Reads the event log for all readers of one process. The newest events are read once and cached."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Collection

import structlog

from profile_grpc.service.background import wait_until
from profile_grpc.service.event_ports import EventHead, EventStore, LoggedEvent
from profile_grpc.service.ports import StoreError
from profile_grpc.service.watching import EventPosition, Page, expired

log = structlog.get_logger(__name__)

POLL = 0.1
"""Seconds between two reads of the head of the log, while a reader waits for events."""
WINDOW = 1000
"""Maximum number of positions that one read covers. It limits a page, and the cost of a scan that finds nothing."""
RECENT = 10_000
"""Number of newest events in the cache. It is trimmed when it has twice as many."""
IDLE = 1.0
"""Seconds without a waiting reader after which the cache is cleared."""
_RETRY = 1.0


class Feed:
    """The event log for the readers of this process. `run` caches the newest events while a reader waits."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._recent: list[LoggedEvent] = []
        """The cache: every event after the position `_since`, up to the head's position."""
        self._since = 0
        self._head: EventHead | None = None
        self._seen: EventHead | None = None
        """The head that was read last, by `run` or by a reader. Published events stay published: reads go up to it."""
        self._waiting = 0
        self._wanted = asyncio.Event()
        """Set while a reader waits."""
        self._look = asyncio.Event()
        self._changed = asyncio.Event()
        """Set and replaced when the head has changed."""
        self._round = asyncio.Event()
        """Set and replaced after each read of the head by `run`."""

    def published(self) -> None:
        """Wakes `run`, because this process has published events."""
        self._look.set()

    async def run(self) -> None:
        """Caches the newest events while a reader waits for more. Runs until cancelled."""
        while True:
            await self._wait_for_readers()
            self._look.clear()
            try:
                await self._follow()
            except StoreError as error:
                log.warning("cannot read events", error=str(error))
                await asyncio.sleep(_RETRY)
            if not self._waiting:
                self._wanted.clear()
            await wait_until(self._look, POLL)

    async def _wait_for_readers(self) -> None:
        """Returns when a reader waits.

        After IDLE seconds without one, it clears the cache. Otherwise ids could stay in it that an erasure has removed
        from the log (C8).
        """
        await wait_until(self._wanted, IDLE)
        if not self._wanted.is_set():
            self._recent, self._since = [], 0 if self._head is None else self._head.published
            await self._wanted.wait()

    async def now(self) -> EventPosition:
        """The position of the newest event."""
        head = await self._store.head()
        return EventPosition(head.epoch, head.published)

    async def oldest(self) -> EventPosition:
        """The position before the oldest event that is kept."""
        head = await self._store.head()
        return EventPosition(head.epoch, head.oldest)

    async def resume(self, after: EventPosition) -> EventPosition:
        """The same position in the current epoch.

        Raises:
            Refused: RESUME_TOKEN_EXPIRED: events after the position were deleted, or the database was restored from an
                older copy.
        """
        end = await self._store.end_of_epoch(after.epoch)
        head = await self._store.head()
        if end is None or after.position > end or after.position < head.oldest:
            raise expired(EventPosition(head.epoch, head.oldest))
        return EventPosition(head.epoch, after.position)

    async def read(self, after: EventPosition, app_ids: Collection[str] | None = None) -> Page:
        """The events of the next WINDOW positions after this one.

        A page without events whose end is another position may be followed by more events.

        Args:
            after: the position that the reader has reached.
            app_ids: only events of these apps. None: of all apps.

        Raises:
            Refused: RESUME_TOKEN_EXPIRED, as `resume`.
            StoreError.
        """
        recent = self._read_recent(after)
        if recent is not None:
            return recent
        head = self._seen
        if head is None or head.epoch != after.epoch or head.published <= after.position:
            head = await self._ask()
            if head.epoch != after.epoch or after.position < head.oldest:
                return Page([], await self.resume(after))
            if head.published <= after.position:
                return Page([], after)
        upto = min(after.position + WINDOW, head.published)
        found = await self._store.read(after.position, upto, app_ids)
        # The purge may have deleted events during the read. Only a head that is read afterwards shows it.
        head = await self._ask()
        if head.epoch != after.epoch or after.position < head.oldest or head.published < upto:
            return Page([], await self.resume(after))
        return Page(found, EventPosition(after.epoch, upto))

    async def _ask(self) -> EventHead:
        self._seen = await self._store.head()
        return self._seen

    async def wait(self, after: EventPosition) -> None:
        """Waits until there may be events after the position. May be cancelled at any time."""
        looked = False
        self._waiting += 1
        try:
            while True:
                head = self._head
                if head is not None and head.epoch == after.epoch:
                    if head.published > after.position:
                        return
                    signal = self._changed
                elif looked:
                    return  # another epoch: the next `read` handles it
                else:
                    signal = self._round
                self._wanted.set()
                await signal.wait()
                looked = True
        finally:
            self._waiting -= 1

    def _read_recent(self, after: EventPosition) -> Page | None:
        head = self._head
        if head is None or head.epoch != after.epoch or not self._since <= after.position <= head.published:
            return None
        begin = bisect_right(self._recent, after.position, key=lambda one: one.position)
        found = self._recent[begin : begin + WINDOW]
        whole = begin + WINDOW >= len(self._recent)
        return Page(found, EventPosition(head.epoch, head.published if whole else found[-1].position))

    async def _follow(self) -> None:
        """Adds the events that were published since the last call to the cache, and wakes the waiting readers."""
        head, known = await self._ask(), self._head
        if (
            known is None
            or (head.epoch, head.erasures) != (known.epoch, known.erasures)
            or not 0 <= head.published - known.published <= RECENT
        ):
            self._recent, self._since = [], head.published
        else:
            new: list[LoggedEvent] = []
            for at in range(known.published, head.published, WINDOW):
                new += await self._store.read(at, min(at + WINDOW, head.published))
            self._recent += new  # only after all reads: if one fails, the next call begins at `known` again
            if len(self._recent) > 2 * RECENT:
                self._since = self._recent[-RECENT - 1].position
                del self._recent[:-RECENT]
        self._head = head
        if head != known:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
        done, self._round = self._round, asyncio.Event()
        done.set()
