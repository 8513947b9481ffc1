"""The registries of a process or of several workers, and the HTTP server that shows one to Prometheus."""

from __future__ import annotations

import platform
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    multiprocess,
    start_http_server,
)

from profile_grpc.config import PROGRAM
from profile_grpc.telemetry.collectors import ProfileCounts

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of no use here


def process_registry() -> CollectorRegistry:
    """A registry with the standard metrics of a process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    _build_info(registry)
    return registry


def collected_registry(folder: str, counts: ProfileCounts) -> CollectorRegistry:
    """The metrics that the parent of several workers serves: the sum of what they write into `folder`."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    _build_info(registry)
    registry.register(counts)
    return registry


class MetricsServer:
    """Serves a registry over HTTP, in its own thread."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """Raises OSError when the port is taken."""
        self._server, self._thread = start_http_server(port, host, registry)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _build_info(registry: CollectorRegistry) -> None:
    info = Gauge("profile_grpc_build_info", "1, with the version.", ("version", "python"), registry=registry)
    info.labels(version(PROGRAM), platform.python_version()).set(1)
