"""Placeholders that faulty apps send in place of a token or an id (Terms: normalisation)."""

from __future__ import annotations

import re

_WORDS = frozenset({"", "null", "(null)", "nil", "none", "undefined", "nan", "blacklisted", "[objectobject]"})
_PRINTED_DATA_OR_ZEROS = re.compile(r"(?:\{length=\d+,bytes=0x.*\}|[0-]*0[0-]*)\Z")
"""The form in which iOS 13 and later print a data object. It contains only the two ends of the token. Or zeros only."""
_IDS = frozenset({"-1", "9774d56d682e549c"})
"""The latter is the ANDROID_ID that a faulty build of Android 2.2 gave to every phone."""


def is_no_token(token: str) -> bool:
    """Whether the value is a placeholder such as "null", ignoring case and spacing."""
    bare = "".join(token.split()).casefold().strip("<>")
    return bare in _WORDS or _PRINTED_DATA_OR_ZEROS.match(bare) is not None


def is_no_id(value: str) -> bool:
    """Whether a user or device id is likely the same on many phones."""
    return is_no_token(value) or value.strip().casefold() in _IDS
