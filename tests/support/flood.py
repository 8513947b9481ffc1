"""Load: callers on many connections that never pause, and the errors that they see when the server ends."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from appprofile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_CONNECTIONS = 40
_CALLERS = 8
"""On each connection."""
_WARM_AFTER = 1000
"""Successful calls."""
_STUCK_AFTER_S = 30.0
# A connection of its own for each channel, and every answer as the server gave it.
_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]


async def over(callers: asyncio.Future[Any]) -> None:
    """Waits for the callers of a server that has ended.

    Now and then grpcio leaves a call without a connection when the server closes the one that it had. Such a call waits
    until its deadline for an answer that nobody can give, so it is cancelled.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_STUCK_AFTER_S):
            await callers


class Flood:
    """Registers devices in the app `demo`, without pause, until the server is gone."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._warm = asyncio.Event()
        self.codes: Counter[str] = Counter()
        """How many calls ended with each code."""

    async def run(self, end_server: Callable[[], int]) -> int:
        """Calls, ends the server in the midst of it with a function that may block, and answers what that answers."""
        callers = asyncio.gather(*(self._connection() for _ in range(_CONNECTIONS)))
        warm = asyncio.create_task(self._warm.wait())
        first: list[asyncio.Future[Any]] = [warm, callers]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        status = await asyncio.to_thread(end_server)
        await over(callers)
        warm.cancel()
        return status

    async def _connection(self) -> None:
        async with grpc.aio.insecure_channel(self._address, options=_OPTIONS) as channel:
            stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
            await asyncio.gather(*(self._caller(stub) for _ in range(_CALLERS)))

    async def _caller(self, stub: ProfileServiceAsyncStub) -> None:
        key = profile_pb2.ProfileKey(app_id="demo", user_id=secrets.token_hex(4), device_id=secrets.token_hex(4))
        while True:
            try:
                await stub.Register(profile_service_pb2.RegisterRequest(key=key))
            except grpc.aio.AioRpcError as error:
                self.codes[error.code().name] += 1
                if not any(name == "grpc-status-details-bin" for name, _ in error.trailing_metadata() or ()):
                    return  # not the server's own words: it is gone
            else:
                self.codes["OK"] += 1
                if self.codes["OK"] >= _WARM_AFTER:
                    self._warm.set()
