"""A semaphore for work that takes long, shared fairly between tenants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


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
