"""The checks of every request before its servicer method, in the contract's order: credential, shape, permission.

The credential is the key and, where the app requires it, the JWT of the request's user.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import DecodeError, Message

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.jwt import JwtOutcome, outcome
from profile_grpc.domain.settings import App
from profile_grpc.service.credentials import Caller
from profile_grpc.service.directory import Directory, reach_tenant
from profile_grpc.service.jwt.authorization import JwtAuthorization
from profile_grpc.transport.grpc import shape, wire
from profile_grpc.transport.grpc.access import Items, Method
from profile_grpc.transport.grpc.call import Call, CallerMetadata


class Steps:
    """The steps, for unary calls and streams alike."""

    def __init__(self, directory: Directory, jwt: JwtAuthorization) -> None:
        self._directory = directory
        self._jwt = jwt

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
        await self._reach(method, request, call)
        return request

    async def permit(self, method: Method, request: Message, call: Call) -> None:
        """Checks ids and permission again, during a stream, and sets the call's app to its current state.

        Raises:
            Refused: JWT_USER_MISMATCH, JWT_CUSTOMER_MISMATCH, METHOD_NOT_ALLOWED, APP_NOT_ALLOWED,
                TENANT_NOT_ALLOWED, or APP_NOT_FOUND to an ADMIN key.
        """
        self._match(method, request, call)
        await self._reach(method, request, call)

    async def _reach(self, method: Method, request: Message, call: Call) -> None:
        """Checks the kind of the key and what the request names, and sets the call's app or items."""
        caller = call.caller
        if caller.kind not in method.kinds:
            raise _method_not_allowed(method, caller)
        if method.app_id is not None:
            call.app = await self._directory.reach(caller, method.app_id(request))
        elif method.app_ids is not None:
            for app_id in method.app_ids(request):
                await self._directory.reach(caller, app_id, method.reach)
        elif method.items is not None:
            call.items = await self._items(method.items, method.items.of(request), caller)
        if method.tenant_id is not None:
            reach_tenant(caller, method.tenant_id(request))

    async def _items(self, items: Items, given: Sequence[Message], caller: Caller) -> list[App | Refused]:
        """The app of each item, or why the item is refused. A refused item does not affect the others.

        A refusal costs no more than an accepted item: the apps are looked up together.
        """
        problems = [shape.refused_item(item) for item in given]
        named = [items.app_id(item) for item in given]
        valid = (app_id for app_id, problem in zip(named, problems, strict=True) if problem is None)
        reached = await self._directory.reach_each(caller, valid)
        return [problem or reached[app_id] for app_id, problem in zip(named, problems, strict=True)]

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


def _method_not_allowed(method: Method, caller: Caller) -> Refused:
    allowed = ", ".join(sorted(kind.name for kind in method.kinds))
    return Refused(
        Reason.METHOD_NOT_ALLOWED,
        f"A key of kind {caller.kind.name} may not call {method.path}; use one of kind {allowed}.",
        metadata={"kind": caller.kind.name, "method": method.path, "allowed": allowed},
    )
