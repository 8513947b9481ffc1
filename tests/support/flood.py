"""Load: callers on many connections that never pause, and the errors that they see when the server ends."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import TYPE_CHECKING

import grpc

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc

if TYPE_CHECKING:
    from appprofile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_CONNECTIONS = 40
_CALLERS = 8
"""On each connection."""
_LIMIT_S = 540.0
# A connection of its own for each channel, and every answer as the server gave it.
_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]


class Flood:
    """Registers devices in the app `demo`, without pause, until the server is gone."""

    def __init__(self, address: str, warm_after: int) -> None:
        """`warm` is set after that many successful calls."""
        self._address = address
        self._warm_after = warm_after
        self.warm = asyncio.Event()
        self.codes: Counter[str] = Counter()
        """How many calls ended with each code."""

    async def run(self) -> None:
        """Ends when every connection is gone."""
        async with asyncio.timeout(_LIMIT_S):
            await asyncio.gather(*(self._connection() for _ in range(_CONNECTIONS)))

    async def _connection(self) -> None:
        async with grpc.aio.insecure_channel(self._address, options=_OPTIONS) as channel:
            stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
            await asyncio.gather(*(self._caller(stub) for _ in range(_CALLERS)))

    async def _caller(self, stub: ProfileServiceAsyncStub) -> None:
        key = profile_pb2.ProfileKey(app_id="demo", user_id=secrets.token_hex(4), device_id=secrets.token_hex(4))
        while True:
            try:
                await stub.Register(profile_service_pb2.RegisterRequest(key=key), timeout=_LIMIT_S)
            except grpc.aio.AioRpcError as error:
                self.codes[error.code().name] += 1
                if not any(name == "grpc-status-details-bin" for name, _ in error.trailing_metadata() or ()):
                    return  # not the server's own words: it is gone
            else:
                self.codes["OK"] += 1
                if self.codes["OK"] >= self._warm_after:
                    self.warm.set()
