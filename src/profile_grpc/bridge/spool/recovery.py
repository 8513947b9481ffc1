# ruff: noqa: S608 - statements are put together from constants
"""Copies the readable data of a damaged spool into the spool that replaced it (`bridge spool recover`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from profile_grpc.bridge.spool import schema
from profile_grpc.bridge.spool.schema import BUSY_SECONDS, CARRIED, SpoolError
from profile_grpc.sealing import CannotOpen, Sealer

_MOST_MISSES = 20_000
"""The search ends after this number of consecutive numbers without a report."""
_WHY = "RECOVERED"


@dataclass(frozen=True, slots=True)
class Recovered:
    """The result of a recovery."""

    reports: int
    """Waiting reports. They are delivered within seconds, or at the next start of a bridge."""
    dead: int
    """Dead letters."""
    unreadable: int
    """Rows that were found but could not be decrypted. Other rows may be lost without being counted."""


def recover(damaged: Path, path: Path, hash_key: bytes, now: int) -> Recovered:
    """Saves reports, dead letters and keys of the file `damaged` into the spool `path`.

    A bridge may use the spool at the same time.

    `now`: microseconds since 1970. A repetition saves nothing twice.

    Raises:
        SpoolError: nothing can be read from the file, or the spool cannot be used.
    """
    if not damaged.is_file():
        raise SpoolError(f"there is no file {damaged}")
    with closing(_opened(damaged)) as source:
        salts: dict[Any, Any] = dict(row for row in _rows(source, "epoch", "id, salt"))
        if not salts:
            raise SpoolError(f"nothing can be read of {damaged}: the salts of its reports are lost")
        old = Sealer(hash_key, salts.__getitem__, max(salts))
        if not path.exists():
            schema.connect(path).close()
        with schema.opened_beside(path) as target:
            target.execute("BEGIN IMMEDIATE")
            epoch = schema.new_epoch(target, path, hash_key)
            salt = target.execute("SELECT salt FROM epoch WHERE id = ?", (epoch,)).fetchone()[0]
            new = Sealer(hash_key, lambda _: salt, epoch)
            found = _Copy(source, target, old, new)
            reports = found.reports("report", "'' AS reason, attempts", waits=True, now=now)
            dead = found.reports("dead", "reason, attempts", waits=False, now=now)
            found.sealed("credential", "verifier")
            found.sealed("device", "account, device_id", "time")
            target.execute("COMMIT")
    return Recovered(reports, dead, found.unreadable)


class _Copy:
    """Copies rows and encrypts them again: the new spool does not have the salts of the old one."""

    def __init__(self, source: sqlite3.Connection, target: sqlite3.Connection, old: Sealer, new: Sealer) -> None:
        self._source = source
        self._target = target
        self._old = old
        self._new = new
        self.unreadable = 0

    def reports(self, table: str, more: str, *, waits: bool, now: int) -> int:
        """Copies reports. They become dead letters; the waiting ones are marked for immediate delivery."""
        names = CARRIED.split(", ")
        count = 0
        for number, reason, attempts, *values in _rows(self._source, table, f"id, {more}, {CARRIED}"):
            content = self._resealed(values[names.index("sealed")])
            if content is None:
                continue
            values[names.index("sealed")] = content
            count += self._target.execute(
                f"INSERT INTO dead (id, {CARRIED}, attempts, reason, died, replay)"
                f" SELECT {', '.join('?' * (len(names) + 5))}"
                " WHERE NOT EXISTS (SELECT 1 FROM report WHERE id = ?1) ON CONFLICT DO NOTHING",
                (number, *values, attempts, reason or _WHY, now, waits),
            ).rowcount
        return count

    def sealed(self, table: str, before: str, after: str = "") -> None:
        """Copies rows of a table that has an encrypted column between these columns."""
        wide = before.count(",") + 1
        columns = ", ".join(filter(None, (before, "sealed", after)))
        for values in _rows(self._source, table, columns):
            content = self._resealed(values[wide])
            if content is not None:
                row = (*values[:wide], content, *values[wide + 1 :])
                marks = ", ".join("?" * len(row))
                self._target.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING", row)

    def _resealed(self, sealed: object) -> bytes | None:
        try:
            return self._new.seal(self._old.open(bytes(sealed)))  # type: ignore[call-overload]
        except (CannotOpen, TypeError, ValueError):
            self.unreadable += 1
            return None


def _opened(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, timeout=BUSY_SECONDS)
        database.execute("PRAGMA query_only = 1")
        database.execute(
            "PRAGMA writable_schema = 1"
        )  # otherwise SQLite does not open a file that is shorter than its header says
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise SpoolError(f"nothing can be read of {path}: {error}") from None
    return database


def _rows(database: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Every readable row: from both ends to the first damage, then the rows between one by one."""
    seen: set[int] = set()
    ends: list[int] = []
    for order in ("ASC", "DESC"):
        last = 0
        try:
            rows = database.execute(f"SELECT rowid, {columns} FROM {table} ORDER BY rowid {order}")
            for number, *values in rows:
                last = number
                if number in seen:
                    return  # both ends have met
                seen.add(number)
                yield tuple(values)
            if order == "ASC":
                return
        except sqlite3.Error:
            ends.append(last)
    number, misses = ends[0] + 1, 0
    while misses < _MOST_MISSES and number != ends[1]:
        try:
            row = database.execute(f"SELECT {columns} FROM {table} WHERE rowid = ?", (number,)).fetchone()
        except sqlite3.Error:
            row = None
        if row is not None:
            yield row
        misses = misses + 1 if row is None else 0
        number += 1
