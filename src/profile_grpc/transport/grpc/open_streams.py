"""The open streams: their number in total and for each key, their age, and how they are requested to end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service import refusals

_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How many streams may be open in this process, and for how long. Times in seconds."""

    streams: int = 1000
    """Beyond, TOO_MANY_STREAMS. Unary calls have a separate limit."""
    per_key: int = 100
    """The limit for one key; beyond, TOO_MANY_STREAMS."""
    max_age: float = 1800.0
    """An older stream (plus or minus a tenth) is ended, so that connections spread over the processes."""
    final_message: float = 0.5
    """How long a stream may take to send its last message, with its token, after it was requested to end."""
    first_message: float = 30.0
    """How long the first message of a stream of requests may take to arrive."""
    retry_after: float = 1.0
    """How long a refused caller should wait before it tries again."""

    @property
    def longest(self) -> float:
        """The maximum time that a stream is open."""
        return self.max_age * (1 + _JITTER) + self.final_message


class OpenStream:
    """One stream, in the task that serves it."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())  # gRPC runs each stream in one
        self._loop = asyncio.get_running_loop()
        age = limits.max_age * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
        self._timer = self._loop.call_later(age, self._age)
        self._cut = False
        self.ending = asyncio.Event()
        """Set when the stream is requested to end. The next message is the last one."""
        self.reason: Refused | None = None
        """Why it is requested to end."""
        self.key_id: str | None = None
        self.received = self.sent = 0

    def end(self, reason: Refused) -> None:
        """Requests the stream to end after its next message, and cancels it if none comes in time."""
        if self.ending.is_set():
            return
        self.reason = reason
        self.ending.set()
        self._timer.cancel()
        self._timer = self._loop.call_later(self._limits.final_message, self._cancel)

    def close(self) -> bool:
        """Ends the stream. Returns whether it was cancelled for not ending in time, and for no other reason."""
        self._timer.cancel()
        return self._cut and self._task.uncancel() == 0

    def _age(self) -> None:
        self.end(_aged())

    def _cancel(self) -> None:
        self._cut = True
        self._task.cancel()


class OpenStreams:
    """The open streams of this process."""

    def __init__(self, limits: StreamLimits) -> None:
        self.limits = limits
        self._open: set[OpenStream] = set()
        self._of_key: Counter[str] = Counter()
        self._draining = False
        self._idle = asyncio.Event()

    def enter(self) -> OpenStream:
        """Opens a stream in the current task, before its caller is known.

        Raises:
            Refused: DRAINING or TOO_MANY_STREAMS; then `remove` must not be called.
        """
        if self._draining:
            raise refusals.draining()
        if len(self._open) >= self.limits.streams:
            raise self._too_many("the server", self.limits.streams)
        stream = OpenStream(self.limits)
        self._open.add(stream)
        return stream

    def admit(self, stream: OpenStream, key_id: str) -> None:
        """Counts the stream for its key.

        Raises:
            Refused: TOO_MANY_STREAMS.
        """
        if self._of_key[key_id] >= self.limits.per_key:
            raise self._too_many("the key", self.limits.per_key)
        stream.key_id = key_id
        self._of_key[key_id] += 1

    def remove(self, stream: OpenStream) -> bool:
        """Ends a stream. Returns whether it was cancelled for not ending in time, and for no other reason."""
        self._open.remove(stream)
        if stream.key_id is not None:
            self._of_key[stream.key_id] -= 1
            if not self._of_key[stream.key_id]:
                del self._of_key[stream.key_id]
        if self._draining and not self._open:
            self._idle.set()
        return stream.close()

    def drain(self) -> None:
        """Refuses new streams from now on, and requests the open ones to end."""
        self._draining = True
        for stream in self._open:
            stream.end(refusals.draining())
        if not self._open:
            self._idle.set()

    async def idle(self) -> None:
        """Waits, once draining, until no stream is open."""
        await self._idle.wait()

    def _too_many(self, whose: str, limit: int) -> Refused:
        wait = f"{self.limits.retry_after:g}"
        return Refused(
            Reason.TOO_MANY_STREAMS,
            f"Too many streams of {whose} are open ({limit}); close some, or try again after {wait} s.",
            metadata={"of": whose, "limit": str(limit), "retry_after": wait},
            retry_after=self.limits.retry_after,
        )


def _aged() -> Refused:
    return Refused(
        Reason.STREAM_AGED, "The stream has reached its maximum age; resume from its last token.", retry_after=0.0
    )
