"""Values of a file, of whatever type they are there, as texts and times."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc
_MILLISECONDS_FROM = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973


def text(value: object) -> str:
    """The text of a string, number or boolean without surrounding white space; empty for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value) if isinstance(value, int | float) else ""


def attribute_text(value: object) -> str:
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode() if value else ""
    return text(value)


def mapping(value: object) -> Mapping[str, object]:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[object]:
    """The JSON array, or an empty one."""
    return value if isinstance(value, list) else []


def moment(value: object) -> datetime | None:
    """The time of an ISO 8601 text, or of a number of seconds or milliseconds since 1970; None for anything else."""
    bare = text(value)
    try:
        number = float(bare)
    except ValueError:
        return _iso(bare)
    if not math.isfinite(number):
        return None
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS_FROM else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(bare: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(bare.removesuffix(" UTC"))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def rfc3339(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def usable(name: str) -> str:
    """The name without control characters."""
    return _CONTROL.sub("", name)


def has_control(value: str) -> bool:
    return _CONTROL.search(value) is not None


def fits(value: str, limit: int) -> bool:
    """Whether the text has at most `limit` bytes and no control character."""
    return len(value.encode()) <= limit and not has_control(value)
