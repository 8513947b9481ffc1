"""The command line: runs, and what they come to."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from scripts.benchmark import databases, processes, workloads
from scripts.benchmark.processes import Cores, Load, Server
from scripts.benchmark.workloads import WORKLOADS, Plan, Requests

_WARM_SECONDS = 1.0


@dataclass(frozen=True)
class Sample:
    """One server under one load."""

    rate: float
    """Items per second."""
    cpu: float
    """CPU seconds of the server for 1,000 calls."""
    p50_ms: float
    p99_ms: float
    rss_mb: float
    errors: dict[str, int]


@dataclass(frozen=True)
class Round:
    """The empty RPC, and right after it the service."""

    echo: Sample
    service: Sample
    rate_ratio: float
    """Calls per second, as a part of the empty RPC's."""
    cpu_ratio: float
    """The same told by CPU time for each call: it says what the rate would be on a core of one's own."""


def _sample(server: Server, requests: Requests, seconds: float, cores: Cores, streams: int) -> tuple[Sample, Load]:
    before = server.cpu_seconds()
    load = server.call(requests, seconds=seconds, cores=cores, streams=streams)
    cpu = (server.cpu_seconds() - before) / max(load.calls, 1) * 1000
    rate = load.calls * requests.items / load.seconds
    return Sample(rate, cpu, load.p50_ms, load.p99_ms, server.rss_mb(), load.errors), load


class Bench:
    """Two servers, and the numbers of the profiles used so far."""

    def __init__(self, plan: Plan, echo: Server, service: Server, cores: Cores, streams: int) -> None:
        self._plan, self._fresh = plan, 0
        self._echo, self._service = echo, service
        self._cores, self._streams = cores, streams

    def seed(self, count: int) -> None:
        """Registers profiles."""
        load = self._service.call(
            workloads.seed(self._fresh, count), seconds=3600, cores=self._cores, streams=self._streams
        )
        if load.calls != count:
            raise SystemExit(f"bench: {count} profiles should be there, {load.calls} are: {load.errors}")
        self._fresh += count

    def rounds(self, workload: str, count: int) -> Sequence[Round]:
        """A short run to warm up, then as many rounds."""
        self._round(workload, _WARM_SECONDS)
        return [self._round(workload, self._plan.seconds) for _ in range(count)]

    def _round(self, workload: str, seconds: float) -> Round:
        plan = Plan(self._plan.rows, seconds, self._plan.items, self._fresh)
        requests = WORKLOADS[workload](plan)
        if requests.seeded:
            self.seed(requests.seeded)
        else:
            self._fresh += requests.created
        echo, echo_load = _sample(self._echo, workloads.empty(plan), seconds, self._cores, self._streams)
        service, load = _sample(self._service, requests, seconds, self._cores, self._streams)
        rate_ratio = (load.calls / load.seconds) / (echo_load.calls / echo_load.seconds)
        return Round(echo, service, rate_ratio, echo.cpu / service.cpu)


def _row(workload: str, rounds: Sequence[Round]) -> list[str]:
    def spread(values: Sequence[float]) -> str:
        return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"

    service = [r.service for r in rounds]
    errors = sum(sum(s.errors.values()) for s in service)
    return [
        workload,
        f"{statistics.median(s.rate for s in service):,.0f}",
        f"{statistics.median(s.p50_ms for s in service):.1f}",
        f"{statistics.median(s.p99_ms for s in service):.1f}",
        f"{min(s.cpu for s in service):.3f}",
        f"{min(r.echo.cpu for r in rounds):.3f}",
        spread([r.cpu_ratio for r in rounds]),
        spread([r.rate_ratio for r in rounds]),
        f"{max(s.rss_mb for s in service):.0f}",
        str(errors),
    ]


def _print(results: dict[str, Sequence[Round]], title: str) -> None:
    table = Table(title=title)
    for heading in ("workload", "items/s", "p50 ms", "p99 ms", "CPU s/1,000", "echo", "ratio by CPU", "by rate"):
        table.add_column(heading, justify="left" if heading == "workload" else "right", no_wrap=True)
    table.add_column("RSS MB", justify="right")
    table.add_column("errors", justify="right")
    for workload, rounds in results.items():
        table.add_row(*_row(workload, rounds))
    Console(width=140).print(table)
    print("rates and times: median of the rounds; CPU: smallest; ratios to echo: min / median / max of the rounds")


def bench(  # noqa: PLR0913 - each option is a parameter
    *,
    engine: Annotated[
        Literal["sqlite", "postgresql"], typer.Option(help="A private database of this kind.")
    ] = "sqlite",
    database_url: Annotated[str | None, typer.Option(help="An empty database to use instead.")] = None,
    workload: Annotated[
        list[str] | None, typer.Option(help=f"Repeatable; of {', '.join(WORKLOADS)}. All, if none is given.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1000, help="Profiles that are there before.")] = 20_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the service.")] = 1,
    streams: Annotated[int, typer.Option(min=1, help="Calls in flight on each of 8 connections.")] = 16,
    items: Annotated[int, typer.Option(min=1, max=1000, help="In a call of batch-heartbeat and feedback.")] = 100,
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="Of each run.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, max=100)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="3 rounds of 1 second on 5,000 rows.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every round, as JSON.")] = False,
) -> None:
    """Measures the service beside an empty RPC of the same stack, turn by turn, on the same core."""
    chosen = workload or list(WORKLOADS)
    if unknown := [name for name in chosen if name not in WORKLOADS]:
        raise typer.BadParameter(f"no workload {unknown[0]!r}; there are: {', '.join(WORKLOADS)}")
    if quick:
        seconds, rounds, rows = 1.0, 3, min(rows, 5_000)
    cores = Cores.split(workers)
    begun = time.time()
    with ExitStack() as stack:
        url = stack.enter_context(databases.database(engine, database_url))
        hash_key = processes.hash_key()
        key = databases.prepare(url, hash_key)
        echo = stack.enter_context(processes.echo_server(cores))
        service = stack.enter_context(processes.service(url, hash_key, key, cores, workers))
        run = Bench(Plan(rows, seconds, items, 0), echo, service, cores, streams)
        run.seed(rows)
        results = {name: run.rounds(name, rounds) for name in chosen}
    kind = url.partition(":")[0]
    if as_json:
        told = {name: [asdict(r) for r in rounds_of] for name, rounds_of in results.items()}
        print(json.dumps({"engine": kind, "rows": rows, "workers": workers, "seconds": seconds, "workloads": told}))
    else:
        took = f"{time.time() - begun:.0f} s in all"
        _print(results, f"{kind}, {rows:,} rows, {workers} worker(s), {rounds} x {seconds:g} s; {took}")


if __name__ == "__main__":
    typer.run(bench)
