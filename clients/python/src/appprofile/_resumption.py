"""What the two kinds of resuming streams share: the next request, which failures are passing, and how long to wait.

No I/O and no clock.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

import grpc

from appprofile._errors import ApiError

IDLE_S = 60.0
"""A stream on which nothing came for so long is taken for lost. The service sends a checkpoint every five seconds."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
_BROKEN = frozenset({grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED})
"""What gRPC and proxies make of a connection that broke, besides UNAVAILABLE."""

Interrupted = Callable[[ApiError], None]


class Resumable(Protocol):
    """A request or response with a resume token."""

    resume_token: str


RequestT = TypeVar("RequestT", bound=Resumable)
ResponseT = TypeVar("ResponseT", bound=Resumable)


class Passing:
    """Which failures of a stream pass, and how long to wait after one."""

    def __init__(self, on_interruption: Interrupted | None) -> None:
        self._on_interruption = on_interruption
        self._failures = 0
        self._began = False

    def received(self) -> None:
        """A message came."""
        self._failures = 0
        self._began = True

    def pause(self, error: ApiError) -> float:
        """Seconds to wait before the stream is opened again.

        Raises:
            ApiError: the error, if it does not pass.
        """
        if not self._passes(error):
            raise error
        if self._on_interruption:
            self._on_interruption(error)
        regular = min(FIRST_PAUSE_S * 2.0**self._failures, LONGEST_PAUSE_S)
        self._failures = min(self._failures + 1, 10)
        # The readers of a server that stops are spread out.
        pause = regular * random.uniform(0.2, 1)  # noqa: S311 - no secret
        return max(pause, (error.retry_delay or timedelta()).total_seconds())

    def _passes(self, error: ApiError) -> bool:
        """Whether the stream may be resumed.

        A full limit of streams passes only for a stream that had a message: its old connection may still be counted.
        """
        if error.code is grpc.StatusCode.UNAVAILABLE:
            return True
        if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return self._began and error.retry_delay is not None
        return error.code in _BROKEN and not error.reason


class Resumption(Generic[RequestT]):
    """Where a stream is, and what its failures mean."""

    def __init__(self, request: RequestT, on_interruption: Interrupted | None) -> None:
        self.request = copy.deepcopy(request)
        """The request to send next."""
        self._passing = Passing(on_interruption)

    def received(self, message: Resumable) -> None:
        """The message is about to be given to the caller."""
        if message.resume_token:
            self.request.resume_token = message.resume_token
        self._passing.received()

    def pause(self, error: ApiError) -> float:
        """As `Passing.pause`."""
        return self._passing.pause(error)


def nothing_came() -> ApiError:
    """The error of a stream that is taken for lost."""
    return ApiError(grpc.StatusCode.UNAVAILABLE, f"nothing came for {IDLE_S:.0f} seconds")
