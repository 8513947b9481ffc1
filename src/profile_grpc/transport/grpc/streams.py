"""Streaming methods in the pipeline: the steps of a unary call for every message, and an end without data loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.message import Message

from profile_grpc.domain.errors import Reason, Refused, invalid
from profile_grpc.service import refusals
from profile_grpc.telemetry.tracing import Tracer
from profile_grpc.transport.grpc import call_spans, outcome, status
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call, Context, caller_metadata
from profile_grpc.transport.grpc.holdings import BodyReader
from profile_grpc.transport.grpc.open_streams import OpenStream, OpenStreams
from profile_grpc.transport.grpc.outcome import CallLog, RpcObserver
from profile_grpc.transport.grpc.steps import Steps

Run = Callable[[Any, Call], Any]
"""A servicer method: an async generator of answers or, if only the requests are a stream, a coroutine."""


class StreamHandlers:
    """Makes handlers of streaming methods."""

    def __init__(
        self,
        steps: Steps,
        streams: OpenStreams,
        bodies: BodyReader,
        observer: RpcObserver,
        log: CallLog,
        tracer: Tracer | None = None,
    ) -> None:
        """`tracer`: records the streams as spans."""
        self._tracer = tracer
        self._steps = steps
        self._streams = streams
        self._bodies = bodies
        self._observer = observer
        self._log = log

    def handler(self, method: Method, run: Run) -> grpc.RpcMethodHandler[Any, Any]:
        async def serve(_requests: object, context: Context) -> bytes:
            return await self._serve(method, run, context)

        if method.response_streaming:
            # Also for a single request: otherwise gRPC reads the whole body before its caller is known.
            return grpc.stream_stream_rpc_method_handler(serve)
        return grpc.stream_unary_rpc_method_handler(serve)

    async def _serve(self, method: Method, run: Run, context: Context) -> bytes:
        """One stream: limited in number and age, errors translated, counted and logged."""
        started = perf_counter()
        call = Call()
        span = None if self._tracer is None else call_spans.begin(self._tracer, method, context)
        answer, refused, code, cut = b"", None, grpc.StatusCode.OK, False
        stream = None
        try:
            stream = self._streams.enter()
            self._observer.stream_opened(method.path)
            try:
                served = _Stream(self._steps, method, context, call, stream)
                answer = await served.run(self._streams, self._bodies, run)
            finally:
                cut = self._streams.remove(stream)
        except asyncio.CancelledError:
            if not cut:
                code = outcome.cancelled(context)
                raise
            refused = stream.reason if stream is not None else None
        except Exception as error:  # noqa: BLE001 - any error becomes a status of the contract
            refused = refusals.of(error)
        finally:
            if refused is not None:
                code = status.code_of(refused)
            seconds = perf_counter() - started
            received, sent = (stream.received, stream.sent) if stream is not None else (0, 0)
            if stream is not None:
                self._observer.stream_done(method.path, code.name, seconds, received, sent)
            else:
                self._observer.rpc_done(method.path, code.name, seconds)
            self._log.ended("stream", method, code, refused, seconds, call, context, received=received, sent=sent)
            if span is not None:
                call_spans.end(span, code, refused, call, received=received, sent=sent)
        if refused is not None:
            await outcome.refuse(refused, context)
        return answer


class _Stream:
    """The steps of one stream.

    A stream may outlive the key and the app that it started with, so both are checked again for every message: once a
    key is revoked, nothing more is sent to or accepted from its caller.
    """

    def __init__(self, steps: Steps, method: Method, context: Context, call: Call, stream: OpenStream) -> None:
        self._steps = steps
        self._method = method
        self._context = context
        self._call = call
        self._stream = stream
        self._metadata = caller_metadata(context)
        self._request: Message | None = None
        call.ending = stream.ending

    async def run(self, streams: OpenStreams, bodies: BodyReader, run: Run) -> bytes:
        """Checks credential, shape and permission, then runs the servicer method with flow control."""
        await self._steps.identify(self._metadata, self._call)
        streams.admit(self._stream, self._call.caller.key_id)
        given: Any
        if self._method.request_streaming:
            given = self._requests(await self._first(streams.limits.first_message))
        else:
            given = await self._accept(await bodies.read(self._context))
        if self._method.response_streaming:
            await self._send(run(given, self._call))
            return b""
        answer: Message = await run(given, self._call)
        return answer.SerializeToString()

    async def _send(self, answers: AsyncGenerator[Message, None]) -> None:
        """Takes the next answer when the reader has taken the previous one, and stops when the stream is to end."""
        async with aclosing(answers):
            async for answer in answers:
                await self._permit_again()
                await self._write(answer.SerializeToString())
                if self._stream.ending.is_set():
                    break
        if self._stream.reason is not None:
            raise self._stream.reason

    async def _requests(self, first: Message) -> AsyncIterator[Message]:
        """The caller's messages, each one checked, read when the servicer method asks for them."""
        yield first
        while (raw := await self._read()) is not None:
            app = getattr(self._call, "app", None)
            await self._steps.identify(self._metadata, self._call)
            request = await self._accept(raw)
            if app is not None and self._call.app.app_id != app.app_id:
                raise invalid("app_id", "must be that of the stream's first message")
            yield request

    async def _first(self, seconds: float) -> Message:
        """The first message, whose app is the app of the call."""
        try:
            async with asyncio.timeout(seconds):
                raw = await self._read()
        except TimeoutError:
            raise Refused(Reason.DEADLINE, "No message arrived on the stream in time; nothing was done.") from None
        if raw is None:
            raise Refused(Reason.INVALID_REQUEST, "The stream has no message; send at least one.")
        return await self._accept(raw)

    async def _read(self) -> bytes | None:
        """The next message's bytes, or None after the last."""
        try:
            raw: object = await self._context.read()
        except grpc.aio.BaseError:
            raise asyncio.CancelledError from None  # as in _write
        return raw if isinstance(raw, bytes) else None  # gRPC's marker of the end is not bytes

    async def _write(self, raw: bytes) -> None:
        """Sends a message; returns when the reader has room for the next one."""
        try:
            if not self._stream.sent:
                # Sent first: a write that the reader does not take may be cancelled, and the status then needs no
                # headers.
                await self._context.send_initial_metadata(())
            self._stream.sent += 1
            await self._context.write(raw)
        except grpc.aio.BaseError:
            raise asyncio.CancelledError from None  # the caller is gone; gRPC cancels this task as well

    async def _accept(self, raw: bytes) -> Message:
        self._stream.received += 1
        self._request = await self._steps.accept(self._method, raw, self._call)
        return self._request

    async def _permit_again(self) -> None:
        await self._steps.identify(self._metadata, self._call)
        if self._request is not None:
            await self._steps.permit(self._method, self._request, self._call)
