"""The error table: every way the service says no, and how it is written to the wire."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from profile_grpc.domain.errors import FieldViolation, Reason, Refused

DOMAIN = "appprofile"
DETAILS = "grpc-status-details-bin"
"""The trailer that carries the details."""

CODES: Mapping[Reason, StatusCode] = {
    Reason.CREDENTIAL_MISSING: StatusCode.UNAUTHENTICATED,
    Reason.CREDENTIAL_INVALID: StatusCode.UNAUTHENTICATED,
    Reason.JWT_MISSING: StatusCode.UNAUTHENTICATED,
    Reason.JWT_INVALID: StatusCode.UNAUTHENTICATED,
    Reason.JWT_EXPIRED: StatusCode.UNAUTHENTICATED,
    Reason.JWT_KEY_UNKNOWN: StatusCode.UNAUTHENTICATED,
    Reason.JWT_USER_MISMATCH: StatusCode.PERMISSION_DENIED,
    Reason.JWT_APP_MISMATCH: StatusCode.PERMISSION_DENIED,
    Reason.JWT_CUSTOMER_MISMATCH: StatusCode.PERMISSION_DENIED,
    Reason.METHOD_NOT_ALLOWED: StatusCode.PERMISSION_DENIED,
    Reason.APP_NOT_ALLOWED: StatusCode.PERMISSION_DENIED,
    Reason.TENANT_NOT_ALLOWED: StatusCode.PERMISSION_DENIED,
    Reason.MALFORMED_MESSAGE: StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_REQUEST: StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_FIELD: StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_ATTRIBUTE: StatusCode.INVALID_ARGUMENT,
    Reason.CHANNEL_NOT_ENABLED: StatusCode.INVALID_ARGUMENT,
    Reason.PLACEHOLDER_TOKEN: StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_SETTINGS: StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_PAGE_TOKEN: StatusCode.INVALID_ARGUMENT,
    Reason.DATA_REFUSED: StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_RESUME_TOKEN: StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_FILTER: StatusCode.INVALID_ARGUMENT,
    Reason.RECORD_EXPIRED: StatusCode.INVALID_ARGUMENT,
    Reason.WEBHOOK_DESTINATION_REFUSED: StatusCode.INVALID_ARGUMENT,
    Reason.APP_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.KEY_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.PROFILE_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.WEBHOOK_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.CUSTOMER_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.JWT_KEY_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.REREGISTER_REQUIRED: StatusCode.NOT_FOUND,
    Reason.PROFILE_UNREGISTERED: StatusCode.FAILED_PRECONDITION,
    Reason.OUT_OF_ORDER: StatusCode.FAILED_PRECONDITION,
    Reason.APP_NOT_EMPTY: StatusCode.FAILED_PRECONDITION,
    Reason.TOO_MANY_JWT_KEYS: StatusCode.FAILED_PRECONDITION,
    Reason.TOO_MANY_WEBHOOKS: StatusCode.FAILED_PRECONDITION,
    Reason.SEALING_NOT_CONFIGURED: StatusCode.FAILED_PRECONDITION,
    Reason.LEGACY_CREDENTIAL: StatusCode.INVALID_ARGUMENT,
    Reason.PUSH_CREDENTIAL_INVALID: StatusCode.INVALID_ARGUMENT,
    Reason.PUSH_CREDENTIAL_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.PUSH_CREDENTIAL_NAME_TAKEN: StatusCode.FAILED_PRECONDITION,
    Reason.TOO_MANY_PUSH_CREDENTIALS: StatusCode.FAILED_PRECONDITION,
    Reason.CUSTOMER_MERGED: StatusCode.FAILED_PRECONDITION,
    Reason.SCHEMA_CONFLICT: StatusCode.FAILED_PRECONDITION,
    Reason.JWT_KEY_ALREADY_EXISTS: StatusCode.ALREADY_EXISTS,
    Reason.APP_ALREADY_EXISTS: StatusCode.ALREADY_EXISTS,
    Reason.CUSTOMER_ALREADY_EXISTS: StatusCode.ALREADY_EXISTS,
    Reason.RESUME_TOKEN_EXPIRED: StatusCode.OUT_OF_RANGE,
    Reason.ETAG_MISMATCH: StatusCode.ABORTED,
    Reason.CONFLICT: StatusCode.ABORTED,
    Reason.QUEUE_FULL: StatusCode.RESOURCE_EXHAUSTED,
    Reason.TOO_MANY_CALLS: StatusCode.RESOURCE_EXHAUSTED,
    Reason.TOO_MANY_STREAMS: StatusCode.RESOURCE_EXHAUSTED,
    Reason.DRAINING: StatusCode.UNAVAILABLE,
    Reason.STREAM_AGED: StatusCode.UNAVAILABLE,
    Reason.DATABASE_UNAVAILABLE: StatusCode.UNAVAILABLE,
    Reason.DEADLINE: StatusCode.DEADLINE_EXCEEDED,
    Reason.INTERNAL: StatusCode.INTERNAL,
}
FAULTS = frozenset({Reason.DATABASE_UNAVAILABLE, Reason.DEADLINE, Reason.INTERNAL})
"""Faults of the service, not of the call."""

# In bytes. Some clients accept at most 8 KiB of trailers, counted after base64 and percent-encoding.
_MAX_MESSAGE = 400
_MAX_METADATA = 400  # each value; all the fields that a filter may name fit into one
_MAX_WORD = 200
_MAX_VIOLATIONS = 8


def to_status(refused: Refused) -> Status:
    """The status with its details: `ErrorInfo` always, `BadRequest` and `RetryInfo` where they apply.

    Long texts are cut, and only the first violations are listed, so that the status fits into the trailers.
    """
    metadata = {name: cut(value, _MAX_METADATA) for name, value in refused.metadata.items()}
    details: list[Message] = [ErrorInfo(reason=refused.reason.value, domain=DOMAIN, metadata=metadata)]
    if refused.violations:
        listed = refused.violations[:_MAX_VIOLATIONS]
        details.append(BadRequest(field_violations=[_violation(violation) for violation in listed]))
    if refused.retry_after is not None:
        seconds = int(refused.retry_after)
        retry = RetryInfo()
        retry.retry_delay.seconds = seconds
        retry.retry_delay.nanos = int((refused.retry_after - seconds) * 1_000_000_000)
        details.append(retry)
    code: int = code_of(refused).value[0]
    return Status(code=code, message=cut(refused.message, _MAX_MESSAGE), details=[_pack(d) for d in details])


def code_of(refused: Refused) -> StatusCode:
    return StatusCode.FAILED_PRECONDITION if refused.is_precondition else CODES[refused.reason]


def _violation(violation: FieldViolation) -> BadRequest.FieldViolation:
    return BadRequest.FieldViolation(
        field=cut(violation.field, _MAX_WORD), description=cut(violation.description, _MAX_WORD)
    )


def _pack(detail: Message) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed


def cut(text: str, size: int) -> str:
    """The text in at most `size` bytes."""
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[: size - 3].decode(errors="ignore") + "…"
