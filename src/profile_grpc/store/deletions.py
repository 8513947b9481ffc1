"""Deletes many profiles at once: see docs/adr/0005.

The only condition is that the profiles have not changed since they were found, so nothing more is read. The tombstones,
events and counts of a deletion are created by the same functions, and written by the same statements, as on the write
path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from profile_grpc.domain import deletion_records
from profile_grpc.domain.changes import Changes, RowChanges
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.kinds import COUNTS, ENDPOINTS, EVENTS, PROFILES, REAPED, TOMBSTONES
from profile_grpc.service.reaper_ports import DueProfile
from profile_grpc.store import rows, statements, tables
from profile_grpc.store.applying import Applier
from profile_grpc.store.database import Database
from profile_grpc.store.tokens import TokenIndex

STORED = (
    "status",
    "platform",
    "push_endpoints",
    "mad_count_time",
    "mad_number",
    "mad_deletion_time",
    "revision",
    "version",
    "customer_id",
    "call_sequence",
)
"""The columns of `DueProfile.stored`."""


class Deletions:
    """Deletes due profiles."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._database = database
        self._hasher = hasher
        self._orders = statements.delete_keys(database, tables.device_order)
        self._applier = Applier(database, TokenIndex(database, hasher))

    async def __call__(
        self, app_id: str, profiles: Sequence[DueProfile], reason: DeletionReason, now: datetime
    ) -> None:
        """Deletes all, or raises Conflict and deletes none."""
        gone = [rows.read_deleted(found.key, found.stored[:-1]) for found in profiles]
        counts = Counter(one.count_key for one in gone)
        changes = Changes(
            now,
            rows={PROFILES: RowChanges([], gone)},
            records={
                TOMBSTONES: [deletion_records.tombstone(one, reason, now, self._hasher) for one in gone],
                EVENTS: [deletion_records.event(one, reason, now) for one in gone],
            },
            tallies={
                ENDPOINTS: {app_id: -endpoints} if (endpoints := sum([one.live_endpoints for one in gone])) else {},
                COUNTS: {key: -number for key, number in counts.items()},
                REAPED: {app_id: len(gone)} if deletion_records.is_tallied(reason) else {},
            },
        )
        async with self._database.transaction() as session:
            await self._applier.apply(session, changes)
            # A deletion also deletes the order of the device's calls (R13). No decision depended on it.
            ordered = {(app_id, found.key.device_id) for found in profiles if found.stored[-1] is not None}
            if ordered:
                await session.execute(self._orders, sorted(ordered))
