"""Notifies systemd, if it started this process as a service of type notify (sd_notify): ready, alive, stopping."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger(__name__)

_ADDRESS = "NOTIFY_SOCKET"
_WATCHDOG = "WATCHDOG_USEC"
_WATCHED = "WATCHDOG_PID"
_MICROSECONDS = 1_000_000
_RETRY = 0.05
"""Seconds."""
_PER_LIMIT = 3
"""How often a sign of life is sent within the time after which systemd counts the process as hanging."""


@asynccontextmanager
async def notifying(environment: MutableMapping[str, str], stop: asyncio.Event) -> AsyncIterator[Callable[[], None]]:
    """Sends signs of life within the context, and that the process is stopping once `stop` is set.

    The event loop sends them: systemd restarts a process whose loop hangs. Yields a function that reports readiness.
    Without systemd nothing is sent. Removes the variables from the environment, so that no child process reports.
    """
    address = environment.pop(_ADDRESS, "")
    period = _period(environment)
    ready = asyncio.Event()
    if not address:
        yield ready.set
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)  # noqa: FBT003 - the only parameter
        channel = _Channel(sender, f"\0{address[1:]}" if address.startswith("@") else address)
        tasks = [
            asyncio.create_task(channel.send_when(ready, "READY=1")),
            asyncio.create_task(channel.send_when(stop, "STOPPING=1")),
        ]
        if period:
            tasks.append(asyncio.create_task(channel.send_every(period, "WATCHDOG=1")))
        try:
            yield ready.set
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Channel:
    """The socket on which systemd listens."""

    def __init__(self, sender: socket.socket, address: str) -> None:
        self._sender = sender
        self._address = address

    async def send_when(self, event: asyncio.Event, message: str) -> None:
        """Sends the message once, when the event is set; tries again while the queue of the socket is full."""
        await event.wait()
        while not self._send(message):  # noqa: ASYNC110 - there is no event for room in the queue
            await asyncio.sleep(_RETRY)

    async def send_every(self, period: float, message: str) -> None:
        """Sends the message every `period` seconds; not while the queue is full, because it holds earlier ones."""
        while True:
            self._send(message)
            await asyncio.sleep(period)

    def _send(self, message: str) -> bool:
        try:
            self._sender.sendto(message.encode(), self._address)
        except BlockingIOError:
            return False
        except OSError as error:
            log.warning("systemd cannot be notified", state=message, error=error.strerror)
        return True


def _period(environment: MutableMapping[str, str]) -> float | None:
    """Seconds between two signs of life; None: systemd does not expect any."""
    limit, watched = environment.pop(_WATCHDOG, ""), environment.pop(_WATCHED, "")
    if not limit.isdecimal() or watched not in ("", str(os.getpid())):
        return None
    return int(limit) / _MICROSECONDS / _PER_LIMIT or None
