"""An HTTPS server for tests. It responds as the test says and records its requests."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from aiohttp import web

HOST = "hooks.example.com"
"""The name in its certificate; it resolves to nothing."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request."""

    path: str
    headers: dict[str, str]
    """By lower-case names."""
    body: bytes


Respond = Callable[[web.Request, Received], Awaitable[web.StreamResponse]]


async def accept(_request: web.Request, _received: Received) -> web.StreamResponse:
    """Answers 204."""
    return web.Response(status=204)


@dataclass(slots=True)
class Receiver:
    """The server. `respond` may be replaced at any time."""

    port: int
    ca_file: str
    respond: Respond = accept
    received: list[Received] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    """What each TLS connection asked for (SNI)."""

    def url(self, path: str = "/hook", host: str = HOST) -> str:
        """A URL of this server."""
        return f"https://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(application: web.Application, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Serves the application over TLS on a free port of loopback, and answers the port.

    At the end the connections are aborted: one whose peer does not answer the end of TLS would outlive the event loop.
    """
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await site.stop()
        assert runner.server is not None
        for connection in runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()


@asynccontextmanager
async def receiver(folder: Path) -> AsyncIterator[Receiver]:
    """Runs a server on a free port of loopback."""
    authority = trustme.CA()
    ca_file = folder / "receiver-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST, "127.0.0.1", "localhost").configure_cert(context)
    made = Receiver(0, str(ca_file))
    context.sni_callback = lambda _socket, name, _context: made.server_names.append(name)

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Received(request.path_qs, headers, await request.read())
        made.received.append(got)
        return await made.respond(request, got)

    application = web.Application(client_max_size=1 << 24)
    application.router.add_route("*", "/{path:.*}", handle)
    async with serving(application, context) as made.port:
        yield made
