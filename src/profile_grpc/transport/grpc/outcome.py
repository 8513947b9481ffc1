"""How calls end: the status that the caller sees, the metrics and the log line."""

from __future__ import annotations

import logging
from typing import Protocol

import grpc
import structlog
from structlog.typing import FilteringBoundLogger

from profile_grpc.domain.errors import Refused
from profile_grpc.transport.grpc import call_spans, status
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call, Context

_DEADLINE_SLACK = 0.1
"""Seconds. The caller's deadline started before the request was sent, so it passes there first; then it cancels."""


class RpcObserver(Protocol):
    """Notified of every call. Methods return at once and never raise.

    `method`: `/package.Service/Method`; `code`: the name of the gRPC status code.
    """

    def rpc_done(self, method: str, code: str, seconds: float) -> None:
        """A unary call ended."""

    def stream_opened(self, method: str) -> None:
        """A stream began."""

    def stream_done(self, method: str, code: str, seconds: float, received: int, sent: int) -> None:
        """A stream ended, with the numbers of messages received and sent."""


class CallLog:
    """One line for each call and each stream: debug for success, warning for faults of the service, else info.

    Contains no user, device, token or key, and nothing of the request but the app.
    """

    def __init__(self) -> None:
        """Logs as structlog is configured now."""
        # Bound once: structlog builds an unbound logger again at every use.
        self._log: FilteringBoundLogger = structlog.get_logger(__name__).bind()

    def ended(
        self,
        event: str,
        method: Method,
        code: grpc.StatusCode,
        refused: Refused | None,
        seconds: float,
        call: Call,
        context: Context,
        **more: int,
    ) -> None:
        if refused is None:
            level = logging.DEBUG
        else:
            level = logging.WARNING if refused.reason in status.FAULTS else logging.INFO
        if not self._log.is_enabled_for(level):
            return
        fields: dict[str, object] = {"method": method.path, "code": code.name, "seconds": round(seconds, 6), **more}
        if refused is not None:
            fields["reason"] = refused.reason.value
            if "trace_id" in refused.metadata:
                fields["trace_id"] = refused.metadata["trace_id"]
        if hasattr(call, "caller"):
            fields["caller"] = call.caller.kind.name
        if hasattr(call, "app"):
            fields["app_id"] = call.app.app_id
        caller = call_spans.caller_trace(context)
        if caller is not None:
            fields["caller_trace_id"] = caller.trace
        self._log.log(level, event, peer=context.peer(), **fields)


def cancelled(context: Context) -> grpc.StatusCode:
    """The status of a call that its caller cancelled: its deadline passed, or the caller went away."""
    remaining: float | None = context.time_remaining()
    passed = remaining is not None and remaining <= _DEADLINE_SLACK
    return grpc.StatusCode.DEADLINE_EXCEEDED if passed else grpc.StatusCode.CANCELLED


async def refuse(refused: Refused, context: Context) -> None:
    """Answers with trailers only: after a message, even an empty one, clients do not retry UNAVAILABLE."""
    answer = status.to_status(refused)
    refused.__traceback__ = None  # it would keep the call: see `abort`
    trailers = ((status.DETAILS, answer.SerializeToString()),)
    await abort(context, status.code_of(refused), answer.message, trailers)


async def abort(
    context: Context, code: grpc.StatusCode, message: str, trailers: tuple[tuple[str, bytes], ...] = ()
) -> None:
    """Ends the call with a status that is not OK; the handler returns, and its answer is dropped.

    gRPC keeps the exception that its `abort` raises. If that passed through the handler, its traceback would keep the
    call until the garbage collector runs, and gRPC counts such calls among the streams of their connection: after
    `max_streams` of them it would refuse every other call.
    """
    try:
        await context.abort(code, message, trailers)
    except grpc.aio.AbortError as aborted:
        aborted.__traceback__ = aborted.__context__ = None
