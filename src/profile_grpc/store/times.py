"""Instants and days in the form of the tables: microseconds and UTC days since 1970-01-01T00:00:00Z."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Multiplying it takes half the time of `timedelta(microseconds=…)`.
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
"""Microseconds of a day."""


def micros(time: datetime) -> int:
    """Microseconds since the epoch; exact."""
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(value: int) -> datetime:
    """The instant of `micros`."""
    return EPOCH + value * MICROSECOND


def maybe_micros(time: datetime | None) -> int | None:
    """`micros` of a time that may be absent."""
    return None if time is None else micros(time)


def maybe_instant(value: int | None) -> datetime | None:
    """`instant` of a value that may be absent."""
    return None if value is None else EPOCH + value * MICROSECOND


def day_number(day: date) -> int:
    """UTC days since the epoch."""
    return (day - EPOCH.date()).days


def day(number: int) -> date:
    """The date of `day_number`."""
    return EPOCH.date() + timedelta(days=number)
