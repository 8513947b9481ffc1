"""Whether a caller may make a request: the kind of its key, and the app, tenant and items that the request names."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.settings import App
from profile_grpc.service.credentials import Caller
from profile_grpc.service.directory import Directory, reach_tenant
from profile_grpc.transport.grpc import shape
from profile_grpc.transport.grpc.access import Items, Method
from profile_grpc.transport.grpc.call import Call


class Permission:
    """Enforces the access rules of the contract."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def check(self, method: Method, request: Message, call: Call) -> None:
        """Checks a request of `call.caller`, and sets the call's app or items.

        Raises:
            Refused: METHOD_NOT_ALLOWED, APP_NOT_ALLOWED, TENANT_NOT_ALLOWED, or APP_NOT_FOUND to an ADMIN key.
        """
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


def _method_not_allowed(method: Method, caller: Caller) -> Refused:
    allowed = ", ".join(sorted(kind.name for kind in method.kinds))
    return Refused(
        Reason.METHOD_NOT_ALLOWED,
        f"A key of kind {caller.kind.name} may not call {method.path}; use one of kind {allowed}.",
        metadata={"kind": caller.kind.name, "method": method.path, "allowed": allowed},
    )
