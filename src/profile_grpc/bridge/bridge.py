"""The bridge as a whole, as `profile-grpc bridge` and `serve --bridge-port` run it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from profile_grpc.bridge.app_reader import AppReader
from profile_grpc.bridge.availability import Availability
from profile_grpc.bridge.delivery.delivery import Delivery, DeliveryLimits
from profile_grpc.bridge.delivery.sending import ReportSender
from profile_grpc.bridge.http import server
from profile_grpc.bridge.http.connection import ServerLimits
from profile_grpc.bridge.http.endpoints import EndpointOptions, Endpoints
from profile_grpc.bridge.http.server import HttpServer, ListenerCertificate
from profile_grpc.bridge.keys import Keys
from profile_grpc.bridge.known_apps import KnownApps
from profile_grpc.bridge.metrics import BridgeMetrics
from profile_grpc.bridge.report import MICROSECONDS
from profile_grpc.bridge.service_client import ServiceClient, ServiceTls
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.bridge.spool.schema import LAST_ERROR
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.telemetry.tracing import Tracer

_PROBE = "probe"
_TICK = 1.0
_TICKS_TO_CLEAN = 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """The bridge's server certificate. PEM files."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfig:
    """The configuration of the bridge."""

    target: str
    """The service, `host:port`."""
    spool: Path
    hash_key: bytes = field(repr=False)
    keys: Sequence[str] = field(default=(), repr=False)
    """PROFILE keys with which the bridge reads the apps, one for each tenant. Without one it knows no push app id and
    no parameter names but the documented ones."""
    anonymous_apps: bool = False
    """The service needs no key (`serve --dev`): the apps are read without one."""
    host: str = "127.0.0.1"
    port: int = 8080
    """0: any free port."""
    service_tls: ServiceTls | None = None
    """None: without TLS."""
    proxy_from_environment: bool = False
    """Whether to use the proxy in the environment to reach the service."""
    tls: ListenerTls | None = None
    proxies: Sequence[str] = ()
    """Addresses or networks whose X-Forwarded-For is trusted."""
    endpoints: EndpointOptions = field(default_factory=EndpointOptions)
    server: ServerLimits = field(default_factory=ServerLimits)
    spool_limits: SpoolLimits = field(default_factory=SpoolLimits)
    delivery: DeliveryLimits = field(default_factory=DeliveryLimits)
    call_seconds: float = 10.0
    """Maximum duration of a call of the service."""
    key_seconds: float = 2.0
    """How long a report may wait for the service's verdict on an unknown key."""
    drain_seconds: float = 5.0
    """How long calls in flight may continue when the bridge ends."""


class Bridge:
    """Accepts reports over HTTP and delivers them over gRPC.

    `start` it on a running event loop; `drain` it to end. Reports that are not delivered stay in the spool.
    """

    def __init__(
        self,
        config: BridgeConfig,
        now: Callable[[], int],
        registry: CollectorRegistry,
        tracer: Tracer | None = None,
    ) -> None:
        """Opens the spool and binds the port. `now` returns microseconds since 1970. `tracer`: records reports and
        their deliveries as spans.

        Raises:
            SpoolError: the spool cannot be used.
            OSError: the port is taken, or a file cannot be read.
        """
        self._config = config
        self._now = now
        self._tracer = tracer
        self._listener = server.listen(config.host, config.port)
        try:
            self._certificate = ListenerCertificate(config.tls.cert, config.tls.key) if config.tls else None
            self._spool = Spool(config.spool, config.hash_key, config.spool_limits)
        except BaseException:
            self._listener.close()
            raise
        self.metrics = BridgeMetrics(registry)
        self._known_apps = KnownApps()
        self._availability = Availability()
        self._kept_error = (self._spool.get(LAST_ERROR) or b"").decode()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    async def start(self) -> None:
        """Accepts reports and delivers them; returns when requests are accepted."""
        config = self._config
        self._service = ServiceClient(
            config.target,
            config.service_tls,
            config.call_seconds,
            proxy_from_environment=config.proxy_from_environment,
        )
        keys = Keys(self._spool, self._service, self._availability, timeout=config.key_seconds)
        readers = config.keys or ([""] if config.anonymous_apps else [])
        self._app_reader = AppReader(
            self._known_apps, self._service, readers, self._spool, self._availability, self._now
        )
        sender = ReportSender(self._service, keys, self._known_apps, self._spool, self._now)
        self._delivery = Delivery(
            self._spool, sender, self._availability, self._now, self.metrics, config.delivery, self._tracer
        )
        self._spool.on_commit = self.metrics.committed
        self._app = Endpoints(
            self._spool,
            keys,
            self._known_apps,
            self.metrics,
            self._availability,
            config.endpoints,
            self._now,
            self._tracer,
        )
        writing = self._spool.start()
        await self._app_reader.start()
        delivering = self._delivery.start()
        self._housekeeping = asyncio.create_task(self._clean_up(), name="bridge-house")
        tls = self._certificate.context if self._certificate else None
        self._http = HttpServer(self._app, self._listener, tls, config.server, config.proxies)
        self._parts = [writing, delivering, await self._http.start()]

    async def watch(self) -> None:
        """Returns when a part of the bridge has ended by itself, after which reports would not be answered. Raises its
        error.
        """
        done, _ = await asyncio.wait(self._parts, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()

    async def drain(self) -> None:
        """Accepts no new requests, answers those in progress, and ends."""
        self._app.draining = True
        await self._http.close()
        await self._app_reader.close()
        self._housekeeping.cancel()
        await asyncio.wait([self._housekeeping])
        await self._delivery.close(self._config.drain_seconds)
        self._keep_error()
        with suppress(OSError):
            await self._spool.clean(self._now())
        await self._spool.close()
        await self._service.close()

    async def _clean_up(self) -> None:
        """Once a second: updates metrics, checks certificates and replays dead letters. Once a minute: cleans the
        spool.
        """
        ticks = 0
        while True:
            try:
                if ticks % _TICKS_TO_CLEAN == 0:
                    await self._spool.clean(self._now())
                if self._spool.failing:
                    self._spool.put(_PROBE, b"")  # without reports, only this shows whether the disk works again
                letters = await self._spool.to_replay()
                if letters:
                    await self._app_reader.read()  # an operator may just have added the missing setting
                self._spool.take_up(letters)
                self._keep_error()
                if self._certificate is not None:
                    self._certificate.renew()
                await self._service.renew()
                await self._show()
            except Exception as error:  # noqa: BLE001 - a full disk must not end the clean-up
                log.warning("cannot clean up the spool", error=str(error))
            ticks += 1
            await asyncio.sleep(_TICK)

    def _keep_error(self) -> None:
        """Stores in the spool why reports wait, for `doctor` and `bridge dead list`."""
        error = self._availability.last_error
        if error != self._kept_error:
            self._spool.put(LAST_ERROR, error.encode())
            self._kept_error = error

    async def _show(self) -> None:
        now = self._now()
        oldest = await self._spool.oldest()
        show = self.metrics.show
        show("spooled", self._spool.waiting)
        show("spool_bytes", self._spool.size)
        show("oldest_seconds", 0.0 if oldest is None else max(0.0, (now - oldest) / MICROSECONDS))
        show("dead", self._spool.dead)
        show("service_up", float(self._availability.available))
        fetched = self._known_apps.fetched
        show("directory_age_seconds", (now - fetched) / MICROSECONDS if fetched else -1.0)
