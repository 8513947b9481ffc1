"""Push tokens and what is known of them (R3, R10, R11). Enumerations carry the contract's numbers."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit


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


_POINT_BYTES = 65
_UNCOMPRESSED = 4
# NIST P-256: y^2 = x^3 - 3x + b over the integers modulo p (FIPS 186-4, D.1.2.3).
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def is_p256_point(encoded: bytes) -> bool:
    """Whether the bytes are a point on the curve P-256 in uncompressed form."""
    if len(encoded) != _POINT_BYTES or encoded[0] != _UNCOMPRESSED:
        return False
    x, y = int.from_bytes(encoded[1:33]), int.from_bytes(encoded[33:])
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


def is_web_push_url(url: str) -> bool:
    """Whether the text is an https URL that names a host."""
    if not url.isascii() or any(character <= " " for character in url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where the port is no number
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
