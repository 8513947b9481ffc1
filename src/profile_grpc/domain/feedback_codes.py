"""What the push providers' error codes mean for a token (F3, F6)."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from profile_grpc.domain.model import PushProvider


class Verdict(enum.Enum):
    """What an answer of a provider proves."""

    DEAD = enum.auto()
    SUSPECT = enum.auto()
    TRANSIENT = enum.auto()
    CREDENTIAL_PROBLEM = enum.auto()
    UNRECOGNIZED = enum.auto()


def _table(**verdicts: str) -> Mapping[str, Verdict]:
    """Codes by verdict, compared without regard to case (F3)."""
    return {code.casefold(): Verdict[verdict] for verdict, codes in verdicts.items() for code in codes.split()}


_FCM = _table(
    DEAD="UNREGISTERED",
    SUSPECT="SENDER_ID_MISMATCH",
    TRANSIENT="QUOTA_EXCEEDED RESOURCE_EXHAUSTED UNAVAILABLE INTERNAL DEADLINE_EXCEEDED TIMEOUT",
    CREDENTIAL_PROBLEM="THIRD_PARTY_AUTH_ERROR UNAUTHENTICATED PERMISSION_DENIED",
)
_APNS = _table(
    DEAD="Unregistered ExpiredToken",
    SUSPECT="BadDeviceToken DeviceTokenNotForTopic",
    TRANSIENT="TooManyRequests InternalServerError ServiceUnavailable Shutdown IdleTimeout Timeout",
    CREDENTIAL_PROBLEM=(
        "InvalidProviderToken ExpiredProviderToken MissingProviderToken TooManyProviderTokenUpdates BadCertificate "
        "BadCertificateEnvironment BadEnvironmentKeyIdInToken UnrelatedKeyIdInToken Forbidden"
    ),
)
_WEB_PUSH = _table(DEAD="404 410", TRANSIENT="408 429 Timeout", CREDENTIAL_PROBLEM="401 403")
_HMS = _table(
    DEAD="80300007",
    TRANSIENT="80600003 81000001 82000001 Timeout",
    CREDENTIAL_PROBLEM="80200001 80200003 80300002",
)
_CODES: Mapping[PushProvider, Mapping[str, Verdict]] = {
    PushProvider.FCM: _FCM,
    PushProvider.APNS: _APNS,
    PushProvider.APNS_VOIP: _APNS,
    PushProvider.SAFARI: _APNS,
    PushProvider.WEB_PUSH: _WEB_PUSH,
    PushProvider.HMS: _HMS,
}
_FCM_INVALID_TOKEN = re.compile(
    r"registration[ _-]?token is (not (a )?valid|invalid)|invalid (fcm )?registration[ _-]?token", re.IGNORECASE
)
_SERVER_ERRORS = range(500, 600)
_TRANSIENT_STATUSES = frozenset({408, 429})


def deciding_code(provider: PushProvider, error_code: str, http_status: int) -> str:
    """The provider's code. Web Push has none of its own: there the HTTP status, if given, is the code (F3)."""
    if provider is PushProvider.WEB_PUSH and http_status:
        return str(http_status)
    return error_code.strip()


def verdict(provider: PushProvider, error_code: str, http_status: int, error_message: str) -> Verdict:
    """What the answer proves about the token; anything unknown proves nothing (F6).

    FCM says INVALID_ARGUMENT of a malformed message as well; only if its message blames the registration token itself
    is the token dead. A bare 404 of FCM may come from a wrong URL or project and proves nothing.
    """
    code = deciding_code(provider, error_code, http_status).casefold()
    if provider is PushProvider.FCM and code == "invalid_argument":
        return Verdict.DEAD if _FCM_INVALID_TOKEN.search(error_message) else Verdict.UNRECOGNIZED
    known = _CODES[provider].get(code)
    if known is not None:
        return known
    if http_status in _SERVER_ERRORS or http_status in _TRANSIENT_STATUSES:
        return Verdict.TRANSIENT
    if provider is PushProvider.WEB_PUSH and code.isdigit() and int(code) in _SERVER_ERRORS:
        return Verdict.TRANSIENT
    return Verdict.UNRECOGNIZED
