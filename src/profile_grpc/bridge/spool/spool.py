"""The durable spool: a report is on disk before it is answered, and stays until it is delivered (X1, X4)."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import structlog

from profile_grpc.bridge.report import MICROSECONDS, Account, Kind
from profile_grpc.bridge.spool import schema
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.bridge.spool.records import Batch, Death, Incoming, KnownDevice, Removal, ReportSize, Row, Waiting
from profile_grpc.bridge.spool.steady_clock import DEAD_RETENTION, SteadyClock
from profile_grpc.bridge.spool.writer import Writer
from profile_grpc.sealing import Sealer
from profile_grpc.service.group_commit import Gathering

_DEVICE_RETENTION = 90 * 86_400 * MICROSECONDS
_CLOCK = "clock"
"""The value in `meta` with the time of the last cleaning, in microseconds since 1970."""
_REPLAYED_AT_ONCE = 1000
_FEW_REPORTS = 10_000
_AFTER_FAILURE = 0.2
_LINGER = 0.003
"""Seconds that a commit may wait for as many reports as the previous one had. An idle spool never waits."""
_MOST_GATHERED = 256
ResultT = TypeVar("ResultT")
log = structlog.get_logger(__name__)


class SpoolFull(Exception):  # noqa: N818 - an outcome
    """The spool's limit is reached."""


class SpoolFailed(Exception):  # noqa: N818 - an outcome
    """The report could not be written to disk."""


class Spool:
    """Reports in one SQLite file (WAL, synchronous=FULL).

    Changes that arrive during a commit share the next one. One task at a time uses the connection: reads and
    COMMIT in a thread, the statements before COMMIT on the event loop. Create it, `start` it on the event loop, and
    `close` it.
    """

    def __init__(
        self,
        path: Path,
        hash_key: bytes,
        limits: SpoolLimits | None = None,
        moment: Callable[[], int] = lambda: time.monotonic_ns() // 1000,
    ) -> None:
        """Opens the spool. `moment` returns microseconds of a monotonic clock.

        Raises:
            SpoolError: it cannot be opened, another process owns it, or it was encrypted with another hash key.
        """
        self.limits = limits or SpoolLimits()
        self._ownership = schema.Ownership(path)
        try:
            self._database, damaged = schema.open_or_replace(path)
            with schema.writing(path):
                epoch = schema.new_epoch(self._database, path, hash_key)
        except BaseException:
            self._ownership.release()
            raise
        if damaged is not None:
            recover = f"profile-grpc bridge spool recover {damaged} --spool {path}"
            log.error("the spool is damaged; created a new one", kept=str(damaged), recover=recover)
        self._writer = Writer(self._database, path)
        self._salts = self._writer.salts()
        self.sealer = Sealer(hash_key, lambda number: self._salts[number], epoch)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bridge-spool")
        self._connection_lock = asyncio.Lock()
        """Held by the task that uses the connection: it awaits within a transaction."""
        self._batch = Batch()
        self._arrival = asyncio.Event()
        self._gathering = Gathering(_LINGER)
        self._closing = False
        self._worker: asyncio.Task[None] | None = None
        self._burying = 0
        """Dead letters that are not yet on disk."""
        self._recent = _Recent(self.limits)
        self._clock = SteadyClock(moment, self.get(_CLOCK))
        self.on_superseded: Callable[[Sequence[int], str], None] = lambda _numbers, _reason: None
        """Called with reports that need no delivery, after the commit: OVERTAKEN by a removal, or REPEATED by an equal
        one."""
        self.on_requeued: Callable[[], None] = lambda: None
        """Called when dead letters wait again. They come before later reports, which may already have been read."""
        self.on_arrival: Callable[[], None] = lambda: None
        """Called when there are reports to deliver."""
        self.on_commit: Callable[[Mapping[Kind, int], float], None] = lambda _reports, _seconds: None
        """Called after each commit of reports: how many of each kind, and how many seconds it took."""
        self.failing = False
        """Whether the last commit failed."""
        (
            self.size,
            self.unproven_size,
            self.waiting,
            self.token_reports,
            self.dead,
            self._last,
        ) = self._writer.totals()

    def start(self) -> asyncio.Task[None]:
        """Starts writing, on the running event loop. Returns the task, which only `close` should end."""
        self._loop = asyncio.get_running_loop()
        self._worker = asyncio.create_task(self._run(), name="bridge-spool")
        return self._worker

    async def close(self) -> None:
        """Writes the pending changes and ends."""
        self._closing = True
        self._arrival.set()
        self._gathering.end()
        if self._worker is not None:
            await asyncio.wait([self._worker])
        self._thread.shutdown()
        self._writer.close()
        self._ownership.release()

    # --- accepting reports ---

    def room(self, *, proven: bool) -> bool:
        """Whether another report fits."""
        if self._closing or self.size >= self.limits.size:
            return False
        return proven or self.unproven_size < self.limits.size * self.limits.unproven_share

    def add(self, report: Incoming) -> asyncio.Future[None]:
        """Stores a report.

        The returned future is done when the report is on disk, or raises SpoolFailed.

        Raises:
            SpoolFull: the limit is reached.
        """
        if not self.room(proven=report.proven):
            raise SpoolFull
        self._last += 1
        account = report.account
        # Only token reports are looked up by their account, because a removal may supersede them.
        found_by = account if account and report.kind is Kind.TOKEN else None
        row = Row(
            id=self._last,
            kind=report.kind.value,
            app_id=report.app_id,
            arrived=report.arrived,
            trace=report.trace,
            proven=report.proven,
            credential=report.credential,
            username=found_by.username if found_by else None,
            selector=found_by.selector if found_by else None,
            tokens=b"".join(found_by.tokens) if found_by else None,
            sealed=report.sealed,
        )
        batch = self._batch
        batch.reports.append(row)
        if report.credential is not None:
            batch.credentials[report.credential] = report.sealed_key
        if account is not None and report.kind is Kind.REMOVAL:
            batch.removals.append(Removal(row.id, account, report.credential, report.proven))
        self._count(row.kind, row.size, proven=row.proven, by=1)
        equal = self._recent.swap(report.digest, row.id, report.arrived)
        if equal is not None:
            batch.repeated.append(equal)
        future: asyncio.Future[None] = self._loop.create_future()
        batch.waiting.append(future)
        if len(batch.waiting) == 1:
            self._arrival.set()
        self._gathering.arrived(len(batch.waiting))
        return future

    def _count(self, kind: int, size: int, *, proven: bool, by: int) -> None:
        self.size += size * by
        self.waiting += by
        if not proven:
            self.unproven_size += size * by
        if kind == Kind.TOKEN:
            self.token_reports += by

    # --- delivering reports ---

    async def read(self, after: int, limit: int) -> list[Waiting]:
        """Up to `limit` waiting reports with numbers after `after`, in the order of their arrival."""
        return await self._in_thread(lambda: self._writer.read(after, limit))

    async def flush(self) -> None:
        """Returns when all changes so far are on disk."""
        while not self._batch.empty or self._connection_lock.locked():
            self._arrival.set()
            await asyncio.sleep(_LINGER)

    async def oldest(self) -> int | None:
        """The arrival time of the oldest waiting report, in microseconds since 1970; None: none waits."""
        return await self._in_thread(self._writer.oldest)

    async def sealed_key(self, verifier: bytes) -> bytes | None:
        """The encrypted key with that verifier, or None."""
        return await self._in_thread(lambda: self._writer.sealed_key(verifier))

    def forget(self, report: Waiting) -> None:
        """The report is delivered, or dropped. Durable with the next commit: until then it may be delivered again."""
        self._batch.gone.append(report.id)
        self._arrival.set()

    def outdate(self, report: Waiting, account: Account) -> None:
        """The report is delivered. Older dead letters with tokens of the same account must not be replayed (X3)."""
        self._batch.outdating.append((report.id, report.kind, account))
        self._arrival.set()

    def bury(self, death: Death) -> None:
        """The report cannot be applied: it becomes a dead letter."""
        self._batch.dead.append(death)
        self.dead += 1
        self._burying += 1
        self._arrival.set()

    def retried(self, report: Waiting, attempts: int) -> None:
        self._batch.retried.append((attempts, report.id))
        self._arrival.set()

    # --- other stored values ---

    def put(self, name: str, value: bytes) -> None:
        self._batch.meta[name] = value
        self._arrival.set()

    def get(self, name: str) -> bytes | None:
        """The value of that name. Before `start` only."""
        row = self._database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def put_verdict(self, verifier: bytes, app_id: str, *, valid: bool, now: int) -> None:
        self._batch.verdicts.append((verifier, app_id, valid, now))
        self._arrival.set()

    async def device(self, account: bytes) -> KnownDevice | None:
        """The device on which the account was last registered, if it is identified only by its token."""
        found = self._batch.devices.get(account)
        return found or await self._in_thread(lambda: self._writer.device(account))

    def put_device(self, device: KnownDevice) -> None:
        self._batch.devices[device.account] = device
        self._arrival.set()

    def verdicts(self) -> Iterable[tuple[bytes, str, bool, int]]:
        """The known verdicts on keys: verifier, app, whether valid, and since when. Before `start` only."""
        rows = self._database.execute("SELECT verifier, app_id, valid, time FROM verdict ORDER BY time").fetchall()
        return [(verifier, app_id, bool(valid), time) for verifier, app_id, valid, time in rows]

    async def to_replay(self) -> list[int]:
        """The dead letters that an operator replays."""
        letters = await self._in_thread(lambda: self._writer.to_replay(_REPLAYED_AT_ONCE))
        if letters:
            # Another process may have written them: recovered from a damaged spool, and encrypted with another salt.
            self._salts = await self._in_thread(self._writer.salts)
            self.dead = await self._in_thread(self._writer.dead) + self._burying
        return letters

    def take_up(self, letters: Iterable[int]) -> None:
        """Moves dead letters back to the waiting reports."""
        queued = set(self._batch.replayed)
        self._batch.replayed += [letter for letter in letters if letter not in queued]
        self._arrival.set()

    async def clean(self, now: int) -> None:
        """Deletes what is no longer needed."""
        few = self.waiting <= _FEW_REPORTS
        steady = self._clock.steady(now)
        if steady:  # otherwise a restart in the meantime would not detect a jump
            self.put(_CLOCK, str(now).encode())
        before, devices = (now - DEAD_RETENTION, now - _DEVICE_RETENTION) if steady else (0, 0)
        left = await self._in_thread(lambda: self._writer.clean(self.limits.size, before, devices, keys=few))
        left += self._burying
        if left < self.dead:
            log.info("deleted dead letters that are too old or too many", letters=self.dead - left)
        self.dead = left

    # --- the thread ---

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        async with self._connection_lock:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _run(self) -> None:
        answered = 0
        while True:
            if answered > 1 and not self._closing:
                await self._gathering.wait(len(self._batch.waiting), min(answered, _MOST_GATHERED))
                answered = 0
            elif self._batch.empty and not self._closing:
                self._arrival.clear()
                await self._arrival.wait()
            elif self._batch.empty:
                return
            else:
                answered = len(self._batch.waiting)
                if not await self._commit() and self._closing:
                    return  # waiting callers got an error; the other reports are delivered again

    async def _commit(self) -> bool:
        loop = asyncio.get_running_loop()
        batch, self._batch = self._batch, Batch()
        started = loop.time()
        try:
            async with self._connection_lock:
                # The thread waits for the disk. The other work is too short to move to a thread.
                written = self._writer.prepare(batch)
                await loop.run_in_executor(self._thread, self._writer.commit)
        except (sqlite3.Error, OSError) as error:
            self.failing = True
            log.error("cannot write the spool", error=str(error))  # noqa: TRY400 - its trace says nothing more
            self._give_back(batch)
            await asyncio.sleep(_AFTER_FAILURE)
            return False
        self.failing = False
        self._burying -= len(batch.dead)
        if written.outdated:
            self.dead -= written.outdated
            log.info("deleted dead letters that later reports replace", letters=written.outdated)
        for report in written.removed:
            self._count(report.kind, report.size, proven=bool(report.proven), by=-1)
        self._rejoin(written.requeued)
        self.on_superseded(written.overtaken, "OVERTAKEN")
        self.on_superseded(batch.repeated, "REPEATED")
        for future in batch.waiting:
            if not future.done():
                future.set_result(None)
        if batch.waiting:
            tokens = sum(row.kind == Kind.TOKEN for row in batch.reports)
            taken = {Kind.REMOVAL: len(batch.reports) - tokens, Kind.TOKEN: tokens}
            self.on_commit(taken, loop.time() - started)
            self.on_arrival()
        return True

    def _rejoin(self, reports: Sequence[ReportSize]) -> None:
        for report in reports:
            self._count(report.kind, report.size, proven=bool(report.proven), by=1)
            self.dead -= 1
        if reports:
            self.on_requeued()

    def _give_back(self, batch: Batch) -> None:
        """Nothing was written: waiting callers get an error, other changes are retried."""
        for row in batch.reports:
            self._count(row.kind, row.size, proven=row.proven, by=-1)
        for future in batch.waiting:
            if not future.done():
                future.set_exception(SpoolFailed())
        again = self._batch
        again.gone[:0] = batch.gone
        # ``repeated`` is not retried: the reports that replaced them were not written.
        again.dead[:0] = batch.dead
        again.retried[:0] = batch.retried
        again.replayed[:0] = batch.replayed
        again.outdating[:0] = batch.outdating
        again.verdicts[:0] = batch.verdicts
        again.devices = batch.devices | again.devices
        again.meta = batch.meta | again.meta


class _Recent:
    """The recent reports by digest, in two generations, so that expiry has no cost per report."""

    def __init__(self, limits: SpoolLimits) -> None:
        self._window = int(limits.dedupe_window * MICROSECONDS)
        self._most = limits.remembered // 2
        self._young: dict[bytes, tuple[int, int]] = {}
        """Number and arrival."""
        self._old: dict[bytes, tuple[int, int]] = {}
        self._turns = 0
        """When the young generation becomes the old one: microseconds since 1970."""

    def swap(self, digest: bytes, number: int, arrived: int) -> int | None:
        """Records a report; returns the number of the last equal one, if it arrived within the window."""
        if arrived >= self._turns or len(self._young) >= self._most:
            self._old, self._young = self._young, {}
            self._turns = arrived + self._window
        equal = self._young.get(digest) or self._old.get(digest)
        self._young[digest] = (number, arrived)
        return equal[0] if equal is not None and equal[1] >= arrived - self._window else None
