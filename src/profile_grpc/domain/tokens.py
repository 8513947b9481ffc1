"""Push tokens: one spelling for each, and the spellings under which a report may name one."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re

from profile_grpc.domain.model import PushProvider

_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_APPLE = frozenset({PushProvider.APNS, PushProvider.APNS_VOIP, PushProvider.SAFARI})


def normalise(provider: PushProvider, token: str) -> str:
    """The token as stored and looked up: Apple's hexadecimal tokens are the same in either case."""
    return token.lower() if provider in _APPLE and _HEX.match(token) else token


def spellings(reported: str) -> frozenset[str]:
    """Every stored token that a reported one may mean (X3).

    As received (and, if hexadecimal, in lower case), base64-decoded as text, and the decoded bytes in lower-case
    hexadecimal, as APNs tokens are stored. Both alphabets of base64 and missing padding are understood.
    """
    found = {reported}
    decoded = _base64_bytes(reported)
    if decoded:
        found.add(decoded.hex())
        with contextlib.suppress(UnicodeDecodeError):  # a binary token is stored in hexadecimal only
            found.add(decoded.decode())
    found.update([text.lower() for text in found if _HEX.match(text)])
    return frozenset(found)


def _base64_bytes(text: str) -> bytes:
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
