"""The checks of every request before its servicer method, in the contract's order: credential, shape, permission."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service.credentials import HEADER
from profile_grpc.service.directory import Directory
from profile_grpc.transport.grpc import shape, wire
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.permission import Permission

Context = grpc.aio.ServicerContext[Any, Any]


class Steps:
    """The steps, for unary calls and streams alike."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._permission = Permission(directory)

    async def identify(self, presented: str | None, call: Call) -> None:
        """Sets the call's caller.

        Raises:
            Refused: CREDENTIAL_MISSING or CREDENTIAL_INVALID.
        """
        call.caller = self._directory.known_caller(presented) or await self._directory.authenticate(presented)

    async def accept(self, method: Method, raw: bytes, call: Call) -> Message:
        """Parses the request and checks its shape, then its permission.

        Raises:
            Refused: MALFORMED_MESSAGE, INVALID_REQUEST, or as `permit`.
        """
        request = _parse(method, raw)
        shape.check(request)
        await self._permission.check(method, request, call)
        return request

    async def permit(self, method: Method, request: Message, call: Call) -> None:
        """Checks the permission again, during a stream, and sets the call's app to its current state.

        Raises:
            Refused: as `Permission.check`.
        """
        await self._permission.check(method, request, call)


def presented(context: Context) -> str | None:
    """The key that the caller presents."""
    found = None
    for name, value in context.invocation_metadata() or ():
        if name == HEADER and isinstance(value, str):
            found = value
    return found


def _parse(method: Method, raw: bytes) -> Message:
    wire.check(method.request, raw)
    try:
        return method.request.FromString(raw)
    except DecodeError:
        expected = method.request.DESCRIPTOR.full_name
        raise Refused(
            Reason.MALFORMED_MESSAGE,
            f"The bytes are not a valid {expected}; send that message, encoded as protobuf.",
            metadata={"type": expected},
        ) from None
