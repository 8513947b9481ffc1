"""A short wait before a batch: callers that were answered together call again together, and can share the next one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

LINGER = 0.012
"""Seconds: as long as it takes to answer a hundred callers and to read what they ask next."""


class Gathering:
    """Waits for callers that were just answered."""

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
        """Ends the current wait."""
        self._gathered.set()
