"""The pinned environment beside another one, each with its empty RPC and its service, turn by turn on one core.

    python -m scripts.benchmark.versions OTHER/bin/python

where OTHER is a virtual environment with this checkout and, say, another grpcio.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from profile_grpc.domain.hashing import Hasher
from scripts.benchmark import databases, processes, reporting, workloads
from scripts.benchmark.measuring import Sample, sample
from scripts.benchmark.processes import Calling, Cores, Server, Service
from scripts.benchmark.rows import load
from scripts.benchmark.workloads import WORKLOADS, Distribution, Plan

_VERSIONS = "import grpc, sys; print(f'grpcio {grpc.__version__}, Python {sys.version.split()[0]}')"
_Name = tuple[str, str]


def versions(
    other: Annotated[Path, typer.Argument(help="The other environment's python.")],
    *,
    rows: Annotated[int, typer.Option(min=1000)] = 20_000,
    seconds: Annotated[float, typer.Option(min=0.5)] = 4.0,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Compares calls per second and CPU time of the empty RPC and of heartbeats (SQLite)."""
    cores = Cores.split(1)
    cores.keep_off()
    found: dict[_Name, list[Sample]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profile-grpc-bench-")))
        sides = {
            name: _side(stack, f"sqlite:///{folder / f'{name}.db'}", python, cores, rows)
            for name, python in (("pinned", sys.executable), ("other", str(other)))
        }
        for number in range(rounds + 1):
            heartbeats = WORKLOADS["heartbeat"](Plan(rows, seconds, Distribution.UNIFORM, rows, number))
            for name, (echo, server, service) in sides.items():
                for kind, called, requests in (
                    ("echo", echo, workloads.empty()),
                    ("heartbeat", server, heartbeats),
                ):
                    one = sample(called, requests, seconds, service, Calling())
                    if number:  # the first round is to warm up
                        found.setdefault((kind, name), []).append(one)
    for name, python in (("pinned", sys.executable), ("other", str(other))):
        told = subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True, text=True)
        print(f"{name}: {told.stdout.strip()}")
    _show(found)


def _side(stack: ExitStack, url: str, python: str, cores: Cores, rows: int) -> tuple[Server, Server, Service]:
    hash_key = processes.hash_key()
    service = Service(url, hash_key, databases.prepare(url, hash_key), cores, python=python)
    load(url, Hasher(hash_key), 0, rows)
    return stack.enter_context(processes.echo_server(cores, python)), stack.enter_context(service.run()), service


def _show(found: Mapping[_Name, list[Sample]]) -> None:
    for kind in ("echo", "heartbeat"):
        pinned, other = found[kind, "pinned"], found[kind, "other"]
        for name, samples in (("pinned", pinned), ("other", other)):
            rate = statistics.median(s.rate for s in samples)
            cpu, p99 = (statistics.median(getattr(s, of) for s in samples) for of in ("cpu", "p99_ms"))
            print(f"{kind:10} {name:7} {rate:8,.0f}/s  CPU {cpu:.3f} s/1,000  p99 {p99:.1f} ms")
        rates = [o.rate / p.rate for p, o in zip(pinned, other, strict=True)]
        print(f"{kind:10} other / pinned, by rate: {reporting.spread(rates)}")


if __name__ == "__main__":
    typer.run(versions)
