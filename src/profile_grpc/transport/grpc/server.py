"""The gRPC server: how it starts and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from appprofile.v1 import (
    app_service_pb2,
    credential_service_pb2,
    customer_service_pb2,
    profile_service_pb2,
    usage_service_pb2,
    webhook_service_pb2,
)
from profile_grpc.service.use_cases import UseCases
from profile_grpc.telemetry.tracing import Tracer
from profile_grpc.transport.grpc import certificates, health
from profile_grpc.transport.grpc.certificates import ServeError
from profile_grpc.transport.grpc.customer_servicer import CustomerServicer
from profile_grpc.transport.grpc.holdings import BodyReader, UnreadAnswers
from profile_grpc.transport.grpc.in_flight import InFlight
from profile_grpc.transport.grpc.open_streams import OpenStreams
from profile_grpc.transport.grpc.options import ServerOptions, channel_options
from profile_grpc.transport.grpc.outcome import RpcObserver
from profile_grpc.transport.grpc.pipeline import Pipeline
from profile_grpc.transport.grpc.reflection import enable_reflection
from profile_grpc.transport.grpc.servicers import (
    AppServicer,
    CredentialServicer,
    ProfileServicer,
    UsageServicer,
    WebhookServicer,
)

_LAST_ANSWERS = 0.2
"""Seconds that remain for sending answers when the server ends."""


class GrpcServer:
    """Serves the services on one port of the running event loop."""

    def __init__(
        self,
        use_cases: UseCases,
        ping: Callable[[], Awaitable[None]],
        observer: RpcObserver,
        options: ServerOptions | None = None,
        more: Mapping[ServiceDescriptor, object] = MappingProxyType({}),
        tracer: Tracer | None = None,
    ) -> None:
        """`ping` returns if the database answers. `more`: servicers of services outside the contract. `tracer`: records
        the calls of the services as spans.
        """
        self._options = options or ServerOptions()
        self._in_flight = InFlight(self._options.limits)
        self._open_streams = OpenStreams(self._options.streams)
        self._server = grpc.aio.server(options=channel_options(self._options))
        self._bodies = BodyReader(self._options.holding)
        unread = UnreadAnswers(self._options.holding)
        pipeline = Pipeline(
            use_cases.directory,
            use_cases.jwt,
            self._in_flight,
            self._open_streams,
            observer,
            self._bodies,
            unread,
            tracer,
        )
        served = {
            profile_service_pb2.DESCRIPTOR.services_by_name["ProfileService"]: ProfileServicer(use_cases),
            app_service_pb2.DESCRIPTOR.services_by_name["AppService"]: AppServicer(use_cases),
            usage_service_pb2.DESCRIPTOR.services_by_name["UsageService"]: UsageServicer(use_cases),
            webhook_service_pb2.DESCRIPTOR.services_by_name["WebhookService"]: WebhookServicer(use_cases),
            customer_service_pb2.DESCRIPTOR.services_by_name["CustomerService"]: CustomerServicer(use_cases),
            credential_service_pb2.DESCRIPTOR.services_by_name["CredentialService"]: CredentialServicer(use_cases),
            **more,
        }
        self._server.add_generic_rpc_handlers([pipeline.handlers(service, served[service]) for service in served])
        names = [service.full_name for service in served]
        self._health = health.Health(names, ping, self._bodies)
        self._server.add_generic_rpc_handlers([self._health.handlers()])
        if self._options.reflection:
            enable_reflection([*names, health.SERVICE], self._server, self._bodies)
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Begins to serve; returns the port.

        Raises:
            ServeError: the port cannot be bound, or the TLS files are unusable.
        """
        port = self._listen()
        await self._health.check()
        await self._server.start()
        self._watch = asyncio.create_task(self._health.run(), name="health")
        return port

    async def drain(self) -> None:
        """Reports NOT_SERVING, refuses new calls, and waits until the calls in flight have ended or the grace period is
        over.

        Streams send a last message with their token and end within half a second. Afterwards nothing reaches the write
        queue, so it can be closed. The port stays open and calls are refused until the process ends, which closes the
        connections: callers see only UNAVAILABLE, and retry. `stop` would answer CANCELLED, which nobody retries, to
        calls that gRPC has received but not yet passed on.
        """
        self._health.drain()
        self._in_flight.drain()
        self._open_streams.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self._options.drain_notice, self._options.drain_grace)):
                await asyncio.sleep(self._options.drain_notice)
                await self._in_flight.idle()
                await self._open_streams.idle()
        if self._watch is not None:
            self._watch.cancel()
        self._in_flight.close()
        self._bodies.close()
        await asyncio.sleep(_LAST_ANSWERS)

    async def stop(self) -> None:
        """After `drain`: closes the port and cancels the remaining calls. For a process that continues without the
        server.
        """
        await self._server.stop(_LAST_ANSWERS)
        with suppress(TimeoutError):  # lets the cancelled calls end
            async with asyncio.timeout(_LAST_ANSWERS):
                await self._in_flight.idle()

    def _listen(self) -> int:
        host = f"[{self._options.host}]" if ":" in self._options.host else self._options.host
        address = f"{host}:{self._options.port}"
        tls = self._options.tls
        try:
            if tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, certificates.credentials(tls))
        except RuntimeError:
            message = f"cannot listen on {address}: the port is in use, or the address is not one of this machine"
            raise ServeError(message) from None
