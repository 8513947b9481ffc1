"""The calls that an asyncio interceptor returns: an error is raised where the caller awaits it, and nowhere else.

When gRPC's call object is destroyed, it reads the interceptor's outcome again and expects only its own kind of error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

import grpc
from typing_extensions import override

from appprofile._connecting import is_vague
from appprofile._errors import ApiError

_DoneCallback = Callable[[Any], None]
_CallT = TypeVar("_CallT", bound=grpc.aio.Call)


def cancellation(error: asyncio.CancelledError) -> BaseException:
    """The error itself, if the current task is cancelled; else `ApiError`.

    gRPC raises it also for a call that somebody else has cancelled: the other side, or the closing of the client.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        return error
    return ApiError(grpc.StatusCode.CANCELLED, "the call was cancelled")


class _Decoded(Generic[_CallT], grpc.aio.Call):  # noqa: PYI059 - the order of UnaryUnaryCall's own bases
    """A call of gRPC."""

    def __init__(self, call: _CallT, why_not: Callable[[], Awaitable[str]]) -> None:
        """`why_not`: returns why there is no connection, for a call that has waited for one without success."""
        self._call = call
        self._why_not = why_not

    async def _decode(self, error: grpc.aio.AioRpcError) -> ApiError:
        return ApiError.from_rpc(error, await self._why_not() if is_vague(error) else "")

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


class DecodedCall(_Decoded[grpc.aio.UnaryUnaryCall[Any, Any]], grpc.aio.UnaryUnaryCall[Any, Any]):
    """A call that fails with an `ApiError`, also where the client is closed. Everything else is gRPC's behavior."""

    @override
    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from self._call.__await__())
        except asyncio.CancelledError as error:
            raise cancellation(error) from None
        except grpc.aio.AioRpcError as error:
            decoded = yield from self._decode(error).__await__()
            raise decoded from error


class DecodedStream(_Decoded[grpc.aio.UnaryStreamCall[Any, Any]], grpc.aio.UnaryStreamCall[Any, Any]):
    """A server stream that fails with an `ApiError`. Everything else is gRPC's behavior."""

    @override
    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for message in self._call:
                yield message
        except asyncio.CancelledError as error:
            raise cancellation(error) from None
        except grpc.aio.AioRpcError as error:
            raise await self._decode(error) from error

    @override
    async def read(self) -> Any:
        try:
            return await self._call.read()
        except asyncio.CancelledError as error:
            raise cancellation(error) from None
        except grpc.aio.AioRpcError as error:
            raise await self._decode(error) from error


class _Unsent(grpc.aio.Call):
    """A call that failed before it was sent, with any error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

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


class UnsentCall(_Unsent, grpc.aio.UnaryUnaryCall[Any, Any]):
    """A call that failed before it was sent."""

    @override
    def __await__(self) -> Generator[Any, None, Any]:
        yield from ()
        raise self._error


class UnsentStream(_Unsent, grpc.aio.UnaryStreamCall[Any, Any]):
    """A server stream that failed before it was opened."""

    @override
    async def __aiter__(self) -> AsyncIterator[Any]:
        nothing: list[Any] = []
        for message in nothing:
            yield message
        raise self._error

    @override
    async def read(self) -> Any:
        raise self._error
