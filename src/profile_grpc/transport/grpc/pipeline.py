"""The steps that every call passes before and after its servicer method."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service import refusals
from profile_grpc.service.directory import Directory
from profile_grpc.service.jwt.authorization import JwtAuthorization
from profile_grpc.telemetry.tracing import Tracer
from profile_grpc.transport.grpc import access, call_spans, outcome, shape, status
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call, Context, caller_metadata
from profile_grpc.transport.grpc.holdings import BodyReader, UnreadAnswers
from profile_grpc.transport.grpc.in_flight import InFlight
from profile_grpc.transport.grpc.open_streams import OpenStreams
from profile_grpc.transport.grpc.outcome import CallLog, RpcObserver
from profile_grpc.transport.grpc.steps import Steps
from profile_grpc.transport.grpc.streams import StreamHandlers

Run = Callable[[Any, Call], Awaitable[Message]]
"""A servicer method that answers once."""


class Pipeline:
    """Runs the calls of the services.

    It wraps each servicer method and is not a gRPC interceptor: what depends on the method alone is then computed at
    the start, not for each call. Unary calls and streams pass the same steps; they differ in their limits and in how
    they end.
    """

    def __init__(
        self,
        directory: Directory,
        jwt: JwtAuthorization,
        in_flight: InFlight,
        open_streams: OpenStreams,
        observer: RpcObserver,
        bodies: BodyReader,
        unread: UnreadAnswers,
        tracer: Tracer | None = None,
    ) -> None:
        """Logs as structlog is configured now. `tracer`: records the calls as spans."""
        self._steps = Steps(directory, jwt)
        self._in_flight = in_flight
        self._observer = observer
        self._bodies = bodies
        self._unread = unread
        self._log = CallLog()
        self._tracer = tracer
        self._streams = StreamHandlers(self._steps, open_streams, bodies, observer, self._log, tracer)

    def handlers(self, service: ServiceDescriptor, servicer: object) -> grpc.GenericRpcHandler:
        """The service's methods as gRPC registers them. They take and return bytes: parsing is a step of the call.

        A servicer method takes the request and the `Call`; where the contract says `stream`, it takes an async iterator
        of requests and is an async generator of answers.

        Raises:
            ContractError: the contract does not say who may call a method, or what a call reaches.
            AttributeError: the servicer lacks a method.
        """
        wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        for method in access.methods(service):
            shape.prepare(method.request)
            run = getattr(servicer, method.name)
            if method.request_streaming or method.response_streaming:
                wrapped[method.name] = self._streams.handler(method, run)
            else:
                # As a stream of one: otherwise gRPC reads the whole body before its caller is known.
                wrapped[method.name] = grpc.stream_unary_rpc_method_handler(self._wrap(method, run))
        return grpc.method_handlers_generic_handler(service.full_name, wrapped)

    async def _answer(self, method: Method, run: Run, context: Context, call: Call) -> bytes:
        """The steps of a call, in the contract's order: credential, shape, permission, state."""
        await self._steps.identify(caller_metadata(context), call)
        if method.paged:
            self._unread.admit_page(context)
        request = await self._steps.accept(method, await self._bodies.read(context), call)
        answer = (await run(request, call)).SerializeToString()
        self._unread.hold(answer, context)
        return answer

    def _wrap(self, method: Method, run: Run) -> Callable[[object, Context], Awaitable[bytes]]:
        """The method as gRPC calls it: limited in number and time, errors translated, counted and logged."""
        in_flight = self._in_flight

        async def wrapped(_requests: object, context: Context) -> bytes:
            started = perf_counter()
            call = Call()
            span = None if self._tracer is None else call_spans.begin(self._tracer, method, context)
            answer, refused, code, overdue = b"", None, grpc.StatusCode.OK, False
            try:
                task = in_flight.enter()
                try:
                    answer = await self._answer(method, run, context, call)
                finally:
                    overdue = in_flight.leave(task)
            except asyncio.CancelledError:
                if not overdue:
                    code = outcome.cancelled(context)
                    raise
                refused = Refused(Reason.DEADLINE, "The call took too long; its outcome is unknown. Repeat it.")
            except Exception as error:  # noqa: BLE001 - any error becomes a status of the contract
                refused = refusals.of(error)
            finally:
                if refused is not None:
                    code = status.code_of(refused)
                seconds = perf_counter() - started
                self._observer.rpc_done(method.path, code.name, seconds)
                self._log.ended("call", method, code, refused, seconds, call, context)
                if span is not None:
                    call_spans.end(span, code, refused, call)
            if refused is not None:
                await outcome.refuse(refused, context)
            return answer

        return wrapped
