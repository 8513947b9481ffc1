"""Callers that were answered together come back together: a short wait lets them share the next transaction too."""

from __future__ import annotations

import asyncio
from contextlib import suppress

LINGER = 0.012
"""Seconds: as long as it takes to answer a hundred callers and to read what they ask next."""


class Gathering:
    """Waits for callers who were just answered. Whoever comes while nothing is under way need not be told of it."""

    def __init__(self, linger: float = LINGER) -> None:
        """`linger`: seconds that a wait may take."""
        self._linger = linger
        self._target = 0
        self._gathered = asyncio.Event()

    def arrived(self, waiting: int) -> None:
        """Another caller has come; so many wait now."""
        if waiting == self._target:
            self._gathered.set()

    async def wait(self, waiting: int, expected: int) -> None:
        """Until `expected` callers wait, of whom `waiting` do already, or long enough."""
        if waiting >= expected:
            return
        self._target = expected
        self._gathered.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                await self._gathered.wait()
        self._target = 0

    def end(self) -> None:
        """Ends a wait that is under way."""
        self._gathered.set()
