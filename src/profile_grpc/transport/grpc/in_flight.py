"""The calls in flight: how many, for how long, and whether new ones are let in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service import refusals


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How many calls may be in flight, and for how long."""

    calls: int = 2000
    """Beyond, TOO_MANY_CALLS. grpc's own limit lets calls through after its first rejections."""
    seconds: float = 30.0
    """The maximum duration of a call, whatever its caller's deadline is; beyond, DEADLINE."""
    retry_after: float = 1.0
    """Seconds after which a caller that was refused should try again."""


class InFlight:
    """The calls in flight.

    All have the same maximum duration, so they expire in the order in which they came, and one timer is enough. A timer
    for each (`asyncio.timeout`) would cost as much as all other steps of a call together.
    """

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._started: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._draining = False
        self._idle = asyncio.Event()

    def enter(self) -> asyncio.Task[Any]:
        """Counts the current task as a call, and returns it.

        Raises:
            Refused: DRAINING or TOO_MANY_CALLS; then `leave` must not be called.
        """
        if self._draining:
            raise refusals.draining()
        if len(self._started) >= self._limits.calls:
            raise self._too_many()
        loop = asyncio.get_running_loop()
        task = cast("asyncio.Task[Any]", asyncio.current_task(loop))  # gRPC runs each call in one
        self._started[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._limits.seconds, self._end_overdue)
        return task

    def leave(self, task: asyncio.Task[Any]) -> bool:
        """Ends the task's call. Returns whether it was cancelled for taking too long, and for no other reason."""
        del self._started[task]
        if self._draining and not self._started:
            self._idle.set()
        if task not in self._overdue:
            return False
        self._overdue.discard(task)
        return task.uncancel() == 0

    def drain(self) -> None:
        """Refuses new calls from now on."""
        self._draining = True
        if not self._started:
            self._idle.set()

    async def idle(self) -> None:
        """Waits, once draining, until no call is in flight."""
        await self._idle.wait()

    def close(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _end_overdue(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        for task, started in self._started.items():  # in the order in which they came
            end = started + self._limits.seconds
            if end > loop.time():
                self._timer = loop.call_at(end, self._end_overdue)
                return
            if task not in self._overdue:
                self._overdue.add(task)
                task.cancel()

    def _too_many(self) -> Refused:
        limit, wait = str(self._limits.calls), f"{self._limits.retry_after:g}"
        return Refused(
            Reason.TOO_MANY_CALLS,
            f"Too many calls are in flight ({limit}); try again after {wait} s.",
            metadata={"limit": limit, "retry_after": wait},
            retry_after=self._limits.retry_after,
        )
