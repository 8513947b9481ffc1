"""The decoded error of a failed call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from typing_extensions import override

from appprofile._connecting import named

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATUS_HEADER = "grpc-status-details-bin"
_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class FieldViolation:
    """One violated rule: the field's path in the request (`key.user_id`) and what is wrong with it."""

    field: str
    description: str


class ApiError(Exception):
    """A call failed. Its cause (`__cause__`) is gRPC's own error."""

    code: grpc.StatusCode
    """The canonical code."""
    reason: str
    """The reason: a name of `ErrorReason` without its prefix. Empty if the response did not come from the service."""
    message: str
    """A text for people."""
    metadata: Mapping[str, str]
    """The variable parts of the message."""
    violations: tuple[FieldViolation, ...]
    """The violated rules of an INVALID_ARGUMENT."""
    retry_delay: timedelta | None
    """How long to wait before a retry, if the service says so."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str = "",
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Iterable[FieldViolation] = (),
        retry_delay: timedelta | None = None,
    ) -> None:
        super().__init__(code, reason, message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = MappingProxyType(dict(metadata or {}))
        self.violations = tuple(violations)
        self.retry_delay = retry_delay

    @override
    def __str__(self) -> str:
        return " ".join(filter(None, [self.code.name, self.reason, self.message]))

    @classmethod
    def from_status(cls, status: Status) -> ApiError:
        """The error in a `google.rpc.Status`, such as the one of a batch item. Unknown details are ignored."""
        info, bad_request, retry = ErrorInfo(), BadRequest(), RetryInfo()
        retries = False
        for detail in status.details:
            if detail.Is(ErrorInfo.DESCRIPTOR):
                detail.Unpack(info)
            elif detail.Is(BadRequest.DESCRIPTOR):
                detail.Unpack(bad_request)
            elif detail.Is(RetryInfo.DESCRIPTOR):
                retries = detail.Unpack(retry)
        kind = ResumeTokenExpiredError if info.reason == "RESUME_TOKEN_EXPIRED" else cls
        return kind(
            _CODES.get(status.code, grpc.StatusCode.UNKNOWN),
            status.message,
            reason=info.reason,
            metadata=info.metadata,
            violations=[FieldViolation(each.field, each.description) for each in bad_request.field_violations],
            retry_delay=retry.retry_delay.ToTimedelta() if retries else None,
        )

    @classmethod
    def from_rpc(cls, error: grpc.RpcError, why: str = "") -> ApiError:
        """The error that gRPC raised or returned, synchronous or asyncio. `why`: additional information."""
        # Both kinds of error have these methods; grpc.RpcError does not declare them.
        if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
            return cls(grpc.StatusCode.UNKNOWN, str(error))
        for name, value in error.trailing_metadata() or ():
            if name == _STATUS_HEADER and isinstance(value, bytes):
                try:
                    return cls.from_status(Status.FromString(value))
                except DecodeError:
                    break  # not from this service: there are only a code and a message
        message = error.details() or ""
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            message = named(message)
        return cls(error.code(), ": ".join(filter(None, [message, why])))


class ResumeTokenExpiredError(ApiError):
    """Messages after the resume token are no longer kept, or the database was restored from an older copy.

    Read the current state, then resume with `oldest_resume_token`.
    """

    @property
    def oldest_resume_token(self) -> str:
        """The oldest token that can be used."""
        return self.metadata.get("oldest_resume_token", "")
