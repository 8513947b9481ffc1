"""A write queue over a store in memory, whose commits end when the test lets them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from profile_grpc.domain.changes import NOTHING, Changes
from profile_grpc.domain.commands import AnyCommand
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import PROFILES
from profile_grpc.domain.registration import Register
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.shard_queue import QueueLimits
from profile_grpc.service.write_queue import WriteQueue
from tests.support.domain import HASHER, ManualClock, key, revisions
from tests.support.limits import wait_s
from tests.support.memory_store import MemoryStore
from tests.support.world import World

SETTINGS = AppSettings()
Tasks = list[asyncio.Task[Any]]
REVISIONS = revisions()
"""Two queues on one store in memory must never make the same one."""


def device(number: int) -> ProfileKey:
    return key(f"user{number}", f"device{number}")


class PausedCommits:
    """Makes commits wait until the test resumes them."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._resumed = asyncio.Event()

    async def __call__(self, _changes: Changes) -> None:
        self._reached.set()
        await self._resumed.wait()

    async def reached(self) -> None:
        """Returns when a commit waits."""
        await self._reached.wait()

    def resume(self) -> None:
        self._resumed.set()


class Recorder(NullObserver):
    """Records the calls of the observer."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.conflicts = 0

    # typing.override needs Python 3.12
    def batch_committed(self, commands: int, seconds: float, changes: Changes) -> None:  # type: ignore[explicit-override]
        self.batches.append(commands)

    def batch_conflicted(self) -> None:  # type: ignore[explicit-override]
        self.conflicts += 1


class Bench:
    """A queue over a store in memory, and its callers."""

    def __init__(self, limits: QueueLimits) -> None:
        self.world = World(HASHER)
        self.store = MemoryStore(self.world)
        self.observer = Recorder()
        self.clock = ManualClock()
        self.queue = WriteQueue(
            self.store, self.clock, HASHER, observer=self.observer, limits=limits, fresh_revision=REVISIONS
        )

    async def submit(self, command: AnyCommand) -> Any:
        return await self.queue.submit(command, SETTINGS)

    async def callers(self, *commands: AnyCommand) -> Tasks:
        """Starts a caller for each command, and returns when all of them wait for the queue."""
        tasks = [asyncio.create_task(self.submit(command)) for command in commands]
        await asyncio.sleep(0)
        return tasks

    async def pause_commits(self) -> PausedCommits:
        """Starts a batch whose commit waits. Commands that are submitted until then form the next batch."""
        paused = PausedCommits()
        self.store.before_commit = paused
        self.first = (await self.callers(Register(key("first", "first"))))[0]
        await paused.reached()
        return paused

    def break_commits_of(self, one: ProfileKey, error: Exception) -> None:
        """Every transaction that writes this profile fails."""

        async def fail(changes: Changes) -> None:
            if any(write.row.key == one for write in changes.rows.get(PROFILES, NOTHING).writes):
                raise error

        self.store.before_commit = fail


@asynccontextmanager
async def bench(*, concurrent: bool = False, **limits: Any) -> AsyncIterator[Bench]:
    """Its worker must end within seconds of the test. `concurrent`: the store commits several batches at a time."""
    made = Bench(QueueLimits(**{"linger": 0, "retries": 1} | limits))
    made.store.commits_concurrently = concurrent
    made.queue.start()
    async with asyncio.timeout(wait_s()):
        yield made
        await made.queue.close()


async def reason(task: Awaitable[Any]) -> Reason | None:
    """Why the caller was refused, or None."""
    try:
        await task
    except Refused as refused:
        return refused.reason
    return None
