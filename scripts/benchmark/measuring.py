"""Runs: the empty RPC and the service under one load, turn by turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scripts.benchmark import databases, workloads
from scripts.benchmark.processes import Calling, Server, Service
from scripts.benchmark.workloads import WORKLOADS, Plan, Requests

BUSY = 0.9
"""The minimum share of its core that a server must use. Below it, the server was not the bottleneck."""
_ITEMS_IN_FLIGHT = 8_000
_SETTLE_SECONDS = 1.1
_SETTLE_CALLS = 20


@dataclass(frozen=True)
class Sample:
    """One server under one load."""

    calls: int
    rate: float
    """Items per second."""
    cpu: float
    """CPU seconds of the server for 1,000 calls."""
    busy: float
    """CPU time of the server as a share of the time of its cores."""
    p50_ms: float
    p99_ms: float
    rss_mb: float
    commits: int
    errors: dict[str, int]


@dataclass(frozen=True)
class Round:
    """The empty RPC, under the service's scheduling policy and under the default one, and then the service."""

    echo: Sample
    plain_echo: Sample
    service: Sample
    rate_ratio: float
    """Items per second, relative to the empty RPC's calls per second."""
    cpu_ratio: float
    """The same by CPU time for each item: the ratio that would result on a dedicated core."""
    plain_cpu_ratio: float
    """The same relative to the empty RPC under the default policy, which the ratios used until 2026-11."""


@dataclass(frozen=True)
class Measured:
    """All rounds of a workload."""

    items: int
    """In each call."""
    rounds: Sequence[Round]
    fsyncs: float | None
    """Of the database server, for each commit; None if the database does not report it (SQLite: 1)."""
    hot: float | None
    """The share of the updates of `profile` that changed no index; None on SQLite, or without updates."""

    @property
    def services(self) -> Sequence[Sample]:
        """The service's samples."""
        return [r.service for r in self.rounds]


def sample(server: Server, requests: Requests, seconds: float, service: Service, calling: Calling) -> Sample:
    """One run."""
    before = server.usage()
    load = server.call(requests, seconds=seconds, cores=service.cores, calling=calling)
    after = server.usage()
    used = after.cpu_seconds - before.cpu_seconds
    return Sample(
        calls=load.calls,
        rate=load.calls * requests.items / load.seconds,
        cpu=used / max(load.calls, 1) * 1000,
        busy=used / load.seconds,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        rss_mb=server.rss_mb(),
        commits=after.commits - before.commits,
        errors=load.errors,
    )


class Bench:
    """The servers of the empty RPC and of the service, and the numbers of the profiles used so far."""

    def __init__(
        self, plan: Plan, echoes: tuple[Server, Server], server: Server, service: Service, calling: Calling
    ) -> None:
        """`echoes`: under the service's scheduling policy, and under the default one."""
        self.plan, self.server, self.service, self.calling = plan, server, service, calling
        self.echo, self.plain_echo = echoes

    def load(self, count: int, **how: object) -> None:
        """Stores new profiles: see `rows.load`."""
        self.service.load(self.plan.fresh, count, **how)
        self.use(count)

    def use(self, numbers: int) -> None:
        """Marks this number of profile numbers as used."""
        self.plan = replace(self.plan, fresh=self.plan.fresh + numbers)

    def requests(self, workload: str, seconds: float) -> Requests:
        """The workload's next requests. The profiles that they need exist."""
        self.plan = replace(self.plan, draw=self.plan.draw + 1)
        requests = WORKLOADS[workload](replace(self.plan, seconds=seconds))
        if requests.seeded:
            self.load(requests.seeded)
        else:
            self.use(requests.created)
        return requests

    def measure(self, workload: str, rounds: int) -> Measured:
        """A short run to warm up, then this number of rounds."""
        url = self.service.database_url
        self._round(workload, self.plan.seconds / 3)
        self._settle()
        fsyncs, updates = databases.fsyncs(url), databases.heartbeat_updates(url)
        commits = self.server.usage().commits
        measured = [self._round(workload, self.plan.seconds) for _ in range(rounds)]
        self._settle()
        fsyncs_after, updates_after = databases.fsyncs(url), databases.heartbeat_updates(url)
        committed = self.server.usage().commits - commits
        items = WORKLOADS[workload](replace(self.plan, seconds=0.01)).items
        synced = None
        if fsyncs is not None and fsyncs_after is not None and committed:
            synced = (fsyncs_after - fsyncs) / committed
        hot = None
        if updates is not None and updates_after is not None and updates_after[0] > updates[0]:
            hot = (updates_after[1] - updates[1]) / (updates_after[0] - updates[0])
        return Measured(items, measured, synced, hot)

    def _round(self, workload: str, seconds: float) -> Round:
        requests = self.requests(workload, seconds)
        echo = sample(self.echo, workloads.empty(), seconds, self.service, self.calling)
        plain = sample(self.plain_echo, workloads.empty(), seconds, self.service, self.calling)
        service = self.sample(requests, seconds)
        per_item = requests.items / service.cpu if service.cpu else 0
        return Round(echo, plain, service, service.rate / echo.rate, echo.cpu * per_item, plain.cpu * per_item)

    def sample(self, requests: Requests, seconds: float) -> Sample:
        """Measures only the service."""
        return sample(self.server, requests, seconds, self.service, self._calling(requests.items))

    def _calling(self, items: int) -> Calling:
        """Fewer concurrent calls if each has many items. Otherwise the service would refuse some, because its queue is
        limited.
        """
        most = max(_ITEMS_IN_FLIGHT // items, 1)
        if most >= self.calling.connections * self.calling.streams:
            return self.calling
        connections = min(self.calling.connections, most)
        return Calling(connections, most // connections)

    def _settle(self) -> None:
        """Makes every connection of the service report its statistics to the database server."""
        if databases.fsyncs(self.service.database_url) is None:
            return
        time.sleep(_SETTLE_SECONDS)
        calls = self.requests("heartbeat", 1).calls[:_SETTLE_CALLS]
        heartbeats = Requests(["/appprofile.v1.ProfileService/Heartbeat"], calls, once=True)
        self.server.call(heartbeats, seconds=10, cores=self.service.cores, calling=Calling(1, 1))


def compare(here: Bench, there: Bench, workload: str, rounds: int) -> Sequence[tuple[Sample, Sample]]:
    """Measures the service of this checkout and of another one alternately, under the same load."""
    found = []
    for number in range(rounds + 1):
        seconds = here.plan.seconds if number else here.plan.seconds / 3
        pair = [one.sample(one.requests(workload, seconds), seconds) for one in (here, there)]
        if number:  # the first round is a warm-up
            found.append((pair[0], pair[1]))
    return found
