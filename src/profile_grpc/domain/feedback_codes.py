"""What the push providers' error codes mean for a token (F3, F6)."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from profile_grpc.domain.push_endpoints import PushProvider


class Verdict(enum.Enum):
    """What the response of a provider proves."""

    DEAD = enum.auto()
    SUSPECT = enum.auto()
    ALIVE = enum.auto()
    TRANSIENT = enum.auto()
    CREDENTIAL_PROBLEM = enum.auto()
    UNRECOGNIZED = enum.auto()


class Judgement(NamedTuple):
    """A verdict and its reason."""

    verdict: Verdict
    code: str = ""
    """The listed spelling or the HTTP status that decided the verdict. Never the caller's text."""
    detail: str = ""
    """With UNRECOGNIZED: the part that was not recognized, at most 200 characters. Never a token."""


def _table(**verdicts: str) -> Mapping[str, Judgement]:
    """What spellings mean, by the form in which they are compared (F3)."""
    return {
        _comparable(spelling): Judgement(Verdict[verdict], spelling)
        for verdict, spellings in verdicts.items()
        for spelling in spellings.split()
    }


def _comparable(code: str) -> str:
    """The code without what senders' libraries change: case, separators, and prefixes (`messaging/`, `400 - `)."""
    name = re.split(r"[/.:#]|\s-\s", code.strip(" \t/.:#"))[-1]
    return re.sub(r"[\W_]", "", name).casefold()


# Sources: the providers' documentation, and the constants of firebase-admin (Node, Go, Java, Python, .NET), aioapns,
# apns2 (Node, Go), PyAPNs2, node-apn, pushy, a2, pywebpush, web-push (Node, Ruby, Rust, PHP), HMS push_admin and Expo.
_FCM = _table(
    DEAD="""
        UNREGISTERED NotRegistered registration-token-not-registered UnregisteredError DeviceNotRegistered
        InvalidRegistration invalid-registration-token""",
    SUSPECT="SENDER_ID_MISMATCH MismatchSenderId mismatched-credential SenderIdMismatchError",
    ALIVE="OK Success",
    TRANSIENT="""
        QUOTA_EXCEEDED QuotaExceededError RESOURCE_EXHAUSTED ResourceExhaustedError
        MessageRateExceeded DeviceMessageRateExceeded TopicsMessageRateExceeded
        UNAVAILABLE UnavailableError server-unavailable INTERNAL InternalError InternalServerError
        DEADLINE_EXCEEDED DeadlineExceededError TIMEOUT network-timeout network-error""",
    CREDENTIAL_PROBLEM="""
        THIRD_PARTY_AUTH_ERROR ThirdPartyAuth APNS_AUTH_ERROR InvalidApnsCredential InvalidApnsCredentials
        invalid-credential authentication-error InvalidCredentials BadEnvironmentKeyInToken BadEnvironmentKeyIdInToken
        UNAUTHENTICATED UnauthenticatedError PERMISSION_DENIED PermissionDeniedError""",
)
_APNS = _table(
    DEAD="Unregistered ExpiredToken DeviceNotRegistered Gone",
    SUSPECT="BadDeviceToken DeviceTokenNotForTopic InvalidToken",
    ALIVE="OK Success",
    TRANSIENT="TooManyRequests InternalServerError ServiceUnavailable Shutdown IdleTimeout Timeout",
    CREDENTIAL_PROBLEM="""
        InvalidProviderToken ExpiredProviderToken MissingProviderToken TooManyProviderTokenUpdates
        BadCertificate BadCertificateEnvironment InvalidSigningKey InvalidCredentials Forbidden
        BadEnvironmentKeyIdInToken BadEnvironmentKeyInToken UnrelatedKeyIdInToken UnrelatedKeyInToken""",
)
_WEB_PUSH = _table(
    DEAD="""
        Gone NotFound Unregistered NotRegistered ExpiredSubscription InvalidSubscription
        EndpointNotFound EndpointNotValid""",
    ALIVE="OK Success Created Accepted",
    TRANSIENT="Timeout RequestTimeout TooManyRequests InternalServerError ServiceUnavailable BadGateway GatewayTimeout",
    CREDENTIAL_PROBLEM="""
        Unauthorized Forbidden VapidPkHashMismatch BadJwtToken UnauthorizedRegistration MismatchSenderId
        SENDER_ID_MISMATCH""",
)
_HMS = _table(
    DEAD="80300007 tokenFormatError",
    ALIVE="80000000 OK Success",
    TRANSIENT="80600003 81000001 82000001 Timeout",
    CREDENTIAL_PROBLEM="""
        80200001 80200003 80200005 80300002 noPushTypeRight noRight noRightToSendThisLiveNotificationEvent
        disableSendHuaweiMsgBecauseOfPenalty appinfoError""",
)
_CODES: Mapping[PushProvider, Mapping[str, Judgement]] = {
    PushProvider.FCM: _FCM,
    PushProvider.APNS: _APNS,
    PushProvider.APNS_VOIP: _APNS,
    PushProvider.SAFARI: _APNS,
    PushProvider.WEB_PUSH: _WEB_PUSH,
    PushProvider.HMS: _HMS,
}

# What an HTTP status means by itself. FCM's 404 and 410 may come from a wrong URL or project and prove nothing.
_APNS_STATUSES = {410: Verdict.DEAD, 403: Verdict.CREDENTIAL_PROBLEM}
_STATUSES: Mapping[PushProvider, Mapping[int, Verdict]] = {
    PushProvider.FCM: {401: Verdict.CREDENTIAL_PROBLEM},
    PushProvider.APNS: _APNS_STATUSES,
    PushProvider.APNS_VOIP: _APNS_STATUSES,
    PushProvider.SAFARI: _APNS_STATUSES,
    PushProvider.WEB_PUSH: {
        404: Verdict.DEAD,
        410: Verdict.DEAD,
        401: Verdict.CREDENTIAL_PROBLEM,
        403: Verdict.CREDENTIAL_PROBLEM,
        406: Verdict.TRANSIENT,  # how WNS throttles
    },
    PushProvider.HMS: {401: Verdict.CREDENTIAL_PROBLEM},
}
_SUCCESSES = range(200, 300)
_SERVER_ERRORS = range(500, 600)
_TRANSIENT_STATUSES = frozenset({408, 429})

# `410`, `410 Gone`, `HTTP/1.1 410 Gone`, `Push failed: 410 Gone`.
_STATUS_LINE = re.compile(r"(?:.*[:\s])?([1-5]\d\d)(?:\s+([A-Za-z][\w' -]*))?\Z")
_INVALID_TOKEN = re.compile(
    r"registration[ _-]?token (provided )?is (not (a )?valid|invalid)|invalid (fcm )?registration[ _-]?token",
    re.IGNORECASE,
)
_SENDER_MISMATCH = re.compile(r"sender ?id mismatch|mismatched? ?sender ?id", re.IGNORECASE)
_VAPID = re.compile(r"VapidPkHashMismatch|BadJwtToken|Unauthorized ?Registration", re.IGNORECASE)
_VAPID_WORDS = re.compile(r"mismatch|do not correspond|invalid", re.IGNORECASE)
_HMS_OF_THE_SENDER = re.compile(r"no\w{0,30}Right|Penalty|appinfoError")


_REMEMBERED = 1024
"""Responses whose judgement is remembered: senders report the same few, over and over."""


def judge(
    provider: PushProvider, error_code: str, http_status: int, error_message: str = "", *, token: str = ""
) -> Judgement:
    """What the response proves about the token.

    An unknown response proves nothing (F3, F6).

    Args:
        provider: the provider that responded.
        error_code: as received or as a sender's library spells it; may be a status line.
        http_status: 0: not known.
        error_message: as received.
        token: what the answer is about, so that `detail` never shows it.
    """
    code = error_code.strip()
    known = _judge(provider, code, http_status, error_message)
    return known or Judgement(Verdict.UNRECOGNIZED, detail=_detail(provider, code, http_status, token))


@lru_cache(_REMEMBERED)
def _judge(provider: PushProvider, code: str, http_status: int, error_message: str) -> Judgement | None:
    line = _STATUS_LINE.match(code)
    status = http_status or (int(line[1]) if line else 0)
    name = _comparable((line[2] or "") if line else code)
    by_code = _by_code(provider, name, http_status, f"{code} {error_message}")
    by_status = _by_status(provider, status, nothing_else=not code or line is not None)
    # Web Push has no codes of its own: there the status, if given, is the code.
    first, second = (by_status, by_code) if provider is PushProvider.WEB_PUSH and http_status else (by_code, by_status)
    return first or second


def _by_code(provider: PushProvider, name: str, status: int, text: str) -> Judgement | None:
    """`text`: the complete code and the message, for codes that are ambiguous alone."""
    match provider, name:
        case PushProvider.FCM, "invalidargument":  # also said of a malformed message
            return Judgement(Verdict.DEAD, "INVALID_ARGUMENT") if _INVALID_TOKEN.search(text) else None
        case PushProvider.FCM, "permissiondenied" if _SENDER_MISMATCH.search(text):
            return Judgement(Verdict.SUSPECT, "SENDER_ID_MISMATCH")
        case PushProvider.HMS, "80300007" if "illegalTokens" in text and "tokenFormatError" not in text:
            # HarmonyOS also returns this code for tokens that it refuses because of an error of the sender.
            return Judgement(Verdict.CREDENTIAL_PROBLEM, "80300007") if _HMS_OF_THE_SENDER.search(text) else None
        case PushProvider.WEB_PUSH, _ if _VAPID.search(text) or ("vapid" in text.lower() and _VAPID_WORDS.search(text)):
            return Judgement(Verdict.CREDENTIAL_PROBLEM, "VAPID")
        case _:
            pass
    known = _CODES[provider].get(name)
    if known is None or (known.verdict is Verdict.ALIVE and status and status not in _SUCCESSES):
        return None
    return known


def _by_status(provider: PushProvider, status: int, *, nothing_else: bool) -> Judgement | None:
    """`nothing_else`: there is no code, or the code is the status itself. Otherwise a 2xx status is not a success
    (legacy FCM, HMS).
    """
    if status in _SUCCESSES:
        return Judgement(Verdict.ALIVE, str(status)) if nothing_else else None
    known = _STATUSES[provider].get(status)
    if known is None and (status in _SERVER_ERRORS or status in _TRANSIENT_STATUSES):
        known = Verdict.TRANSIENT
    return Judgement(known, str(status)) if known else None


_SHOWN = 64
"""Longer codes are not shown: they may contain a token."""
_LONGEST_WORD = 32
_LONGEST_NUMBER = 8
"""The digits of an HMS code. A longer word with digits in it may be a part of a token."""


def _detail(provider: PushProvider, code: str, status: int, token: str) -> str:
    if not code and not status:
        return "neither error_code nor http_status was given"
    what = f"http_status {status}" if not code else f"error_code {_quoted(code, token)}"
    if code and status:
        what += f" with http_status {status}"
    if provider is PushProvider.FCM and _comparable(code) == "invalidargument":
        return f"{what}: error_message does not say that the registration token itself is invalid"
    return f"{what} is not known to say anything about a token of {provider.name}"


def _quoted(code: str, token: str) -> str:
    """The code in quotes, if it cannot hold a token or a part of one."""
    words = re.findall(r"[^\W_]+", code)
    odd = any(len(w) > (_LONGEST_NUMBER if any(c.isdigit() for c in w) else _LONGEST_WORD) for w in words)
    theirs = bool(token) and (token.casefold() in code.casefold() or code.casefold() in token.casefold())
    if len(code) > _SHOWN or odd or theirs:
        return "(not shown: it may hold a token)"
    return f'"{re.sub(r"[^ -~]", "?", code)}"'
