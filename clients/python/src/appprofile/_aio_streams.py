"""Server streams that resume by themselves, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Generic, Self

from typing_extensions import override

from appprofile import _resumption
from appprofile._aio_calls import cancellation
from appprofile._errors import ApiError
from appprofile._resumption import Interrupted, RequestT, ResponseT, Resumption


class ResumingStream(AsyncIterator[ResponseT], Generic[ResponseT]):
    """The messages of a server stream. After an interruption it goes on with the message after the last one it gave.

    Iterate over it in one task. `cancel` ends the iteration without an error; leaving an `async with` statement, and
    cancelling the task, call it too.
    """

    def __init__(
        self,
        method: Callable[..., Any],
        request: RequestT,
        on_interruption: Interrupted | None = None,
    ) -> None:
        """As the synchronous one."""
        self._method = method
        self._resumption: Resumption[Any] = Resumption(request, on_interruption)
        self._call: Any = None
        self._messages: AsyncIterator[ResponseT] | None = None
        self._ended = asyncio.Event()

    @override
    def __aiter__(self) -> Self:
        return self

    @override
    async def __anext__(self) -> ResponseT:
        """The next message.

        Raises:
            StopAsyncIteration: the stream is complete, or was cancelled.
            ResumeTokenExpiredError: messages were missed.
            ApiError: another failure that does not pass.
        """
        while not self._ended.is_set():
            try:
                message = await self._receive()
            except ApiError as error:
                self._call = self._messages = None
                if not self._ended.is_set():
                    await self._wait(error)
            except BaseException:
                self.cancel()
                raise
            else:
                self._resumption.received(message)
                return message
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Ends the stream."""
        self._ended.set()
        if self._call is not None:
            self._call.cancel()

    async def _receive(self) -> ResponseT:
        if self._messages is None:
            # Waiting is done here: so it is known what is waited for.
            self._call = self._method(self._resumption.request, wait_for_ready=False)
            self._messages = aiter(self._call)
        try:
            async with asyncio.timeout(_resumption.IDLE_S):
                return await anext(self._messages)
        except TimeoutError:
            self._call.cancel()
            raise _resumption.nothing_came() from None
        except asyncio.CancelledError as error:
            raise cancellation(error) from None

    async def _wait(self, error: ApiError) -> None:
        try:
            pause = self._resumption.pause(error)
        except BaseException:
            self._ended.set()
            raise
        try:
            async with asyncio.timeout(pause):
                await self._ended.wait()
        except TimeoutError:
            pass
