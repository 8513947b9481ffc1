"""How values of filters and of fields are compared (T3)."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from functools import lru_cache

_VERSION = re.compile(r"\s*[vV]?([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)
_MAX_DIGITS = 25
"""Digits of one number of a version. A text with more is not a version."""
_PRERELEASE, _RELEASE = "!", "#"
"""Both sort before the letter that begins the next number: 2.12-beta < 2.12 < 2.12.1."""
NO_VERSION = "~"
"""Begins the key of a text that is not a version. It sorts after every version, so that no range contains it."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MAX_NUMBER = 15
"""Characters of a number in an attribute, without its sign. Every engine then makes the same float of it."""
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_MAX_INTEGER = 1 << 63
_REAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REMEMBERED = 2048
"""Keys of versions and of languages that are remembered: nearly all profiles of an app have the same few."""
_LOWER = str.maketrans({chr(upper): chr(upper + 32) for upper in range(ord("A"), ord("Z") + 1)} | {"_": "-"})


@lru_cache(_REMEMBERED)
def version_key(text: str) -> str:
    """A text whose order is that of versions: 2.9 < 2.10-beta < 2.10 = 2.10.0 < 2.10.1.

    A leading `v` and what follows a space or a `+` do not count. Anything else after the numbers makes the version one
    before the release. The key of a text that does not begin with a number equals only that of the same text.
    """
    matched = _VERSION.match(text)
    if matched is None:
        return NO_VERSION + text
    numbers = [number.lstrip("0") for number in matched[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    if any(len(number) > _MAX_DIGITS for number in numbers):
        return NO_VERSION + text
    rest = re.split(r"[+\s]", matched[2], maxsplit=1)[0].strip("-._")
    end = _PRERELEASE + _natural(rest) if rest else _RELEASE
    return "".join([_sized(number) for number in numbers]) + end


def is_version(key: str) -> bool:
    """Whether it is the key of a version."""
    return not key.startswith(NO_VERSION)


def _sized(number: str) -> str:
    """The number with a letter for its length before it, so that texts sort as numbers do."""
    return chr(ord("a") + len(number)) + number


def _natural(text: str) -> str:
    """The text in lower case, with its numbers sized: beta2 < beta10."""
    parts = re.split(r"([0-9]+)", text.translate(_LOWER))
    return "".join([_sized(part.lstrip("0")) if part.isdecimal() and part.isascii() else part for part in parts])


@lru_cache(_REMEMBERED)
def language_key(tag: str) -> str:
    """A language tag as it is compared: en_US, en-us and EN-US are the same (BCP 47)."""
    return tag.translate(_LOWER)


def is_in_language(tag: str, wanted: str) -> bool:
    """Whether the tag (a key) is the wanted one, or begins with it and a hyphen: en-us is in en."""
    return tag == wanted or tag.startswith(wanted + "-")


def number(text: str) -> float | None:
    """The number that the text is, in plain decimal notation; None: it is none."""
    return float(text) if len(text.lstrip("-")) <= MAX_NUMBER and _NUMBER.fullmatch(text) else None


def integer(text: str) -> int | None:
    """The whole number of 64 bits that the text is; None: it is none."""
    value = int(text) if _INTEGER.fullmatch(text) else _MAX_INTEGER
    return value if -_MAX_INTEGER <= value < _MAX_INTEGER else None


def real(text: str) -> float | None:
    """The finite number that the text is, also with an exponent (1e6); None: it is none."""
    value = float(text) if _REAL.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def instant(text: str) -> datetime | None:
    """The time in RFC 3339, or the start of a day in UTC (2026-03-14); None: it is neither."""
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    return None


def day(text: str) -> date | None:
    """The day (2026-03-14); None: it is none."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
