"""Push tokens: their normalized form, the forms in which a report may contain one, and placeholders for them and for
ids that faulty apps send (Terms: normalisation).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Iterable

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.push_endpoints import PushProvider

_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_PADDED_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={1,2}\Z")
_PRINTED = re.compile(r"[<>\s]+")
_MAX_BYTES = 4096
"""Of a stored token. Hexadecimal is half as long again as base64."""
_APPLE = frozenset({PushProvider.APNS, PushProvider.APNS_VOIP, PushProvider.SAFARI})
_PLACEHOLDERS = frozenset({"", "null", "(null)", "nil", "none", "undefined", "nan", "blacklisted", "[objectobject]"})
_PRINTED_DATA_OR_ZEROS = re.compile(r"(?:\{length=\d+,bytes=0x.*\}|[0-]*0[0-]*)\Z")
"""The form in which iOS 13 and later print a data object. It contains only the two ends of the token. Or zeros only."""
_NO_IDS = frozenset({"-1", "9774d56d682e549c"})
"""The latter is the ANDROID_ID that a faulty build of Android 2.2 gave to every phone."""


def normalise(provider: PushProvider, token: str, field: str = "token") -> str:
    """The token in the form that is stored and looked up, for all inputs (Terms: normalisation).

    Surrounding white space is removed.

    A token of Apple becomes lower-case hexadecimal, even if it was printed as `<52f7f3d9 7d8cfd…>` or encoded as padded
    base64. The function is idempotent.

    Args:
        provider: the provider of the token.
        token: the token as received, of any length.
        field: the token's field in the request, for the error.

    Raises:
        Refused: PLACEHOLDER_TOKEN: the value is a placeholder; INVALID_REQUEST: it is too long when it is decoded.
    """
    bare = token.strip()
    if provider in _APPLE:
        bare = _apple(bare)
        if len(bare) > max(_MAX_BYTES, len(token)):
            description = f"must be at most {_MAX_BYTES} bytes in hexadecimal"
            raise Refused.for_field(Reason.INVALID_REQUEST, f"The push token {description}.", field, description)
    if is_no_token(bare):
        raise _placeholder(field)
    return bare


def check_any(reported: Iterable[str], field: str) -> None:
    """Checks the tokens of an account-removal report, of which a phone often has only one.

    Raises:
        Refused: PLACEHOLDER_TOKEN: all of them are placeholders.
    """
    tokens = list(reported)
    if tokens and all(map(is_no_token, tokens)):
        raise _placeholder(field)


def _placeholder(field: str) -> Refused:
    message = "The push token is a placeholder, such as null; send no token while the device has none."
    description = "must be a push token, not a placeholder such as null"
    return Refused.for_field(Reason.PLACEHOLDER_TOKEN, message, field, description)


def _apple(token: str) -> str:
    bare = _PRINTED.sub("", token)
    if _HEX.match(bare):
        return bare.lower()
    return base64_bytes(bare).hex() if _PADDED_BASE64.match(bare) and len(bare) % 4 == 0 else bare


def spellings(reported: str) -> frozenset[str]:
    """Every stored token that a reported one may mean (X3).

    As received without surrounding white space, as a printed token of Apple's, base64-decoded as text, and the decoded
    bytes in lower-case hexadecimal, as APNs tokens are stored. Both alphabets of base64 and missing padding are
    understood. Empty if the value is a placeholder, because it must not match any token.
    """
    bare = reported.strip()
    if is_no_token(bare):
        return frozenset()
    found = {bare, _PRINTED.sub("", bare)}
    decoded = base64_bytes(bare)
    if decoded:
        found.add(decoded.hex())
        with contextlib.suppress(UnicodeDecodeError):  # a binary token is stored in hexadecimal only
            found.add(decoded.decode())
    found.update([text.lower() for text in found if _HEX.match(text)])
    return frozenset(found)


def is_no_token(token: str) -> bool:
    """Whether the value is a placeholder such as "null", ignoring case and spacing."""
    bare = "".join(token.split()).casefold().strip("<>")
    return bare in _PLACEHOLDERS or _PRINTED_DATA_OR_ZEROS.match(bare) is not None


def is_no_id(value: str) -> bool:
    """Whether a user or device id is likely the same on many phones."""
    return is_no_token(value) or value.strip().casefold() in _NO_IDS


def base64_bytes(text: str) -> bytes:
    """The bytes of base64 in either alphabet, with or without padding; none for anything else."""
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
