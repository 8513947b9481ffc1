"""grpc.health.v1: whether the server serves, which it does while its database answers and it is not shutting down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import grpc
import structlog
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer

log = structlog.get_logger(__name__)

CHECK_INTERVAL = 2.0
"""Seconds between two looks at the database."""
PING_TIMEOUT = 2.0
"""Seconds after which a database that does not answer counts as unreachable."""

Context = grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse]


class Health(HealthServicer):
    """The health of the server as a whole, told for each service.

    Not the library's servicer: when one of several watchers of a service leaves, that one forgets the others.
    """

    def __init__(self, services: Iterable[str], ping: Callable[[], Awaitable[None]]) -> None:
        """`ping` answers when the database does."""
        self._services = frozenset(services) | {""}
        self._ping = ping
        self._serving = False
        self._draining = False
        self._changed = asyncio.Event()

    async def check(self) -> None:
        """Looks at the database once."""
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                await self._ping()
        except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering
            self._set(serving=False, cause=type(error).__name__)
        else:
            self._set(serving=True, cause="")

    async def run(self, interval: float = CHECK_INTERVAL) -> None:
        """Looks at the database every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            await self.check()

    def drain(self) -> None:
        """Says that the server does not serve, for good; watchers are told and leave."""
        self._draining = True
        self._tell_watchers()

    async def Check(  # type: ignore[explicit-override]  # typing has it from Python 3.12 on
        self, request: HealthCheckRequest, context: Context
    ) -> HealthCheckResponse:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return HealthCheckResponse(status=self._status(request.service))

    async def Watch(  # type: ignore[explicit-override]  # as above
        self, request: HealthCheckRequest, _context: Context
    ) -> AsyncIterator[HealthCheckResponse]:
        while True:
            changed, last = self._changed, self._draining
            yield HealthCheckResponse(status=self._status(request.service))
            if last:
                return
            await changed.wait()

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
        self._tell_watchers()

    def _tell_watchers(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
