"""The sequencer: assigns positions to committed events (E3), in one process at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from profile_grpc.service.background import wait_until
from profile_grpc.service.event_ports import BATCH, Assigned, EventStore
from profile_grpc.service.lease import Lease, LeaseLost
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, Conflict, LeaseStore, StoreError

log = structlog.get_logger(__name__)

LEASE = "event sequencer"
LEASE_DURATION = timedelta(seconds=5)
"""Maximum delay of positions after the sequencing process was killed. The lease only selects the active process. If a
process does not notice that its lease has expired, the store rejects its work."""
LINGER = 0.1
"""Seconds to wait after a commit before the next batch, so that many commits share a batch: a batch costs as much as a
hundred events. A fifth of what a watcher may wait in the median (E5)."""
POLL = 0.2
"""Seconds between two checks for events that other processes have committed."""
_RETRY = 1.0


class Sequencer:
    """Assigns positions. Every process may run a sequencer; only the holder of the lease is active."""

    def __init__(self, store: EventStore, leases: LeaseStore, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._lease = Lease(leases, LEASE, clock, LEASE_DURATION)
        self._committed = asyncio.Event()
        self._published: list[Callable[[], None]] = []

    def on_published(self, call: Callable[[], None]) -> None:
        """Registers a function to call each time this process has published events."""
        self._published.append(call)

    def committed(self) -> None:
        """Wakes the sequencer, because this process has committed events."""
        self._committed.set()

    async def run(self) -> None:
        """Assigns positions while this process holds the lease, until cancelled. Failures are logged and retried."""
        try:
            while True:
                try:
                    await self.sequence()
                except (LeaseLost, Conflict):
                    await asyncio.sleep(_RETRY)
                except StoreError as error:
                    log.warning("cannot assign event positions", error=str(error))
                    await asyncio.sleep(_RETRY)
        finally:
            with suppress(StoreError):
                await self._lease.release()

    async def sequence(self) -> None:
        """Begins a new epoch, then assigns positions while the lease is held.

        Raises:
            LeaseLost, Conflict: another process has taken over.
            StoreError: the store failed.
        """
        await self._lease.acquire()
        head = await self._store.take_over(secrets.token_hex(8))
        log.info("assigning event positions", epoch=head.epoch, position=head.published)
        while True:
            await self._lease.keep()
            self._committed.clear()
            assigned = await self._store.assign(head, self._clock.now())
            head = assigned.head
            self._observe(assigned)
            if assigned.number < BATCH:
                await wait_until(self._committed, POLL)
                await asyncio.sleep(LINGER)

    def _observe(self, assigned: Assigned) -> None:
        if assigned.oldest is not None:
            lag = self._clock.now() - assigned.oldest
            self._observer.events_published(assigned.head.published, assigned.number, max(0.0, lag.total_seconds()))
            for call in self._published:
                call()
        self._observer.events_pending(assigned.number)
