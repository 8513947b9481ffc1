"""The records of a deletion, for the write path and for the reaper's bulk deletions (D3, M2, P6)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain import billing
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    CountKey,
    DeletionReason,
    Event,
    EventType,
    Platform,
    ProfileKey,
    ProfileStatus,
    Token,
    Tombstone,
)


class Departing(NamedTuple):
    """The part of a profile that a deletion needs."""

    key: ProfileKey
    status: ProfileStatus
    platform: Platform
    tokens: frozenset[Token]
    live_endpoints: int
    """The number of push tokens, counted for each provider (F8)."""
    mad_deletion_time: datetime | None
    """The deletion that opened the latest deletion window (M2)."""
    revision: int

    @property
    def count_key(self) -> CountKey:
        """The key by which it was counted."""
        return CountKey(self.key.app_id, self.status, self.platform)


def tombstone(gone: Departing, reason: DeletionReason, now: datetime, hasher: Hasher) -> Tombstone:
    """The tombstone that remains of it (D3)."""
    opened = billing.deletion_window(gone.mad_deletion_time, now)
    return Tombstone(gone.key.app_id, hasher.profile(gone.key), reason, now, opened)


def event(gone: Departing, reason: DeletionReason, now: datetime) -> Event:
    """The event about its deletion (D3)."""
    key = gone.key
    return Event(EventType.PROFILE_DELETED, key.app_id, now, key.user_id, key.device_id, reason)


def is_tallied(reason: DeletionReason) -> bool:
    """Whether the deletion counts towards the reaper's breaker (P6)."""
    return reason is DeletionReason.INACTIVE
