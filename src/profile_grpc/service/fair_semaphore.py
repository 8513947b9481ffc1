"""Places for work that takes long, shared fairly between tenants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class FairPlaces:
    """So many pieces of work run at a time, and of each owner one.

    An owner waits for a place only once, however much of its work there is, and places are given in the order of
    waiting. So owners take turns, as apps do in the write queue.
    """

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One for each owner with work."""

    @asynccontextmanager
    async def place(self, owner: str) -> AsyncIterator[None]:
        """Waits for a place of the owner, and gives it back at the end."""
        own = self._own.setdefault(owner, asyncio.Lock())
        async with own, self._places:
            yield
