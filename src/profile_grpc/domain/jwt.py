"""JSON Web Tokens of devices: their form, their claims, and how checks end (J3 to J6).

Signatures are verified elsewhere (`service.jwt.keys`): this module needs no cryptography.
"""

from __future__ import annotations

import binascii
import enum
import json
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from profile_grpc.domain.errors import Reason, Refused

HEADER = "authorization"
MAX_LENGTH = 8192
"""The longest token in characters. A call's metadata is not longer either."""
MAX_KEYS = 16
"""Keys and sets of keys of an app (J2)."""
MAX_LEEWAY = timedelta(seconds=60)
MAX_LIFETIME = timedelta(days=365)
_LAST_SECOND = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()
_SCHEME = "bearer"
_PART = re.compile(r"[A-Za-z0-9_-]+\Z")
_PARTS = 3
_FORBIDDEN: Final = ("crit", "jku", "jwk", "x5c", "x5u")
"""Header parameters that would let the sender of a token choose its key, or that must not be ignored (RFC 7515)."""


class JwtMode(enum.IntEnum):
    """What happens to a call of a device without a valid JWT; the contract's numbers."""

    OFF = 1
    OBSERVE = 2
    REQUIRE = 3


class JwtAlgorithm(enum.IntEnum):
    """The algorithms that a key may have; the contract's numbers."""

    HS256 = 1
    RS256 = 2
    ES256 = 3
    EDDSA = 4


ALGORITHMS: Mapping[str, JwtAlgorithm] = {
    "HS256": JwtAlgorithm.HS256,
    "RS256": JwtAlgorithm.RS256,
    "ES256": JwtAlgorithm.ES256,
    "EdDSA": JwtAlgorithm.EDDSA,
}
"""By their names in a header."""


class JwtOutcome(enum.IntEnum):
    """How the check of a call ended; the contract's numbers. The reason of a refusal is its name after `JWT_`."""

    VALID = 1
    MISSING = 2
    INVALID = 3
    EXPIRED = 4
    KEY_UNKNOWN = 5
    USER_MISMATCH = 6
    APP_MISMATCH = 7
    CUSTOMER_MISMATCH = 8


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """An app's JWT authorization (J1, J4, J5)."""

    mode: JwtMode = JwtMode.OFF
    user_claim: str = "sub"
    app_claim: str = "app_id"
    require_app_claim: bool = False
    issuer: str = ""
    """What `iss` must be; empty: anything."""
    audience: str = ""
    """What `aud` must be or contain; empty: anything."""
    leeway: timedelta = timedelta(seconds=30)
    max_lifetime: timedelta | None = None
    """The longest `exp` - `iat`; None: any."""
    customer_claim: str = "customer_id"


JWT_OFF: Final = JwtSettings()
"""The default."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was taken apart. Nothing of it is verified."""

    algorithm: str
    kid: str | None
    signed: bytes
    """What the signature is of."""
    signature: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    user_id: str | None
    """None: it names no user."""
    customer_id: str | None
    """None: it names no customer."""
    valid_until: datetime
    """With the leeway."""


def bearer(headers: tuple[str, ...], app_id: str) -> str:
    """The token in the values of the call's header.

    Raises:
        Refused: JWT_MISSING; JWT_INVALID: there are two, or it is something else.
    """
    if not headers:
        raise missing(app_id)
    if len(headers) > 1:
        raise invalid(app_id, "there are two of them")
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != _SCHEME:
        raise invalid(app_id, "the header does not begin with Bearer")
    token = token.strip(" ")
    if not token:
        raise missing(app_id)
    return token


def parse(text: str, app_id: str) -> Token:
    """Takes a token apart (J3).

    Raises:
        Refused: JWT_INVALID.
    """
    if len(text) > MAX_LENGTH:
        raise invalid(app_id, f"it has more than {MAX_LENGTH} characters")
    parts = text.split(".")
    if len(parts) != _PARTS or not all(map(_PART.match, parts)):
        raise invalid(app_id, "it does not have three parts in base64url")
    try:
        header, payload, signature = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
    except binascii.Error:
        raise invalid(app_id, "it does not have three parts in base64url") from None
    found = _object(header, app_id, "its header")
    for name in _FORBIDDEN:
        if name in found:
            raise invalid(app_id, f"its header contains {name}")
    algorithm, kid = found.get("alg"), found.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise invalid(app_id, f"alg in its header is none of {', '.join(ALGORITHMS)}")
    if kid is not None and not isinstance(kid, str):
        raise invalid(app_id, "kid in its header is no string")
    return Token(algorithm, kid, text.rpartition(".")[0].encode(), signature, payload)


def check_claims(payload: bytes, settings: JwtSettings, app_id: str, now: float) -> Claims:
    """Checks the claims of a token with a valid signature (J4, and the app of J5). `now`: seconds since 1970.

    Raises:
        Refused: JWT_INVALID, JWT_EXPIRED, JWT_APP_MISMATCH.
    """
    claims = _object(payload, app_id, "its payload")
    leeway = settings.leeway.total_seconds()
    expires = _time(claims, "exp", app_id)
    if expires is None:
        raise invalid(app_id, "exp is missing")
    _check_times(claims, expires, settings, app_id, now)
    if settings.issuer and claims.get("iss") != settings.issuer:
        raise invalid(app_id, "iss is not the app's issuer")
    if settings.audience and not _is_or_contains(claims.get("aud"), settings.audience):
        raise invalid(app_id, "aud does not contain the app's audience")
    if expires + leeway <= now:
        raise expired(app_id)
    of_app = claims.get(settings.app_claim)
    if of_app != app_id and (of_app is not None or settings.require_app_claim):
        message = f"The JWT is not for app {app_id!r}; get one whose claim {settings.app_claim!r} is the app's id."
        raise _refused(Reason.JWT_APP_MISMATCH, message, app_id, claim=settings.app_claim)
    user, customer = _id(claims, settings.user_claim), _id(claims, settings.customer_claim)
    return Claims(user, customer, datetime.fromtimestamp(min(expires + leeway, _LAST_SECOND), UTC))


def _id(claims: Mapping[str, Any], name: str) -> str | None:
    """The id in a claim; None: it is empty, or no string, or the claim is absent."""
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


def _check_times(claims: Mapping[str, Any], expires: float, settings: JwtSettings, app_id: str, now: float) -> None:
    latest = now + settings.leeway.total_seconds()
    begins, issued = _time(claims, "nbf", app_id), _time(claims, "iat", app_id)
    if begins is not None and begins > latest:
        raise invalid(app_id, "nbf is in the future")
    if issued is not None and issued > latest:
        raise invalid(app_id, "iat is in the future")
    if settings.max_lifetime is not None:
        if issued is None:
            raise invalid(app_id, "iat is missing, and the app limits the lifetime")
        if expires - issued > settings.max_lifetime.total_seconds():
            raise invalid(app_id, "its lifetime is longer than the app allows")


def outcome(refused: Refused) -> JwtOutcome:
    """The outcome of a check that ended with this refusal."""
    return JwtOutcome[refused.reason.removeprefix("JWT_")]


def missing(app_id: str) -> Refused:
    """The call carries no token."""
    message = f"The app requires a JWT of its user; send one as {HEADER}: Bearer."
    return _refused(Reason.JWT_MISSING, message, app_id, header=HEADER)


def invalid(app_id: str, problem: str) -> Refused:
    """The token is not valid. `problem` repeats nothing of it."""
    message = f"The JWT is not valid: {problem}. Get a new one from the app's back end."
    return _refused(Reason.JWT_INVALID, message, app_id, problem=problem)


def expired(app_id: str) -> Refused:
    """The token was valid."""
    message = "The JWT has expired; get a new one from the app's back end, then repeat the call."
    return _refused(Reason.JWT_EXPIRED, message, app_id)


def key_unknown(app_id: str) -> Refused:
    """The app does not have the token's key."""
    message = "The JWT is signed with a key that the app does not have; sign with one that was added to the app."
    return _refused(Reason.JWT_KEY_UNKNOWN, message, app_id)


def user_mismatch(app_id: str, settings: JwtSettings) -> Refused:
    """The request names another user than the token."""
    claim = settings.user_claim
    message = f"The JWT is of another user than the request; get one whose claim {claim!r} is its user id."
    return _refused(Reason.JWT_USER_MISMATCH, message, app_id, claim=claim)


def customer_mismatch(app_id: str, settings: JwtSettings) -> Refused:
    """The request names another customer than the token, or the token names none."""
    claim = settings.customer_claim
    message = (
        f"The JWT does not name the customer of the request; get one whose claim {claim!r} is its customer id, or leave"
        " the customer out."
    )
    return _refused(Reason.JWT_CUSTOMER_MISMATCH, message, app_id, claim=claim)


def _refused(reason: Reason, message: str, app_id: str, **metadata: str) -> Refused:
    return Refused(reason, message, metadata={"app_id": app_id, **metadata})


def _object(encoded: bytes, app_id: str, what: str) -> Mapping[str, Any]:
    """The JSON object. Each name may occur once: of two, different readers would choose different ones."""
    try:
        found = json.loads(encoded.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise invalid(app_id, f"{what} is no JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_constant(_name: str) -> Any:  # noqa: ANN401 - as json types it
    raise ValueError


def _time(claims: Mapping[str, Any], name: str, app_id: str) -> float | None:
    """A time claim in seconds since 1970."""
    value = claims.get(name)
    if value is None:
        return None
    if type(value) not in {int, float} or (isinstance(value, float) and not math.isfinite(value)):
        raise invalid(app_id, f"{name} is no number")
    found: float = min(max(value, -(2.0**53)), 2.0**53)  # an integer may be too large for a float
    return found


def _is_or_contains(value: object, wanted: str) -> bool:
    return value == wanted or (isinstance(value, list) and wanted in value)
