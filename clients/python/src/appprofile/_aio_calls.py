"""The calls that an asyncio interceptor answers: an error is raised where the caller awaits it, and nowhere else.

When gRPC's call object is destroyed, it reads the interceptor's outcome again and expects only its own kind of error.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

import grpc
from typing_extensions import override

from appprofile._connecting import is_vague
from appprofile._errors import ApiError

_Call = grpc.aio.UnaryUnaryCall[Any, Any]
_DoneCallback = Callable[[Any], None]


class DecodedCall(grpc.aio.UnaryUnaryCall[Any, Any]):
    """A call that fails with an `ApiError`. Everything else is gRPC's behavior."""

    def __init__(self, call: _Call, why_not: Callable[[], Awaitable[str]]) -> None:
        """`why_not`: returns why there is no connection, for a call that has waited for one without success."""
        self._call = call
        self._why_not = why_not

    @override
    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from self._call.__await__())
        except grpc.aio.AioRpcError as error:
            why = ""
            if is_vague(error):
                why = yield from self._why_not().__await__()
            raise ApiError.from_rpc(error, why) from error

    @override
    def cancelled(self) -> bool:
        return self._call.cancelled()

    @override
    def done(self) -> bool:
        return self._call.done()

    @override
    def time_remaining(self) -> float | None:
        return self._call.time_remaining()

    @override
    def cancel(self) -> bool:
        return self._call.cancel()

    @override
    def add_done_callback(self, callback: _DoneCallback) -> None:
        self._call.add_done_callback(callback)

    @override
    async def initial_metadata(self) -> grpc.aio.Metadata:
        return await self._call.initial_metadata()

    @override
    async def trailing_metadata(self) -> grpc.aio.Metadata:
        return await self._call.trailing_metadata()

    @override
    async def code(self) -> grpc.StatusCode:
        return await self._call.code()

    @override
    async def details(self) -> str:
        return await self._call.details()

    @override
    async def wait_for_connection(self) -> None:
        await self._call.wait_for_connection()


class UnsentCall(grpc.aio.UnaryUnaryCall[Any, Any]):
    """A call that failed before it was sent, with any error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @override
    def __await__(self) -> Generator[Any, None, Any]:
        yield from ()
        raise self._error

    @override
    def cancelled(self) -> bool:
        return False

    @override
    def done(self) -> bool:
        return True

    @override
    def time_remaining(self) -> float | None:
        return None

    @override
    def cancel(self) -> bool:
        return False

    @override
    def add_done_callback(self, callback: _DoneCallback) -> None:
        callback(self)

    @override
    async def initial_metadata(self) -> grpc.aio.Metadata:
        return grpc.aio.Metadata()

    @override
    async def trailing_metadata(self) -> grpc.aio.Metadata:
        return grpc.aio.Metadata()

    @override
    async def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    @override
    async def details(self) -> str:
        return str(self._error)

    @override
    async def wait_for_connection(self) -> None:
        raise self._error
