"""What is measured otherwise than by calls a second: the reaper, a start, hours of load."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from scripts.benchmark import databases, workloads
from scripts.benchmark.measuring import Bench
from scripts.benchmark.processes import Calling, Load, Server, Service, echo_server, first_line, start
from scripts.benchmark.workloads import Requests

EXPIRED_AGO = timedelta(days=60)
"""The period is 40 days."""


@dataclass(frozen=True)
class Reaped:
    """One pass of the reaper, in a process of its own on the service's core, while nobody calls."""

    deleted: int
    seconds: float
    cpu: float
    """CPU seconds for 1,000 deletions."""
    index_reads: float | None
    """Index entries read for each deletion, from the indexes for due profiles; None on SQLite."""

    @property
    def rate(self) -> float:
        """Deletions per second."""
        return self.deleted / self.seconds


def reap(bench: Bench, expired: int, passes: int) -> Sequence[Reaped]:
    """Passes with this number of expired profiles each."""
    return [_reap(bench, expired) for _ in range(passes)]


def _reap(bench: Bench, expired: int) -> Reaped:
    service = bench.service
    bench.load(expired, heard_ago=EXPIRED_AGO)
    before = databases.index_reads(service.database_url)
    process = start([sys.executable, "-m", "scripts.benchmark.programs", "reap"], service.cores, service.environment())
    told = json.loads(first_line(process))
    process.wait()
    if told["deleted"] != expired:
        raise SystemExit(f"bench: {expired} profiles are expired, {told['deleted']} were deleted")
    after = databases.index_reads(service.database_url)
    reads = None if before is None or after is None else (after - before) / expired
    return Reaped(expired, told["seconds"], told["cpu_seconds"] / expired * 1000, reads)


@dataclass(frozen=True)
class ReapedBeside:
    """A pass of the service's reaper during heartbeats at half of the highest rate."""

    deleted: int
    seconds: float
    peak: float
    """Heartbeats per second without a pass."""
    before: Sequence[Load]
    """The seconds of heartbeats at half of the peak, before the pass."""
    during: Sequence[Load]

    @property
    def p99_before_ms(self) -> float:
        """The median of the seconds' p99."""
        return _median_p99(self.before)

    @property
    def p99_during_ms(self) -> float:
        """The same during the pass."""
        return _median_p99(self.during)


def _median_p99(loads: Sequence[Load]) -> float:
    return statistics.median(load.p99_ms for load in loads) if loads else 0


_QUIET_SECONDS = 8.0
_LONGEST_PASS = 900.0


def reap_beside(bench: Bench, expired: int) -> ReapedBeside:
    """Loads expired profiles and starts a second service that receives heartbeats and soon starts to delete them."""
    bench.load(expired, heard_ago=EXPIRED_AGO)
    requests = bench.requests("heartbeat", 10)
    cores, pass_seconds = bench.service.cores, "profile_grpc_reaper_pass_seconds"
    peak = bench.server.call(requests, seconds=3, cores=cores, calling=bench.calling)
    rate = peak.calls / peak.seconds
    before: list[Load] = []
    during: list[Load] = []
    with replace(bench.service, reaper_seconds=_QUIET_SECONDS).run() as server:
        begun = time.monotonic()
        # Its first second is not representative.
        for load in server.calls(
            requests, seconds=_LONGEST_PASS, cores=cores, calling=bench.calling, rate=rate / 2, interval=1
        ):
            elapsed = time.monotonic() - begun
            if elapsed > _QUIET_SECONDS:
                if server.metric(f"{pass_seconds}_count"):
                    break
                during.append(load)
            elif elapsed > 2:  # noqa: PLR2004
                before.append(load)
        deleted = int(server.metric("profile_grpc_profiles_deleted_total"))
        return ReapedBeside(deleted, server.metric(f"{pass_seconds}_sum"), rate, before, during)


@dataclass(frozen=True)
class Started:
    """A start, of the service or of the server of the empty RPC."""

    ready_seconds: float
    """The time until it reports that it is ready: database open, port bound."""
    answered_seconds: float
    """The time until it has answered a first call."""
    rss_mb: float


def starts(bench: Bench, count: int) -> tuple[Sequence[Started], Sequence[Started]]:
    """Starts the empty RPC's server and the service alternately."""
    echo: list[Started] = []
    service: list[Started] = []
    heartbeats = bench.requests("heartbeat", 0.1)
    first = Requests(heartbeats.paths, heartbeats.calls[:1], once=True)
    for _ in range(count):
        echo.append(_start(bench, echo_server(bench.service.cores), workloads.empty()))
        service.append(_start(bench, bench.service.run(), first))
    return echo, service


def _start(bench: Bench, server: AbstractContextManager[Server], first: Requests) -> Started:
    once = Requests(first.paths, first.calls[:1], once=True)
    begun = time.perf_counter()
    with server as started:
        ready = time.perf_counter() - begun
        started.call(once, seconds=10, cores=bench.service.cores, calling=Calling(1, 1))
        return Started(ready, time.perf_counter() - begun, started.rss_mb())


COMMANDS = ("--version", "--help", "serve --help", "tenant list", "key list", "doctor")


def commands(service: Service, count: int) -> Mapping[str, Sequence[float]]:
    """CPU seconds of commands, user and system, from the start of their process to its end."""
    used: dict[str, list[float]] = {words: [] for words in COMMANDS}
    for _ in range(count):
        for words in COMMANDS:
            before = _children_cpu()
            command = [service.python, "-m", "profile_grpc", *words.split()]
            with start(command, service.cores, service.environment(), service.root) as process:
                process.communicate()
            used[words].append(_children_cpu() - before)
    return used


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Interval:
    """Some seconds of a soak."""

    minute: float
    """The time of its end, from the beginning of the soak."""
    rate: float
    p50_ms: float
    p99_ms: float
    rss_mb: float
    busy: float
    errors: dict[str, int]


@dataclass(frozen=True)
class Soak:
    """A long run at a fraction of the highest rate."""

    peak: float
    """The highest number of calls per second that the service answers."""
    rate: float
    """Calls per second that were made."""
    intervals: Sequence[Interval]


_PEAK_SECONDS = 10.0


def soak(bench: Bench, minutes: float, part: float, tell: Callable[[Interval], None]) -> Soak:
    """Finds the peak, then calls at a fraction of it. Calls `tell` for each interval."""
    # Requests for one minute, which are repeated.
    requests = workloads.steady(replace(bench.plan, seconds=60))
    server, cores = bench.server, bench.service.cores
    server.call(requests, seconds=2, cores=cores, calling=bench.calling)
    found = server.call(requests, seconds=_PEAK_SECONDS, cores=cores, calling=bench.calling)
    peak = found.calls / found.seconds
    every = min(max(minutes * 60 / 60, 5), 60)
    intervals: list[Interval] = []
    begun, used, last = time.monotonic(), server.cpu_seconds(), time.monotonic()
    with suppress(KeyboardInterrupt):  # what is there is told
        for load in server.calls(
            requests, seconds=minutes * 60, cores=cores, calling=bench.calling, rate=part * peak, interval=every
        ):
            now, now_used = time.monotonic(), server.cpu_seconds()
            interval = Interval(
                minute=(now - begun) / 60,
                rate=load.calls / load.seconds,
                p50_ms=load.p50_ms,
                p99_ms=load.p99_ms,
                rss_mb=server.rss_mb(),
                busy=(now_used - used) / (now - last),
                errors=load.errors,
            )
            used, last = now_used, now
            if load.seconds > every / 2:  # the last one may be incomplete
                intervals.append(interval)
                tell(interval)
    return Soak(peak, part * peak, intervals)
