"""What a remembered JWT adds to a heartbeat, by the CPU of a server on SQLite.

python -m scripts.benchmark.jwt [BLOCKS [SIZE]]

Three kinds of heartbeats with a CLIENT key, in turn: of an app that checks no JWT, without one; of the same app, with
one that nobody reads, which is what its transport costs; and of an app that requires it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from appprofile.v1 import profile_pb2, profile_service_pb2
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from scripts.benchmark.processes import cpu_seconds
from tests.clients.server import ServerProcess
from tests.support.jwt import pem, token

if TYPE_CHECKING:
    from appprofile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_CALLERS = 16
_WITHOUT, _UNREAD, _REQUIRED = "without", "unread", "required"
_APPS = {_WITHOUT: "off", _UNREAD: "off", _REQUIRED: "required"}


def main() -> None:
    """Prints the median microseconds of each kind, and the ratios to those without a token."""
    blocks, size = (*map(int, sys.argv[1:3]), *(16, 1000)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "key.pem").write_text(pem())
        with ServerProcess(Path(folder)) as server:
            asyncio.run(_measure(server, Path(folder), blocks, size))


async def _measure(server: ServerProcess, folder: Path, blocks: int, size: int) -> None:
    keys = _prepare(server, folder)
    now = int(time.time())
    jwt = token({"sub": "ann", "app_id": "required", "iat": now, "exp": now + 36_000})
    metadata: dict[str, tuple[tuple[str, str], ...]]
    metadata = {kind: (("x-api-key", keys[app]), ("authorization", f"Bearer {jwt}")) for kind, app in _APPS.items()}
    metadata[_WITHOUT] = metadata[_WITHOUT][:1]
    async with grpc.aio.insecure_channel(server.target) as channel:
        stub = ProfileServiceStub(channel)
        for kind, app in _APPS.items():
            key = profile_pb2.ProfileKey(app_id=app, user_id="ann", device_id="phone")
            await stub.Register(profile_service_pb2.RegisterRequest(key=key), metadata=metadata[kind])
            await _block(stub, server, app, metadata[kind], size)
        used: dict[str, list[float]] = {kind: [] for kind in _APPS}
        for number in range(blocks):
            for kind in list(_APPS)[:: 1 if number % 2 else -1]:
                used[kind].append(await _block(stub, server, _APPS[kind], metadata[kind], size))
    for kind, found in used.items():
        ratios = [mine / without for mine, without in zip(found, used[_WITHOUT], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(
            f"{kind}: {statistics.median(found):.0f} us; ratio of blocks {low:.2f} / {middle:.2f} / {high:.2f},"
            f" in total {sum(found) / sum(used[_WITHOUT]):.3f}"
        )


def _prepare(server: ServerProcess, folder: Path) -> dict[str, str]:
    """The CLIENT key of each app."""
    server.administer("tenant", "create", "acme")
    keys = {}
    for app in sorted(set(_APPS.values())):
        server.administer("app", "create", app, "--tenant", "acme")
        keys[app] = server.administer("key", "create", "--tenant", "acme", "--app", app, "--kind", "client")
    server.administer("app", "jwt", "add", "required", "--kid", "k", "--public-key", str(folder / "key.pem"))
    server.administer("app", "jwt", "mode", "required", "require")
    return keys


async def _block(
    stub: ProfileServiceAsyncStub, server: ServerProcess, app: str, metadata: tuple[tuple[str, str], ...], size: int
) -> float:
    """Microseconds of the server's CPU for each of this number of heartbeats."""
    key = profile_pb2.ProfileKey(app_id=app, user_id="ann", device_id="phone")
    request = profile_service_pb2.HeartbeatRequest(key=key)
    left = iter(range(size))

    async def call() -> None:
        for _ in left:
            await stub.Heartbeat(request, metadata=metadata)

    began = cpu_seconds(server.pid)
    await asyncio.gather(*(call() for _ in range(_CALLERS)))
    return (cpu_seconds(server.pid) - began) / size * 1e6


if __name__ == "__main__":
    main()
