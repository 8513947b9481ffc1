"""Dead letters of a spool, for an operator; also while a bridge works on it (X4)."""

from __future__ import annotations

import json
from pathlib import Path

from profile_grpc.bridge.report import Kind
from profile_grpc.bridge.spool.records import DeadLetter
from profile_grpc.bridge.spool.schema import SpoolError, opened_beside


def listed(path: Path) -> list[DeadLetter]:
    """Every dead letter, oldest first.

    Raises:
        SpoolError: the file is not a spool, or has another version.
    """
    with opened_beside(path) as database:
        rows = database.execute(
            "SELECT id, kind, app_id, arrived, died, trace, attempts, reason, detail, push_app_ids, replay"
            " FROM dead ORDER BY died, id"
        ).fetchall()
    return [
        DeadLetter._make((number, Kind(kind), *rest, tuple(json.loads(push_app_ids)), bool(replayed)))
        for number, kind, *rest, push_app_ids, replayed in rows
    ]


def replay(path: Path, numbers: list[int], *, everything: bool, reason: str = "", app_id: str = "") -> int:
    """Marks dead letters for another delivery, which the bridge starts within seconds or at its next start.

    Selects those with `numbers`, or all with `everything`; `reason` and `app` restrict the selection. Returns their
    number.

    Raises:
        SpoolError: the file is not a spool, or has another version; or a number does not belong to a dead letter: then
            none is marked.
    """
    with opened_beside(path) as database:
        wanted = json.dumps(numbers)
        unknown = database.execute(
            "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM dead) ORDER BY value", (wanted,)
        ).fetchall()
        if unknown and not everything:
            raise SpoolError(f"no such dead letter: {', '.join(str(number) for (number,) in unknown)}")
        cursor = database.execute(
            "UPDATE dead SET replay = 1 WHERE NOT replay AND ? IN ('', reason) AND ? IN ('', app_id)"
            " AND (? OR id IN (SELECT value FROM json_each(?)))",
            (reason, app_id, everything, wanted),
        )
    return cursor.rowcount
