"""Reads that arrive at about the same time share a task, a connection and, if possible, a statement.

Executed separately, each read costs this process several times its statement: the pool, the tasks, and above all the
iterations of the event loop, in each of which gRPC's thread acquires the interpreter lock. Callers that are answered
together call again together, and gRPC then passes on many calls in one iteration.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from profile_grpc.service.group_commit import Gathering, carry_out
from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.store.database import Database, Session
from profile_grpc.store.shards import Shards
from profile_grpc.store.tasks import to_the_end
from profile_grpc.telemetry import tracing

AskedT = TypeVar("AskedT")
FoundT = TypeVar("FoundT")

_SLOW = 0.03
"""Seconds after which the next batch no longer waits for the running one."""


class _Read(Generic[AskedT, FoundT]):
    """A caller's request, and the future that the caller awaits."""

    __slots__ = ("asked", "batch", "found", "span")

    def __init__(self, asked: AskedT, found: asyncio.Future[FoundT]) -> None:
        self.asked = asked
        self.found = found
        self.span = tracing.current()
        """The recorded span of the caller."""
        self.batch: asyncio.Future[None] | None = None
        """Set when the read starts; done when it ends."""

    def resolve(self, found: FoundT) -> None:
        """Resolves the future, unless the caller has cancelled it."""
        if not self.found.done():
            self.found.set_result(found)

    def fail(self, error: Exception) -> None:
        """Sets an error as the result, unless the caller has cancelled it."""
        if not self.found.done():
            self.found.set_exception(error)


class SharedReads(Generic[AskedT, FoundT]):
    """Combines the reads that arrive while another read is running. If none is running, a read starts at once."""

    def __init__(self, read: Callable[[Sequence[AskedT]], Awaitable[Sequence[FoundT]]], *, batch: int) -> None:
        """`read`: returns the results of the requests, in order. `batch`: the maximum number of requests for one
        `read`.
        """
        self._read = read
        self._batch = batch
        self._waiting: deque[_Read[AskedT, FoundT]] = deque()
        self._leader: asyncio.Task[None] | None = None
        """The task that reads."""
        self._gathering = Gathering()

    async def fetch(self, asked: AskedT) -> FoundT:
        """The result, as committed at some time after the call.

        A cancelled caller returns at once if its read has not started, else when it ends.

        Raises:
            StoreError: as `Session`.
        """
        read: _Read[AskedT, FoundT] = _Read(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(read)
        if self._leader is None:
            self._lead()
        else:
            self._gathering.arrived(len(self._waiting))
        try:
            return await read.found
        except asyncio.CancelledError:
            if read.batch is not None:
                await to_the_end(read.batch)
            raise

    def _lead(self) -> None:
        self._leader = asyncio.get_running_loop().create_task(
            self._run(), name="shared-reads", context=tracing.outside()
        )

    async def _run(self) -> None:
        """Reads until no request waits, or until another task has taken over."""
        loop = asyncio.get_running_loop()
        me = asyncio.current_task()
        try:
            while self._leader is me and (reads := self._take(ended := loop.create_future())):
                overtaking = loop.call_later(_SLOW, self._overtake)
                try:
                    await carry_out(reads, self._answer, _Read.fail)
                finally:
                    overtaking.cancel()
                    ended.set_result(None)
                if self._leader is me and len(reads) > 1:
                    waiting = len(self._waiting)
                    await self._gathering.wait(waiting, min(len(reads) + waiting, self._batch))
        finally:
            if self._leader is me:
                self._leader = None

    def _overtake(self) -> None:
        """The running batch is slow: later requests do not wait for it."""
        self._leader = None
        if self._waiting:
            self._lead()

    def _take(self, ended: asyncio.Future[None]) -> list[_Read[AskedT, FoundT]]:
        """The reads of the next batch."""
        taken: list[_Read[AskedT, FoundT]] = []
        while self._waiting and len(taken) < self._batch:
            read = self._waiting.popleft()
            if not read.found.done():  # otherwise the caller was cancelled before the read started
                read.batch = ended
                taken.append(read)
        return taken

    async def _answer(self, reads: Sequence[_Read[AskedT, FoundT]]) -> None:
        """Resolves each request, or raises an error that may concern only one of them."""
        try:
            found = await self._traced(reads)
        except StoreUnavailable as error:
            for read in reads:
                read.fail(error)
        except Exception:
            raise
        except BaseException:
            for read in reads:
                read.found.cancel()
            raise
        else:
            for read, one in zip(reads, found, strict=True):
                read.resolve(one)

    async def _traced(self, reads: Sequence[_Read[AskedT, FoundT]]) -> Sequence[FoundT]:
        """Reads, as one span for those callers whose calls are recorded."""
        asked = [read.asked for read in reads]
        callers = [read.span for read in reads if read.span is not None]
        if not callers:
            return await self._read(asked)
        with tracing.joint("shared read", callers, {"profile_grpc.batch.reads": len(reads)}):
            return await self._read(asked)


class SharedByShard(Generic[AskedT, FoundT]):
    """`SharedReads` of each shard: a failed node must not fail the reads of other nodes."""

    def __init__(
        self, shards: Shards, read: Callable[[Sequence[AskedT]], Awaitable[Sequence[FoundT]]], *, batch: int
    ) -> None:
        self._shards = shards
        self._reads: defaultdict[int, SharedReads[AskedT, FoundT]] = defaultdict(lambda: SharedReads(read, batch=batch))

    async def fetch(self, app_id: str, asked: AskedT) -> FoundT:
        """As `SharedReads.fetch`, of an app."""
        return await self._reads[await self._shards.of(app_id)].fetch(asked)


async def read_alike(
    database: Database,
    asked: Sequence[AskedT],
    alike: Callable[[AskedT], Hashable],
    read: Callable[[Session, Sequence[AskedT]], Awaitable[Sequence[FoundT]]],
) -> Sequence[FoundT]:
    """The results in order: on one connection, with one `read` for all requests of which `alike` returns the same."""
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(asked):
        groups[alike(one)].append(number)

    async def read_groups(session: Session) -> Sequence[FoundT]:
        found: dict[int, FoundT] = {}
        for numbers in groups.values():
            found |= zip(numbers, await read(session, [asked[number] for number in numbers]), strict=True)
        return [found[number] for number in range(len(asked))]

    return await database.read(read_groups)
