"""The checks of every request before its servicer method, in the contract's order: credential, shape, permission.

The credential is the key and, where the app requires it, the JWT of the request's user.
"""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.jwt import JwtOutcome, outcome
from profile_grpc.service.directory import Directory
from profile_grpc.service.jwt.authorization import JwtAuthorization
from profile_grpc.transport.grpc import shape, wire
from profile_grpc.transport.grpc.access import Method
from profile_grpc.transport.grpc.call import Call
from profile_grpc.transport.grpc.caller_metadata import CallerMetadata
from profile_grpc.transport.grpc.permission import Permission

Context = grpc.aio.ServicerContext[Any, Any]


class Steps:
    """The steps, for unary calls and streams alike."""

    def __init__(self, directory: Directory, jwt: JwtAuthorization) -> None:
        self._directory = directory
        self._jwt = jwt
        self._permission = Permission(directory)

    async def identify(self, metadata: CallerMetadata, call: Call) -> None:
        """Sets the call's caller, and checks its JWT if the app has that checked.

        Raises:
            Refused: CREDENTIAL_MISSING or CREDENTIAL_INVALID; JWT_MISSING, JWT_INVALID, JWT_EXPIRED, JWT_KEY_UNKNOWN or
                JWT_APP_MISMATCH.
        """
        key = metadata.key
        call.metadata = metadata
        call.caller = self._directory.known_caller(key) or await self._directory.authenticate(key)
        try:
            call.jwt = await self._jwt.check(call.caller, metadata.authorization)
        except Refused as refused:
            self._count(call, outcome(refused), "")
            raise

    async def accept(self, method: Method, raw: bytes, call: Call) -> Message:
        """Parses the request, and checks the ids in its JWT, its shape, and its permission.

        Raises:
            Refused: MALFORMED_MESSAGE, INVALID_REQUEST, or as `permit`.
        """
        request = _parse(method, raw)
        self._match(method, request, call)
        shape.check(request)
        await self._permission.check(method, request, call)
        return request

    async def permit(self, method: Method, request: Message, call: Call) -> None:
        """Checks ids and permission again, during a stream, and sets the call's app to its current state.

        Raises:
            Refused: JWT_USER_MISMATCH, JWT_CUSTOMER_MISMATCH, or as `Permission.check`.
        """
        self._match(method, request, call)
        await self._permission.check(method, request, call)

    def _match(self, method: Method, request: Message, call: Call) -> None:
        """Checks that the request names no other user or customer than the JWT (J5)."""
        if call.jwt is None:
            return
        version = method.sdk_version(request) if method.sdk_version is not None else ""
        try:
            found = self._jwt.match(
                call.jwt,
                method.user_ids(request) if method.user_ids is not None else (),
                method.customer_ids(request) if method.customer_ids is not None else (),
            )
        except Refused as refused:
            self._count(call, outcome(refused), version)
            raise
        self._count(call, found, version)

    def _count(self, call: Call, found: JwtOutcome, sdk_version: str) -> None:
        if not call.jwt_counted:
            call.jwt_counted = True
            self._jwt.count(call.caller.app_id, found, call.metadata.sdk_version(sdk_version), call.jwt)


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
