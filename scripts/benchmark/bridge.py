"""Reports that are on disk when they are answered, beside empty 200s of the same HTTP server to the same requests.

The bridge has a core of its own and a service that is down: every report waits in the spool. What is compared:

- `empty`: the bridge's HTTP server around an ASGI application that answers an empty 200 at once
- `reports`: the bridge, its key known to be right; each report another account's

Prints for each round the rates, and the CPU time of a request: on a busy machine the ratio of the latter tells what the
rates would be on a core of one's own.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from profile_grpc.bootstrap.administration import administration
from profile_grpc.bootstrap.process import tune_garbage_collector
from profile_grpc.bridge.http import server
from profile_grpc.bridge.http.connection import ServerLimits
from profile_grpc.bridge.http.server import HttpServer
from profile_grpc.cli.settings import apply
from profile_grpc.config import DatabaseConfig
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.credentials import NewKey
from profile_grpc.service.directory_ports import KeyKind, Tenant
from profile_grpc.store import migrate
from scripts.benchmark.processes import Cores, Server, first_line, start

_PUSH_APPS = "push_app_ids=com.cloudsoftphone.app:FCM:IOS,com.cloudsoftphone.app.pushkit:APNS_VOIP:IOS:INCOMING_CALL"
_REQUEST = (
    "GET /removeToken/?username=johndow{number}&password=12345678&selector=12869E0E6E553673C54F29105A0647204C416A2A"
    ":7C3A0D14&token_msgs=QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J"
    "&appid_msgs=com.cloudsoftphone.app&token_calls=Udl99X2JFP1bWwS5gR%2FwGeLE1hmAB2CMpr1Ej0wxkrY%3D"
    "&appid_calls=com.cloudsoftphone.app.pushkit&key={key} HTTP/1.1\r\nHost: example.com\r\n\r\n"
)
program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class _Client(asyncio.Protocol):
    """Sends the next request when the previous one was answered."""

    def __init__(self, run: Load) -> None:
        self._run = run
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # type: ignore[explicit-override]
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:  # type: ignore[explicit-override]
        self._run.answered(data)
        self._next()

    def _next(self) -> None:
        request = next(self._run.requests, None)
        if request is not None:
            self._transport.write(request)


class Load:
    """Sends this number of requests over this number of connections."""

    def __init__(self, first: int, count: int, key: str) -> None:
        head, _, rest = _REQUEST.format(number="{}", key=key).partition("{}")
        self.requests: Iterator[bytes] = (f"{head}{number}{rest}".encode() for number in range(first, first + count))
        self._left = count
        self._done = asyncio.Event()

    def answered(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"bench: not taken: {data[:60]!r}")
        self._left -= 1
        if not self._left:
            self._done.set()

    async def run(self, port: int, connections: int) -> float:
        """The duration in seconds."""
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        clients = [await loop.create_connection(lambda: _Client(self), "127.0.0.1", port) for _ in range(connections)]
        await self._done.wait()
        seconds = time.perf_counter() - started
        for transport, _ in clients:
            transport.close()
        return seconds


@program.command()
def empty() -> None:
    """Serve empty answers; prints the port."""
    uvloop.run(_serve_empty())


async def _serve_empty() -> None:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    listener = server.listen("127.0.0.1", 0)
    http = HttpServer(application, listener, None, ServerLimits(), ())
    _ = await http.start()
    tune_garbage_collector()
    print(listener.getsockname()[1], flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await http.close()


@program.command()
def run(
    rounds: Annotated[int, typer.Option(help="How often to compare.")] = 5,
    requests: Annotated[int, typer.Option(help="Requests of each server in a round.")] = 20_000,
    connections: Annotated[int, typer.Option(help="Requests at a time.")] = 64,
) -> None:
    """Measure."""
    cores = Cores.split(1)
    os.sched_setaffinity(0, {int(core) for core in cores.others.split(",")})
    with (
        tempfile.TemporaryDirectory(prefix="profile-grpc-bench-") as folder,
        _empty(cores) as (plain, plain_port),
        _bridge(Path(folder), cores) as (bridge, bridge_port, key),
    ):
        first, rates, costs = 0, [], []
        for number in range(rounds + 1):
            plain_rate, plain_cpu = _measure(plain, plain_port, Load(first, requests, key), requests, connections)
            rate, cpu = _measure(bridge, bridge_port, Load(first, requests, key), requests, connections)
            first += requests
            if number == 0:
                continue  # to warm up
            rates.append(rate / plain_rate)
            costs.append(plain_cpu / cpu)
            print(
                f"empty {plain_rate:7,.0f}/s {plain_cpu * 1e6:4.0f} us   reports {rate:7,.0f}/s {cpu * 1e6:4.0f} us"
                f"   ratio {rates[-1]:.2f} (by CPU {costs[-1]:.2f})"
            )
        spooled = sqlite3.connect(Path(folder) / "spool.db").execute("SELECT count(*) FROM report").fetchone()[0]
        print(f"median ratio {statistics.median(rates):.2f}, by CPU {statistics.median(costs):.2f}")
        print(f"spooled {spooled:,} of {first:,}; {bridge.rss_mb():.0f} MB")


def _measure(target: Server, port: int, load: Load, requests: int, connections: int) -> tuple[float, float]:
    """Requests per second, and CPU seconds for each request."""
    before = target.cpu_seconds()
    seconds = uvloop.run(load.run(port, connections))
    return requests / seconds, (target.cpu_seconds() - before) / requests


@contextmanager
def _empty(cores: Cores) -> Iterator[tuple[Server, int]]:
    process = start([sys.executable, "-m", "scripts.benchmark.bridge", "empty"], cores)
    port = int(first_line(process))
    server_ = Server(process, f"127.0.0.1:{port}")
    try:
        yield server_, port
    finally:
        server_.stop()


@contextmanager
def _bridge(folder: Path, cores: Cores) -> Iterator[tuple[Server, int, str]]:
    """A bridge with a proven key, whose service is down."""
    hash_key = secrets.token_bytes(32)
    url = f"sqlite:///{folder / 'profiles.db'}"
    reader, key = asyncio.run(_prepare(url, hash_key))
    environment = {
        "PROFILE_GRPC_DATABASE_URL": url,
        "PROFILE_GRPC_HASH_KEY": hash_key.hex(),
        "PROFILE_GRPC_BRIDGE_KEY": reader,
    }
    program_ = [sys.executable, "-m", "profile_grpc"]
    service = start([*program_, "serve", "--port", "0"], cores, environment)
    address = first_line(service).removeprefix("ready: gRPC on ").split(",")[0]
    plenty = [
        "--address-rate",
        "1e9",
        "--address-burst",
        "1000000000",
        "--app-rate",
        "1e9",
        "--app-burst",
        "1000000000",
    ]
    arguments = ["bridge", "--target", address, "--spool", str(folder / "spool.db"), "--port", "0", *plenty]
    process = start([*program_, *arguments], cores, environment)
    port = int(first_line(process).partition("bridge on http://")[2].split(",")[0].rpartition(":")[2])
    uvloop.run(Load(-1, 1, key).run(port, 1))
    service.kill()
    service.wait(60)
    bridge = Server(process, f"127.0.0.1:{port}")
    try:
        yield bridge, port, key
    finally:
        bridge.stop()


async def _prepare(url: str, hash_key: bytes) -> tuple[str, str]:
    await migrate(url)
    async with administration(DatabaseConfig(url, hash_key)) as admin:
        await admin.store.directory.add_tenant(Tenant("acme", admin.clock.now()))
        await admin.apps.create("shop", "acme", "", apply(AppSettings(), [_PUSH_APPS]))
        _, reader = await admin.apps.create_key(NewKey(KeyKind.PROFILE, "acme", ""))
        _, key = await admin.apps.create_key(NewKey(KeyKind.BRIDGE, "acme", "shop"))
    return reader, key


if __name__ == "__main__":
    program()
