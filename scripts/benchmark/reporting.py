"""The results as tables for people."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from scripts.benchmark.measuring import BUSY, Measured, Sample
from scripts.benchmark.special import Interval, Reaped, ReapedBeside, Soak, Started

_console = Console(width=150)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Min / median / max."""
    return " / ".join(f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))


def workloads(results: Mapping[str, Measured], title: str) -> None:
    """Two tables with a line for each workload, and warnings about unreliable measurements."""
    headings = [
        "workload",
        "items/s",
        "ratio by rate",
        "by CPU",
        "by CPU, old",
        "p50 ms",
        "p99 ms",
        "echo p50",
        "echo p99",
        "errors",
    ]
    table = _table(title, headings)
    for workload, measured in results.items():
        table.add_row(*_rates(workload, measured))
    _console.print(table)
    headings = ["workload", "CPU s/1,000 calls", "echo", "core busy", "echo", "RSS MB", "calls/commit", "fsyncs/commit"]
    table = _table("what it took", [*headings, "HOT updates"])
    for workload, measured in results.items():
        table.add_row(*_costs(workload, measured))
    _console.print(table)
    print(
        "Medians of the rounds; ratios to echo, the empty RPC: min / median / max. An item of a call with many counts\n"
        "as a call of its own. echo runs under the service's scheduling policy (SCHED_BATCH); old: beside an echo\n"
        "under the ordinary one, as before 2026-11. fsyncs are those of the log; SQLite's are derived: one for each\n"
        "commit (WAL, synchronous = FULL), and two for each checkpoint of 8,000 pages, which are not counted."
    )
    for workload, measured in results.items():
        _warn(workload, measured)


def comparison(found: Mapping[str, Sequence[tuple[Sample, Sample]]], other: str) -> None:
    """CPU for each call here and in another checkout. A ratio below 0.95 means that this checkout is slower."""
    headings = ["workload", "CPU s/1,000 calls", "there", "there / here", "calls/s", "there", "errors"]
    table = _table(f"beside {other}, by CPU", headings)
    for workload, pairs in found.items():
        here, there = zip(*pairs, strict=True)
        table.add_row(
            workload,
            f"{_median(here, lambda s: s.cpu):.3f}",
            f"{_median(there, lambda s: s.cpu):.3f}",
            spread([two.cpu / one.cpu for one, two in pairs if one.cpu]),
            f"{_median(here, lambda s: s.rate):,.0f}",
            f"{_median(there, lambda s: s.rate):,.0f}",
            str(sum(sum(s.errors.values()) for s in (*here, *there))),
        )
    _console.print(table)


def _rates(workload: str, measured: Measured) -> list[str]:
    rounds, service, echo = measured.rounds, measured.services, [r.echo for r in measured.rounds]
    return [
        workload,
        f"{_median(service, lambda s: s.rate):,.0f}",
        spread([r.rate_ratio for r in rounds]),
        spread([r.cpu_ratio for r in rounds]),
        f"{statistics.median(r.plain_cpu_ratio for r in rounds):.2f}",
        f"{_median(service, lambda s: s.p50_ms):.1f}",
        f"{_median(service, lambda s: s.p99_ms):.1f}",
        f"{_median(echo, lambda s: s.p50_ms):.1f}",
        f"{_median(echo, lambda s: s.p99_ms):.1f}",
        str(sum(sum(s.errors.values()) for s in service)),
    ]


def _costs(workload: str, measured: Measured) -> list[str]:
    service, echo = measured.services, [r.echo for r in measured.rounds]
    commits = sum(s.commits for s in service)
    fsyncs = "1 (derived)" if measured.fsyncs is None else f"{measured.fsyncs:.2f}"
    return [
        workload,
        f"{_median(service, lambda s: s.cpu):.3f}",
        f"{_median(echo, lambda s: s.cpu):.3f}",
        f"{_median(service, lambda s: s.busy):.2f}",
        f"{_median(echo, lambda s: s.busy):.2f}",
        f"{max(s.rss_mb for s in service):.0f}",
        f"{sum(s.calls for s in service) / commits:.1f}" if commits else "-",
        fsyncs if commits else "-",
        "-" if measured.hot is None else f"{measured.hot:.0%}",
    ]


def _median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    return statistics.median(map(of, samples))


def _warn(workload: str, measured: Measured) -> None:
    echo, service = (
        statistics.median(of) for of in zip(*((r.echo.busy, r.service.busy) for r in measured.rounds), strict=True)
    )
    if echo < BUSY:
        print(f"warning: {workload}: echo used only {echo:.0%} of its core: ratios by rate flatter the service")
    if service < BUSY:
        print(f"note: {workload}: the service used {service:.0%} of its cores; it waited for something else")


def reaper(passes: Sequence[Reaped], title: str) -> None:
    """A line for each pass."""
    table = _table(f"reaper, {title}", ["deleted", "deletions/s", "CPU s/1,000", "index entries read per deletion"])
    for one in passes:
        reads = "-" if one.index_reads is None else f"{one.index_reads:.2f}"
        table.add_row(f"{one.deleted:,}", f"{one.rate:,.0f}", f"{one.cpu:.3f}", reads)
    _console.print(table)


def reaper_beside(found: ReapedBeside) -> None:
    """The pass, and its effect on heartbeats."""
    print(
        f"reaper beside heartbeats at half of {found.peak:,.0f}/s: {found.deleted:,} deleted in {found.seconds:.1f} s,"
        f" {found.deleted / max(found.seconds, 1e-9):,.0f}/s; heartbeat p99, median of the seconds:"
        f" {found.p99_before_ms:.1f} ms before, {found.p99_during_ms:.1f} ms during the pass"
    )


def starts(echo: Sequence[Started], service: Sequence[Started]) -> None:
    """The duration of a start."""
    table = _table("cold start, seconds: min / median / max", ["", "ready", "first call answered", "RSS MB"])
    for name, found in (("echo", echo), ("service", service)):
        ready, answered = [s.ready_seconds for s in found], [s.answered_seconds for s in found]
        table.add_row(name, spread(ready), spread(answered), f"{max(s.rss_mb for s in found):.0f}")
    _console.print(table)


def commands(found: Mapping[str, Sequence[float]]) -> None:
    """The CPU time of commands."""
    table = _table("commands, CPU seconds: min / median / max", ["", "CPU"])
    for words, seconds in found.items():
        table.add_row(f"profile-grpc {words}", spread(seconds))
    _console.print(table)


def sizes(found: Mapping[str, int], profiles: int) -> None:
    """Bytes for each profile, by table and index."""
    table = _table(f"sizes with {profiles:,} profiles", ["table or index", "MB", "bytes per profile"])
    for name, size in found.items():
        table.add_row(name, f"{size / 1e6:,.1f}", f"{size / profiles:,.1f}")
    total = sum(found.values())
    table.add_row("all", f"{total / 1e6:,.1f}", f"{total / profiles:,.1f}")
    _console.print(table)


def interval(found: Interval) -> None:
    """A line of a soak as it runs."""
    print(
        f"{found.minute:6.1f} min  {found.rate:8,.0f}/s  p50 {found.p50_ms:6.1f} ms  p99 {found.p99_ms:7.1f} ms"
        f"  RSS {found.rss_mb:6.1f} MB  busy {found.busy:.2f}  errors {found.errors or 0}",
        flush=True,
    )


def soak(found: Soak) -> None:
    """A comparison of the first and the last quarter of a soak."""
    quarter = max(len(found.intervals) // 4, 1)
    first, last = found.intervals[:quarter], found.intervals[-quarter:]
    errors = sum(sum(i.errors.values()) for i in found.intervals)
    print(f"soak at {found.rate:,.0f}/s (peak {found.peak:,.0f}/s), {errors} errors; first and last quarter:")
    for name, of in (("p99 ms", "p99_ms"), ("RSS MB", "rss_mb"), ("calls/s", "rate")):
        begun, ended = (statistics.median(getattr(i, of) for i in part) for part in (first, last))
        print(f"  {name}: {begun:,.1f} -> {ended:,.1f}")


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position else "left", no_wrap=True)
    return table
