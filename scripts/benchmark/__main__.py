"""The command line: runs the benchmarks and prints the results."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from scripts.benchmark import databases, processes, reporting, special
from scripts.benchmark.measuring import Bench, Measured, Sample, compare
from scripts.benchmark.processes import Calling, Cores, Service
from scripts.benchmark.special import Interval, Reaped, ReapedBeside, Soak, Started
from scripts.benchmark.workloads import WORKLOADS, Distribution, Plan

REAPER, REAPER_BESIDE, COLD_START, SIZES = "reaper", "reaper-beside", "cold-start", "sizes"
COMMANDS = "commands"
SPECIAL = (SIZES, COLD_START, COMMANDS, REAPER, REAPER_BESIDE)
_DEFAULT = (SIZES, *WORKLOADS, COLD_START, COMMANDS, REAPER)
_NAMES = ", ".join((*WORKLOADS, *SPECIAL))


def bench(  # noqa: PLR0913 - each option is a parameter
    *,
    engine: Annotated[
        Literal["sqlite", "postgresql"], typer.Option(help="A private database of this kind.")
    ] = "sqlite",
    database_url: Annotated[
        str | None, typer.Option(help="An empty database to use instead, of a Citus coordinator for example.")
    ] = None,
    workload: Annotated[
        list[str] | None,
        typer.Option(help=f"Repeatable; a name or its beginning, of {_NAMES}. All but the last, if none is given."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1000, help="Profiles that are there before.")] = 20_000,
    heartbeat_days: Annotated[
        int, typer.Option(min=1, max=30, help="Their last heartbeats are of as many days; 1: of today.")
    ] = 1,
    distribution: Annotated[Distribution, typer.Option(help="How calls choose among them.")] = Distribution.UNIFORM,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the service, each with a core.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Of the load generator.")] = 8,
    streams: Annotated[int, typer.Option(min=1, help="Calls in flight on each connection.")] = 16,
    expired: Annotated[int, typer.Option(min=1, help="Profiles that the reaper finds.")] = 20_000,
    seconds: Annotated[float, typer.Option(min=0.2, max=600, help="Of each run.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, max=100)] = 5,
    against: Annotated[
        Path | None,
        typer.Option(help="Instead: beside the service of another checkout that is set up, turn by turn, by CPU."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="3 rounds of 0.6 seconds on 5,000 rows.")] = False,
    soak: Annotated[
        float | None, typer.Option(min=0.5, max=240, help="Instead: so many minutes of mixed calls below the peak.")
    ] = None,
    soak_part: Annotated[float, typer.Option(min=0.05, max=1, help="The part of the peak that a soak calls at.")] = 0.7,
    as_json: Annotated[bool, typer.Option("--json", help="Every round, as JSON.")] = False,
) -> None:
    """Measures the service and an empty RPC of the same stack alternately, on the same core."""
    chosen = _chosen(workload)
    if quick:
        seconds, rounds, rows, expired = 0.6, 3, min(rows, 5_000), min(expired, 2_000)
    cores = Cores.split(workers)
    cores.keep_off()
    begun = time.time()
    with ExitStack() as stack:
        url = stack.enter_context(databases.database(engine, database_url))
        hash_key = processes.hash_key()
        service = processes.prepared(Service(url, hash_key, "", cores, workers))
        echo = stack.enter_context(processes.echo_server(cores))
        plain_echo = stack.enter_context(processes.echo_server(cores, plain=True))
        plan, calling = Plan(rows, seconds, distribution, rows), Calling(connections, streams)

        def started(one: Service) -> Bench:
            one.load(0, rows, days=heartbeat_days)
            return Bench(plan, (echo, plain_echo), stack.enter_context(one.run()), one, calling)

        loading = time.time()
        run = started(service)
        loaded = time.time() - loading
        told: dict[str, Any] = {
            "engine": url.partition(":")[0],
            "rows": rows,
            "heartbeat_days": heartbeat_days,
            "distribution": distribution.value,
            "workers": workers,
            "connections": connections,
            "streams": streams,
            "seconds": seconds,
            "load_seconds": loaded,
        }
        title = f"{told['engine']}, {rows:,} rows, {workers} worker(s), {rounds} x {seconds:g} s, {distribution.value}"
        if against is not None:
            other_url = stack.enter_context(databases.database(engine, None))
            there = processes.prepared(replace(service, database_url=other_url, root=against.resolve(), key=""))
            results = _compare(run, started(there), chosen, rounds)
        elif soak is not None:
            found = special.soak(run, soak, soak_part, _silent if as_json else reporting.interval)
            told["soak"] = asdict(found)
            results = Results(soak=found)
        else:
            results = _measure(run, chosen, rounds, expired)
    if as_json:
        print(json.dumps(told | results.told()))
    else:
        results.show(title, rows)
        print(f"{rows:,} profiles were loaded in {loaded:.0f} s; {time.time() - begun:.0f} s in all")


@dataclass
class Results:
    """The results."""

    workloads: dict[str, Measured] = field(default_factory=dict)
    sizes: Mapping[str, int] | None = None
    starts: tuple[Sequence[Started], Sequence[Started]] | None = None
    commands: Mapping[str, Sequence[float]] | None = None
    reaper: Sequence[Reaped] | None = None
    reaper_beside: ReapedBeside | None = None
    soak: Soak | None = None
    comparison: Mapping[str, Sequence[tuple[Sample, Sample]]] | None = None

    def told(self) -> dict[str, Any]:
        """The results as JSON, by the names of the attributes."""
        return {name: value for name, value in asdict(self).items() if value}

    def show(self, title: str, rows: int) -> None:
        """The results as text."""
        if self.workloads:
            reporting.workloads(self.workloads, title)
        if self.starts is not None:
            reporting.starts(*self.starts)
        if self.commands is not None:
            reporting.commands(self.commands)
        if self.reaper is not None:
            reporting.reaper(self.reaper, title)
        if self.reaper_beside is not None:
            reporting.reaper_beside(self.reaper_beside)
        if self.sizes is not None:
            reporting.sizes(self.sizes, rows)
        if self.soak is not None:
            reporting.soak(self.soak)
        if self.comparison is not None:
            reporting.comparison(self.comparison, title)


def _compare(here: Bench, there: Bench, chosen: Sequence[str], rounds: int) -> Results:
    return Results(comparison={name: compare(here, there, name, rounds) for name in chosen if name in WORKLOADS})


def _measure(run: Bench, chosen: Sequence[str], rounds: int, expired: int) -> Results:
    results = Results()
    if SIZES in chosen:
        results.sizes = databases.sizes(run.service.database_url)
    for name in chosen:
        if name in WORKLOADS:
            results.workloads[name] = run.measure(name, rounds)
    if COLD_START in chosen:
        results.starts = special.starts(run, rounds)
    if COMMANDS in chosen:
        results.commands = special.commands(run.service, rounds)
    if REAPER in chosen:
        results.reaper = special.reap(run, expired, rounds)
    if REAPER_BESIDE in chosen:
        results.reaper_beside = special.reap_beside(run, expired)
    return results


def _chosen(wanted: Sequence[str] | None) -> Sequence[str]:
    """The selected names, in the order in which they are measured."""
    if not wanted:
        return _DEFAULT
    every = (*WORKLOADS, *SPECIAL)
    for name in wanted:
        if not any(known.startswith(name) for known in every):
            raise typer.BadParameter(f"no workload {name!r}; there are: {_NAMES}")
    # A name that is also a prefix of another name selects only itself.
    return [name for name in every if any(name == w or (name.startswith(w) and w not in every) for w in wanted)]


def _silent(_: Interval) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    typer.run(bench)
