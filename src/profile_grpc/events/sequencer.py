"""Gives committed events their positions (E3), in one process at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from profile_grpc.service.event_ports import EventHead, EventStore, PendingEvent
from profile_grpc.service.lease import Lease, LeaseLost
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, Conflict, LeaseStore, StoreError

log = structlog.get_logger(__name__)

LEASE = "event sequencer"
LEASE_DURATION = timedelta(seconds=5)
"""How long events wait when the sequencing process was killed. The lease decides who works, and nothing else: the store
refuses a sequencer whose lease ran out unnoticed."""
BATCH = 2000
"""Events that get their positions in one transaction."""
LINGER = 0.02
"""Seconds between a commit and the batch that has its events: so many commits share it."""
POLL = 0.2
"""Seconds between two looks for events that other processes have committed."""
_RETRY = 1.0


class Sequencer:
    """Any number of processes may run one; the lease lets one of them work."""

    def __init__(self, store: EventStore, leases: LeaseStore, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._lease = Lease(leases, LEASE, clock, LEASE_DURATION)
        self._committed = asyncio.Event()
        self._published: list[Callable[[], None]] = []

    def on_published(self, call: Callable[[], None]) -> None:
        """Has `call` called whenever this process has given positions."""
        self._published.append(call)

    def committed(self) -> None:
        """Events were committed by this process."""
        self._committed.set()

    async def run(self) -> None:
        """Gives positions while this process has the lease, until cancelled. Failures are logged, and tried again."""
        try:
            while True:
                try:
                    await self.sequence()
                except (LeaseLost, Conflict):
                    await asyncio.sleep(_RETRY)
                except StoreError as error:
                    log.warning("events get no positions", error=str(error))
                    await asyncio.sleep(_RETRY)
        finally:
            with suppress(StoreError):
                await self._lease.release()

    async def sequence(self) -> None:
        """Takes over, then gives positions for as long as the lease lasts.

        Raises:
            LeaseLost, Conflict: another process has taken over.
            StoreError: the store failed.
        """
        await self._lease.acquire()
        head = await self._store.take_over(secrets.token_hex(8))
        log.info("this process gives events their positions", epoch=head.epoch, position=head.published)
        while True:
            await self._lease.keep()
            self._committed.clear()
            found = await self._store.pending(BATCH)
            if found:
                head = await self._give(head, found)
            self._observer.events_pending(len(found))
            if len(found) < BATCH:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._committed.wait()
                await asyncio.sleep(LINGER)

    async def _give(self, head: EventHead, found: Sequence[PendingEvent]) -> EventHead:
        ordered = in_order(found)
        now = self._clock.now()
        head = await self._store.sequence(head, ordered, now)
        lag = self._clock.now() - min(one.event.time for one in found)
        self._observer.events_published(head.published, len(found), max(0.0, lag.total_seconds()))
        for call in self._published:
            call()
        return head


def in_order(found: Sequence[PendingEvent]) -> Sequence[PendingEvent]:
    """By time as far as it goes, but the events of one profile or customer by version (E3), whatever the clocks said.

    Those of one profile come in their order.
    """
    latest: dict[tuple[str, ...], datetime] = {}
    keyed = []
    for number, one in enumerate(found):
        event = one.event
        key = (event.owner, event.user_id, event.device_id, event.customer_id if event.tenant_id else "")
        latest[key] = max(event.time, latest.get(key, event.time))
        keyed.append((latest[key], number, one))
    return [one for _, _, one in sorted(keyed)]
