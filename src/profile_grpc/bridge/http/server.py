"""The listener: uvicorn with httptools, inside an event loop that is already running; and its certificate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from profile_grpc.bridge.http.connection import Connection, ServerLimits
from profile_grpc.bridge.http.headers import SECURE, STRICT
from profile_grpc.bridge.watched_files import WatchedFiles

_BACKLOG = 2048
log = structlog.get_logger(__name__)

# typing.override needs Python 3.12
# mypy: disable-error-code="explicit-override"


class _Server(uvicorn.Server):
    """uvicorn, which leaves signals to the program around it."""

    def __init__(self, config: uvicorn.Config, handshake_seconds: float) -> None:
        super().__init__(config)
        self._handshake_seconds = handshake_seconds

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Like uvicorn's method for given sockets, with a time limit for the TLS handshake."""
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
    ) -> None:
        """`proxies`: addresses or networks whose X-Forwarded-For is trusted."""
        # Errors of clients are counted, not logged: otherwise clients could fill the log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        senders = None if proxies else Counter[str]()
        config = uvicorn.Config(
            app,
            http=type("LimitedConnection", (Connection,), {"limits": limits, "senders": senders}),
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

    async def start(self) -> asyncio.Task[None]:
        """Listens; returns when connections are accepted. Returns the task, which only `close` should end."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="bridge-http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the HTTP server ended before it listened")
            await asyncio.sleep(0.005)
        return self._task

    async def close(self) -> None:
        """Accepts no new requests, and answers those in progress."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.wait([self._task])
            self._listener.close()  # the server does this itself, unless it has failed


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


class ListenerCertificate:
    """The server certificate. New connections get the newest usable one."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Raises OSError or ssl.SSLError when it cannot be used."""
        self._cert = cert
        self._key = key
        self._files = WatchedFiles([cert, key])
        self.context: ssl.SSLContext = _tls_context(cert, key)

    def renew(self) -> None:
        """Loads a renewed certificate. An unusable one is ignored and logged once."""
        if not self._files.changed():
            return
        try:
            _tls_context(self._cert, self._key)  # a pair that does not match would damage the context in use
            self.context.load_cert_chain(self._cert, self._key)
        except (OSError, ssl.SSLError) as error:
            log.warning("cannot use the renewed certificate", file=str(self._cert), error=str(error))
        else:
            log.info("using the renewed certificate", file=str(self._cert))


def _tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or later with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    # No session tickets: a ticket is sent after the handshake. If the client has already closed the connection, a reset
    # follows and its report is lost.
    context.num_tickets = 0
    return context
