"""The write path: all commands that change profiles go through this queue."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from profile_grpc.domain.commands import AnyCommand, Command
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service import refusals
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, ProfileStore, StoreError, StoreUnavailable
from profile_grpc.service.shard_queue import QueueLimits, ShardQueue

ResultT = TypeVar("ResultT")

_PART = 8
"""Each shard's queue has an eighth of the limit, so that the queues of a node that does not answer neither fill the
memory nor stop the other queues."""


class WriteQueue:
    """Decides and commits commands in batches, separately for each shard.

    On SQLite and PostgreSQL there is one shard. On a Citus cluster a batch has commands of one shard, so that each
    commit concerns one node, and an unavailable node delays its own apps only.
    """

    def __init__(
        self,
        store: ProfileStore,
        clock: Clock,
        hasher: Hasher,
        *,
        observer: Observer,
        limits: QueueLimits | None = None,
        fresh_revision: Callable[[], int] | None = None,
        on_events: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_events`: called after each commit with events."""
        self._store = store
        self._observer = observer
        self._limits = limits or QueueLimits()
        self._make = partial(
            ShardQueue,
            store,
            clock,
            hasher,
            observer=observer,
            # Random revisions, so that a row that was deleted and created again never has an earlier revision.
            fresh_revision=fresh_revision or (lambda: random.getrandbits(63)),
            on_dequeued=self._show_depth,
            on_events=on_events,
        )
        self._only = self._make(limits=self._limits)
        """The queue of a database that is not spread over nodes."""
        self._queues: dict[int, ShardQueue] = {}
        """Those of the shards, by the shard's number, made when first needed."""
        self._closing = False
        self.accepted = 0
        """How many commands were accepted so far, so that the reaper notices callers."""

    def start(self) -> None:
        """Starts the workers on the running event loop."""
        self._only.start()

    async def close(self) -> None:
        """Refuses new commands, commits those that wait, and ends."""
        self._closing = True
        for queue in self._all():
            queue.drain()
        for queue in self._all():
            await queue.ended()

    async def submit(self, command: Command[ResultT], settings: AppSettings) -> ResultT:
        """Decides and commits one command.

        Raises:
            Refused: the rules say no, or QUEUE_FULL, DRAINING, CONFLICT, DATA_REFUSED, DATABASE_UNAVAILABLE.
        """
        queue = await self._queue_of(command) if self._store.is_spread else self._only
        bulk = command.size > 1
        queue.admit(1, bulk=bulk)
        self.accepted += 1
        answer: ResultT | Refused = await queue.enqueue(command, settings, bulk=bulk)
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def submit_all(
        self, commands: Sequence[tuple[Command[ResultT], AppSettings]], *, patient: bool = False
    ) -> list[ResultT | Refused]:
        """Decides and commits each command on its own; returns the results in order.

        If the caller is cancelled, commands that no batch has taken yet are not carried out. `patient`: the caller
        tries again while the queue is full. Its commands have batches of their own, beside those of other callers.

        Raises:
            Refused: QUEUE_FULL or DRAINING, for all of them, before any work; DATABASE_UNAVAILABLE likewise.
        """
        if self._store.is_spread:
            queues = [await self._queue_of(command) for command, _ in commands]
        else:
            queues = [self._only] * len(commands)
        for queue in dict.fromkeys(queues):
            queue.admit(queues.count(queue), bulk=True, patient=patient)
        self.accepted += len(commands)
        waiting: list[asyncio.Future[Any]] = [
            queue.enqueue_patient(command, settings) if patient else queue.enqueue(command, settings, bulk=True)
            for queue, (command, settings) in zip(queues, commands, strict=True)
        ]
        try:
            return [await future for future in waiting]
        except asyncio.CancelledError:
            for future in waiting:
                future.cancel()
            raise

    async def submit_parts(self, parts: Sequence[tuple[Command[ResultT], AppSettings]]) -> list[ResultT]:
        """As `submit_all`, for the parts of one call.

        Raises:
            Refused: a part was, or as `submit_all`. The other parts may have been carried out.
        """
        results: list[ResultT] = []
        for answer in await self.submit_all(parts):
            if isinstance(answer, Refused):
                raise answer
            results.append(answer)
        return results

    async def rehearse(self, commands: Sequence[tuple[Command[ResultT], AppSettings]]) -> list[ResultT | Refused]:
        """What `submit_all` would answer for commands of one app or tenant; nothing is written.

        Raises:
            Refused: DATABASE_UNAVAILABLE.
        """
        try:
            answers: list[Any] = await self._only.rehearse(commands)
        except StoreError as error:
            raise refusals.of(error) from None
        return answers

    async def _queue_of(self, command: AnyCommand) -> ShardQueue:
        """The queue of the shard that holds the command's app."""
        try:
            shard = await self._store.shard(command.app_id)
        except StoreUnavailable:
            raise refusals.unavailable() from None
        if self._closing:
            raise refusals.draining()
        if shard not in self._queues:
            queue = self._queues[shard] = self._make(
                limits=replace(self._limits, pending=self._limits.pending // _PART)
            )
            queue.start()
        return self._queues[shard]

    def _all(self) -> Sequence[ShardQueue]:
        return [self._only, *self._queues.values()]

    def _show_depth(self) -> None:
        self._observer.queue_depth(sum(map(len, self._all())))
