"""Imports that resume by themselves, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Any, Generic, Protocol, Self, TypeVar

import grpc
from typing_extensions import override

from appprofile import _resumption
from appprofile._aio_calls import cancellation
from appprofile._errors import ApiError
from appprofile._resumption import Interrupted, Passing

_AT_ONCE = 8
"""Requests that are sent ahead of their responses, and kept until these come."""


class ImportRequest(Protocol):
    """A request of ImportProfiles or ImportCustomers."""

    first_record: int

    @property
    def records(self) -> Any: ...


RequestT = TypeVar("RequestT", bound=ImportRequest)
ResponseT = TypeVar("ResponseT")


class ResumingImport(AsyncIterator[ResponseT], Generic[RequestT, ResponseT]):
    """The responses to the requests of an import, in order.

    After an interruption, requests without a response are sent again. Memory does not grow with the import. Iterate in
    one task.
    """

    def __init__(
        self,
        method: Callable[..., Any],
        requests: AsyncIterable[RequestT],
        on_interruption: Interrupted | None = None,
    ) -> None:
        """`requests` is read once. Records without a number are numbered from 1."""
        self._method = method
        self._requests = aiter(requests)
        self._passing = Passing(on_interruption)
        self._reading: asyncio.Task[None] | None = None
        self._open: list[RequestT] = []
        """Requests without a response."""
        self._answered = 0
        """How many requests have one."""
        self._next_record = 1
        self._complete = False
        self._failure: Exception | None = None
        """What the requests ended with."""
        self._room = asyncio.Event()
        self._call: Any = None
        self._responses: AsyncIterator[ResponseT] | None = None

    @override
    def __aiter__(self) -> Self:
        return self

    @override
    async def __anext__(self) -> ResponseT:
        """The next response.

        Raises:
            StopAsyncIteration: every request has its response.
            ApiError: a failure that does not pass.
            Exception: what `requests` raised, after the responses to those before it.
        """
        while True:
            try:
                response = await self._receive()
            except StopAsyncIteration:
                if not self._complete or self._open:
                    await self._wait(ApiError(grpc.StatusCode.UNAVAILABLE, "the stream ended early"))
                    continue
                if self._failure is not None:
                    failure, self._failure = self._failure, None
                    raise failure from None
                raise
            except ApiError as error:
                await self._wait(error)
                continue
            except BaseException:
                self._end()
                raise
            self._passing.received()
            del self._open[0]
            self._answered += 1
            self._room.set()
            return response

    async def _receive(self) -> ResponseT:
        if self._responses is None:
            self._call = self._method(self._send(), wait_for_ready=False)
            self._responses = aiter(self._call)
        following: asyncio.Future[ResponseT] = asyncio.ensure_future(anext(self._responses))
        try:
            while not (await asyncio.wait([following], timeout=_resumption.IDLE_S))[0]:
                if self._open:
                    raise _resumption.nothing_came()
            return following.result()
        except asyncio.CancelledError as error:
            raise cancellation(error) from None
        finally:
            following.cancel()

    async def _send(self) -> AsyncGenerator[RequestT, None]:
        """The open requests, then new ones."""
        at = self._answered
        while True:
            if at < self._answered + len(self._open):
                yield self._open[max(at - self._answered, 0)]
                at += 1
            elif self._complete:
                return
            elif len(self._open) >= _AT_ONCE:
                self._room.clear()
                await self._room.wait()
            else:
                # gRPC cancels what waits here when the call is dropped. What is read is then for the next one.
                if self._reading is None or self._reading.done():
                    self._reading = asyncio.create_task(self._read())
                await asyncio.shield(self._reading)

    async def _read(self) -> None:
        try:
            request = await anext(self._requests)
        except StopAsyncIteration:
            self._complete = True
        except Exception as error:  # noqa: BLE001 - the caller's own, which they get
            self._failure = error
            self._complete = True
        else:
            request.first_record = request.first_record or self._next_record
            self._next_record = request.first_record + len(request.records)
            self._open.append(request)

    async def _wait(self, error: ApiError) -> None:
        self._drop()
        try:
            pause = self._passing.pause(error)
        except ApiError:
            self._end()
            raise
        await asyncio.sleep(pause)

    def _end(self) -> None:
        self._drop()
        if self._reading is not None:
            self._reading.cancel()

    def _drop(self) -> None:
        if self._call is not None:
            self._call.cancel()
        self._call = self._responses = None
