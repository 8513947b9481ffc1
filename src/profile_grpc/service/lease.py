"""A lease in the database: any number of processes may request it; one holds it at a time (P5).

Processes compare the time of a lease with their own clocks. If a process was killed while its clock was a year ahead,
its lease would expire in a year. So a lease that expires more than a day too late (Terms: stamps ahead) is observed for
its duration. If it was renewed, its holder is alive and keeps it, however its clock is set. If not, it is lost.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from profile_grpc.domain.stamps import MAX_AHEAD
from profile_grpc.service.ports import Clock, HeldLease, LeaseStore


class LeaseLost(Exception):  # noqa: N818 - an outcome
    """Another process holds the lease."""


@dataclass(eq=False)
class Lease:
    """One process's claim on a named lease. It runs out by itself when its holder stops renewing it."""

    _leases: LeaseStore
    _name: str
    _clock: Clock
    _duration: timedelta = timedelta(seconds=60)
    pause: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep, kw_only=True)
    """Waits for that many seconds of a monotonic clock."""
    _holder: str = field(default_factory=lambda: secrets.token_hex(8), init=False)
    _renewed: float = field(default=0.0, init=False)
    """When it was last renewed, in seconds of a monotonic clock."""

    async def acquire(self) -> None:
        """Acquires or renews the lease. If another process has it for more than a day, waits for its duration first.

        Raises:
            LeaseLost: another process holds it.
            StoreError.
        """
        if await self._try():
            return
        held = await self._leases.held(self._name)
        if held is None or held.expire_time <= self._clock.now() + self._duration + MAX_AHEAD:
            raise LeaseLost
        await self.pause(self._duration.total_seconds())
        if not await self._try(held):
            raise LeaseLost

    async def _try(self, lost: HeldLease | None = None) -> bool:
        self._renewed = monotonic()
        return await self._leases.acquire(self._name, self._holder, self._clock.now(), self._duration, lost)

    async def keep(self) -> None:
        """Renews the lease once a third of it has passed; else costs nothing. Raises as `acquire`."""
        if monotonic() - self._renewed > self._duration.total_seconds() / 3:
            await self.acquire()

    async def release(self) -> None:
        """Releases the lease, if this process has it."""
        await self._leases.release(self._name, self._holder)
