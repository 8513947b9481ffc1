"""The server spans of calls and streams, named and described by OpenTelemetry's conventions for gRPC."""

from __future__ import annotations

import grpc

from profile_grpc.domain.errors import Refused
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import TRACEPARENT, Kind, Span, TraceContext, Tracer
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call, Context

_OF_THE_SERVER = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""The codes of calls that failed because of the server. The other codes refuse a call."""


def caller_trace(context: Context) -> TraceContext | None:
    """The caller's trace (W3C Trace Context), if it sends a valid one."""
    for name, value in context.invocation_metadata() or ():
        if name == TRACEPARENT and isinstance(value, str):
            return TraceContext.of_header(value)
    return None


def begin(tracer: Tracer, method: Method, context: Context) -> Span | None:
    """The span of a call, current for the rest of its task; None: the call is not recorded."""
    name = method.path.removeprefix("/")
    span = tracer.begin(name, Kind.SERVER, caller_trace(context))
    if not span.recorded:
        return None
    span.set("rpc.system.name", "grpc")
    span.set("rpc.method", name)
    tracing.enter(span)
    return span


def end(span: Span, code: grpc.StatusCode, refused: Refused | None, call: Call, **more: int) -> None:
    span.set("rpc.response.status_code", code.name)
    if refused is not None:
        span.set("profile_grpc.reason", refused.reason.value)
    if hasattr(call, "caller"):
        span.set("profile_grpc.caller", call.caller.kind.name)
    if hasattr(call, "app"):
        span.set("profile_grpc.app_id", call.app.app_id)
    for name, number in more.items():
        span.set(f"profile_grpc.messages.{name}", number)
    if code in _OF_THE_SERVER:
        span.fail(code.name)
    span.end()
