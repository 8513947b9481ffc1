"""The processes under measurement: where they run, what they use, what calls them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.workloads import Requests

_ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 60


@dataclass(frozen=True)
class Cores:
    """Which cores the servers have, and which everybody else."""

    servers: str
    others: str

    @classmethod
    def split(cls, workers: int) -> Cores:
        """A core for each worker; the others share what is left, or everything if nothing is."""
        every = sorted(os.sched_getaffinity(0))
        mine = every[:workers]
        return cls(_list(mine), _list(every[workers:] or every))


def _list(cores: Sequence[int]) -> str:
    return ",".join(map(str, cores))


@dataclass(frozen=True)
class Load:
    """What the generator saw."""

    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]


class Server:
    """A process that serves on loopback, with its children."""

    def __init__(self, process: subprocess.Popen[str], target: str, key: str = "") -> None:
        self._process = process
        self._target = target
        self._key = key

    def call(self, requests: Requests, *, seconds: float, cores: Cores, streams: int = 16) -> Load:
        """Runs the load generator."""
        with tempfile.NamedTemporaryFile(prefix="profile-grpc-bench-") as file:
            requests.write(Path(file.name))
            command = ["taskset", "-c", cores.others, str(_ROOT / ".tools/bin/load"), "-target", self._target]
            command += ["-requests", file.name, "-paths", ",".join(requests.paths), "-seconds", str(seconds)]
            command += ["-streams", str(streams), f"-once={str(requests.once).lower()}"]
            environment = os.environ | {"LOAD_API_KEY": self._key, "GOMAXPROCS": "1"}
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 120
            )
        return Load(**json.loads(done.stdout))

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        total = 0
        for pid in self._pids():
            # Behind the name, which may hold spaces: state is field 3, utime 14 and stime 15, counted from 1.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def rss_mb(self) -> float:
        """Resident memory, in MB."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        """Ends it and waits."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_STOP_SECONDS)

    def _pids(self) -> list[int]:
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]


@contextmanager
def echo_server(cores: Cores) -> Iterator[Server]:
    """The empty RPC."""
    process = _start([sys.executable, "-m", "scripts.benchmark.echo"], cores)
    yield from _serving(process, f"127.0.0.1:{_first_line(process)}", "")


@contextmanager
def service(database_url: str, hash_key: bytes, key: str, cores: Cores, workers: int) -> Iterator[Server]:
    """The service, on a database that is ready."""
    command = [sys.executable, "-m", "profile_grpc", "serve", "--port", "0", "--workers", str(workers)]
    environment = {"PROFILE_GRPC_DATABASE_URL": database_url, "PROFILE_GRPC_HASH_KEY": hash_key.hex()}
    process = _start([*command, "--metrics-port", "0"], cores, environment)
    ready = _first_line(process)  # ready: gRPC on HOST:PORT, …
    yield from _serving(process, ready.removeprefix("ready: gRPC on ").split(",")[0].split()[0], key)


def hash_key() -> bytes:
    """A key of its own for each run."""
    return secrets.token_bytes(32)


def _start(command: Sequence[str], cores: Cores, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROFILE_GRPC_")}
    return subprocess.Popen(
        ["taskset", "-c", cores.servers, *command],  # noqa: S607 - where the system has it
        env=kept | (environment or {}),
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _first_line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"bench: the server ended with status {process.wait(_STOP_SECONDS)}")
    return line.strip()


def _serving(process: subprocess.Popen[str], target: str, key: str) -> Iterator[Server]:
    server = Server(process, target, key)
    try:
        yield server
    finally:
        server.stop()
