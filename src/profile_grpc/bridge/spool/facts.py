# ruff: noqa: S608 - statements are put together from constants
"""The content of a spool, for `profile-grpc doctor`. A bridge may use the spool at the same time. Nothing is
written.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from profile_grpc import sealing
from profile_grpc.bridge.spool.records import ROW_BYTES
from profile_grpc.bridge.spool.schema import (
    BUSY_SECONDS,
    KEY_CHECK,
    LAST_ERROR,
    VERSION,
    Ownership,
    SpoolError,
    check_database,
    owner_file,
    writing,
)


@dataclass(frozen=True, slots=True)
class SpoolFacts:
    """The current state of a spool."""

    waiting: int
    """Reports that wait."""
    size: int
    """Bytes of them, counted as the spool's limit counts them."""
    oldest: int | None
    """The arrival time of the oldest, in microseconds since 1970; None: none waits."""
    failed: int
    """The number of them on which the service has failed and that are retried."""
    last_error: str
    """Why the bridge could not reach the service when it last tried; empty: it could."""
    dead: Mapping[str, int]
    """Dead letters, by reason."""
    free: int
    """Bytes that the file may grow by: unused pages, and the disk."""
    owned: bool
    """Whether a bridge uses it."""
    key_check: bytes

    @property
    def why_waiting(self) -> str:
        """Why reports wait, in one line. Empty: none waits, or they have just arrived."""
        why = []
        if self.waiting and self.last_error:
            why.append(f"the service cannot be reached ({self.last_error})")
        if self.failed:
            why.append(f"the service failed over {self.failed:,} of them, which are tried again")
        return "; ".join(why)

    def sealed_under(self, hash_key: bytes) -> bool:
        """Whether its reports can be decrypted with this hash key."""
        return sealing.same(self.key_check, sealing.key_check(hash_key))


def read(path: Path) -> SpoolFacts:
    """Reads a spool.

    Raises:
        SpoolError: the file is not a spool, has another version, or cannot be read.
    """
    check_database(path)
    owned = _owned(path)
    # While a bridge runs: read-only, which never makes a checkpoint, and without the lock, for which the bridge would
    # wait. Without a bridge: not read-only, because a read-only connection would leave SQLite's journal files behind.
    uri = f"file:{quote(str(path.absolute()))}?mode={'ro' if owned else 'rw'}"
    try:
        with (
            nullcontext() if owned else writing(path),
            closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as database,
        ):
            one = database.execute
            if one("PRAGMA user_version").fetchone()[0] != VERSION:
                raise SpoolError(f"{path} is not a spool of this version of profile-grpc")
            one("BEGIN")
            waiting, size, oldest, failed = one(
                f"SELECT count(*), coalesce(sum(length(sealed) + {ROW_BYTES}), 0), min(arrived),"
                " coalesce(sum(attempts > 0), 0) FROM report"
            ).fetchone()
            dead = dict(one("SELECT reason, count(*) FROM dead GROUP BY reason ORDER BY count(*) DESC").fetchall())
            kept = dict(one("SELECT name, value FROM meta WHERE name IN (?, ?)", (KEY_CHECK, LAST_ERROR)).fetchall())
            unused = one("PRAGMA freelist_count").fetchone()[0] * one("PRAGMA page_size").fetchone()[0]
    except (sqlite3.Error, OSError) as error:
        raise SpoolError(f"cannot read the spool {path}: {error}") from None
    free = unused + shutil.disk_usage(path.absolute().parent).free
    last_error = kept.get(LAST_ERROR, b"").decode(errors="replace")
    return SpoolFacts(waiting, size, oldest, failed, last_error, dead, free, owned, kept.get(KEY_CHECK, b""))


def _owned(path: Path) -> bool:
    if not owner_file(path).exists():
        return False
    try:
        Ownership(path).release()
    except SpoolError:
        return True
    return False
