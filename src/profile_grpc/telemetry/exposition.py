"""The registries of a process or of several workers, and the HTTP server that shows one to Prometheus."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def exposed(registry: CollectorRegistry, host: str, port: int) -> Iterator[int]:
    """Serves a registry over HTTP within the context, in a thread of its own, and yields the port.

    Raises:
        OSError: the port is taken.
    """
    server, thread = start_http_server(port, host, registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _build_info(registry: CollectorRegistry) -> None:
    info = Gauge("profile_grpc_build_info", "1, with the version.", ("version", "python"), registry=registry)
    info.labels(version(PROGRAM), platform.python_version()).set(1)
