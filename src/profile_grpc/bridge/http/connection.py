"""Extends uvicorn: limits for one client, and reports of clients that disconnect early."""

from __future__ import annotations

import re
from asyncio import TimerHandle
from collections import Counter
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from profile_grpc.bridge.http.rates import site

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How long a connection may take, and how many there may be."""

    message_seconds: float = 15.0
    """The time for a whole request to arrive, from the start of the connection or from its first byte."""
    head_bytes: int = 32_768
    """The size of the request line and headers."""
    idle_seconds: int = 15
    """How long a connection may wait for its next request."""
    connections: int = 10_000
    """Beyond, a new one is closed at once."""
    connections_each: int = 1000
    """The same for one sender, unless all connections come from a proxy."""
    pipelined: int = 100
    """Pipelined requests that may wait for the answer to an earlier one; beyond, the connection is closed."""


class _ClosedTransport:
    """Discards answers: the transport of a client that has disconnected."""

    def is_closing(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def close(self) -> None:
        """It is closed."""


_CLOSED = _ClosedTransport()


# typing.override needs Python 3.12
# mypy: disable-error-code="explicit-override"
class Connection(HttpToolsProtocol):
    """One client's connection. Each method below says which of uvicorn's it adds to, and a test holds each reason.

    1. Limits: the time for each request, the size of its head, the number of connections in total and for one sender,
       and of pipelined requests (`tests/bridge/test_connections.py`).
    2. A client that has closed its sending side still gets its answers.
    3. Complete requests count, even if the client has disconnected before their turn.
    4. A request line may contain bytes beyond ASCII, which old HTTP libraries send.
    """

    limits = ServerLimits()
    senders: Counter[str] | None = None
    """The number of connections of each sender; None: all come through proxies."""
    cycle: Any
    """The last request that arrived; None before the first."""
    _sender = ""
    _running: Any = None
    """The request that the application got last."""
    _timer: TimerHandle | None = None
    _partial = False
    """Whether a request has arrived partially."""
    _in_head = False
    _head_bytes = 0
    _overrun = False
    """Whether more has arrived than one client may send at once."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's transport
        super().connection_made(transport)
        self._sender = site(self.client[0]) if self.client else ""
        each = 0
        if self.senders is not None:
            each = self.senders[self._sender] = self.senders[self._sender] + 1
        if len(self.connections) > self.limits.connections or each > self.limits.connections_each:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self.senders is not None:
            self.senders[self._sender] -= 1
            if not self.senders[self._sender]:
                del self.senders[self._sender]
        waiting = [(cycle, app) for cycle, app in reversed(self.pipeline) if not cycle.more_body]
        super().connection_lost(exc)
        self.flow.read_paused = False  # there is nothing to resume
        if self._running is not None:
            self._running.transport = _CLOSED
        for cycle, app in waiting:
            cycle.disconnected = False
            cycle.transport = _CLOSED
            self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn's own never keeps the connection
        """Not over TLS, which closes both directions."""
        cycle = self.cycle
        if self.scheme == "https" or cycle is None or cycle.response_complete or cycle.more_body:
            return None
        cycle.keep_alive = False  # the last one; the earlier ones are in the pipeline
        return True

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data if self._partial or data.isascii() else _encoded(data))
        # The time limit also applies to bytes that are not a request, such as an empty line: uvicorn has just stopped
        # its timer.
        if self._timer is None and (self._partial or self.cycle is None or self.cycle.response_complete):
            self._watch()
        if self._overrun or (self._in_head and self._head_bytes > self.limits.head_bytes):
            self._cut()

    def on_message_begin(self) -> None:
        self._partial = self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._head_bytes > self.limits.head_bytes and self._size_of_head() > self.limits.head_bytes:
            raise ValueError  # it arrived in one piece: the parser fails, and `data_received` closes the connection
        if len(self.pipeline) >= self.limits.pipelined:
            self._overrun = True
            raise ValueError
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._partial = False
        self._head_bytes = 0
        self._unwatch()  # the next request, if it has begun, has its own time limit
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.pipeline and not self.transport.is_closing():
            self.flow.pause_reading()  # uvicorn resumes reading: with each answer more than one request would arrive

    def _size_of_head(self) -> int:
        """About: without separators."""
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _watch(self) -> None:
        self._timer = self.loop.call_later(self.limits.message_seconds, self._cut)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut(self) -> None:
        self._unwatch()
        if not self.transport.is_closing():
            self.transport.abort()


def _encoded(data: bytes) -> bytes:
    """Percent-encodes the bytes of a request line beyond ASCII, as the app should have done: the parser refuses
    them.
    """
    line, end, rest = data.partition(b"\r\n")
    return _BEYOND_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line) + end + rest
