"""The gRPC server: its options, how it starts and how it ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from appprofile.v1 import app_service_pb2, profile_service_pb2, usage_service_pb2
from profile_grpc.transport.grpc.health import Health
from profile_grpc.transport.grpc.in_flight import CallLimits, InFlight
from profile_grpc.transport.grpc.pipeline import Pipeline, RpcObserver
from profile_grpc.transport.grpc.reflection import enable_reflection
from profile_grpc.transport.grpc.servicers import AppServicer, ProfileServicer, Services, UsageServicer

_LAST_WORDS = 0.2
"""Seconds that answers already given have to reach the wire when the server ends."""


class ServeError(Exception):
    """The server cannot start. The text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. With `client_ca`, callers need a certificate that it signed (mutual TLS)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 50051
    """0: any free port."""
    so_reuseport: bool = False
    """Whether others may serve on the same port. For several workers only: else a second server goes unseen."""
    tls: Tls | None = None
    reflection: bool = True
    limits: CallLimits = field(default_factory=CallLimits)
    max_message: int = 8 * 1024 * 1024
    """Larger requests are RESOURCE_EXHAUSTED."""
    keepalive_time: float = 60.0
    """A connection that was silent this long is asked whether it is still there."""
    keepalive_timeout: float = 20.0
    """... and closed if it does not answer within this."""
    max_connection_age: float = 600.0
    """Connections older than this, give or take a tenth by gRPC's own jitter, are asked to reconnect, so that the load
    spreads over the processes: the kernel balances connections, not calls."""
    drain_notice: float = 1.0
    """How long a draining server still listens, to tell new callers to go elsewhere."""
    drain_grace: float = 30.0
    """How long calls in flight have to end; then they are cut off."""


class GrpcServer:
    """Serves the services on one port of the running event loop."""

    def __init__(
        self,
        services: Services,
        ping: Callable[[], Awaitable[None]],
        observer: RpcObserver,
        options: ServerOptions | None = None,
    ) -> None:
        """`ping` answers when the database does."""
        self._options = options or ServerOptions()
        self._in_flight = InFlight(self._options.limits)
        self._server = grpc.aio.server(options=channel_options(self._options))
        pipeline = Pipeline(services.directory, self._in_flight, observer)
        served = {
            profile_service_pb2.DESCRIPTOR.services_by_name["ProfileService"]: ProfileServicer(services),
            app_service_pb2.DESCRIPTOR.services_by_name["AppService"]: AppServicer(services),
            usage_service_pb2.DESCRIPTOR.services_by_name["UsageService"]: UsageServicer(services),
        }
        self._server.add_generic_rpc_handlers([pipeline.handlers(service, served[service]) for service in served])
        names = [service.full_name for service in served]
        self._health = Health(names, ping)
        add_HealthServicer_to_server(self._health, self._server)
        if self._options.reflection:
            health = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
            enable_reflection([*names, health], self._server)
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Begins to serve; answers the port.

        Raises:
            ServeError: the port cannot be had, or the TLS files are unusable.
        """
        port = self._listen()
        await self._health.check()
        await self._server.start()
        self._watch = asyncio.create_task(self._health.run(), name="health")
        return port

    async def drain(self) -> None:
        """Not healthy, calls refused from now on, those in flight ended, or left when the grace is over.

        Afterwards nothing reaches the write queue any more: it can be closed. The port stays open and calls are refused
        until the process ends, which cuts the connections: then a caller sees nothing but UNAVAILABLE, and retries.
        `stop` would answer CANCELLED, which nobody retries, to what gRPC has received and not handed over.
        """
        self._health.drain()
        self._in_flight.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self._options.drain_notice, self._options.drain_grace)):
                await asyncio.sleep(self._options.drain_notice)
                await self._in_flight.idle()
        if self._watch is not None:
            self._watch.cancel()
        self._in_flight.close()
        await asyncio.sleep(_LAST_WORDS)

    async def stop(self) -> None:
        """After `drain`: closes the port and cancels what is left. For a process that goes on without the server."""
        await self._server.stop(_LAST_WORDS)
        with suppress(TimeoutError):  # what was cancelled ends now
            async with asyncio.timeout(_LAST_WORDS):
                await self._in_flight.idle()

    def _listen(self) -> int:
        host = f"[{self._options.host}]" if ":" in self._options.host else self._options.host
        address = f"{host}:{self._options.port}"
        tls = self._options.tls
        try:
            if tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(tls))
        except RuntimeError:
            message = f"cannot listen on {address}: the port is in use, or the address is not one of this machine"
            raise ServeError(message) from None


def channel_options(options: ServerOptions) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", int(options.so_reuseport)),
        ("grpc.max_receive_message_length", options.max_message),
        # None but the identity: gRPC unpacks a message before it looks at its size and before any code of ours, and
        # 2 MB without a key would take 2 GB.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        ("grpc.keepalive_time_ms", int(options.keepalive_time * 1000)),
        ("grpc.keepalive_timeout_ms", int(options.keepalive_timeout * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        # Clients may ask as often as is sensible; gRPC's own limit, five minutes, closes their connections.
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.max_connection_age_ms", int(options.max_connection_age * 1000)),
        ("grpc.max_connection_age_grace_ms", int(options.limits.seconds * 1000)),
    ]


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    """Reads the files. gRPC would say of a faulty one only that the port cannot be bound."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
        pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
        client_ca = tls.client_ca.read_bytes() if tls.client_ca is not None else None
    except OSError as error:  # ssl.SSLError is one, too
        names = ", ".join(str(path) for path in (tls.certificate, tls.key, tls.client_ca) if path is not None)
        message = f"cannot use the TLS files {names}: {error}"
        raise ServeError(message) from None
    return grpc.ssl_server_credentials([pair], client_ca, require_client_auth=client_ca is not None)
