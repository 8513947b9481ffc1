"""A bridge in this process, a service that can be stopped, and raw HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from profile_grpc.bridge.availability import Backoff
from profile_grpc.bridge.bridge import Bridge, BridgeConfig
from profile_grpc.bridge.delivery.delivery import DeliveryLimits
from profile_grpc.telemetry.tracing import Tracer
from tests.bridge.fake_service import KEY, READER, FakeService
from tests.support.limits import wait_s
from tests.support.ports import free_port

HASH_KEY = bytes(range(32))
SOON = Backoff(0.01, 0.05)


@dataclass
class HandClock:
    """Time that is moved by hand."""

    time: datetime = datetime(2026, 3, 15, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)

    @property
    def microseconds(self) -> int:
        return int(self.time.timestamp() * 1_000_000)


@dataclass
class Harness:
    """A service, and a bridge that can be ended and started again on the same spool."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    service: FakeService = field(default_factory=FakeService)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    port: int = 0
    bridge: Bridge | None = None
    tracer: Tracer | None = None

    async def serve(self) -> None:
        """Starts the service, which keeps its port when it is started again."""
        self.port = self.port or free_port()
        await self.service.start(self.port)

    @property
    def spool(self) -> Path:
        return self.folder / "spool.db"

    async def start(self, **changes: Any) -> Bridge:
        """Starts the bridge. The service's port is known even before it is up."""
        self.port = self.port or free_port()
        settings = BridgeConfig(
            target=f"127.0.0.1:{self.port}",
            spool=self.spool,
            hash_key=HASH_KEY,
            keys=(READER,),
            port=0,
            delivery=DeliveryLimits(failing=SOON),
        )
        self.registry = CollectorRegistry()
        self.bridge = Bridge(replace(settings, **changes), lambda: self.clock.microseconds, self.registry, self.tracer)
        self.bridge._availability._backoff = SOON
        await self.bridge.start()
        return self.bridge

    async def stop(self) -> None:
        if self.bridge is not None:
            await self.bridge.drain()
            self.bridge = None

    async def send(self, request: bytes, *, read: bool = True) -> bytes:
        """Sends the bytes on a connection of their own; answers what comes back until it is closed."""
        assert self.bridge is not None
        reader, writer = await asyncio.open_connection(*self.bridge.address)
        writer.write(request)
        await writer.drain()
        answer = b""
        if read:
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), wait_s())
        writer.close()
        return answer

    async def get(self, target: str, *headers: str) -> int:
        return status(await self.send(request("GET", target, *headers)))

    async def settled(self) -> None:
        """Waits until nothing waits any more."""
        assert self.bridge is not None
        spool = self.bridge._spool
        await until(lambda: spool.waiting == 0)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"profile_grpc_bridge_{name}", labels) or 0.0


def request(method: str, target: str, *headers: str, body: bytes = b"", key: str = KEY) -> bytes:
    """A request with the key, unless it is empty."""
    lines = [f"{method} {target} HTTP/1.1", "Host: example.com", *headers]
    if key:
        lines.append(f"X-Api-Key: {key}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split(b" ", 2)[1])


async def until(true: Callable[[], bool]) -> None:
    """Waits for what other tasks bring about."""
    async with asyncio.timeout(wait_s()):
        while not true():  # noqa: ASYNC110 - of others' making
            await asyncio.sleep(0.005)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    """Service and bridge are not started."""
    made = Harness(tmp_path)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(made.stop)
        yield made
    if hasattr(made.service, "_server"):
        await made.service.stop()


@pytest.fixture
async def running(harness: Harness) -> Harness:
    """Service and bridge are up."""
    await harness.serve()
    await harness.start()
    return harness
