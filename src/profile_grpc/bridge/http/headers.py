"""HTTP headers: those that are read from requests, and those that answers have."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from profile_grpc.telemetry.tracing import TRACEPARENT, TraceContext

Header = tuple[bytes, bytes]
_ALLOW: Header = (b"allow", b"GET, HEAD, POST, PUT, DELETE, OPTIONS")
_ALLOW_READING: Header = (b"allow", b"GET, HEAD")
_CLOSE: Header = (b"connection", b"close")
_CHALLENGE: Header = (b"www-authenticate", b'Basic realm="reports", charset="UTF-8"')
_LENGTH: Header = (b"content-length", b"0")
STRICT: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Every answer carries these."""
SECURE: tuple[Header, ...] = (*STRICT, (b"strict-transport-security", b"max-age=31536000"))
"""... and over TLS these."""


class Answer(NamedTuple):
    """An answer without a body."""

    status: int
    headers: tuple[Header, ...] = (_LENGTH,)
    counted: bool = False
    """Whether the metrics already count it: reports are counted at the commit, many at once."""


OK = Answer(200)
NO_CONTENT = Answer(204, (_ALLOW,))
UNREADABLE = Answer(400)
UNAUTHORIZED = Answer(401, (_LENGTH, _CHALLENGE))
NOT_FOUND = Answer(404)
NOT_ALLOWED = Answer(405, (_LENGTH, _ALLOW))
READ_ONLY = Answer(405, (_LENGTH, _ALLOW_READING))
TOO_SLOW = Answer(408, (_LENGTH, _CLOSE))
TOO_LARGE = Answer(413, (_LENGTH, _CLOSE))


def taken(trace: TraceContext) -> Answer:
    """The report is on disk. The id identifies it in logs, in dead letters and in calls of the service."""
    return Answer(200, (_LENGTH, (b"x-trace-id", trace.trace.encode())), counted=True)


def later(status: int, seconds: int) -> Answer:
    """A temporary refusal: 429 (too many requests) or 503 (the spool is full)."""
    return Answer(status, (_LENGTH, (b"retry-after", b"%d" % seconds)))


def read_key(headers: dict[bytes, bytes]) -> str:
    """The key of the header `x-api-key`, or the password of HTTP Basic; empty: neither is present."""
    key = headers.get(b"x-api-key")
    if key is not None:
        return key.decode("latin-1").strip()
    basic = headers.get(b"authorization")
    if basic is None:
        return ""
    scheme, _, encoded = basic.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def read_trace(headers: dict[bytes, bytes]) -> TraceContext | None:
    """The caller's trace (W3C Trace Context), if it sends a valid one."""
    given = headers.get(TRACEPARENT.encode())
    return None if given is None else TraceContext.of_header(given.decode("latin-1"))
