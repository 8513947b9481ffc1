"""What callers make the process hold: bodies that do not come to their end, and answers that nobody takes.

gRPC takes in a message up to its limit whatever else it holds, keeps an answer until the caller has room for it, and
has no limit on either. Here a body is read only when the caller is known, slow ones give way to others, and an answer
for which there is no room left is refused.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import grpc

from profile_grpc.domain.errors import Reason, Refused

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class HoldingLimits:
    """What callers may make the process hold. Times in seconds, sizes in bytes."""

    patience: float = 1.0
    """A body that takes longer is slow."""
    slow_bodies: int = 32
    """Slow bodies at a time; beyond, the oldest are given up."""
    longest_body: float = 20.0
    """A body that takes longer is given up in any case."""
    keyless_bodies: int = 8
    """Bodies of calls that need no key which are read at a time, of one address; others wait."""
    small_answer: int = 16 * 1024
    """Answers up to this are not counted."""
    unread_of_address: int = 48 * 1024 * 1024
    """Answers that callers at one address have not taken yet."""
    unread: int = 128 * 1024 * 1024
    """Answers that callers have not taken yet."""


class Bodies:
    """The bodies that are being read."""

    def __init__(self, limits: HoldingLimits) -> None:
        self._limits = limits
        self._began: dict[asyncio.Task[Any], float] = {}
        self._given_up: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._keyless: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def read(self, context: Context) -> bytes:
        """The body of a call whose caller is known.

        Raises:
            Refused: DEADLINE: it took too long; MALFORMED_MESSAGE: there is none.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a call runs outside a task")
        self._began[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._limits.patience, self._give_up)
        try:
            raw: object = await context.read()
        except asyncio.CancelledError:
            if task not in self._given_up or task.uncancel():
                raise
            raise Refused(Reason.DEADLINE, "The request did not arrive in time; nothing was done.") from None
        finally:
            del self._began[task]
            self._given_up.discard(task)
        if not isinstance(raw, bytes):  # gRPC's own mark of the end
            raise Refused(Reason.MALFORMED_MESSAGE, "The call has no message; send one.")
        return raw

    async def read_keyless(self, context: Context) -> bytes | None:
        """The next body of a call that needs no key, or None after the last.

        Raises:
            Refused: DEADLINE: it took too long.
        """
        address = _address(context)
        room = self._keyless.get(address)
        if room is None:
            self._keyless[address] = room = asyncio.Semaphore(self._limits.keyless_bodies)
        try:
            async with asyncio.timeout(self._limits.longest_body), room:
                raw: object = await context.read()
        except TimeoutError:
            raise Refused(Reason.DEADLINE, "The request did not arrive in time.") from None
        return raw if isinstance(raw, bytes) else None

    def close(self) -> None:
        """Ends the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        """Gives up the slow bodies that are too many or too old; the oldest come first."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        slow = [task for task, began in self._began.items() if now - began >= self._limits.patience]
        beyond = len(slow) - self._limits.slow_bodies
        for number, task in enumerate(slow):
            too_old = now - self._began[task] >= self._limits.longest_body
            if (number < beyond or too_old) and task not in self._given_up:
                self._given_up.add(task)
                task.cancel()
        self._timer = loop.call_later(self._limits.patience, self._give_up) if self._began else None


class Unread:
    """The answers that callers have not taken yet."""

    def __init__(self, limits: HoldingLimits) -> None:
        self._limits = limits
        self._held = 0
        self._of_address: dict[str, int] = {}

    def hold(self, answer: bytes, context: Context) -> None:
        """Counts the answer until the caller has it, or is gone.

        Raises:
            Refused: TOO_MANY_CALLS: there is no room for it.
        """
        size = len(answer)
        if size <= self._limits.small_answer:
            return
        address = _address(context)
        held = self._of_address.get(address, 0)
        if held + size > self._limits.unread_of_address or self._held + size > self._limits.unread:
            raise _no_room(self._limits.unread_of_address)
        self._held += size
        self._of_address[address] = held + size

        def taken(*_: object) -> None:
            self._held -= size
            left = self._of_address[address] - size
            if left:
                self._of_address[address] = left
            else:
                del self._of_address[address]

        add_done_callback: Any = context.add_done_callback  # whose type is not public
        add_done_callback(taken)


def _address(context: Context) -> str:
    """The caller's address, without its port."""
    peer: str = context.peer()
    return peer.rpartition(":")[0]


def _no_room(limit: int) -> Refused:
    told = f"{limit // (1024 * 1024)} MiB"
    return Refused(
        Reason.TOO_MANY_CALLS,
        f"Too many answers wait to be read ({told}); read them, then try again after 1 s.",
        metadata={"limit": told, "retry_after": "1"},
        retry_after=1.0,
    )
