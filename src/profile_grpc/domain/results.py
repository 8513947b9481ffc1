"""The results of commands."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile


class IgnoredReason(enum.IntEnum):
    """Why a value was not stored (U4)."""

    NOT_ENABLED = 1
    ALREADY_SET = 2
    TOO_SOON = 3
    TOKEN_OWNED = 4


class PushFeedbackOutcome(enum.IntEnum):
    """What one feedback item led to."""

    PROFILE_DELETED = 1
    ENDPOINT_INVALIDATED = 2
    ENDPOINT_SUSPECT = 3
    STALE = 4
    TRANSIENT = 5
    CREDENTIAL_PROBLEM = 6
    UNKNOWN_TOKEN = 7
    UNRECOGNIZED = 8
    INVALID = 9
    HELD = 10
    CONFIRMED = 11


class AccountRemovalOutcome(enum.IntEnum):
    """What an account-removal report led to."""

    REMOVED = 1
    NO_MATCH = 2
    STALE = 3


class DisplacementEffect(enum.IntEnum):
    """What a registration did to another profile (R8)."""

    REPLACED = 1
    DEACTIVATED = 2
    PUSH_SUPERSEDED = 3
    TOKEN_MOVED = 4


@dataclass(frozen=True, slots=True)
class Displacement:
    """Another profile that changed, and how (R8)."""

    key: ProfileKey
    effect: DisplacementEffect


@dataclass(frozen=True, slots=True)
class IgnoredValue:
    """A value that was not stored."""

    path: str
    reason: IgnoredReason


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer to Register."""

    profile: Profile
    created: bool
    displaced: tuple[Displacement, ...]
    device_users: int
    """How many users are registered on the device, this one included."""
    placeholder_ids: tuple[str, ...] = ()
    """The names of the ids that are likely the same on many phones."""
    linked: bool = False
    """Whether the call has linked the profile with a customer (C5)."""
    ignored: tuple[IgnoredValue, ...] = ()
    """The device attributes that were not stored (U4)."""

    @property
    def too_many_users(self) -> bool:
        """More users on the device than recommended (R5)."""
        return self.device_users > MAX_COMFORTABLE_USERS


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to Heartbeat (H1)."""

    last_heartbeat_time: datetime
    expire_time: datetime
    next_heartbeat_after: timedelta


@dataclass(frozen=True, slots=True)
class Updated:
    """The answer to UpdateProfileData."""

    profile: Profile
    ignored: tuple[IgnoredValue, ...]
    displaced: tuple[Displacement, ...]
    linked: bool = False
    """Whether the call has linked the profile with a customer (C5)."""


class ImportOutcome(enum.Enum):
    """What became of an imported record."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of one imported record (I1). `ignored`: its values that were not stored."""

    outcome: ImportOutcome
    ignored: tuple[IgnoredValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The answer to Unregister. `profile` is None when it was missing."""

    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """The profiles that a command deleted."""

    keys: tuple[ProfileKey, ...]


@dataclass(frozen=True, slots=True)
class FeedbackResult:
    """The answer to one feedback item. `detail` is at most 256 characters and never holds a token."""

    outcome: PushFeedbackOutcome
    affected: tuple[ProfileKey, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AccountRemoved:
    """The answer to RemoveAccount."""

    removed: tuple[ProfileKey, ...]
    outcome: AccountRemovalOutcome


MAX_COMFORTABLE_USERS = 100
