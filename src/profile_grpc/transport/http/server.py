"""The listener: uvicorn with httptools, inside an event loop that is already running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from asyncio import TimerHandle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from profile_grpc.transport.http.headers import SECURE, STRICT

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How long a connection may take, and how many there may be."""

    message_seconds: float = 15.0
    """In which a request must have come whole, from the connection or its first byte."""
    head_bytes: int = 32_768
    """Of a request's line and headers."""
    idle_seconds: int = 15
    """How long a connection may wait for its next request."""
    connections: int = 10_000
    """Beyond, a new one is closed at once."""


# typing.override needs Python 3.12
# mypy: disable-error-code="explicit-override"
class BridgeProtocol(HttpToolsProtocol):
    """Cuts slow and endless clients, and loses no report of those that leave early."""

    limits = ServerLimits()
    _timer: TimerHandle | None = None
    _partial = False
    """Whether a request has come in part."""
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's transport
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        waiting = [(cycle, app) for cycle, app in reversed(self.pipeline) if not cycle.more_body]
        super().connection_lost(exc)
        # Pipelined requests that came whole still count, though nobody reads their answers.
        for cycle, app in waiting:
            cycle.disconnected = False
            self._start_asgi_task(cycle, app)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn's own never keeps the connection
        """A client that has said everything still gets its answers (not over TLS, which closes both ways)."""
        cycle: RequestResponseCycle | None = self.cycle
        if self.scheme == "https" or cycle is None or cycle.response_complete or cycle.more_body:
            return None
        cycle.keep_alive = False  # the last one: those before it are in the pipeline
        return True

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data if self._partial or data.isascii() else _encoded(data))
        if not self._partial:
            self._unwatch()
        elif self._timer is None:
            self._watch()
        if self._in_head and self._head_bytes > self.limits.head_bytes:
            self._cut()

    def on_message_begin(self) -> None:
        self._partial = self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._head_bytes > self.limits.head_bytes and self._size_of_head() > self.limits.head_bytes:
            raise ValueError  # one that came in one piece: the parser gives up, and `data_received` cuts
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._partial = False
        self._head_bytes = 0
        self._unwatch()  # the next request, if one has begun, has its own time
        super().on_message_complete()

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
    """Percent-encodes what a request line has beyond ASCII, as the app should have done: the parser refuses it."""
    line, end, rest = data.partition(b"\r\n")
    return _BEYOND_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line) + end + rest


class _Server(uvicorn.Server):
    """uvicorn, which leaves signals to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an ASGI application on one port."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - any ASGI application
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        limits: ServerLimits,
        proxies: Sequence[str],
    ) -> None:
        """`proxies`: addresses or networks whose X-Forwarded-For is believed."""
        # What a client does wrong is counted, not logged: it would be theirs to fill the log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        config = uvicorn.Config(
            app,
            http=type("Protocol", (BridgeProtocol,), {"limits": limits}),
            ws="none",
            loop="none",
            lifespan="off",
            interface="asgi3",
            headers=[(name.decode(), value.decode()) for name, value in (SECURE if tls else STRICT)],
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=10,
            backlog=_BACKLOG,
        )
        config.load()
        config.ssl = tls
        self._server = _Server(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listens; returns when connections are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="bridge-http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the HTTP server ended before it listened")
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Accepts nothing more, and answers what was begun."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


def listen(host: str, port: int) -> socket.socket:
    """A listening address (port 0: a free one).

    Raises:
        OSError: the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 - its only form
    return listener


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or later with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context
