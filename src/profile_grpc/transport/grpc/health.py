"""grpc.health.v1: whether the server serves, which it does while its database answers and it is not shutting down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_health.v1.health_pb2 import DESCRIPTOR, HealthCheckRequest, HealthCheckResponse

from profile_grpc.domain.errors import Refused
from profile_grpc.transport.grpc import outcome
from profile_grpc.transport.grpc.holdings import BodyReader

log = structlog.get_logger(__name__)

CHECK_INTERVAL = 2.0
"""Seconds between two checks of the database."""
PING_TIMEOUT = 5.0
"""Seconds after which a database that does not answer counts as unreachable."""

SERVICE = DESCRIPTOR.services_by_name["Health"].full_name

Context = grpc.aio.ServicerContext[bytes, bytes]


class Health:
    """The health of the whole server, reported for each service.

    The library's servicer is not used: when one of several watchers of a service disconnects, it drops the others.
    """

    def __init__(self, services: Iterable[str], ping: Callable[[], Awaitable[None]], bodies: BodyReader) -> None:
        """`ping` returns if the database answers."""
        self._services = frozenset(services) | {""}
        self._ping = ping
        self._bodies = bodies
        self._serving = False
        self._draining = False
        self._changed = asyncio.Event()

    async def check(self) -> None:
        """Checks the database once."""
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                await self._ping()
        except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering
            self._set(serving=False, cause=type(error).__name__)
        else:
            self._set(serving=True, cause="")

    async def run(self, interval: float = CHECK_INTERVAL) -> None:
        """Checks the database every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            await self.check()

    def drain(self) -> None:
        """Reports NOT_SERVING permanently. Watchers get the status, and their streams end."""
        self._draining = True
        self._notify_watchers()

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service as gRPC registers it. It handles bytes, because gRPC would answer UNKNOWN to bytes that are not a
        message.
        """
        methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            # Registered as streams of one request, so that the body is read only when there is memory for it.
            "Check": grpc.stream_unary_rpc_method_handler(self._check),
            "Watch": grpc.stream_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _check(self, _requests: object, context: Context) -> bytes:
        service = await self._service(context)
        if service is None:
            return b""
        if service not in self._services:
            await outcome.abort(context, grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return HealthCheckResponse(status=self._status(service)).SerializeToString()

    async def _watch(self, _requests: object, context: Context) -> AsyncIterator[bytes]:
        service = await self._service(context)
        while service is not None:
            changed, last = self._changed, self._draining
            yield HealthCheckResponse(status=self._status(service)).SerializeToString()
            if last:
                return
            await changed.wait()

    async def _service(self, context: Context) -> str | None:
        """The service in the request; None: the call has already ended."""
        try:
            return HealthCheckRequest.FromString(await self._bodies.read_keyless(context) or b"").service
        except DecodeError:
            await outcome.abort(context, grpc.StatusCode.INVALID_ARGUMENT, "The bytes are not a HealthCheckRequest.")
        except Refused as refused:
            await outcome.refuse(refused, context)
        return None

    def _status(self, service: str) -> int:
        if service not in self._services:
            return HealthCheckResponse.SERVICE_UNKNOWN
        serving = self._serving and not self._draining
        return HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING

    def _set(self, *, serving: bool, cause: str) -> None:
        if serving is self._serving:
            return
        self._serving = serving
        if serving:
            log.info("serving")
        else:
            log.warning("not serving: the database does not answer", cause=cause)
        self._notify_watchers()

    def _notify_watchers(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
