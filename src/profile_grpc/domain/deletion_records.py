"""The records of a deletion, for the write path and for the reaper's bulk deletions (D3, M2, P6)."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain import billing, events
from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey, Token
from profile_grpc.domain.profile import CountKey, Platform, Profile, ProfileStatus


class DeletionReason(enum.StrEnum):
    """Why a profile was deleted (D3); the `cause` of REREGISTER_REQUIRED (H2)."""

    INACTIVE = "INACTIVE"
    PUSH_UNREGISTERED = "PUSH_UNREGISTERED"
    DELETED = "DELETED"
    ACCOUNT_REMOVED = "ACCOUNT_REMOVED"
    UNREGISTERED = "UNREGISTERED"
    ERASED = "ERASED"


class Tombstone(NamedTuple):
    """What remains of a deleted profile for 90 days (D3). Found by the keyed hash of its key."""

    app_id: str
    profile_hash: str
    reason: DeletionReason
    delete_time: datetime
    mad_deletion_time: datetime
    """The deletion that opened the latest deletion window (M2); 1970, if none did."""
    version: int = 0
    """The profile's version after its deletion, with which a new registration goes on (E2). 0: it is no profile's, but
    that of an erased user as a whole (C8)."""

    @property
    def is_of_profile(self) -> bool:
        """Whether it is what remains of a profile."""
        return self.version > 0


class History(NamedTuple):
    """What is known of a profile that does not exist."""

    tombstone: Tombstone | None = None
    mad: MadRecord | None = None
    """The last count on the ledger."""


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

    @classmethod
    def of(cls, profile: Profile) -> DeletedProfile:
        return cls(
            profile.key,
            profile.status,
            profile.platform,
            profile.tokens,
            profile.live_endpoints,
            profile.mad,
            profile.revision,
            profile.version,
            profile.attributes.customer_id,
        )

    @property
    def count_key(self) -> CountKey:
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
