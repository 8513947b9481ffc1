"""The exception for refused calls, with the reasons of the contract."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """`google.rpc.ErrorInfo.reason` of every refusal; documented with an example each in error_reason.proto."""

    CREDENTIAL_MISSING = "CREDENTIAL_MISSING"
    CREDENTIAL_INVALID = "CREDENTIAL_INVALID"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    APP_NOT_ALLOWED = "APP_NOT_ALLOWED"
    TENANT_NOT_ALLOWED = "TENANT_NOT_ALLOWED"
    MALFORMED_MESSAGE = "MALFORMED_MESSAGE"
    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    INVALID_ATTRIBUTE = "INVALID_ATTRIBUTE"
    CHANNEL_NOT_ENABLED = "CHANNEL_NOT_ENABLED"
    PLACEHOLDER_TOKEN = "PLACEHOLDER_TOKEN"  # noqa: S105 - a reason's name
    INVALID_SETTINGS = "INVALID_SETTINGS"
    INVALID_PAGE_TOKEN = "INVALID_PAGE_TOKEN"  # noqa: S105 - a reason's name
    DATA_REFUSED = "DATA_REFUSED"
    APP_NOT_FOUND = "APP_NOT_FOUND"
    KEY_NOT_FOUND = "KEY_NOT_FOUND"
    PROFILE_NOT_FOUND = "PROFILE_NOT_FOUND"
    REREGISTER_REQUIRED = "REREGISTER_REQUIRED"
    PROFILE_UNREGISTERED = "PROFILE_UNREGISTERED"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    APP_NOT_EMPTY = "APP_NOT_EMPTY"
    APP_ALREADY_EXISTS = "APP_ALREADY_EXISTS"
    ETAG_MISMATCH = "ETAG_MISMATCH"
    CONFLICT = "CONFLICT"
    QUEUE_FULL = "QUEUE_FULL"
    TOO_MANY_CALLS = "TOO_MANY_CALLS"
    DRAINING = "DRAINING"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    DEADLINE = "DEADLINE"
    INTERNAL = "INTERNAL"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    STREAM_AGED = "STREAM_AGED"
    RESUME_TOKEN_EXPIRED = "RESUME_TOKEN_EXPIRED"  # noqa: S105 - a reason's name
    INVALID_RESUME_TOKEN = "INVALID_RESUME_TOKEN"  # noqa: S105 - a reason's name
    WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
    TOO_MANY_WEBHOOKS = "TOO_MANY_WEBHOOKS"
    WEBHOOK_DESTINATION_REFUSED = "WEBHOOK_DESTINATION_REFUSED"
    SEALING_NOT_CONFIGURED = "SEALING_NOT_CONFIGURED"
    LEGACY_CREDENTIAL = "LEGACY_CREDENTIAL"
    PUSH_CREDENTIAL_INVALID = "PUSH_CREDENTIAL_INVALID"
    PUSH_CREDENTIAL_NOT_FOUND = "PUSH_CREDENTIAL_NOT_FOUND"
    PUSH_CREDENTIAL_NAME_TAKEN = "PUSH_CREDENTIAL_NAME_TAKEN"
    TOO_MANY_PUSH_CREDENTIALS = "TOO_MANY_PUSH_CREDENTIALS"
    INVALID_FILTER = "INVALID_FILTER"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    CUSTOMER_ALREADY_EXISTS = "CUSTOMER_ALREADY_EXISTS"
    CUSTOMER_MERGED = "CUSTOMER_MERGED"
    SCHEMA_CONFLICT = "SCHEMA_CONFLICT"
    JWT_MISSING = "JWT_MISSING"
    JWT_INVALID = "JWT_INVALID"
    JWT_EXPIRED = "JWT_EXPIRED"
    JWT_KEY_UNKNOWN = "JWT_KEY_UNKNOWN"
    JWT_USER_MISMATCH = "JWT_USER_MISMATCH"
    JWT_APP_MISMATCH = "JWT_APP_MISMATCH"
    JWT_CUSTOMER_MISMATCH = "JWT_CUSTOMER_MISMATCH"
    JWT_KEY_NOT_FOUND = "JWT_KEY_NOT_FOUND"
    JWT_KEY_ALREADY_EXISTS = "JWT_KEY_ALREADY_EXISTS"
    TOO_MANY_JWT_KEYS = "TOO_MANY_JWT_KEYS"
    RECORD_EXPIRED = "RECORD_EXPIRED"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A violated rule of one field of the request."""

    field: str
    description: str


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The call is refused; nothing was written.

    `message` is one English sentence that says what to do and contains no secret. Every variable part of it is also in
    `metadata`. `retry_after` (seconds) is set if a retry helps. `is_precondition`: what is missing is not what the call
    is about, but what that refers to.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Iterable[FieldViolation] = (),
        retry_after: float | None = None,
        is_precondition: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.is_precondition = is_precondition
        self.retry_after = retry_after

    @classmethod
    def about(cls, reason: Reason, message: str, **metadata: str) -> Refused:
        """A refusal with places for the metadata in its message, as in `"There is no app {app_id!r}."`."""
        return cls(reason, message.format_map(metadata), metadata=metadata)

    @classmethod
    def for_fields(cls, reason: Reason, message: str, violations: Iterable[FieldViolation], **metadata: str) -> Refused:
        """A refusal of request fields, named in the metadata as well."""
        found = tuple(violations)
        named = {"fields": ",".join(v.field for v in found)}
        return cls(reason, message, metadata=named | metadata, violations=found)

    @classmethod
    def for_field(cls, reason: Reason, message: str, field: str, description: str, **metadata: str) -> Refused:
        """A refusal of one field of the request."""
        return cls.for_fields(reason, message, [FieldViolation(field, description)], **metadata)


def invalid(field: str, description: str) -> Refused:
    """A field of a request has a wrong value, which is not repeated in the error. Empty: the request as a whole."""
    message = f"The request is not valid: {field or 'the request'}: {description}."
    return Refused.for_field(Reason.INVALID_REQUEST, message, field, description)
