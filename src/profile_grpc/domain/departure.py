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
    """What a deletion needs to know of a profile."""

    key: ProfileKey
    status: ProfileStatus
    platform: Platform
    tokens: frozenset[Token]
    live_endpoints: int
    """Push tokens, each provider's on its own (F8)."""
    mad_deletion_time: datetime | None
    """The deletion that opened the latest deletion window (M2)."""
    revision: int

    @property
    def count_key(self) -> CountKey:
        """What it was counted by."""
        return CountKey(self.key.app_id, self.status, self.platform)


def tombstone(gone: Departing, reason: DeletionReason, now: datetime, hasher: Hasher) -> Tombstone:
    """What stays of it (D3)."""
    opened = billing.deletion_window(gone.mad_deletion_time, now)
    return Tombstone(gone.key.app_id, hasher.profile(gone.key), reason, now, opened)


def event(gone: Departing, reason: DeletionReason, now: datetime) -> Event:
    """What others are told of it (D3)."""
    key = gone.key
    return Event(EventType.PROFILE_DELETED, key.app_id, now, key.user_id, key.device_id, reason)


def is_tallied(reason: DeletionReason) -> bool:
    """Whether the deletion counts towards the reaper's breaker (P6)."""
    return reason is DeletionReason.INACTIVE
