"""The HTTP bridge: as a separate process, or in the process of the service."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from profile_grpc import config as configuration
from profile_grpc.bootstrap import listen
from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bootstrap.process import beside, metrics_served, stop_on_signals, tune_garbage_collector
from profile_grpc.bootstrap.service_manager import notifying
from profile_grpc.bootstrap.tracing import BRIDGE, is_on, tracing
from profile_grpc.bridge.bridge import Bridge, BridgeConfig, ListenerTls
from profile_grpc.bridge.http.endpoints import EndpointOptions
from profile_grpc.bridge.service_client import ServiceTls
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.config import ConfigError, LogConfig, ServeConfig
from profile_grpc.telemetry.exposition import process_registry
from profile_grpc.telemetry.logs import configure_logs
from profile_grpc.telemetry.tracing import Tracer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BridgeReady:
    """What a bridge announces to its operator when it accepts reports."""

    url: str
    target: str
    metrics_url: str | None


def run_bridge(
    config: BridgeConfig,
    logs: LogConfig,
    metrics: tuple[str, int | None],
    announce: Callable[[BridgeReady], None],
) -> None:
    """Accepts and delivers reports until SIGTERM or SIGINT. `metrics`: host and port to serve metrics on, if any.

    Raises:
        SpoolError: the spool cannot be used.
        AddressTaken: it cannot listen.
        ConfigError: the environment asks for tracing that is not offered.
        ProcessFailed: a part of the bridge has ended.
    """
    configure_logs(logs)
    is_on(os.environ)
    uvloop.run(_run(config, metrics, announce))


async def _run(config: BridgeConfig, metrics: tuple[str, int | None], announce: Callable[[BridgeReady], None]) -> None:
    stop = stop_on_signals()
    # Operators send SIGHUP to reload certificates. They are checked each second, and SIGHUP must not end the process.
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGHUP, lambda: log.info("renewed certificates are read without a signal")
    )
    registry = process_registry()
    with metrics_served(registry, *metrics) as metrics_url:
        async with (
            notifying(os.environ, stop) as notify_ready,
            tracing(BRIDGE) as tracer,
            _started(config, registry, tracer, stop) as url,
        ):
            tune_garbage_collector()
            announce(BridgeReady(url, config.target, metrics_url))
            notify_ready()
            await stop.wait()
            log.info("draining")
    log.info("stopped")


@asynccontextmanager
async def with_service(
    config: ServeConfig, port: int, registry: CollectorRegistry, tracer: Tracer | None, stop: asyncio.Event
) -> AsyncIterator[str | None]:
    """Runs the bridge within the context, if configured, and yields its URL. It calls the service on `port` by gRPC.
    Sets `stop` if a part of it ends by itself.

    Raises:
        SpoolError, AddressTaken, ConfigError: it cannot run.
        ProcessFailed: a part of it has ended.
    """
    if config.bridge_port is None:
        yield None
        return
    async with _started(config_with_service(config, port), registry, tracer, stop) as bridge_url:
        yield bridge_url


def config_with_service(config: ServeConfig, port: int) -> BridgeConfig:
    """The settings of a bridge in the process of the service that listens on `port`.

    Raises:
        ConfigError: the bridge cannot reach the service with them.
    """
    url = config.database.url
    return BridgeConfig(
        target=listen.join(listen.reachable(config.host), port),
        spool=Path(config.bridge_spool) if config.bridge_spool else _default_spool(url),
        hash_key=config.database.hash_key,
        keys=config.bridge_keys,
        anonymous_apps=config.dev,
        host=config.bridge_host,
        port=config.bridge_port or 0,
        service_tls=_own_tls(config),
        tls=ListenerTls(Path(config.tls.cert), Path(config.tls.key)) if config.tls else None,
        proxies=config.bridge_proxies,
        endpoints=EndpointOptions(require_key=not config.dev),
        spool_limits=SpoolLimits() if config.bridge_spool_limit is None else SpoolLimits(config.bridge_spool_limit),
    )


def _default_spool(url: str) -> Path:
    """The spool next to the database, or in the user's data folder, which is created."""
    path = configuration.dev_file(url, "bridge-spool")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot create the folder of the spool {path}: {configuration.why(error)};"
            " choose another with --bridge-spool"
        ) from None
    return path


def without_bridge(config: ServeConfig) -> ServeConfig:
    """The settings of a worker: the bridge runs in its parent."""
    return replace(config, bridge_port=None, bridge_keys=())


@asynccontextmanager
async def _started(
    config: BridgeConfig, registry: CollectorRegistry, tracer: Tracer | None, stop: asyncio.Event
) -> AsyncIterator[str]:
    listen.check_free(config.host, config.port, "--bridge-port")
    bridge = Bridge(config, SystemClock().microseconds, registry, tracer)
    await bridge.start()
    try:
        async with beside("bridge", bridge.watch(), stop):
            scheme = "https" if config.tls else "http"
            yield f"{scheme}://{listen.join(config.host, bridge.address[1])}"
    finally:
        await bridge.drain()


def _own_tls(config: ServeConfig) -> ServiceTls | None:
    """How the bridge verifies the service: it trusts the certificate that both present."""
    if config.tls is None:
        return None
    if config.tls.client_ca is not None:
        raise ConfigError(
            "--bridge-port cannot present a client certificate to --tls-client-ca; run `profile-grpc bridge` with"
            " --client-cert and --client-key as a separate process"
        )
    return ServiceTls(ca=Path(config.tls.cert), presents_ca=True)
