"""The bridge's Prometheus metrics. No label contains data of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from profile_grpc.bridge.report import Kind
from profile_grpc.telemetry.metrics import Declare

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_GAUGES = {
    "spooled": "Reports that wait.",
    "spool_bytes": "Bytes of the spool that waiting reports take.",
    "oldest_seconds": "How long the oldest report has waited, in seconds; 0: none waits.",
    "dead": "Dead letters.",
    "service_up": "1 while the service answers.",
    "directory_age_seconds": "How long ago the apps were read from the service, in seconds; -1: never.",
}


class BridgeMetrics:
    """The bridge's metrics. Children are looked up once and kept."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare(registry)
        self._requests = declare.counter("profile_grpc_bridge_requests", "Report requests, by HTTP status.", ["status"])
        received = declare.counter(
            "profile_grpc_bridge_received", "Reports that were taken, by kind; each is on disk.", ["kind"]
        )
        self._received = {kind: received.labels(kind.name) for kind in Kind}
        self._delivered = declare.counter(
            "profile_grpc_bridge_delivered",
            "Reports that reached the service, by kind and outcome.",
            ("kind", "outcome"),
        )
        self._retried = declare.counter(
            "profile_grpc_bridge_retried", "Calls that are repeated, by reason.", ["reason"]
        )
        self._dropped = declare.counter(
            "profile_grpc_bridge_dropped",
            "Reports that were thrown away, by reason: their key proved wrong, or a removal overtook them.",
            ["reason"],
        )
        self._died = declare.counter(
            "profile_grpc_bridge_died", "Reports that became dead letters, by reason.", ["reason"]
        )
        self._commit = declare.histogram(
            "profile_grpc_bridge_commit_seconds",
            "Duration of a commit of the spool, in seconds.",
            buckets=_SECONDS,
        )
        self._batch = declare.histogram(
            "profile_grpc_bridge_batch_reports", "Reports in a commit of the spool.", buckets=_BATCH
        )
        self._gauges = {
            name: declare.gauge(f"profile_grpc_bridge_{name}", text, multiprocess_mode="mostrecent")
            for name, text in _GAUGES.items()
        }
        self._requests_by_status: dict[int, Callable[[float], None]] = {}

    def answered(self, status: int, requests: int = 1) -> None:
        count = self._requests_by_status.get(status)
        if count is None:
            count = self._requests_by_status[status] = self._requests.labels(str(status)).inc
        count(requests)

    def committed(self, reports: Mapping[Kind, int], seconds: float) -> None:
        """Reports of each kind were stored on disk and are answered now."""
        for kind, count in reports.items():
            self._received[kind].inc(count)
        every = sum(reports.values())
        self.answered(200, every)
        self._batch.observe(every)
        self._commit.observe(seconds)

    def delivered(self, kind: Kind, outcome: str) -> None:
        """A report reached the service."""
        self._delivered.labels(kind.name, outcome).inc()

    def retried(self, code: str) -> None:
        """A call failed and is repeated."""
        self._retried.labels(code).inc()

    def dropped(self, reason: str) -> None:
        self._dropped.labels(reason).inc()

    def died(self, reason: str) -> None:
        """A report became a dead letter."""
        self._died.labels(reason).inc()

    def show(self, name: str, value: float) -> None:
        """Sets a gauge."""
        self._gauges[name].set(value)
