"""The measured processes: their cores, their CPU time and memory, and the load generator."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from profile_grpc.domain.hashing import Hasher
from scripts.benchmark import databases, rows
from scripts.benchmark.workloads import Requests

ROOT = Path(__file__).parents[2]
"""This checkout."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_STOP_SECONDS = 60
# The code that runs in another checkout. It calls the same functions of that checkout.
_PREPARE = """import sys
from scripts.benchmark import databases
print(databases.prepare(sys.argv[1], bytes.fromhex(sys.argv[2])))"""
_LOAD = """import ast, sys
from datetime import timedelta
from profile_grpc.domain.hashing import Hasher
from scripts.benchmark import rows
url, key, first, count, how = sys.argv[1:]
how = {name: timedelta(seconds=n) if name == "heard_ago" else n for name, n in ast.literal_eval(how).items()}
rows.load(url, Hasher(bytes.fromhex(key)), int(first), int(count), **how)"""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    # Behind the name, which may hold spaces: state is field 3, utime 14 and stime 15, counted from 1.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


@dataclass(frozen=True)
class Cores:
    """The cores of the servers, and the cores of all other processes."""

    servers: str
    others: str

    def keep_off(self) -> None:
        """Moves this process, and the processes that it starts from now on (a database server), to the other cores."""
        os.sched_setaffinity(0, {int(core) for core in self.others.split(",")})

    @classmethod
    def split(cls, workers: int) -> Cores:
        """One core for each worker. The other processes share the remaining cores, or all cores if none remains."""
        every = sorted(os.sched_getaffinity(0))
        mine = every[:workers]
        return cls(_list(mine), _list(every[workers:] or every))


def _list(cores: Sequence[int]) -> str:
    return ",".join(map(str, cores))


@dataclass(frozen=True)
class Load:
    """The results of the load generator."""

    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]


@dataclass(frozen=True)
class Calling:
    """How the generator calls."""

    connections: int = 8
    streams: int = 16
    """Calls in flight on each."""


@dataclass(frozen=True)
class Usage:
    """The resources that a server has used so far."""

    cpu_seconds: float
    commits: int
    """Batches that the write path has committed."""


class Server:
    """A process that serves on loopback, with its children."""

    def __init__(self, process: subprocess.Popen[str], target: str, key: str = "", metrics: str = "") -> None:
        self._process = process
        self.target = target
        self._key = key
        self._metrics = metrics

    def call(self, requests: Requests, *, seconds: float, cores: Cores, calling: Calling | None = None) -> Load:
        """Runs the load generator until the time or the requests are used up."""
        [load] = self.calls(requests, seconds=seconds, cores=cores, calling=calling)
        return load

    def calls(
        self,
        requests: Requests,
        *,
        seconds: float,
        cores: Cores,
        calling: Calling | None = None,
        rate: float = 0,
        interval: float = 0,
    ) -> Iterator[Load]:
        """As `call`, with a report every `interval` seconds. `rate`: calls per second; 0: as many as possible."""
        calling = calling or Calling()
        with tempfile.NamedTemporaryFile(prefix="profile-grpc-bench-") as file:
            requests.write(Path(file.name))
            command = ["taskset", "-c", cores.others, str(ROOT / ".tools/bin/load"), "-target", self.target]
            command += ["-requests", file.name, "-paths", ",".join(requests.paths), "-seconds", str(seconds)]
            command += ["-connections", str(calling.connections), "-streams", str(calling.streams)]
            command += [f"-once={str(requests.once).lower()}", "-rate", str(rate), "-interval", str(interval)]
            environment = os.environ | {"LOAD_API_KEY": self._key, "GOMAXPROCS": "1"}
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as generator:
                assert generator.stdout is not None  # noqa: S101 - asked for
                try:
                    for line in generator.stdout:
                        yield Load(**json.loads(line))
                except BaseException:
                    generator.kill()
                    raise
            if generator.returncode:
                raise SystemExit("bench: the load generator failed, see above")

    def usage(self) -> Usage:
        """What it has used so far."""
        return Usage(self.cpu_seconds(), int(self.metric("profile_grpc_commit_seconds_count")))

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels; 0 for a server without metrics."""
        if not self._metrics:
            return 0
        with urlopen(self._metrics, timeout=_STOP_SECONDS) as answer:  # noqa: S310 - the server's own
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.split(r"[ {]", line, maxsplit=1)[0] == name)

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return sum(map(cpu_seconds, self._pids()))

    def rss_mb(self) -> float:
        """Resident memory, in MB."""
        return sum(map(resident_bytes, self._pids())) / 1e6

    def stop(self) -> None:
        """Ends it and waits."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_STOP_SECONDS)

    def _pids(self) -> list[int]:
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]


@contextmanager
def echo_server(cores: Cores, *, plain: bool = False) -> Iterator[Server]:
    """The empty RPC, under the service's scheduling policy; `plain`: under the default one."""
    command = [sys.executable, "-m", "scripts.benchmark.programs", "echo", *(["--plain"] if plain else [])]
    process = start(command, cores)
    yield from _serving(Server(process, f"127.0.0.1:{first_line(process)}"))


@dataclass(frozen=True)
class Service:
    """How to start the service on a database that is ready."""

    database_url: str
    hash_key: bytes
    key: str
    cores: Cores
    workers: int = 1
    root: Path = ROOT
    """The checkout whose program it is."""
    reaper_seconds: float = 86_400
    """The delay until the service's reaper runs: not during a run, unless the reaper is measured."""

    @contextmanager
    def run(self) -> Iterator[Server]:
        """The service, taking calls."""
        command = [
            self.python,
            "-m",
            "profile_grpc",
            "serve",
            "--port",
            "0",
            "--workers",
            str(self.workers),
            "--metrics-port",
            "0",
        ]
        process = start(command, self.cores, self.environment(), self.root)
        ready = first_line(process)  # ready: gRPC on HOST:PORT, metrics on URL, …
        found = re.match(r"ready: gRPC on ([^ ,]+).*?metrics on ([^ ,]+)", ready)
        if found is None:
            raise SystemExit(f"bench: the service said: {ready}")
        yield from _serving(Server(process, found[1], self.key, found[2]))

    @property
    def python(self) -> str:
        """The interpreter of its checkout's environment."""
        return sys.executable if self.root == ROOT else str(self.root / ".venv/bin/python")

    def load(self, first: int, count: int, **how: Any) -> None:  # noqa: ANN401 - handed on
        """Stores profiles as the service's own checkout does: see `rows.load`."""
        if self.root == ROOT:
            rows.load(self.database_url, Hasher(self.hash_key), first, count, **how)
        else:
            self._elsewhere(_LOAD, str(first), str(count), str({name: _seconds(value) for name, value in how.items()}))

    def _elsewhere(self, program: str, *arguments: str) -> str:
        """Runs a few lines in the other checkout, whose tables need not be these."""
        command = [self.python, "-c", program, self.database_url, self.hash_key.hex(), *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """The settings of a program that works on the database."""
        return {
            "PROFILE_GRPC_DATABASE_URL": self.database_url,
            "PROFILE_GRPC_HASH_KEY": self.hash_key.hex(),
            "PROFILE_GRPC_REAPER_INTERVAL": str(self.reaper_seconds),
        }


def prepared(service: Service) -> Service:
    """The service on a migrated database, with a key to call with."""
    if service.root == ROOT:
        return replace(service, key=databases.prepare(service.database_url, service.hash_key))
    return replace(service, key=service._elsewhere(_PREPARE))  # noqa: SLF001 - beside the class


def _seconds(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def hash_key() -> bytes:
    """A key of its own for each run."""
    return secrets.token_bytes(32)


def start(
    command: Sequence[str], cores: Cores, environment: dict[str, str] | None = None, root: Path | None = None
) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROFILE_GRPC_")}
    return subprocess.Popen(
        ["taskset", "-c", cores.servers, *command],  # noqa: S607 - where the system has it
        env=kept | (environment or {}),
        cwd=root or ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"bench: the server ended with status {process.wait(_STOP_SECONDS)}")
    return line.strip()


def _serving(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.stop()
