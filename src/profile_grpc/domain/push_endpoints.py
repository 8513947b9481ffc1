"""Push tokens and what is known of them (R3, R10, R11). Enumerations carry the contract's numbers."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple


class PushProvider(enum.IntEnum):
    """The service that delivers to a push token."""

    FCM = 1
    APNS = 2
    APNS_VOIP = 3
    WEB_PUSH = 4
    SAFARI = 5
    HMS = 6


class PushPurpose(enum.IntEnum):
    """What a push endpoint is for."""

    DEFAULT = 1
    INCOMING_CALL = 2


class PushEndpointState(enum.IntEnum):
    """Whether pushes go to an endpoint. SUPERSEDED is the profile's (R7), never stored on an endpoint."""

    DELIVERABLE = 1
    SUPERSEDED = 2
    INVALID = 3
    SUSPECT = 4


class ApnsEnvironment(enum.IntEnum):
    """The gateway of APNs that a token belongs to (R11). UNSPECIFIED: it is not a token of APNs."""

    UNSPECIFIED = 0
    PRODUCTION = 1
    SANDBOX = 2


class WebPushKeys(NamedTuple):
    """The keys of a Web Push subscription. Without them, a push cannot contain content (R10)."""

    p256dh: bytes
    """A point on P-256 in uncompressed form, 65 bytes."""
    auth: bytes
    """16 bytes."""
    vapid_key_id: str
    """The id of the app's VAPID key with which the browser subscribed."""


APNS_PROVIDERS = frozenset({PushProvider.APNS, PushProvider.APNS_VOIP})
"""The providers whose tokens belong to an `ApnsEnvironment` (R11)."""


class PushEndpoint(NamedTuple):
    """A push token and its purpose. A profile holds at most one of each (provider, purpose) (R3)."""

    provider: PushProvider
    token: str
    """Normalised token; empty once a provider declared it dead (F4)."""
    push_app_id: str
    purpose: PushPurpose
    confirm_time: datetime
    """The time of the last Register or UpdateProfileData that contained the token (R3)."""
    state: PushEndpointState = PushEndpointState.DELIVERABLE
    web_push: WebPushKeys | None = None
    apns_environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED

    @property
    def identity(self) -> tuple[PushProvider, str]:
        """Two endpoints with equal values contain the same token (R4)."""
        return (self.provider, self.token)
