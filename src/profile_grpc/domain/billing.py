"""Monthly active devices (M1, M2): when an active (app, user, device) is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

COUNT_WINDOW = timedelta(days=30)
DELETION_WINDOW = timedelta(days=30)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class MadRecord(NamedTuple):
    """The billing record of one (app, user, device) (M1, M2)."""

    count_time: datetime
    """When it was last counted."""
    number: int
    """How often it was counted; the next count takes the next number, so that no two can be made at once (M4)."""
    deletion_time: datetime | None = None
    """The deletion that opened the latest deletion window (M2)."""


class LedgerEntry(NamedTuple):
    """One counted monthly active device (M1). Identifies nobody (M3)."""

    app_id: str
    profile_hash: str
    number: int
    count_time: datetime


def covered(mad: MadRecord, now: datetime) -> bool:
    """Whether activity now is not counted (M1, M2).

    A count at t covers [t, t + 30 days); so does the first deletion at t.
    """
    if now < mad.count_time + COUNT_WINDOW:
        return True
    return mad.deletion_time is not None and now < mad.deletion_time + DELETION_WINDOW


def count(known: MadRecord | None, now: datetime) -> MadRecord:
    """The record after activity now: counted unless covered (M1)."""
    if known is None:
        return MadRecord(now, 1)
    if covered(known, now):
        return known
    return MadRecord(now, known.number + 1)


def delete(mad: MadRecord, now: datetime) -> MadRecord:
    """The record after a deletion now.

    The first deletion after a count opens a window. A later one opens none until there is another count, also after the
    end of the window: otherwise a delete/register loop would never be counted (M2, docs/adr/0106).
    """
    return mad._replace(deletion_time=now) if was_active(mad) and mad.deletion_time is None else mad


def deletion_window(mad: MadRecord) -> datetime:
    """The start of the latest deletion window, as the tombstone keeps it; long ago, if there was none."""
    return mad.deletion_time or _LONG_AGO


def never_counted() -> MadRecord:
    """The record of a profile that was never active here: it was imported (I1). Its first activity is counted."""
    return MadRecord(_LONG_AGO, 0)


def was_active(mad: MadRecord) -> bool:
    """Whether the profile was ever active here: a registration, heartbeat or update counted it (M1)."""
    return mad.number > 0


def deleted_since(mad: MadRecord) -> MadRecord:
    """The record of a missing profile by its last count, which its deletion followed.

    If the deletion is forgotten, its window ended long ago: another one opens none before the next count (M2).
    """
    return mad if mad.deletion_time is not None else mad._replace(deletion_time=_LONG_AGO)


def forgotten(deletion_time: datetime) -> MadRecord:
    """The record of a deleted profile whose counts are past the ledger's retention: its deletion still counts (M2)."""
    return MadRecord(deletion_time, 0, deletion_time)
