"""The listener: uvicorn with httptools, inside an event loop that is already running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from asyncio import TimerHandle
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from profile_grpc.bridge.http.crowd import Crowd, Exchange, Shortcut
from profile_grpc.bridge.http.headers import SECURE, STRICT
from profile_grpc.bridge.http.rates import site

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_BACKLOG = 2048
_BODY = frozenset({b"content-length", b"transfer-encoding", b"expect"})
"""Headers of a request that may have a body."""


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
    connections_each: int = 1000
    """The same of one sender, where there is no proxy that stands for all of them."""
    pipelined: int = 100
    """Requests that may wait for the answer to an earlier one on their connection; beyond, it is cut."""


class _Nowhere:
    """Where the answers go that nobody reads any more: the transport of a client that has left."""

    def is_closing(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def close(self) -> None:
        """It is closed."""


_NOWHERE = _Nowhere()


# typing.override needs Python 3.12
# mypy: disable-error-code="explicit-override"
class BridgeProtocol(HttpToolsProtocol):
    """Cuts slow and endless clients, and loses no report of those that leave early."""

    limits = ServerLimits()
    crowd: Crowd | None = None
    cycle: Any
    """The request that came last: a RequestResponseCycle or an Exchange."""
    senders: Counter[str] | None = None
    """How many connections each sender has; None: all come through proxies."""
    sender = ""
    """Who counts as the sender of what comes without a proxy: see `site`."""
    _running: Any = None
    """The request that the application was last given."""
    _timer: TimerHandle | None = None
    _partial = False
    """Whether a request has come in part."""
    _in_head = False
    _head_bytes = 0
    _overrun = False
    """Whether more has come than one client may send at once."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's transport
        super().connection_made(transport)
        self.sender = site(self.client[0]) if self.client else ""
        each = 0
        if self.senders is not None:
            each = self.senders[self.sender] = self.senders[self.sender] + 1
        if len(self.connections) > self.limits.connections or each > self.limits.connections_each:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self.senders is not None:
            self.senders[self.sender] -= 1
            if not self.senders[self.sender]:
                del self.senders[self.sender]
        waiting = [(cycle, app) for cycle, app in reversed(self.pipeline) if not cycle.more_body]
        super().connection_lost(exc)
        self.flow.read_paused = False  # there is nothing to resume
        if self._running is not None:
            self._running.transport = _NOWHERE
        # Pipelined requests that came whole still count, though nobody reads their answers.
        for cycle, app in waiting:
            cycle.disconnected = False
            cycle.transport = _NOWHERE
            self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _exchange(self, crowd: Crowd) -> Exchange | None:
        """The request whose head is complete, if the shortcut may take it.

        Not while an earlier one is unanswered, and not of a client that reads no answers: these have to wait.
        """
        path, _, query = self.url.partition(b"?")
        if path not in crowd.paths or b"#" in query:
            return None
        if self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            return None
        headers = dict(self.headers)
        if not _BODY.isdisjoint(headers) or self.parser.get_method() != b"GET":
            return None
        if self.parser.get_http_version() != "1.1":
            return None
        return Exchange(self, path, query, headers, self.scope, self.parser.should_keep_alive())

    def reply(self, exchange: Exchange, status: int, headers: bytes) -> None:
        """See Exchange.reply."""
        exchange.response_complete = True
        transport = self.transport
        if self.crowd is None or transport.is_closing():
            return
        common = self.crowd.common(self.server_state.default_headers)
        if exchange.keep_alive:
            transport.write(b"%b%b%b\r\n" % (STATUS_LINE[status], common, headers))
        else:
            transport.write(b"%b%b%bconnection: close\r\n\r\n" % (STATUS_LINE[status], common, headers))
            transport.close()
        self.on_response_complete()

    def leave(self, exchange: Exchange) -> None:
        """See Exchange.leave."""
        path = exchange.path.decode("ascii")
        scope = exchange.scope | {
            "method": "GET",
            "path": unquote(path),
            "raw_path": exchange.path,
            "query_string": exchange.query,
        }
        cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=exchange.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.more_body = exchange.more_body
        cycle.disconnected = exchange.disconnected
        if self.cycle is exchange:
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

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
        # What is no request, such as an empty line, has its time as well: uvicorn has just stopped counting.
        if self._timer is None and (self._partial or self.cycle is None or self.cycle.response_complete):
            self._watch()
        if self._overrun or (self._in_head and self._head_bytes > self.limits.head_bytes):
            self._cut()

    def on_message_begin(self) -> None:
        self._partial = self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._head_bytes > self.limits.head_bytes and self._size_of_head() > self.limits.head_bytes:
            raise ValueError  # one that came in one piece: the parser gives up, and `data_received` cuts
        if len(self.pipeline) >= self.limits.pipelined:
            self._overrun = True
            raise ValueError
        self._in_head = False
        if self.crowd is None or (exchange := self._exchange(self.crowd)) is None:
            super().on_headers_complete()
        else:
            self.cycle = exchange
            self.crowd.join(exchange)

    def on_message_complete(self) -> None:
        self._partial = False
        self._head_bytes = 0
        self._unwatch()  # the next request, if one has begun, has its own time
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.pipeline and not self.transport.is_closing():
            self.flow.pause_reading()  # uvicorn reads on: more would come with each answer than one request

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

    def __init__(self, config: uvicorn.Config, handshake_seconds: float) -> None:
        super().__init__(config)
        self._handshake_seconds = handshake_seconds

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's for sockets that are given, and a client's TLS has its time too."""
        await self.lifespan.startup()
        config, loop = self.config, asyncio.get_running_loop()
        made: Any = config.http_protocol_class
        protocol = partial(made, config, self.server_state, self.lifespan.state)
        self.servers = [
            await loop.create_server(
                protocol,
                sock=listener,
                ssl=config.ssl,
                ssl_handshake_timeout=self._handshake_seconds if config.ssl else None,
                backlog=config.backlog,
            )
            for listener in sockets or ()
        ]
        self.started = True


class HttpServer:
    """Serves an ASGI application on one port."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - any ASGI application
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        limits: ServerLimits,
        proxies: Sequence[str],
        shortcut: Shortcut | None = None,
    ) -> None:
        """`proxies`: addresses or networks whose X-Forwarded-For is believed.

        The shortcut is not taken then: a request's sender has to be found first.
        """
        # What a client does wrong is counted, not logged: it would be theirs to fill the log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        config = uvicorn.Config(
            app,
            http=type(
                "Protocol",
                (BridgeProtocol,),
                {
                    "limits": limits,
                    "crowd": Crowd(shortcut) if shortcut and not proxies else None,
                    "senders": None if proxies else Counter(),
                },
            ),
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
        self._server = _Server(config, limits.message_seconds)
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
    # A ticket, which follows the handshake, would meet the reset of a client that has said all: its report were lost.
    context.num_tickets = 0
    return context
