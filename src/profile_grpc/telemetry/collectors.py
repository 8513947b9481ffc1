"""Metrics that are read when they are asked for: the processes, and what was last read from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from prometheus_client import (
    Metric,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from profile_grpc.domain.profile import CountKey
from profile_grpc.domain.push_credentials import Version, in_use


class Processes(Collector):
    """The usual `process_` metrics for each of several processes, with a label `worker`: 0 is their parent."""

    def __init__(self, pids: Callable[[], Mapping[int, int]]) -> None:
        """`pids` returns the process id of each running worker, by its number."""
        self._pids = pids

    def collect(self) -> Iterator[Metric]:  # type: ignore[explicit-override]  # typing.override needs Python 3.12
        """Each metric once, with a sample for each process. Nothing if the system has no /proc."""
        found: dict[str, Metric] = {}
        for worker, pid in sorted(self._pids().items()):
            for family in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                whole = found.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    whole.add_sample(sample.name, {"worker": str(worker)}, sample.value)
        yield from found.values()


class ProfileCounts(Collector):
    """What was last read from the store: numbers of profiles, apps whose feedback is held, expiries of credentials."""

    def __init__(self) -> None:
        self._counts: Mapping[CountKey, int] = {}
        self._feedback_holds: Mapping[str, bool] = {}
        self._credentials: Sequence[Version] = []

    def update(
        self,
        counts: Mapping[CountKey, int],
        feedback_holds: Mapping[str, bool],
        credentials: Sequence[Version] = (),
    ) -> None:
        """Shows these from now on. `credentials`: every version of each push credential."""
        self._credentials = list(credentials)
        self._counts = dict(counts)
        self._feedback_holds = dict(feedback_holds)

    def collect(self) -> Iterator[Metric]:  # type: ignore[explicit-override]  # typing.override needs Python 3.12
        """A gauge for each app, status and platform, and one for each app that lost an endpoint to feedback."""
        family = GaugeMetricFamily(
            "profile_grpc_profiles",
            "Stored profiles, by app, status and platform.",
            labels=("app", "status", "platform"),
        )
        for key, count in self._counts.items():
            family.add_metric((key.app_id, key.status.name, key.platform.name), count)
        yield family
        held = GaugeMetricFamily(
            "profile_grpc_feedback_held",
            "1 while push feedback that says a token is dead is held in the app: too many endpoints were lost.",
            labels=("app",),
        )
        for app_id, holds in self._feedback_holds.items():
            held.add_metric((app_id,), holds)
        yield held
        yield self._expiries()

    def _expiries(self) -> Metric:
        family = GaugeMetricFamily(
            "profile_grpc_credential_expiry_seconds",
            "Seconds until the push credential in use expires, by app and name; negative: it has expired.",
            labels=("app", "name"),
        )
        now = datetime.now(UTC)
        for one in in_use(self._credentials, now):
            if one.expire_time is not None:
                family.add_metric((one.app_id, one.name), (one.expire_time - now).total_seconds())
        return family
