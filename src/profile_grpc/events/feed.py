"""What has a position, for the readers of one process: read from the store, the newest once for all of them."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Collection
from contextlib import suppress

import structlog

from profile_grpc.service.event_ports import EventHead, EventStore, LoggedEvent
from profile_grpc.service.ports import StoreError
from profile_grpc.service.watching import Page, Place, expired

log = structlog.get_logger(__name__)

POLL = 0.1
"""Seconds between two looks at how far positions are given, while somebody waits for more."""
WINDOW = 1000
"""Positions that one read covers: what a reader takes at most, and what a scan costs that finds nothing."""
RECENT = 10_000
"""Newest events that are kept in memory."""
IDLE = 1.0
"""Seconds without a waiting reader until the events in memory are forgotten."""
_RETRY = 1.0


class Feed:
    """The log of events as readers of this process see it. `run` follows the newest events while somebody waits."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._recent: list[LoggedEvent] = []
        """Every event of the positions from `_since` (exclusive) to the head's."""
        self._since = 0
        self._head: EventHead | None = None
        self._seen: EventHead | None = None
        """The head that was read last, by whomever. What it calls published stays so: reads go up to there."""
        self._waiting = 0
        self._wanted = asyncio.Event()
        """Somebody waits."""
        self._look = asyncio.Event()
        self._changed = asyncio.Event()
        """Set, and replaced, when the head has changed."""
        self._round = asyncio.Event()
        """Set, and replaced, after every look."""

    def published(self) -> None:
        """This process has given positions: look at once."""
        self._look.set()

    async def run(self) -> None:
        """Follows the newest events while somebody waits for more, until cancelled."""
        while True:
            await self._wait_for_readers()
            self._look.clear()
            try:
                await self._follow()
            except StoreError as error:
                log.warning("events cannot be read", error=str(error))
                await asyncio.sleep(_RETRY)
            if not self._waiting:
                self._wanted.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._look.wait()

    async def _wait_for_readers(self) -> None:
        """Waits until somebody waits. After a while, the events in memory are forgotten: nobody looks whether ids were
        removed from them (C8).
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE):
                await self._wanted.wait()
                return
        self._forget()
        await self._wanted.wait()

    def _forget(self) -> None:
        self._recent, self._since = [], 0 if self._head is None else self._head.published

    async def now(self) -> Place:
        """After the newest event."""
        head = await self._store.head()
        return Place(head.epoch, head.published)

    async def oldest(self) -> Place:
        """Before the oldest event that is kept."""
        head = await self._store.head()
        return Place(head.epoch, head.oldest)

    async def resume(self, place: Place) -> Place:
        """The same place in the present epoch.

        Raises:
            Refused: RESUME_TOKEN_EXPIRED: events after it are gone, or it is of another history of the database.
        """
        end = await self._store.end_of_epoch(place.epoch)
        head = await self._store.head()
        if end is None or place.position > end or place.position < head.oldest:
            raise expired(Place(head.epoch, head.oldest))
        return Place(head.epoch, place.position)

    async def read(self, place: Place, app_ids: Collection[str] | None = None) -> Page:
        """The events after the place, of up to WINDOW positions; of these apps (None: of all).

        A page without events may be at another place than before: then there are more.

        Raises:
            Refused: RESUME_TOKEN_EXPIRED, as `resume`.
            StoreError.
        """
        recent = self._read_recent(place)
        if recent is not None:
            return recent
        head = self._seen
        if head is None or head.epoch != place.epoch or head.published <= place.position:
            head = await self._ask()
            if head.epoch != place.epoch or place.position < head.oldest:
                return Page([], await self.resume(place))
            if head.published <= place.position:
                return Page([], place)
        upto = min(place.position + WINDOW, head.published)
        found = await self._store.read(place.position, upto, app_ids)
        # Only the head after the read tells what was purged meanwhile.
        head = await self._ask()
        if head.epoch != place.epoch or place.position < head.oldest or head.published < upto:
            return Page([], await self.resume(place))
        return Page(found, Place(place.epoch, upto))

    async def _ask(self) -> EventHead:
        self._seen = await self._store.head()
        return self._seen

    async def wait(self, place: Place) -> None:
        """Returns when there may be something after the place. May be cancelled at any time."""
        looked = False
        self._waiting += 1
        try:
            while True:
                head = self._head
                if head is not None and head.epoch == place.epoch:
                    if head.published > place.position:
                        return
                    signal = self._changed
                elif looked:
                    return  # another epoch, which the reader finds out when it reads
                else:
                    signal = self._round
                self._wanted.set()
                await signal.wait()
                looked = True
        finally:
            self._waiting -= 1

    def _read_recent(self, place: Place) -> Page | None:
        head = self._head
        if head is None or head.epoch != place.epoch or not self._since <= place.position <= head.published:
            return None
        begin = bisect_right(self._recent, place.position, key=lambda one: one.position)
        found = self._recent[begin : begin + WINDOW]
        whole = begin + WINDOW >= len(self._recent)
        return Page(found, Place(head.epoch, head.published if whole else found[-1].position))

    async def _follow(self) -> None:
        """Reads what was published since, and lets those go on who wait for it."""
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
            self._recent += new  # only now: a read that fails is repeated from `known`
            if len(self._recent) > 2 * RECENT:
                self._since = self._recent[-RECENT - 1].position
                del self._recent[:-RECENT]
        self._head = head
        if head != known:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
        done, self._round = self._round, asyncio.Event()
        done.set()
