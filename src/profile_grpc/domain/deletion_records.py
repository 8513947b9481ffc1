"""The records of a deletion, for the write path and for the reaper's bulk deletions (D3, M2, P6)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain import billing, events
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    CountKey,
    DeletionReason,
    Event,
    EventType,
    MadRecord,
    Platform,
    ProfileKey,
    ProfileStatus,
    Token,
    Tombstone,
)


class DeletedProfile(NamedTuple):
    """The part of a profile that a deletion needs."""

    key: ProfileKey
    status: ProfileStatus
    platform: Platform
    tokens: frozenset[Token]
    live_endpoints: int
    """The number of push tokens, counted for each provider (F8)."""
    mad: MadRecord
    revision: int
    version: int
    """Before the deletion (E2)."""
    customer_id: str | None

    @property
    def count_key(self) -> CountKey:
        """The key by which it was counted."""
        return CountKey(self.key.app_id, self.status, self.platform)


def tombstone(gone: DeletedProfile, reason: DeletionReason, now: datetime, hasher: Hasher) -> Tombstone:
    """The tombstone that remains of it (D3), with the version of `event` (E2)."""
    opened = billing.deletion_window(billing.delete(gone.mad, now))
    version = events.next_version(gone.version)
    return Tombstone(gone.key.app_id, hasher.profile(gone.key), reason, now, opened, version)


def event(gone: DeletedProfile, reason: DeletionReason, now: datetime) -> Event:
    """The event about its deletion (D3). Of an erased one, it has no ids (C8)."""
    if reason is DeletionReason.ERASED:
        nobody = ProfileKey(gone.key.app_id, "", "")
        return events.of_profile(EventType.PROFILE_DELETED, nobody, gone.version, now, reason)
    return events.of_profile(EventType.PROFILE_DELETED, gone.key, gone.version, now, reason, gone.customer_id)


def is_tallied(reason: DeletionReason) -> bool:
    """Whether the deletion counts towards the reaper's breaker (P6)."""
    return reason is DeletionReason.INACTIVE
