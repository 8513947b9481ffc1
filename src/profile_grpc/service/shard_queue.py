"""The commands of one shard: they wait in a queue, and are decided and committed in batches."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import structlog

from profile_grpc.domain.commands import AnyCommand, needs_of
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.kinds import EVENTS, Selection
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State
from profile_grpc.service import refusals
from profile_grpc.service.fair_queue import FairQueue, Lane
from profile_grpc.service.group_commit import LINGER, Gathering, Pace, carry_out
from profile_grpc.service.large_commands import LargeCommands
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, Conflict, ProfileStore, StoreUnavailable, TooManyRows
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import Span

log = structlog.get_logger(__name__)

BULK = 25
"""Items in a part of a long report: 2 to 3 ms of work, which may delay a single call."""
_LONGEST_PAUSE = 0.016
"""Seconds between two attempts: as long as a large batch takes, because the whole queue waits meanwhile."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The limits of the queue. Items are what a command counts as (`Command.size`): a report of feedback as many as it
    has, most commands one.
    """

    pending: int = 20_000
    """Commands that may wait; beyond, QUEUE_FULL. A quarter of the places is reserved for single calls. Of patient ones
    half as many may wait."""
    batch: int = 500
    """Items in a batch."""
    bulk: int = BULK
    """Items of bulk in a batch that also has single calls."""
    linger: float = LINGER
    """Seconds that a batch may wait for callers that were just answered; an idle queue never waits."""
    second_batch: int = 250
    """Waiting items at which a second batch starts while one is being committed, if the store supports that."""
    retries: int = 8
    """How often a single command is decided again after conflicts; then it is refused."""
    batch_retries: int = 1
    """The same for a batch, which is then halved, so that one command with conflicts does not delay the others."""
    patient_seconds: float = 0.05
    """Seconds that a batch of patient callers should take. It has at most `batch` commands."""
    retry_after: float = 1.0
    """Seconds that a refused caller should wait before it tries again."""


class _Pending(NamedTuple):
    """A command that waits for its turn, and the future that its caller awaits."""

    command: AnyCommand
    settings: AppSettings
    app_id: str
    size: int
    future: asyncio.Future[Any]
    """Resolves to the command's result, or to its refusal."""
    span: Span | None = None
    """The recorded span of its caller."""
    is_slice: bool = False
    """Of a command that is already executed separately."""

    def answer(self, answer: object) -> None:
        """Resolves the future, unless the caller has cancelled it."""
        if not self.future.done():
            self.future.set_result(answer)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _needs_selection(pending: _Pending, error: TooManyRows) -> bool:
    """Whether the command needs the selection with too many rows, or one that leads to it."""
    requested = needs_of([(pending.command, pending.settings)]).requested
    return not requested.get(error.what, set()).isdisjoint(error.keys) or any(
        isinstance(what, Selection) and what.also_loads is not None and what.also_loads.to is error.what
        for what in requested
    )


class ShardQueue:
    """Decides and commits commands in batches: an app's single calls in the order of their arrival, its bulk likewise.

    Bulk is commands that arrive many at a time or concern many profiles. Single calls have priority over it, and apps
    take turns, so that no caller waits for another's backlog (FairQueue). Commands of patient callers (imports) have
    batches of their own, one at a time beside the others, each as large as fits into a short time.

    A caller is answered after the commit, never before. A caller that goes away does not stop a running batch.
    Several batches may run at a time: then the order is that of their commits, which no waiting caller can observe.

    After `drain`, the first worker ends last: it commits what the worker of patient callers and the commands about very
    many profiles still submit.
    """

    def __init__(
        self,
        store: ProfileStore,
        clock: Clock,
        hasher: Hasher,
        *,
        observer: Observer,
        limits: QueueLimits,
        fresh_revision: Callable[[], int],
        on_dequeued: Callable[[], None],
        on_events: Callable[[], None],
    ) -> None:
        """`on_dequeued` is called when commands leave the queue, `on_events` after a commit with events."""
        self._store = store
        self._clock = clock
        self._hasher = hasher
        self._observer = observer
        self._limits = limits
        self._fresh_revision = fresh_revision
        self._on_dequeued = on_dequeued
        self._on_events = on_events
        self._queue: FairQueue[_Pending] = FairQueue(self._limits.batch, self._limits.bulk)
        self._patient: Lane[_Pending] = Lane()
        """The commands of patient callers."""
        self._pace = Pace(self._limits.patient_seconds, self._limits.batch)
        self._patient_arrival = asyncio.Event()
        self._patient_ended = False
        self._committing = False
        """Whether the first worker is committing a batch, rather than gathering one."""
        self._arrival = asyncio.Event()
        self._second_batch = asyncio.Event()
        self._gathering = Gathering(self._limits.linger)
        self._closing = False
        self._workers: list[asyncio.Task[None]] = []
        self._large: set[asyncio.Task[None]] = set()
        """Commands about very many profiles, which wait for each other."""
        self._one_large = asyncio.Lock()

    def start(self) -> None:
        """Starts the workers on the running event loop."""
        # A shard's queue is started by the first call that needs it, whose trace is not that of the workers.
        work, context = asyncio.create_task, tracing.outside()
        self._workers.append(work(self._run(), name="write-queue", context=context))
        self._workers.append(work(self._run_patient(), name="write-queue-patient", context=context))
        if self._store.commits_concurrently:
            self._workers.append(work(self._assist(), name="write-queue-assistant", context=context))

    def drain(self) -> None:
        """Refuses new commands from now on, and ends once those that wait are committed."""
        self._closing = True
        self._arrival.set()
        self._patient_arrival.set()
        self._second_batch.set()
        self._gathering.end()

    async def ended(self) -> None:
        """Waits, after `drain`, until all commands are committed."""
        await asyncio.gather(*self._workers)
        await asyncio.gather(*self._large)

    def __len__(self) -> int:
        """How many commands wait."""
        return len(self._queue) + self._patient.length

    def admit(self, commands: int, *, bulk: bool, patient: bool = False) -> None:
        """Checks that this many commands may wait, all or none.

        `patient`: their caller tries again until they may, so they have half of the places; any number of them may wait
        where no others of their kind do.

        Raises:
            Refused: QUEUE_FULL or DRAINING.
        """
        if self._closing:
            raise refusals.draining()
        places, waiting = self._limits.pending, len(self._queue)
        limit = places - (places // 4 if bulk else 0)
        if patient:
            limit, waiting = places // 2, self._patient.length
        if waiting + commands > limit and not (patient and not waiting):
            raise self._full(limit)

    def enqueue(self, command: AnyCommand, settings: AppSettings, *, bulk: bool) -> asyncio.Future[Any]:
        """Adds an admitted command; the future resolves to its result or its refusal."""
        pending = _Pending(command, settings, command.app_id, command.size, _future(), tracing.current())
        return self._add(pending, bulk=bulk)

    def enqueue_patient(self, command: AnyCommand, settings: AppSettings) -> asyncio.Future[Any]:
        """The same for a command of a patient caller."""
        pending = _Pending(command, settings, command.app_id, command.size, _future(), tracing.current())
        self._patient.add(pending)
        self._patient_arrival.set()
        return pending.future

    def _add(self, pending: _Pending, *, bulk: bool) -> asyncio.Future[Any]:
        self._queue.add(pending, bulk=bulk)
        waiting = len(self._queue)
        if waiting == 1:
            self._arrival.set()
        if self._needs_second_batch():
            self._second_batch.set()
        self._gathering.arrived(waiting)
        return pending.future

    def _full(self, limit: int) -> Refused:
        return Refused(
            Reason.QUEUE_FULL,
            f"The write queue is full ({limit} commands); try again after {self._limits.retry_after:g} s.",
            metadata={"limit": str(limit), "retry_after": f"{self._limits.retry_after:g}"},
            retry_after=self._limits.retry_after,
        )

    async def _run(self) -> None:
        answered = 0
        while True:
            # Callers that were just answered are likely to call again at once: they and those that arrived meanwhile
            # share the next commit, which costs as much as ten commands. With bulk waiting, the batch is full anyway.
            waiting = len(self._queue)
            if answered > 1 and not self._queue.has_bulk and not self._closing:
                await self._gathering.wait(waiting, min(answered + waiting, self._limits.batch))
            if not len(self._queue):
                if self._closing and not self._large and self._patient_ended:
                    return
                self._arrival.clear()
                await self._arrival.wait()
            batch = self._take()
            answered = len(batch)
            self._committing = True
            if self._needs_second_batch():
                self._second_batch.set()
            await self._commit(batch)
            self._committing = False

    async def _run_patient(self) -> None:
        """Commits batches of patient callers."""
        while True:
            if not self._patient.length:
                if self._closing:
                    self._patient_ended = True
                    self._arrival.set()  # the first worker carries out what is left of them (`_large`)
                    return
                self._patient_arrival.clear()
                await self._patient_arrival.wait()
                continue
            batch = self._still_wanted(self._patient.take(self._pace.size))
            began = perf_counter()
            await self._commit(batch)
            self._pace.took(len(batch), perf_counter() - began)

    async def _assist(self) -> None:
        """Commits a second batch when many commands wait, so that this process works while the database does."""
        while not self._closing:
            if self._needs_second_batch():
                await self._commit(self._take())
            else:
                self._second_batch.clear()
                await self._second_batch.wait()

    def _needs_second_batch(self) -> bool:
        return self._committing and self._queue.size >= self._limits.second_batch

    def _take(self) -> list[_Pending]:
        return self._still_wanted(self._queue.take())

    def _still_wanted(self, taken: Sequence[_Pending]) -> list[_Pending]:
        """Those of a batch whose callers have not cancelled."""
        self._on_dequeued()
        return [pending for pending in taken if not pending.future.cancelled()]

    async def _commit(self, batch: Sequence[_Pending]) -> None:
        """Commits the batch, and answers each caller."""
        await carry_out(batch, self._answer, lambda pending, error: pending.answer(refusals.of(error)))

    async def _answer(self, batch: Sequence[_Pending]) -> None:
        """Commits and answers them, or raises an error that may be of one command only."""
        try:
            answers = await self._decide_and_write(batch)
        except StoreUnavailable as error:
            log.warning("store unavailable", commands=len(batch), error=str(error))
            answers = [refusals.unavailable()] * len(batch)
        except TooManyRows as error:
            large = [pending for pending in batch if len(batch) == 1 or _needs_selection(pending, error)]
            if not large:
                raise
            self._start_large(large, error)
            await self._commit([pending for pending in batch if pending not in large])
            return
        for pending, answer in zip(batch, answers, strict=True):
            pending.answer(answer)

    def _start_large(self, large: Sequence[_Pending], error: TooManyRows) -> None:
        """Runs commands that need very many rows one by one, outside the batches (R14)."""
        for pending in large:
            if pending.is_slice:
                pending.answer(error)
                continue
            task = asyncio.create_task(self._execute_large(pending), name="write-queue-large-command")
            self._large.add(task)
            task.add_done_callback(self._ended_large)

    async def _execute_large(self, pending: _Pending) -> None:
        if pending.span is not None:
            tracing.enter(pending.span)
        async with self._one_large:
            try:
                answer = await LargeCommands(self._store, self._submit_slice, self._commit_whole).execute(
                    pending.command, pending.settings
                )
            except StoreUnavailable as error:
                log.warning("store unavailable", commands=1, error=str(error))
                answer = refusals.unavailable()
            except Exception as error:  # noqa: BLE001 - any error becomes a refusal
                answer = refusals.of(error)
        pending.answer(answer)

    def _ended_large(self, task: asyncio.Task[None]) -> None:
        self._large.discard(task)
        self._arrival.set()  # the worker may wait for the last of them to end

    def _submit_slice(self, command: AnyCommand, settings: AppSettings) -> asyncio.Future[Any]:
        span = tracing.current()
        pending = _Pending(command, settings, command.app_id, command.size, _future(), span, is_slice=True)
        return self._add(pending, bulk=True)

    async def _commit_whole(self, command: AnyCommand, settings: AppSettings) -> object:
        """One transaction, however many rows it reads."""
        pending = _Pending(command, settings, command.app_id, command.size, _future(), tracing.current())
        [answer] = await self._decide_and_write([pending], bounded=False)
        return answer

    async def _decide_and_write(self, batch: Sequence[_Pending], *, bounded: bool = True) -> Sequence[object]:
        retries = self._limits.retries if len(batch) == 1 else self._limits.batch_retries
        for attempt in range(retries):
            try:
                return await self._traced(batch, attempt, bounded=bounded)
            except Conflict:
                self._observer.batch_conflicted()
                # A random pause keeps two processes from conflicting again at once.
                await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311 - no secret
        return await self._traced(batch, retries, bounded=bounded)

    async def _traced(self, batch: Sequence[_Pending], attempt: int, *, bounded: bool) -> list[object]:
        """An attempt, as one span for those of its callers whose calls are recorded."""
        callers = [pending.span for pending in batch if pending.span is not None]
        if not callers:
            return await self._attempt(batch, bounded=bounded)
        size = {"profile_grpc.batch.commands": len(batch), "profile_grpc.batch.attempt": attempt + 1}
        with tracing.joint("write batch", callers, size):
            return await self._attempt(batch, bounded=bounded)

    async def _attempt(self, batch: Sequence[_Pending], *, bounded: bool) -> list[object]:
        started = perf_counter()
        needs = needs_of([(p.command, p.settings) for p in batch])
        async with self._store.write() as transaction:
            rows = await transaction.load(needs, bounded=bounded)
            state = State(rows, hasher=self._hasher, now=self._clock.now(), fresh_revision=self._fresh_revision)
            answers = await _decide_all(state, [(p.command, p.settings) for p in batch])
            changes = state.changes()
            if not changes.empty:
                await transaction.apply(changes)
        self._observer.batch_committed(len(batch), perf_counter() - started, changes)
        if changes.records_of(EVENTS):
            self._on_events()
        return answers

    async def rehearse(self, commands: Sequence[tuple[AnyCommand, AppSettings]]) -> list[object]:
        """Decides the commands, one after the other, on the rows as they are, and writes nothing.

        Raises:
            StoreError.
        """
        async with self._store.write() as transaction:
            rows = await transaction.load(needs_of(commands), bounded=False)
        state = State(rows, hasher=self._hasher, now=self._clock.now(), fresh_revision=self._fresh_revision)
        return await _decide_all(state, commands)


async def _decide_all(state: State, commands: Sequence[tuple[AnyCommand, AppSettings]]) -> list[object]:
    """The results or refusals, in order. Other callers take their turns in between: a batch may have many."""
    answers: list[object] = []
    for first in range(0, len(commands), BULK):
        if first:
            await asyncio.sleep(0)
        answers += [_decide(state, command, settings) for command, settings in commands[first : first + BULK]]
    return answers


def _decide(state: State, command: AnyCommand, settings: AppSettings) -> object:
    """The command's result, or its refusal."""
    try:
        return command.decide(state, settings)
    except Refused as refused:
        return refused
