"""What every call of the service passes through before and after its servicer method."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, NoReturn, Protocol

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from structlog.typing import FilteringBoundLogger

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service import refusals
from profile_grpc.service.credentials import HEADER
from profile_grpc.service.directory import Directory
from profile_grpc.transport.grpc import access, shape, status
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.in_flight import InFlight
from profile_grpc.transport.grpc.permission import Permission

Context = grpc.aio.ServicerContext[bytes, bytes]
Run = Callable[[Any, Call], Awaitable[Message]]
"""A servicer method."""
_TRACE_HEADER = "traceparent"
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_DEADLINE_SLACK = 0.1
"""Seconds. The caller, who counts from before the request travelled, sees its deadline pass first and then cancels."""


class RpcObserver(Protocol):
    """Told of every call. Returns at once and never raises."""

    def rpc_done(self, method: str, code: str, seconds: float) -> None:
        """A call ended. `method`: `/package.Service/Method`; `code`: the name of the gRPC status code."""
        ...


class Pipeline:
    """Runs the calls of our services.

    It wraps each servicer method rather than sitting between server and handlers as a gRPC interceptor: what is known
    of a method is then bound at start, and no call pays for a look-up.
    """

    def __init__(self, directory: Directory, in_flight: InFlight, observer: RpcObserver) -> None:
        """Logs as structlog is configured now."""
        self._directory = directory
        self._permission = Permission(directory)
        self._in_flight = in_flight
        self._observer = observer
        # Bound once: structlog assembles an unbound logger anew at every use.
        self._log: FilteringBoundLogger = structlog.get_logger(__name__).bind()

    def handlers(self, service: ServiceDescriptor, servicer: object) -> grpc.GenericRpcHandler:
        """The service's methods as gRPC registers them. They take and give bytes: parsing is a step of the call.

        Raises:
            ContractError: the contract leaves open who may call a method, or what a call reaches.
            AttributeError: the servicer lacks a method.
        """
        wrapped: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
        for method in access.methods(service):
            shape.prepare(method.request)
            behaviour = self._wrap(method, getattr(servicer, method.name))
            wrapped[method.name] = grpc.unary_unary_rpc_method_handler(behaviour)
        return grpc.method_handlers_generic_handler(service.full_name, wrapped)

    async def _answer(self, method: Method, run: Run, raw: bytes, context: Context, call: Call) -> bytes:
        """The steps of a call, in the contract's order: credential, shape, permission, state."""
        presented = _presented(context)
        call.caller = self._directory.known_caller(presented) or await self._directory.authenticate(presented)
        request = _parse(method, raw)
        shape.check(request)
        await self._permission.check(method, request, call)
        return (await run(request, call)).SerializeToString()

    def _wrap(self, method: Method, run: Run) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """The method as gRPC calls it: bounded in number and time, errors told, counted and logged."""
        in_flight = self._in_flight

        async def wrapped(raw: bytes, context: Context) -> bytes:
            started = perf_counter()
            call = Call()
            answer, refused, code, overdue = b"", None, grpc.StatusCode.OK, False
            try:
                task = in_flight.enter()
                try:
                    answer = await self._answer(method, run, raw, context, call)
                finally:
                    overdue = in_flight.leave(task)
            except asyncio.CancelledError:
                if not overdue:
                    code = _cancelled(context)
                    raise
                refused = _overdue()
            except grpc.aio.AbortError:
                code = grpc.StatusCode.ABORTED
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told in the contract's words
                refused = refusals.of(error)
            finally:
                if refused is not None:
                    code = status.CODES[refused.reason]
                seconds = perf_counter() - started
                self._observer.rpc_done(method.path, code.name, seconds)
                self._log_call(method, code, refused, seconds, call, context)
            if refused is not None:
                await _abort(refused, context)
            return answer

        return wrapped

    def _log_call(
        self,
        method: Method,
        code: grpc.StatusCode,
        refused: Refused | None,
        seconds: float,
        call: Call,
        context: Context,
    ) -> None:
        """One line for each call: debug where it went well, warning where the fault is ours, else info.

        Names no user, device, token or key, and nothing of the request but the app.
        """
        if refused is None:
            level = logging.DEBUG
        else:
            level = logging.WARNING if refused.reason in status.FAULTS else logging.INFO
        if not self._log.is_enabled_for(level):
            return
        told: dict[str, object] = {"method": method.path, "code": code.name, "seconds": round(seconds, 6)}
        if refused is not None:
            told["reason"] = refused.reason.value
            if "trace_id" in refused.metadata:
                told["trace_id"] = refused.metadata["trace_id"]
        if hasattr(call, "caller"):
            told["caller"] = call.caller.kind.name
        if hasattr(call, "app"):
            told["app_id"] = call.app.app_id
        trace = _caller_trace(context)
        if trace is not None:
            told["caller_trace_id"] = trace
        self._log.log(level, "call", peer=context.peer(), **told)


def _presented(context: Context) -> str | None:
    """The key that the caller presents."""
    presented = None
    for name, value in context.invocation_metadata() or ():
        if name == HEADER and isinstance(value, str):
            presented = value
    return presented


def _caller_trace(context: Context) -> str | None:
    """The id of the trace that the caller is in (W3C Trace Context), if it tells one that is valid."""
    for name, value in context.invocation_metadata() or ():
        if name == _TRACE_HEADER and isinstance(value, str) and (match := _TRACEPARENT.match(value)):
            return match[1]
    return None


def _parse(method: Method, raw: bytes) -> Message:
    try:
        return method.request.FromString(raw)
    except DecodeError:
        expected = method.request.DESCRIPTOR.full_name
        raise Refused(
            Reason.MALFORMED_MESSAGE,
            f"The bytes are no {expected}; send that message, encoded as protobuf.",
            metadata={"type": expected},
        ) from None


def _overdue() -> Refused:
    return Refused(Reason.DEADLINE, "The call took too long; its outcome is unknown, repeat it.")


def _cancelled(context: Context) -> grpc.StatusCode:
    """What the caller saw: its deadline passed, or it went away."""
    remaining: float | None = context.time_remaining()
    passed = remaining is not None and remaining <= _DEADLINE_SLACK
    return grpc.StatusCode.DEADLINE_EXCEEDED if passed else grpc.StatusCode.CANCELLED


async def _abort(refused: Refused, context: Context) -> NoReturn:
    """Answers with trailers only: after anything else, be it an empty answer, a client does not retry UNAVAILABLE."""
    told = status.to_status(refused)
    trailers = ((status.DETAILS, told.SerializeToString()),)
    await context.abort(status.CODES[refused.reason], told.message, trailers)
