"""What the contract says of each method: who may call it and where its request names the app. Read once, at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import cast

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from appprofile.v1 import access_pb2
from profile_grpc.service.ports import KeyKind

_APP_ID_PATHS = ("key.app_id", "app_id", "app.app_id", "profile.key.app_id")
SELF_CHECKED = frozenset(
    {
        "BatchHeartbeat",  # names many apps; each key is checked on its own
        "CreateApp",  # the app is not there yet; the tenant is checked
        "DeleteApp",  # completes a deletion that was interrupted, when nobody reaches the app any more
        "ListApps",  # names a tenant
        "RevokeKey",  # names a key; its tenant is checked
    }
)
"""Methods that check the reach of the key themselves; of every other one the pipeline checks the app."""


class ContractError(Exception):
    """The contract leaves open who may call a method. The server does not start."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the contract."""

    name: str
    path: str
    """As gRPC names it: `/appprofile.v1.ProfileService/Heartbeat`."""
    request: type[Message]
    kinds: frozenset[KeyKind]
    """The kinds of key that may call it."""
    app_id: Callable[[Message], str] | None
    """The app that a request names (empty: none); None: the method checks the reach itself."""


def methods(service: ServiceDescriptor) -> list[Method]:
    """Every method of the service.

    Raises:
        ContractError: a method has no access option, or its request names no app where the pipeline could check it.
    """
    return [_read(service, method) for method in service.methods]


def _read(service: ServiceDescriptor, method: MethodDescriptor) -> Method:
    path = f"/{service.full_name}/{method.name}"
    return Method(
        name=method.name,
        path=path,
        request=GetMessageClass(method.input_type),
        kinds=_kinds(path, method),
        app_id=None if method.name in SELF_CHECKED else _app_id(path, method.input_type),
    )


def _kinds(path: str, method: MethodDescriptor) -> frozenset[KeyKind]:
    numbers = method.GetOptions().Extensions[access_pb2.access].allow
    if not numbers or access_pb2.KEY_KIND_UNSPECIFIED in numbers:
        message = f"{path} does not say who may call it: give it the option (appprofile.v1.access)"
        raise ContractError(message)
    return frozenset(KeyKind(number) for number in numbers)


def _app_id(path: str, request: Descriptor) -> Callable[[Message], str]:
    for candidate in _APP_ID_PATHS:
        if _has(request, candidate.split(".")):
            return cast("Callable[[Message], str]", attrgetter(candidate))
    message = f"{path} names no app in {request.full_name}: no access can be checked"
    raise ContractError(message)


def _has(message: Descriptor | None, names: list[str]) -> bool:
    """Whether the path leads through single messages to a single string."""
    field = message.fields_by_name.get(names[0]) if message is not None else None
    if field is None or field.is_repeated:
        return False
    return _has(field.message_type, names[1:]) if names[1:] else field.type == field.TYPE_STRING
