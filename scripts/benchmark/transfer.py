"""Import and export through a server on PostgreSQL: rates, CPU, memory, and the heartbeats of others meanwhile.

The server, its database, the commands and the callers share the machine: the CPU of each is what compares.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from scripts.benchmark import databases
from scripts.benchmark.processes import cpu_seconds, resident_bytes
from tests.cli.program import Server, environment, run

APP, CALLERS = "shop", 20
_MEBIBYTE = 1 << 20


@dataclass
class Watched:
    """What a process used."""

    pid: int
    highest: int = 0
    """Resident bytes."""
    seconds: float = 0.0
    """Of CPU."""
    _began: float | None = field(default=None)

    def look(self) -> None:
        try:
            resident, used = resident_bytes(self.pid), cpu_seconds(self.pid)
        except OSError:
            return
        self._began = used if self._began is None else self._began
        self.highest, self.seconds = max(self.highest, resident), used - self._began


def main() -> None:
    """Measures, and prints one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    asked = parser.parse_args()
    with databases.database("postgresql", None) as url, tempfile.TemporaryDirectory() as folder:
        changes = {"PROFILE_GRPC_DATABASE_URL": url}
        for words in (("migrate",), ("tenant", "create", "acme"), ("app", "create", APP, "--tenant", "acme")):
            done = run(words, changes)
            expect(done.status == 0, done.err)
        key = run(("key", "create", "--tenant", "acme", "--kind", "profile"), changes).out.strip()
        (Path(folder) / "key").write_text(key)
        write(Path(folder) / "in.jsonl", asked.profiles)
        with Server(["--port", "0", "--workers", "1"], changes) as server:
            measure(server, Path(folder), key, asked.profiles)


def write(path: Path, profiles: int) -> None:
    """Records as of a large app."""
    with path.open("w") as file:
        for n in range(profiles):
            endpoint = {"provider": "PUSH_PROVIDER_FCM", "token": f"{n:08}-" + "x" * 130, "pushAppId": "com.shop"}
            profile = {
                "key": {"userId": f"user-{n}", "deviceId": f"device-{n}"},
                "platform": "PLATFORM_ANDROID",
                "pushEndpoints": [endpoint],
                "language": "en",
                "timeZone": "Europe/Berlin",
                "osVersion": "14",
                "customAttributes": {"tier": "gold"},
            }
            record = {"profile": profile, "registerTime": f"2026-01-{1 + n % 28:02}T00:00:00Z"}
            file.write(json.dumps(record) + "\n")


def measure(server: Server, folder: Path, key: str, profiles: int) -> None:
    """Heartbeats alone, an import alone into one part of the keys, and both; then an export."""
    before = asyncio.run(heartbeats(server.address, key, 10.0))
    print(f"heartbeats alone: {latencies(before)}")
    there = ("--app", APP, "--target", server.address, "--plaintext", "--key-file", str(folder / "key"))
    with command(server, "import", str(folder / "in.jsonl"), *there, "--json") as importing:
        meanwhile = asyncio.run(heartbeats(server.address, key, 3600.0, importing))
        told = json.loads(importing.communicate()[0])
    expect(told["created"] == profiles, str(told))
    print(f"heartbeats while importing: {latencies(meanwhile)}, p99 {p99(meanwhile) / p99(before):.1f} times before")
    with command(server, "export", *there, "-o", str(folder / "out.jsonl")):
        pass
    with (folder / "out.jsonl").open() as lines:
        expect(sum(1 for _ in lines) == profiles + CALLERS, "the export is not complete")


@contextmanager
def command(server: Server, name: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Runs a command beside the block, and prints what it and the server used."""
    worker = children(server.process.pid)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "profile_grpc", name, *words], env=environment(), stdout=subprocess.PIPE, text=True
    )
    watched = {"client": [Watched(process.pid)], "server": [Watched(pid) for pid in worker]}
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            for one in (*watched["client"], *watched["server"]):
                one.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield process
        expect(process.wait() == 0, f"{name} failed")
        seconds = time.monotonic() - began
    finally:
        done.set()
        thread.join()
    for kind, of_kind in watched.items():
        cpu, most = sum(one.seconds for one in of_kind), max(one.highest for one in of_kind)
        print(f"{name}: {kind}: {cpu:.1f} s of CPU, at most {most / _MEBIBYTE:.0f} MiB")
    print(f"{name}: {seconds:.1f} s")


def children(pid: int) -> list[int]:
    """The process and its workers."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


async def heartbeats(
    target: str, key: str, seconds: float, until: "subprocess.Popen[str] | None" = None
) -> list[float]:
    """The seconds that each heartbeat of some callers took, each of whom sends ten a second."""
    taken: list[float] = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        metadata = (("x-api-key", key),)
        end = time.monotonic() + seconds

        async def call(n: int) -> None:
            name = profile_pb2.ProfileKey(app_id=APP, user_id=f"caller-{n}", device_id=f"caller-{n}")
            await stub.Register(profile_service_pb2.RegisterRequest(key=name), metadata=metadata)
            while time.monotonic() < end and (until is None or until.poll() is None):
                began = time.monotonic()
                await stub.Heartbeat(profile_service_pb2.HeartbeatRequest(key=name), metadata=metadata)
                taken.append(time.monotonic() - began)
                await asyncio.sleep(0.1)

        await asyncio.gather(*map(call, range(CALLERS)))
    return taken


def expect(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Ends the measurement if something did not work."""
    if not holds:
        raise SystemExit(f"bench-transfer: {why}")


def p99(taken: list[float]) -> float:
    return sorted(taken)[len(taken) * 99 // 100]


def latencies(taken: list[float]) -> str:
    found = sorted(taken)
    return f"{len(found)} calls, median {found[len(found) // 2] * 1000:.1f} ms, p99 {p99(found) * 1000:.1f} ms"


main()
