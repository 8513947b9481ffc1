"""The statements of the spool. Used by one task at a time."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from profile_grpc.bridge.report import Account, Kind
from profile_grpc.bridge.spool.records import ROW_BYTES, Batch, KnownDevice, Removal, ReportSize, Row, Waiting, Written
from profile_grpc.bridge.spool.schema import CARRIED, NUMBERS_FROM, write_lock

_INSERT = f"INSERT INTO report ({', '.join(Row._fields)}) VALUES ({', '.join('?' * len(Row._fields))})"


def _removed(account: Account) -> tuple[str, list[bytes | None]]:
    """The condition for the reports that a removal of the account removes, and its values. Every given value must
    match.
    """
    given = {"username": account.username, "selector": account.selector}
    named = {column: value for column, value in given.items() if value is not None}
    held = " OR ".join("instr(tokens, ?)" for _ in account.tokens)
    if not named or not held:
        return "0", []
    where = " AND ".join(f"{column} = ?" for column in named)
    return f"{where} AND ({held})", [*named.values(), *account.tokens]


_SIZE = f"length(sealed) + {ROW_BYTES}"
_KEPT_VERDICTS = 100_000
_DEAD_SHARE = 10
"""The share of the spool for dead letters: 1/10. Beyond it, the oldest are deleted."""


class Writer:
    """Reads and writes one spool."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self._lock: BinaryIO = write_lock(path)

    def close(self) -> None:
        self._database.close()
        self._lock.close()

    def totals(self) -> tuple[int, int, int, int, int, int]:
        """Waiting bytes, those of them without a proven key, waiting reports, waiting token reports, dead letters, last
        number.
        """
        one = self._database.execute
        size, unproven, waiting, tokens, last = one(
            f"""SELECT coalesce(sum({_SIZE}), 0), coalesce(sum(({_SIZE}) * (1 - proven)), 0),
                count(*), coalesce(sum(kind = {Kind.TOKEN.value}), 0), coalesce(max(id), 0) FROM report"""
        ).fetchone()
        dead, last_dead = one("SELECT count(*), coalesce(max(id), 0) FROM dead").fetchone()
        first = one("SELECT coalesce(max(value), 0) FROM meta WHERE name = ?", (NUMBERS_FROM,)).fetchone()[0]
        return size, unproven, waiting, tokens, dead, max(last, last_dead, first)

    def salts(self) -> dict[int, bytes]:
        return dict(self._database.execute("SELECT id, salt FROM epoch").fetchall())

    def dead(self) -> int:
        """How many dead letters there are."""
        return int(self._database.execute("SELECT count(*) FROM dead").fetchone()[0])

    def oldest(self) -> int | None:
        """As `Spool.oldest`."""
        row = self._database.execute("SELECT arrived FROM report ORDER BY id LIMIT 1").fetchone()
        return row[0] if row else None

    def read(self, after: int, limit: int) -> list[Waiting]:
        """As `Spool.read`."""
        rows = self._database.execute(
            "SELECT id, kind, app_id, arrived, trace, proven, credential, attempts, sealed"
            " FROM report WHERE id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [
            Waiting(number, Kind(kind), app_id, arrived, trace, bool(proven), credential, attempts, sealed)
            for number, kind, app_id, arrived, trace, proven, credential, attempts, sealed in rows
        ]

    def sealed_key(self, verifier: bytes) -> bytes | None:
        row = self._database.execute("SELECT sealed FROM credential WHERE verifier = ?", (verifier,)).fetchone()
        return row[0] if row else None

    def device(self, account: bytes) -> KnownDevice | None:
        row = self._database.execute("SELECT * FROM device WHERE account = ?", (account,)).fetchone()
        return KnownDevice(*row) if row else None

    def to_replay(self, limit: int) -> list[int]:
        return [row[0] for row in self._database.execute("SELECT id FROM dead WHERE replay LIMIT ?", (limit,))]

    def prepare(self, batch: Batch) -> Written:
        """Writes everything in a transaction, which `commit` ends.

        Usually does not access the disk.

        Raises:
            sqlite3.Error, OSError: nothing is written.
        """
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._database.execute("BEGIN IMMEDIATE")
            return self._apply(batch)
        except BaseException:
            self._end()
            raise

    def commit(self) -> None:
        """Commits the prepared transaction.

        Raises:
            sqlite3.Error: nothing is written.
        """
        try:
            self._database.execute("COMMIT")
        finally:
            self._end()

    def _end(self) -> None:
        try:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _apply(self, batch: Batch) -> Written:
        many = self._database.executemany
        many(_INSERT, batch.reports)
        if batch.credentials:
            many(
                "INSERT INTO credential VALUES (?, ?) ON CONFLICT DO NOTHING",
                list(batch.credentials.items()),
            )
        joined = [left for letter in batch.replayed for left in self._replay(letter)]
        overtaken = [left for removal in batch.removals for left in self._overtake(removal)]
        left = list(overtaken)
        if batch.gone or batch.repeated:
            left += self._delete([*batch.gone, *batch.repeated])
        for death in batch.dead:
            self._database.execute(
                f"INSERT INTO dead (id, {CARRIED}, attempts, reason, died, detail, push_app_ids)"
                f" SELECT id, {CARRIED}, attempts, ?, ?, ?, ? FROM report WHERE id = ?",
                (death.reason, death.time, death.detail, json.dumps(death.push_app_ids), death.number),
            )
        if batch.dead:
            left += self._delete([death.number for death in batch.dead])
        outdated = 0
        for delivered in batch.outdating:
            gone, letters = self._outdate(*delivered)
            outdated += letters
            left += gone
        if batch.retried:
            many("UPDATE report SET attempts = ? WHERE id = ?", batch.retried)
        if batch.verdicts:
            many(
                "INSERT INTO verdict VALUES (?, ?, ?, ?) ON CONFLICT (verifier, app_id)"
                " DO UPDATE SET valid = excluded.valid, time = excluded.time",
                batch.verdicts,
            )
        if batch.devices:
            many("INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?)", list(batch.devices.values()))
        if batch.meta:
            many(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                list(batch.meta.items()),
            )
        return Written(left, [report.id for report in overtaken], joined, outdated)

    def _delete(self, numbers: list[int]) -> list[ReportSize]:
        return self._changed("DELETE FROM report WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(numbers)])

    def _overtake(self, removal: Removal) -> list[ReportSize]:
        """Deletes the token reports that a removal supersedes.

        These are earlier reports of the same account (every given value of the removal matches) with a common token. If
        they were delivered first, the removal would remove what they registered (X3).
        """
        where, values = _removed(removal.account)
        return self._changed(
            f"DELETE FROM report WHERE {where} AND id < ? AND (? OR NOT proven AND credential IS ?)",
            (*values, removal.number, removal.proven, removal.credential),
        )

    def _outdate(self, number: int, kind: Kind, account: Account) -> tuple[list[ReportSize], int]:
        """Deletes earlier token reports that would undo a delivered report.

        After a removal: those that it supersedes. After a token report: those of the same device. Returns the waiting
        ones, which were dead letters until recently, and the number of deleted dead letters.
        """
        if kind is Kind.REMOVAL:
            where, values = _removed(account)
        elif account.selector is None:  # then the device is unknown
            return [], 0
        else:
            where, values = "username = ? AND selector = ?", [account.username, account.selector]
        given = (*values, number)
        waiting = self._changed(f"DELETE FROM report WHERE {where} AND id < ?", given)
        return waiting, self._database.execute(f"DELETE FROM dead WHERE {where} AND id < ?", given).rowcount

    def _replay(self, letter: int) -> list[ReportSize]:
        """Under its old number, so that it comes before later reports."""
        found = self._changed(
            f"INSERT INTO report (id, {CARRIED}) SELECT id, {CARRIED} FROM dead WHERE id = ? AND replay", [letter]
        )
        self._database.execute("DELETE FROM dead WHERE id = ? AND replay", (letter,))
        return found

    def _changed(self, statement: str, values: Sequence[object]) -> list[ReportSize]:
        """The reports that the statement deletes or inserts."""
        rows = self._database.execute(f"{statement} RETURNING id, kind, {_SIZE}, proven", values).fetchall()
        return [ReportSize(*row) for row in rows]

    def clean(self, spool_size: int, dead_before: int, devices_before: int, *, keys: bool) -> int:
        """Drops dead letters that are too old or too many, old devices, verdicts beyond their limit and, with `keys`,
        keys that no report needs any more (one pass over the reports). Returns how many dead letters there are.
        """
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._clean(spool_size, dead_before)
            self._database.execute("DELETE FROM device WHERE time < ?", (devices_before,))
            if keys:
                self._database.execute(
                    "DELETE FROM credential WHERE verifier NOT IN (SELECT credential FROM report WHERE credential"
                    " IS NOT NULL UNION SELECT credential FROM dead WHERE credential IS NOT NULL)"
                )
            self._database.execute("COMMIT")
        finally:
            self._end()
        return self.dead()

    def _clean(self, spool_size: int, dead_before: int) -> None:
        run = self._database.execute
        run("DELETE FROM dead WHERE died < ?", (dead_before,))
        size, count = run(f"SELECT coalesce(sum({_SIZE}), 0), count(*) FROM dead").fetchone()
        if size > spool_size // _DEAD_SHARE:
            run("DELETE FROM dead WHERE id IN (SELECT id FROM dead ORDER BY died LIMIT ?)", (1 + count // 10,))
        run(
            "DELETE FROM verdict WHERE (verifier, app_id) IN"
            " (SELECT verifier, app_id FROM verdict ORDER BY valid DESC, time DESC LIMIT -1 OFFSET ?)",
            (_KEPT_VERDICTS,),
        )
