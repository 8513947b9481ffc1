"""The common parts of everything that works in batches: waiting for callers, their size, and isolating failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

EntryT = TypeVar("EntryT")

LINGER = 0.012
"""Seconds: as long as it takes to answer a hundred callers and to read what they ask next."""
_FIRST_SIZE = 100
_LEAST_SIZE = 50
"""The smallest batch. A smaller one would spend most of its time on the fixed cost of a batch."""
_GROWTH = 2
"""The largest growth from one batch to the next, because one measurement may be wrong."""


class Gathering:
    """A short wait before a batch, for callers that were just answered.

    Callers that were answered together call again together, and can share the next batch.
    """

    def __init__(self, linger: float = LINGER) -> None:
        """`linger`: the maximum wait in seconds."""
        self._linger = linger
        self._target = 0
        self._gathered = asyncio.Event()

    def arrived(self, waiting: int) -> None:
        """Another caller has arrived; `waiting` of them wait now."""
        if waiting == self._target:
            self._gathered.set()

    async def wait(self, waiting: int, expected: int) -> None:
        """Waits until `expected` callers wait, of whom `waiting` do already, or the maximum wait is over."""
        if waiting >= expected:
            return
        self._target = expected
        self._gathered.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                await self._gathered.wait()
        self._target = 0

    def end(self) -> None:
        self._gathered.set()


class Pace:
    """The size of batches that should each take about the same time, whatever the machine and its load."""

    def __init__(self, seconds: float, most: int) -> None:
        """`seconds`: the duration of a batch to aim for. `most`: the largest size."""
        self._seconds = seconds
        self._most = most
        self.size = min(_FIRST_SIZE, most)
        """The size of the next batch."""

    def took(self, size: int, seconds: float) -> None:
        """A batch of this size took this long."""
        if not size:
            return
        fits = int(size * self._seconds / max(seconds, 1e-6))
        # A batch that was not full says little about larger ones.
        grown = min(fits, _GROWTH * max(size, self.size))
        self.size = max(min(grown, self._most), min(_LEAST_SIZE, self._most))


async def carry_out(
    batch: Sequence[EntryT],
    work: Callable[[Sequence[EntryT]], Awaitable[None]],
    refuse: Callable[[EntryT, Exception], None],
) -> None:
    """Works on the batch. If that fails, on its halves, so that the fault of one entry is not that of the others.

    Args:
        batch: the entries, in their order; it may be empty.
        work: works on entries and answers them, or raises and has done nothing. It answers for itself an error that
            would only come again with fewer entries.
        refuse: answers an entry that fails alone.
    """
    if not batch:
        return
    try:
        await work(batch)
    except Exception as error:  # noqa: BLE001 - no error may affect the other entries
        if len(batch) == 1:
            refuse(batch[0], error)
            return
        middle = len(batch) // 2
        await carry_out(batch[:middle], work, refuse)
        await carry_out(batch[middle:], work, refuse)
