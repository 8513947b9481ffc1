"""Deletes what deletions leave behind, once its retention is over (P8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from profile_grpc.domain import inactivity
from profile_grpc.service.lease import Lease
from profile_grpc.service.ports import ReaperStore

CHUNK = 500
TOMBSTONE_RETENTION = timedelta(days=90)
EVENT_RETENTION = timedelta(days=7)
LEDGER_RETENTION = timedelta(days=400)


@dataclass(slots=True)
class Purged:
    """How much of each kind a pass purged."""

    profiles: int = 0
    """UNREGISTERED profiles."""
    tombstones: int = 0
    events: int = 0
    ledger_entries: int = 0


async def purge_leftovers(store: ReaperStore, now: datetime, lease: Lease, purged: Purged) -> None:
    """Deletes tombstones, events and ledger entries past their retention, in chunks."""

    async def in_chunks(purge: Callable[[datetime, int], Awaitable[int]], before: datetime) -> int:
        total = 0
        while number := await purge(before, CHUNK):
            total += number
            await lease.acquire()
        return total

    purged.tombstones = await in_chunks(store.purge_tombstones, now - TOMBSTONE_RETENTION)
    purged.events = await in_chunks(store.purge_events, now - EVENT_RETENTION)
    purged.ledger_entries = await in_chunks(store.purge_ledger, now - LEDGER_RETENTION)
    await store.purge_reaped(now - inactivity.BREAKER_WINDOW)
