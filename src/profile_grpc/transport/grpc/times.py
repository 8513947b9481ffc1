"""Instants, durations and dates on the wire.

Uses plain arithmetic: the helpers of the protobuf library are several times slower, and these run in every call.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from profile_grpc.domain.errors import Reason, Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799
_MAX_DURATION_SECONDS = 315_576_000_000
_NANOS = 1_000_000_000
_SECONDS_OF_DAY = 86_400


def to_instant(value: Timestamp, field: str) -> datetime:
    """The instant, cut to microseconds.

    Raises:
        Refused: INVALID_REQUEST: outside the years 1 to 9999, or the nanoseconds are not a fraction of a second.
    """
    seconds, nanos = value.seconds, value.nanos
    if not (_FIRST_SECOND <= seconds <= _LAST_SECOND and 0 <= nanos < _NANOS):
        raise _not_valid(field, "must be 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z")
    return _EPOCH + timedelta(0, seconds, nanos // 1000)


def write_instant(target: Timestamp, value: datetime | None) -> None:
    """Sets `target` to the instant. None: `target` stays absent."""
    if value is None:
        return
    since = value - _EPOCH
    target.seconds = since.days * _SECONDS_OF_DAY + since.seconds
    target.nanos = since.microseconds * 1000


def to_timedelta(value: Duration, field: str) -> timedelta:
    """The duration, cut to microseconds.

    Raises:
        Refused: INVALID_REQUEST: beyond 10,000 years, or seconds and nanoseconds contradict each other.
    """
    seconds, nanos = value.seconds, value.nanos
    whole = abs(seconds) <= _MAX_DURATION_SECONDS and abs(nanos) < _NANOS
    if not whole or (seconds < 0 < nanos) or (nanos < 0 < seconds):
        raise _not_valid(field, "must be -315576000000s to 315576000000s")
    return timedelta(0, seconds, nanos // 1000)


def write_duration(target: Duration, value: timedelta | None) -> None:
    """Sets `target` to the duration, which is not negative. None: `target` stays absent."""
    if value is None:
        return
    target.seconds = value.days * _SECONDS_OF_DAY + value.seconds
    target.nanos = value.microseconds * 1000


def to_date(value: Date, field: str) -> date:
    """The day.

    Raises:
        Refused: INVALID_REQUEST: not a full date of the calendar.
    """
    try:
        return date(value.year, value.month, value.day)
    except (ValueError, OverflowError):
        raise _not_valid(field, "must be a full date of the calendar: year, month and day") from None


def write_date(target: Date, value: date | None) -> None:
    """Sets `target` to the day. None: `target` stays absent."""
    if value is None:
        return
    target.year, target.month, target.day = value.year, value.month, value.day


def _not_valid(field: str, description: str) -> Refused:
    return Refused.for_field(Reason.INVALID_REQUEST, f"{field} {description}.", field, description)
