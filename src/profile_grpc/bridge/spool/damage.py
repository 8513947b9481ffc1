"""A spool that SQLite cannot read any more: it is set aside, so that a bridge can start with a new one (X1)."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

_PARTS = ("", "-wal", "-shm")
"""The files of an SQLite database: its file, its WAL and the index of the WAL."""
_ASIDE = re.compile(r"\.damaged-(\d+)\Z")
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NUMBERS_APART = 1 << 40


def is_damage(error: Exception) -> bool:
    """Whether the error means that the file is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def set_aside(path: Path) -> Path:
    """Renames a damaged spool, with its log; returns its new name."""
    number = 1 + max(map(_number, kept_aside(path)), default=0)
    aside = path.with_name(f"{path.name}.damaged-{number}")
    return _renamed(path, aside)


def kept_aside(path: Path) -> list[Path]:
    """The damaged spools next to this one that were not recovered yet; the oldest first."""
    found = [near for near in path.parent.glob(f"{path.name}.damaged-*") if _ASIDE.search(near.name)]
    return sorted(found, key=_number)


def recovered(aside: Path) -> Path:
    """Renames a damaged spool of which everything readable was recovered; returns its new name."""
    return _renamed(aside, aside.with_name(f"{aside.name}.recovered"))


def first_number(path: Path) -> int:
    """The first number of a new spool.

    It is above the numbers of every spool that was set aside before. So recovered reports keep their numbers and come
    before later reports.
    """
    every = [near for near in path.parent.glob(f"{path.name}.damaged-*") if not near.name.endswith(_PARTS[1:])]
    return len(every) * _NUMBERS_APART


def _renamed(path: Path, new: Path) -> Path:
    for part in _PARTS:
        found = path.with_name(path.name + part)
        if found.exists():
            found.rename(new.with_name(new.name + part))
    return new


def _number(aside: Path) -> int:
    match = _ASIDE.search(aside.name)
    return int(match[1]) if match else 0
