"""The refusals for errors of the store and of the service itself."""

from __future__ import annotations

import secrets

import structlog

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service.ports import Conflict, DataRefused, StoreUnavailable
from profile_grpc.telemetry import tracing

log = structlog.get_logger(__name__)


def of(error: Exception) -> Refused:
    """The refusal for an error: a Refused itself; INTERNAL, with a log line, for unexpected errors."""
    match error:
        case Refused():
            return error
        case StoreUnavailable():
            return unavailable()
        case Conflict():
            return Refused(Reason.CONFLICT, "Other calls keep changing the same data; nothing was written. Try again.")
        case DataRefused():
            return Refused(Reason.DATA_REFUSED, "The database refuses the data of this call; nothing was written.")
        case _:
            return internal(error)


def draining() -> Refused:
    """The server is shutting down."""
    return Refused(Reason.DRAINING, "The server is shutting down; repeat the call.", retry_after=0.1)


def unavailable() -> Refused:
    """The database cannot be reached, or a commit's outcome is unknown."""
    return Refused(
        Reason.DATABASE_UNAVAILABLE,
        "The database cannot be reached; the outcome may be unknown, repeat the call.",
        retry_after=1.0,
    )


def internal(error: Exception) -> Refused:
    """An error of the service. It is logged with the trace id that the caller gets."""
    span = tracing.current()
    trace_id = secrets.token_hex(8) if span is None else span.context.trace
    log.error("internal error", trace_id=trace_id, exc_info=error)
    return Refused.about(
        Reason.INTERNAL, "The server failed; report trace_id {trace_id} to its operators.", trace_id=trace_id
    )
