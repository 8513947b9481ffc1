# ruff: noqa: S608 - statements are put together from constants; values are bound
"""Dead letters of a spool, for an operator; also while a bridge works on it (X4)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from profile_grpc.bridge.report import Kind
from profile_grpc.bridge.spool.records import DeadLetter
from profile_grpc.bridge.spool.schema import BUSY_SECONDS, VERSION, SpoolError, check_database, writing


def listed(path: Path) -> list[DeadLetter]:
    """Every dead letter, oldest first.

    Raises:
        SpoolError: the file is no spool, or of another version.
    """
    with _opened(path) as database:
        rows = database.execute(
            "SELECT id, kind, app_id, arrived, died, trace, attempts, reason, detail, push_app_ids, replay"
            " FROM dead ORDER BY died, id"
        ).fetchall()
    return [
        DeadLetter._make((number, Kind(kind), *rest, tuple(json.loads(push_app_ids)), bool(replayed)))
        for number, kind, *rest, push_app_ids, replayed in rows
    ]


def replay(path: Path, numbers: list[int], *, everything: bool, reason: str = "", app_id: str = "") -> int:
    """Marks dead letters to be taken up again, which the bridge does within seconds or at its next start.

    Those of `numbers`, or `everything`; of them, only those of the reason and the app that are given. Answers how many.

    Raises:
        SpoolError: the file is no spool, or of another version.
    """
    chosen = "" if everything else f" AND id IN ({', '.join('?' * len(numbers))})"
    with _opened(path) as database:
        cursor = database.execute(
            "UPDATE dead SET replay = 1 WHERE NOT replay AND ? IN ('', reason) AND ? IN ('', app_id)" + chosen,
            (reason, app_id, *([] if everything else numbers)),
        )
        # No checkpoint here: a bridge may be writing.
    return cursor.rowcount


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise SpoolError(f"there is no spool {path}; name the bridge's file with --spool")
    check_database(path)
    try:
        # The lock: closing the last connection writes, too, where no bridge is at work.
        with writing(path), closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version != VERSION:
                raise SpoolError(f"{path} is no spool of this version of profile-grpc")
            database.execute("PRAGMA wal_autocheckpoint = 0")
            database.execute("PRAGMA synchronous = FULL")
            yield database
    except sqlite3.Error as error:
        raise SpoolError(f"cannot read the spool {path}: {error}") from None
