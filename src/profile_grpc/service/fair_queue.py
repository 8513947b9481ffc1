"""Fair shares: of the write queue, where single calls have priority over bulk and apps take turns, and of long work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary


class Waiting(Protocol):
    """An entry of the queue."""

    @property
    def app_id(self) -> str:
        """The app whose backlog it belongs to."""

    @property
    def size(self) -> int:
        """The number of its profiles or items, at least 1."""


WaitingT = TypeVar("WaitingT", bound=Waiting)

_QUIET = 64
"""Batches of bulk alone after which no single calls are expected: about half a second."""


class FairQueue(Generic[WaitingT]):
    """Two lanes, single calls and bulk. In each the apps take turns, and an app's entries keep their order.

    A batch has single calls first, then bulk: up to half of the batch, and up to `bulk` while there are single calls or
    were recently. Bulk alone fills whole batches.
    """

    def __init__(self, batch: int, bulk: int) -> None:
        """`batch`: the largest size of a batch. `bulk`: the largest size of bulk in a batch with single calls."""
        self._batch = batch
        self._bulk = max(1, min(bulk, batch // 2))
        self._lanes: tuple[Lane[WaitingT], Lane[WaitingT]] = (Lane(), Lane())
        self._bulk_alone = _QUIET
        """Batches of bulk alone since the last single call."""

    def __len__(self) -> int:
        """How many entries wait."""
        singles, bulks = self._lanes
        return singles.length + bulks.length

    @property
    def size(self) -> int:
        """The total size of all entries."""
        singles, bulks = self._lanes
        return singles.size + bulks.size

    @property
    def has_bulk(self) -> bool:
        """Whether bulk waits, so that the next batch need not wait for callers."""
        return bool(self._lanes[1].length)

    def add(self, entry: WaitingT, *, bulk: bool) -> None:
        """Appends an entry to its lane."""
        self._lanes[bulk].add(entry)

    def take(self) -> list[WaitingT]:
        """The next batch; empty if nothing waits. A single entry larger than its share is taken anyway."""
        singles, bulks = self._lanes
        calls = singles.take(self._batch - min(self._bulk, bulks.size)) if singles.length else []
        if calls:
            self._bulk_alone = 0
        elif bulks.length:
            self._bulk_alone += 1
        if not bulks.length:
            return calls
        return calls + bulks.take(self._bulk if self._bulk_alone <= _QUIET else self._batch)


class Lane(Generic[WaitingT]):
    """First in, first out for each app; the apps take turns, one entry each."""

    def __init__(self) -> None:
        self.length = 0
        """How many entries wait."""
        self.size = 0
        """Their total size."""
        self._backlogs: dict[str, deque[WaitingT]] = {}
        self._turns: deque[deque[WaitingT]] = deque()

    def add(self, entry: WaitingT) -> None:
        """Appends an entry to those of its app. An app that was not waiting takes its turn after the others."""
        backlog = self._backlogs.get(entry.app_id)
        if backlog is None:
            backlog = self._backlogs[entry.app_id] = deque()
            self._turns.append(backlog)
        backlog.append(entry)
        self.length += 1
        self.size += entry.size

    def take(self, room: int) -> list[WaitingT]:
        """As many entries as fit into `room`, and the first one in any case."""
        taken: list[WaitingT] = []
        while self._turns:
            backlog = self._turns[0]
            if taken and backlog[0].size > room:
                break
            entry = backlog.popleft()
            taken.append(entry)
            room -= entry.size
            if not backlog:
                self._turns.popleft()
                del self._backlogs[entry.app_id]
            elif len(self._turns) > 1:
                self._turns.rotate(-1)
        self.length -= len(taken)
        self.size -= sum([entry.size for entry in taken])
        return taken


class FairSemaphore:
    """Limits how many tasks run at a time: to `slots` in all, and to one for each owner.

    An owner waits for one slot at a time, however many tasks it has, and slots are given in the order of waiting. So
    owners take turns, as apps do in the write queue.
    """

    def __init__(self, slots: int) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One lock for each owner with tasks."""

    @asynccontextmanager
    async def slot(self, owner: str) -> AsyncIterator[None]:
        """Waits for a slot, and releases it at the end of the block."""
        own = self._own.setdefault(owner, asyncio.Lock())
        async with own, self._slots:
            yield
