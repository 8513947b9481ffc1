"""Limits on the memory that callers can occupy: incomplete request bodies, and answers that nobody reads.

gRPC reads a message up to its size limit, and keeps an answer until the caller reads it, with no limit on how many.
Here a body is read only when the caller is known, the oldest slow ones are cancelled when there are too many, and an
answer is refused when unread ones take too much memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakValueDictionary

import grpc

from profile_grpc.domain.errors import Reason, Refused

Context = grpc.aio.ServicerContext[Any, Any]
_PAGE = 1024 * 1024
"""Bytes at which a page ends."""


@dataclass(frozen=True, slots=True)
class HoldingLimits:
    """Limits on what callers can make the process hold. Times in seconds, sizes in bytes."""

    slow_after: float = 1.0
    """A body that takes longer is slow."""
    slow_bodies: int = 32
    """Slow bodies at a time; beyond, the oldest are cancelled."""
    max_body_time: float = 20.0
    """A body that takes longer is cancelled in any case."""
    keyless_bodies: int = 8
    """Bodies of calls without a key that are read at a time, for one address; others wait."""
    small_answer: int = 16 * 1024
    """Answers up to this size are not counted."""
    unread_of_address: int = 32 * 1024 * 1024
    """Total size of the answers that callers at one address have not read yet."""
    unread: int = 128 * 1024 * 1024
    """Total size of the answers that callers have not read yet."""


class BodyReader:
    """Reads request bodies, and cancels those that take too long."""

    def __init__(self, limits: HoldingLimits) -> None:
        self._limits = limits
        self._began: dict[asyncio.Task[Any], float] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._keyless: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def read(self, context: Context) -> bytes:
        """The body of a call whose caller is known.

        Raises:
            Refused: DEADLINE: it took too long; MALFORMED_MESSAGE: the call ended without a body.
        """
        loop = asyncio.get_running_loop()
        task = cast("asyncio.Task[Any]", asyncio.current_task(loop))  # gRPC runs each call in one
        self._began[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._limits.slow_after, self._cancel_slow)
        try:
            raw: object = await context.read()
        except asyncio.CancelledError:
            if task not in self._cancelled or task.uncancel():
                raise
            raise Refused(Reason.DEADLINE, "The request did not arrive in time; nothing was done.") from None
        except grpc.aio.BaseError:
            raise asyncio.CancelledError from None  # the caller or the server is gone
        finally:
            del self._began[task]
            self._cancelled.discard(task)
        if not isinstance(raw, bytes):  # gRPC's marker of the end
            raise Refused(Reason.MALFORMED_MESSAGE, "The call has no message; send one.")
        return raw

    async def read_keyless(self, context: Context) -> bytes | None:
        """The next body of a call that needs no key, or None after the last.

        Raises:
            Refused: DEADLINE: it took too long.
        """
        address = _address(context)
        slots = self._keyless.get(address)
        if slots is None:
            self._keyless[address] = slots = asyncio.Semaphore(self._limits.keyless_bodies)
        try:
            async with asyncio.timeout(self._limits.max_body_time), slots:
                raw: object = await context.read()
        except TimeoutError:
            raise Refused(Reason.DEADLINE, "The request did not arrive in time.") from None
        return raw if isinstance(raw, bytes) else None

    def close(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _cancel_slow(self) -> None:
        """Cancels the slow bodies that are too many or too old, the oldest first."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        slow = [task for task, began in self._began.items() if now - began >= self._limits.slow_after]
        beyond = len(slow) - self._limits.slow_bodies
        for number, task in enumerate(slow):
            too_old = now - self._began[task] >= self._limits.max_body_time
            if (number < beyond or too_old) and task not in self._cancelled:
                self._cancelled.add(task)
                task.cancel()
        self._timer = loop.call_later(self._limits.slow_after, self._cancel_slow) if self._began else None


class UnreadAnswers:
    """The answers that callers have not read yet."""

    def __init__(self, limits: HoldingLimits) -> None:
        self._limits = limits
        self._held = 0
        self._of_address: dict[str, int] = {}

    def admit_page(self, context: Context) -> None:
        """Refuses a page before it is built, if there is no memory for it.

        Raises:
            Refused: TOO_MANY_CALLS.
        """
        if self._of_address and self._of_address.get(_address(context), 0) + _PAGE > self._limits.unread_of_address:
            raise _too_much_unread(self._limits.unread_of_address)

    def hold(self, answer: bytes, context: Context) -> None:
        """Counts the answer until the caller has read it or has disconnected.

        Raises:
            Refused: TOO_MANY_CALLS: unread answers take too much memory.
        """
        size = len(answer)
        if size <= self._limits.small_answer:
            return
        address = _address(context)
        held = self._of_address.get(address, 0)
        if held + size > self._limits.unread_of_address or self._held + size > self._limits.unread:
            raise _too_much_unread(self._limits.unread_of_address)
        self._held += size
        self._of_address[address] = held + size

        def release(*_: object) -> None:
            self._held -= size
            left = self._of_address[address] - size
            if left:
                self._of_address[address] = left
            else:
                del self._of_address[address]

        add_done_callback: Any = context.add_done_callback  # its type is not public
        add_done_callback(release)


def _address(context: Context) -> str:
    """The caller's address, without its port."""
    peer: str = context.peer()
    return peer.rpartition(":")[0]


def _too_much_unread(limit: int) -> Refused:
    size = f"{limit // (1024 * 1024)} MiB"
    return Refused(
        Reason.TOO_MANY_CALLS,
        f"Too many answers are unread ({size}); read them, then try again after 1 s.",
        metadata={"limit": size, "retry_after": "1"},
        retry_after=1.0,
    )
