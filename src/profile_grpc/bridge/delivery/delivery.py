"""Delivers the reports in the spool: in order for each account, with retries while the service is down (X4)."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog

from profile_grpc.bridge.availability import Availability, Backoff
from profile_grpc.bridge.delivery.sending import Outcome, ReportSender, Result, spelled_tokens
from profile_grpc.bridge.metrics import BridgeMetrics
from profile_grpc.bridge.report import Report, account_of
from profile_grpc.bridge.spool.records import Death, Waiting
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.bridge.templates import Fields
from profile_grpc.sealing import CannotOpen
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import TraceContext, Tracer

_FAILING = Backoff(0.5, 120.0)
_A_MOMENT = 1.0
_MAX_INCOMPLETE_WINDOWS = 10
"""The number of windows of reports that may wait for missing information, beside those that can be delivered."""
_FAULT = Result(Outcome.FAILED, "FAULT", reached=False)
"""An unexpected error."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How reports are delivered."""

    concurrency: int = 32
    """Calls in flight."""
    window: int = 2000
    """Reports in memory that can be delivered."""
    attempts: int = 30
    """How often the service may fail on one report before it becomes a dead letter. Failed connections do not count."""
    failing: Backoff = _FAILING
    """The delay between attempts to deliver a report on which the service failed."""


@dataclass(slots=True, eq=False)
class _Entry:
    """A report in memory, and the lanes in which it waits."""

    waiting: Waiting
    report: Report
    lanes: list[str]
    attempts: int
    in_flight: bool = False
    queued: bool = False
    resting: bool = False
    incomplete: bool = False
    """It waits because information is missing."""
    superseded: bool = False


class Delivery:
    """Reads reports from the spool in the order of their arrival and calls the service.

    A report waits for every earlier one with the same account, device or token. All other reports are delivered
    concurrently.
    """

    def __init__(
        self,
        spool: Spool,
        sender: ReportSender,
        availability: Availability,
        now: Callable[[], int],
        metrics: BridgeMetrics,
        limits: DeliveryLimits,
        tracer: Tracer | None = None,
    ) -> None:
        """`now` returns microseconds since 1970. `tracer`: records attempts to deliver as spans."""
        self._tracer = tracer
        self._spool = spool
        self._sender = sender
        self._now = now
        self._metrics = metrics
        self._limits = limits
        self._availability = availability
        self._entries: dict[int, _Entry] = {}
        self._lanes: defaultdict[str, deque[_Entry]] = defaultdict(deque)
        self._ready: deque[_Entry] = deque()
        self._position = 0
        self._more = True
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        self._closing = False
        self._anew = False
        """Whether to read all reports again: replayed dead letters come before reports that were already read."""
        self._incomplete = 0
        """How many reports wait for missing information. They must not prevent the reading of others."""
        spool.on_superseded = self._superseded
        spool.on_requeued = self._read_anew
        spool.on_arrival = self._arrived

    def start(self) -> asyncio.Task[None]:
        """Begins to deliver, on the running event loop. Returns the task, which only `close` should end."""
        self._worker = asyncio.create_task(self._run(), name="bridge-delivery")
        return self._worker

    async def close(self, grace: float) -> None:
        """Starts no further calls, and waits this number of seconds for the calls in flight. The other reports are
        delivered after a restart.
        """
        self._closing = True
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    # --- which is next ---

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 - a disk that fails to read for a moment must not end delivery
                log.error("cannot read the spool", fault=type(error).__name__)  # noqa: TRY400 - its text may contain a report
                self._more = True
                await asyncio.sleep(_A_MOMENT)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if self._anew and not self._tasks:
                await self._start_anew()
            if self._more and self._deliverable() <= self._limits.window // 2:
                await self._fill()
            while (
                self._ready
                and not self._anew
                and self._availability.allowed(loop.time(), len(self._tasks), self._limits.concurrency)
            ):
                self._begin(self._ready.popleft())
            if self._anew:  # until the calls in flight have ended
                await self._wake.wait()
                continue
            pause = (
                None
                if self._availability.available or not self._ready or self._tasks
                else self._availability.seconds_to_next(loop.time())
            )
            if pause == 0:
                continue
            timer = loop.call_later(pause, self._wake.set) if pause is not None else None
            await self._wake.wait()
            if timer is not None:
                timer.cancel()

    async def _fill(self) -> None:
        limit = self._limits.window - self._deliverable()
        self._more = False
        rows = await self._spool.read(self._position, limit)
        self._more = self._more or len(rows) == limit
        for row in rows:
            self._position = row.id
            self._admit(row)

    async def _start_anew(self) -> None:
        """Drops the reports in memory, like a restart, so that every report is read in its order again."""
        await self._spool.flush()  # delivered and outdated reports must not be read again
        for entry in self._entries.values():
            entry.incomplete = False
            self._sender.forget(entry.waiting)
        self._entries.clear()
        self._lanes.clear()
        self._ready.clear()
        self._incomplete = self._position = 0
        self._anew, self._more = False, True

    def _deliverable(self) -> int:
        """The reports in memory, less those that wait for missing information, of which a limited number counts."""
        return len(self._entries) - min(self._incomplete, self._limits.window * _MAX_INCOMPLETE_WINDOWS)

    def _admit(self, waiting: Waiting) -> None:
        try:
            report = msgspec.msgpack.decode(self._spool.sealer.open(waiting.sealed), type=Report)
        except (CannotOpen, msgspec.DecodeError):
            self._record_outcome(waiting, Result(Outcome.DEAD, "UNREADABLE"))
            return
        entry = _Entry(waiting, report, list(_lanes(self._sender.fields(report, report.app_id))), waiting.attempts)
        self._entries[waiting.id] = entry
        for lane in entry.lanes:
            self._lanes[lane].append(entry)
        self._queue_if_first(entry)

    def _queue_if_first(self, entry: _Entry) -> None:
        first = all(self._lanes[lane][0] is entry for lane in entry.lanes)
        if first and not (entry.queued or entry.resting or entry.in_flight):
            entry.queued = True
            self._ready.append(entry)

    def _leave(self, entry: _Entry) -> None:
        """Takes a report out of its lanes; those behind it move up."""
        del self._entries[entry.waiting.id]
        self._sender.forget(entry.waiting)
        behind: dict[int, _Entry] = {}
        for lane in entry.lanes:
            queue = self._lanes[lane]
            queue.remove(entry)
            if queue:
                behind[queue[0].waiting.id] = queue[0]
            else:
                del self._lanes[lane]
        for next_entry in behind.values():
            self._queue_if_first(next_entry)
        self._wake.set()

    def _arrived(self) -> None:
        self._more = True
        self._wake.set()

    def _read_anew(self) -> None:
        self._anew = True
        self._wake.set()

    def _superseded(self, numbers: Sequence[int], reason: str) -> None:
        """These reports no longer wait in the spool. A report in flight is still delivered, once."""
        for number in numbers:
            entry = self._entries.get(number)
            if entry is not None and entry.in_flight:
                entry.superseded = True
            elif entry is not None:
                self._metrics.dropped(reason)
                if entry.queued:
                    self._ready.remove(entry)
                self._leave(entry)
            elif number > self._position:
                self._metrics.dropped(reason)

    # --- one report ---

    def _begin(self, entry: _Entry) -> None:
        entry.queued, entry.in_flight = False, True
        task = asyncio.create_task(self._deliver(entry), name="bridge-report")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, entry))

    def _ended(self, entry: _Entry, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()
        if task.cancelled() and self._closing:  # the report waits in the spool for the next start
            return
        fault = asyncio.CancelledError() if task.cancelled() else task.exception()
        if fault is None or self._entries.get(entry.waiting.id) is not entry:
            return
        # Without another attempt the report would stay in flight, and hold up its lanes until a restart.
        log.error("report delivery failed", trace_id=_trace_id(entry.waiting), fault=type(fault).__name__)
        entry.in_flight = False
        self._again(entry, _FAULT)

    async def _deliver(self, entry: _Entry) -> None:
        """One attempt, as a part of the trace of the request that brought the report."""
        if self._tracer is None:
            await self._attempt(entry)
            return
        waiting = entry.waiting
        span = self._tracer.begin("deliver report", tracing.Kind.INTERNAL, TraceContext.of_bytes(waiting.trace))
        with tracing.inside(span):
            span.set("profile_grpc.report.kind", waiting.kind.name.lower())
            span.set("profile_grpc.report.attempt", entry.attempts + 1)
            result = await self._attempt(entry)
            span.set("profile_grpc.report.outcome", result.outcome.value)
            span.set("profile_grpc.reason", result.reason)
            if result.outcome in {Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.DEAD}:
                span.fail(result.reason)

    async def _attempt(self, entry: _Entry) -> Result:
        try:
            result = await self._sender.send(entry.waiting, entry.report)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            fault = type(error).__name__  # its text may contain reported values
            log.error("cannot deliver a report", trace_id=_trace_id(entry.waiting), fault=fault)  # noqa: TRY400
            result = _FAULT
        entry.in_flight = False
        self._note_availability(result)
        if result.outcome in {Outcome.DELIVERED, Outcome.DROPPED, Outcome.DEAD}:
            if result.outcome is Outcome.DELIVERED and (self._spool.dead or self._anew):
                self._spool.outdate(entry.waiting, account_of(entry.report, self._spool.sealer.hash))
            self._record_outcome(entry.waiting, result)
            self._leave(entry)
            return result
        self._metrics.retried(result.reason)
        if entry.superseded:
            self._leave(entry)
        elif result.outcome is Outcome.UNAVAILABLE:
            # Behind the others: a call that fails each time must not be the only one that is tried.
            self._queue_if_first(entry)
        elif result.outcome is Outcome.INCOMPLETE:
            self._incomplete += 1
            entry.incomplete = True
            self._rest(entry, _A_MOMENT)
        else:
            self._again(entry, result)
        return result

    def _note_availability(self, result: Result) -> None:
        if result.reached:
            self._availability.answered()
        elif result.outcome is Outcome.UNAVAILABLE:
            self._availability.failed(asyncio.get_running_loop().time(), result.reason, result.detail)

    def _again(self, entry: _Entry, result: Result) -> None:
        entry.attempts += 1
        if entry.attempts >= self._limits.attempts:
            self._record_outcome(entry.waiting, result._replace(outcome=Outcome.DEAD))
            self._leave(entry)
            return
        self._spool.retried(entry.waiting, entry.attempts)
        self._rest(entry, self._limits.failing.delay(entry.attempts))

    def _rest(self, entry: _Entry, seconds: float) -> None:
        entry.resting = True
        asyncio.get_running_loop().call_later(seconds, self._rested, entry)

    def _rested(self, entry: _Entry) -> None:
        entry.resting = False
        self._incomplete -= entry.incomplete
        entry.incomplete = False
        if self._entries.get(entry.waiting.id) is entry:
            self._queue_if_first(entry)
            self._wake.set()

    def _record_outcome(self, waiting: Waiting, result: Result) -> None:
        fields = {"trace_id": _trace_id(waiting), "kind": waiting.kind.name, "app": waiting.app_id}
        if result.outcome is Outcome.DEAD:
            death = Death(waiting.id, self._now(), result.reason, result.detail, result.push_app_ids)
            self._spool.bury(death)
            self._metrics.died(result.reason)
            log.warning("a report became a dead letter", reason=result.reason, detail=result.detail, **fields)
            return
        self._spool.forget(waiting)
        if result.outcome is Outcome.DROPPED:
            self._metrics.dropped(result.reason)
            log.info("a report was dropped", reason=result.reason, **fields)
        else:
            self._metrics.delivered(waiting.kind, result.reason)
            log.debug("a report was delivered", outcome=result.reason, **fields)


def _trace_id(waiting: Waiting) -> str:
    return TraceContext.of_bytes(waiting.trace).trace


def _lanes(fields: Fields) -> set[str]:
    """The lanes of a report. Reports in the same lane keep their order."""
    named = {
        "u": fields.username,
        "s": fields.selector,
        "d": fields.device_id,
    }
    return {f"{kind}{value}" for kind, value in named.items() if value} | {
        f"t{token}" for token in spelled_tokens(fields)
    }
