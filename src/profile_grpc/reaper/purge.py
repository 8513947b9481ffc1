"""Deletes tombstones, events, counts and reservations once their retention is over (P8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from profile_grpc.domain import inactivity, stamps
from profile_grpc.service.directory_ports import DirectoryStore
from profile_grpc.service.event_ports import EventStore
from profile_grpc.service.lease import Lease
from profile_grpc.service.ports import Store
from profile_grpc.service.reaper_ports import ReaperStore

CHUNK = 500
TOMBSTONE_RETENTION = timedelta(days=90)
EVENT_RETENTION = timedelta(days=7)
IMPORT_RETENTION = timedelta(days=90)
"""How long an interrupted import can go on with its start (I2)."""
LEDGER_RETENTION = timedelta(days=400)
"""Also how long the id of a deleted app stays reserved for its tenant (D4)."""


@dataclass(slots=True)
class Purged:
    """How much of each kind a pass purged."""

    profiles: int = 0
    """UNREGISTERED profiles."""
    tombstones: int = 0
    events: int = 0
    ledger_entries: int = 0


async def purge_leftovers(store: ReaperStore, app_id: str, now: datetime, lease: Lease, purged: Purged) -> None:
    """Deletes the tombstones, ledger entries and orders of calls of the app past their retention, in chunks."""

    async def in_chunks(purge: Callable[[str, datetime, int], Awaitable[int]], before: datetime) -> int:
        total = 0
        while number := await purge(app_id, before, CHUNK):
            total += number
            await lease.acquire()
        await lease.keep()
        return total

    purged.tombstones += await in_chunks(store.purge_tombstones, now - TOMBSTONE_RETENTION)
    purged.ledger_entries += await in_chunks(store.purge_ledger, now - LEDGER_RETENTION)
    await in_chunks(store.purge_orders, now)
    await store.purge_imports(app_id, now - IMPORT_RETENTION)
    await store.purge_reaped(app_id, now - inactivity.BREAKER_WINDOW)


async def purge_events(store: EventStore, now: datetime) -> int:
    """Deletes the events past their retention, of all apps; returns how many (E4)."""
    return await store.purge(now - EVENT_RETENTION, now, now + stamps.MAX_AHEAD)


async def purge_customers(store: Store, now: datetime) -> int:
    """Deletes what remains of customers that were deleted, of all tenants; returns how many (C7)."""
    purged = 0
    for tenant in await store.directory.tenants():
        purged += await store.customers.purge_tombstones(tenant.tenant_id, now - TOMBSTONE_RETENTION)
    return purged


async def release_app_ids(directory: DirectoryStore, now: datetime, lease: Lease) -> None:
    """Releases the ids of deleted apps of which nothing is stored any more (D4)."""
    after = ""
    while page := await directory.reservations(now - LEDGER_RETENTION, after, CHUNK):
        for reservation in page:
            if not await directory.leaves_traces(reservation.app_id):
                await directory.release_app(reservation)
        after = page[-1].app_id
        await lease.acquire()
