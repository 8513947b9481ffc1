"""A lease in the database: any number of processes may request it; one holds it at a time (P5)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from time import monotonic
from typing import Final

from profile_grpc.service.ports import Clock, LeaseStore


class LeaseLost(Exception):  # noqa: N818 - an outcome
    """Another process holds the lease."""


class Lease:
    """One process's claim on a named lease. It runs out by itself when its holder stops renewing it."""

    DURATION: Final = timedelta(seconds=60)

    def __init__(self, leases: LeaseStore, name: str, clock: Clock, duration: timedelta = DURATION) -> None:
        self._leases = leases
        self._duration = duration
        self._name = name
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._renewed = 0.0
        """When it was last renewed, in seconds of a monotonic clock."""

    async def acquire(self) -> None:
        """Acquires or renews the lease.

        Raises:
            LeaseLost: another process holds it.
            StoreError.
        """
        self._renewed = monotonic()
        if not await self._leases.acquire(self._name, self._holder, self._clock.now(), self._duration):
            raise LeaseLost

    async def keep(self) -> None:
        """Renews the lease once a third of it has passed; else costs nothing. Raises as `acquire`."""
        if monotonic() - self._renewed > self._duration.total_seconds() / 3:
            await self.acquire()

    async def release(self) -> None:
        """Releases the lease, if this process has it."""
        await self._leases.release(self._name, self._holder)
