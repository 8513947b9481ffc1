"""What a request to a URL of a tenant ends with. Apart from the client, whose library not every command needs."""

from __future__ import annotations

from dataclasses import dataclass


class RequestFailed(Exception):  # noqa: N818 - an outcome
    """There was no response. The message is a short reason, without anything that the other side sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    """HTTP status code."""
    body: bytes
    """The first bytes of the body, up to the limit, not decompressed."""
    seconds: float
    """Duration from the start of the request until the body was read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one request."""

    seconds: float
    """Maximum duration of the whole request: name resolution, connection, TLS, request and response."""
    answer_bytes: int
    """Maximum number of bytes read from the body. The connection of a longer response is closed."""
