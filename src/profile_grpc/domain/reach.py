"""Who can be reached, by which endpoints, and why somebody cannot (T1, T2, T5, T6)."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from profile_grpc.domain import inactivity
from profile_grpc.domain.deletion_records import Tombstone
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel, Platform, Profile, ProfileStatus, PushPermission, UserState
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider, PushPurpose
from profile_grpc.domain.settings import AppSettings

LIVE_STATES = frozenset({PushEndpointState.DELIVERABLE, PushEndpointState.SUSPECT})
"""The states of an endpoint to which pushes are sent. A SUSPECT one is marked in the answer."""


@dataclass(frozen=True, slots=True)
class Users:
    """These users, sorted, each once."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Customers:
    """The users that are linked with these customers, sorted, each once."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Everyone:
    """Every user of the app. Never meant by something that is missing (T2)."""


Target: TypeAlias = Users | Customers | Everyone


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a message is for (T2)."""

    app_id: str
    channel: Channel
    target: Target
    filter: Filter | None = None
    purpose: PushPurpose = PushPurpose.DEFAULT


class Recipient(NamedTuple):
    """A profile that can be reached."""

    key: ProfileKey
    endpoints: tuple[PushEndpoint, ...]
    """PUSH: those of the purpose that are DELIVERABLE or SUSPECT."""
    platform: Platform
    user_state: UserState
    customer_id: str | None
    language: str | None
    time_zone: str | None


class ReachReason(enum.IntEnum):
    """Why a profile cannot be reached (T5); the contract's numbers."""

    UNREGISTERED = 1
    EXPIRED = 2
    CHANNEL_OFF = 3
    PERMISSION_DENIED = 4
    NO_ENDPOINT = 5
    ENDPOINT_INVALID = 6
    SUPERSEDED = 7
    USER_INACTIVE = 8
    GONE = 9
    UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one profile can be reached (T5)."""

    app_id: str
    user_id: str = ""
    device_id: str = ""
    reasons: tuple[ReachReason, ...] = ()
    """Every reason against it; empty: it can be reached."""
    cause: str = ""
    time: datetime | None = None


class Reachable(NamedTuple):
    """The bounds of P9 at a time: a profile that is older has expired."""

    heard: datetime
    """The earliest last heartbeat."""
    registered: datetime | None
    """Without a heartbeat: the earliest registration. None: exempt."""


def reachable(settings: AppSettings, now: datetime) -> Reachable:
    """The bounds at this time (P1, P2, P9)."""
    return Reachable(now - settings.inactivity_period, inactivity.register_cutoff(settings, now))


def live(endpoints: tuple[PushEndpoint, ...], purpose: PushPurpose) -> tuple[PushEndpoint, ...]:
    """The endpoints of the purpose to which pushes are sent (T1)."""
    return tuple([e for e in endpoints if e.purpose is purpose and e.token and e.state in LIVE_STATES])


def verdict(profile: Profile, channel: Channel, purpose: PushPurpose, settings: AppSettings, now: datetime) -> Verdict:
    """Every reason against reaching the profile by the channel (T1, T5)."""
    reasons, cause, time = [], "", None
    if profile.status is not ProfileStatus.ACTIVE:
        reasons.append(ReachReason.UNREGISTERED)
        cause, time = profile.unregister_reason or "", profile.unregister_time
    elif inactivity.expired(profile.last_heartbeat_time, profile.register_time, settings, now):
        reasons.append(ReachReason.EXPIRED)
        time = inactivity.expire_time(profile.last_heartbeat_time, profile.register_time, settings)
    if channel not in profile.channels:
        reasons.append(ReachReason.CHANNEL_OFF)
    if channel is Channel.PUSH:
        reasons += _push_reasons(profile, purpose)
    elif profile.user_state is not UserState.ACTIVE:
        reasons.append(ReachReason.USER_INACTIVE)
    return Verdict(*profile.key, tuple(reasons), str(cause), time)


def _push_reasons(profile: Profile, purpose: PushPurpose) -> Iterator[ReachReason]:
    if profile.push_permission is PushPermission.DENIED:
        yield ReachReason.PERMISSION_DENIED
    of_purpose = [endpoint for endpoint in profile.push_endpoints if endpoint.purpose is purpose]
    if not of_purpose:
        yield ReachReason.NO_ENDPOINT
    elif not live(profile.push_endpoints, purpose):
        yield ReachReason.ENDPOINT_INVALID
    if profile.push_superseded:
        yield ReachReason.SUPERSEDED


def missing(key: ProfileKey, tombstone: Tombstone | None) -> Verdict:
    """The verdict where there is no profile (T5)."""
    if tombstone is None:
        return Verdict(*key, (ReachReason.UNKNOWN,))
    return Verdict(*key, (ReachReason.GONE,), tombstone.reason.value, tombstone.delete_time)


class Reached(NamedTuple):
    """What is counted of a recipient (T6)."""

    platform: Platform
    endpoints: tuple[tuple[PushProvider, str], ...]
    """Provider and push app id of each."""


@dataclass(slots=True)
class Tally:
    """Recipients, counted one by one (T6)."""

    recipients: int = 0
    endpoints: int = 0
    by_platform: Counter[Platform] = field(default_factory=Counter)
    by_provider: Counter[PushProvider] = field(default_factory=Counter)
    """Recipients with an endpoint of the provider."""
    provider_endpoints: Counter[PushProvider] = field(default_factory=Counter)
    by_push_app_id: Counter[str] = field(default_factory=Counter)
    push_app_id_endpoints: Counter[str] = field(default_factory=Counter)

    def add(self, reached: Reached, number: int = 1) -> None:
        """Counts this number of recipients that are alike."""
        self.recipients += number
        self.endpoints += len(reached.endpoints) * number
        self.by_platform[reached.platform] += number
        for provider in {provider for provider, _ in reached.endpoints}:
            self.by_provider[provider] += number
        for push_app_id in {push_app_id for _, push_app_id in reached.endpoints}:
            self.by_push_app_id[push_app_id] += number
        for provider, push_app_id in reached.endpoints:
            self.provider_endpoints[provider] += number
            self.push_app_id_endpoints[push_app_id] += number
