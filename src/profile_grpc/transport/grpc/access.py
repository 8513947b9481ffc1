"""The access rules of each method: who may call it, what it reaches, and which request fields name that.

Read from the contract once, when the server starts. If a rule is missing, the server does not start.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from appprofile.v1 import access_pb2
from profile_grpc.service.credentials import APP_KINDS
from profile_grpc.service.directory import Reach
from profile_grpc.service.directory_ports import KeyKind


class ContractError(Exception):
    """The contract does not say who may call a method, or what a call reaches. The server does not start."""


class Scope(enum.IntEnum):
    """What one call reaches; the contract's numbers."""

    APP = 1
    TENANT = 2
    ITEMS = 3


class Names(enum.IntEnum):
    """What a field names; the contract's numbers."""

    APP = 1
    TENANT = 2
    USER = 3
    NEW_APP = 4
    CLOSED_APP = 5
    WITHIN_APP = 6
    DELETED_APP = 7
    CUSTOMER = 8


_SDK_VERSION = "sdk_version"
_ONLY_IN = {
    Names.NEW_APP: Scope.TENANT,
    Names.CLOSED_APP: Scope.TENANT,
    Names.DELETED_APP: Scope.TENANT,
    Names.WITHIN_APP: Scope.APP,
}
_APPS = frozenset({Names.APP, *_ONLY_IN})
_EXISTING_APPS = _APPS - {Names.NEW_APP}
_REACHES = {Names.CLOSED_APP: Reach.CLOSED, Names.DELETED_APP: Reach.DELETED}
_REQUIRED_MARKS = {
    "app_id": Names.APP,
    "app_ids": Names.APP,
    "tenant_id": Names.TENANT,
    "tenant_ids": Names.TENANT,
    "user_id": Names.USER,
    "user_ids": Names.USER,
    "customer_id": Names.CUSTOMER,
    "customer_ids": Names.CUSTOMER,
}
"""The mark that a field of this name must have: without it a check would be skipped silently."""


@dataclass(frozen=True, slots=True)
class Items:
    """The list of a request whose items each name an app."""

    of: Callable[[Message], Sequence[Message]]
    app_id: Callable[[Message], str]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the contract."""

    name: str
    path: str
    """As gRPC names it: `/appprofile.v1.ProfileService/Heartbeat`."""
    request: type[Message]
    request_streaming: bool
    response_streaming: bool
    kinds: frozenset[KeyKind]
    """The kinds of key that may call it."""
    scope: Scope
    app_id: Callable[[Message], str] | None = None
    """Scope APP: the app that a request names."""
    app_ids: Callable[[Message], Sequence[str]] | None = None
    """Scope TENANT: the apps that a request names, if it names any."""
    reach: Reach = Reach.OPEN
    """Which of those it reaches."""
    items: Items | None = None
    """Scope ITEMS: the items of a request."""
    tenant_id: Callable[[Message], str] | None = None
    """The tenant that a request names (empty: the key's); None: it never names one."""
    paged: bool = False
    """Whether it answers with pages, which are large."""
    user_ids: Callable[[Message], Collection[str]] | None = None
    """Every user that a request names, also in its items; an empty one where it could name one and does not. None: it
    never names any."""
    customer_ids: Callable[[Message], Collection[str]] | None = None
    """Every customer that a request names, as `user_ids`."""
    sdk_version: Callable[[Message], str] | None = None
    """The version of the caller's SDK, which a request may name; None: it never does."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A marked field of a request."""

    path: tuple[str, ...]
    names: Names
    field: FieldDescriptor
    list_at: int
    """The number of steps to the first list of the path, that list included; 0: the path leads through none."""


def methods(service: ServiceDescriptor) -> list[Method]:
    """Every method of the service.

    Raises:
        ContractError: a method has no access option, or its request has no mark where the option asks for one.
    """
    return [_read(service, method) for method in service.methods]


def _read(service: ServiceDescriptor, method: MethodDescriptor) -> Method:
    path = f"/{service.full_name}/{method.name}"
    kinds, scope = _option(path, method)
    marks = list(_marks(method.input_type))
    for mark in marks:
        _check(path, scope, mark)
    apps = [mark for mark in marks if mark.names in _APPS]
    return Method(
        name=method.name,
        path=path,
        request=GetMessageClass(method.input_type),
        request_streaming=method.client_streaming,
        response_streaming=method.server_streaming,
        kinds=kinds,
        scope=scope,
        paged="page_size" in method.input_type.fields_by_name,
        app_id=_app(path, method.input_type, apps) if scope is Scope.APP else None,
        app_ids=_apps(path, apps) if scope is Scope.TENANT else None,
        reach=max((_REACHES.get(mark.names, Reach.OPEN) for mark in apps), default=Reach.OPEN),
        items=_items(path, method.input_type, apps) if scope is Scope.ITEMS else None,
        tenant_id=_single(path, [mark for mark in marks if mark.names is Names.TENANT]),
        user_ids=_ids([mark for mark in marks if mark.names is Names.USER]),
        customer_ids=_ids([mark for mark in marks if mark.names is Names.CUSTOMER]),
        sdk_version=_sdk_version(method.input_type),
    )


def _option(path: str, method: MethodDescriptor) -> tuple[frozenset[KeyKind], Scope]:
    option = method.GetOptions().Extensions[access_pb2.access]
    if not option.allow or access_pb2.KEY_KIND_UNSPECIFIED in option.allow:
        raise ContractError(f"{path} does not say who may call it: give it the option (appprofile.v1.access)")
    if not option.scope:
        raise ContractError(f"{path} does not say what it reaches: give (appprofile.v1.access) a scope")
    kinds, scope = frozenset(KeyKind(number) for number in option.allow), Scope(option.scope)
    if scope is not Scope.APP and kinds & APP_KINDS:
        raise ContractError(f"{path} reaches more than one app, and keys of one app may call it")
    return kinds, scope


def _check(path: str, scope: Scope, mark: _Mark) -> None:
    """Checks that the mark can be enforced in a request of this scope."""
    named = f"{path}: {'.'.join(mark.path)} ({mark.field.full_name})"
    if scope is not _ONLY_IN.get(mark.names, scope):
        raise ContractError(f"{named} is marked {mark.names.name}, which needs scope {_ONLY_IN[mark.names].name}")
    if mark.field.message_type is None and mark.field.type != FieldDescriptor.TYPE_STRING:
        raise ContractError(f"{named} is marked {mark.names.name} and is not a string")
    if mark.names is Names.TENANT and mark.list_at:
        raise ContractError(f"{named} names tenants in a list: they would not be checked")
    in_messages_of_a_list = 0 < mark.list_at < len(mark.path)
    if (scope is Scope.APP and mark.names is Names.APP and mark.list_at) or (
        scope is Scope.TENANT and mark.names in _EXISTING_APPS and in_messages_of_a_list
    ):
        raise ContractError(f"{named} names apps in a list: they would not be checked")


def _app(path: str, request: Descriptor, apps: list[_Mark]) -> Callable[[Message], str]:
    """Where a request of scope APP names its app."""
    found = _single(path, [mark for mark in apps if mark.names is Names.APP])
    if found is None:
        raise ContractError(f"{path} names no app in {request.full_name}: mark the field, or choose another scope")
    return found


def _apps(path: str, apps: list[_Mark]) -> Callable[[Message], Sequence[str]] | None:
    """Where a request of scope TENANT names existing apps."""
    existing = [mark for mark in apps if mark.names in _EXISTING_APPS]
    if not existing:
        return None
    _single(path, existing)
    get: Callable[[Message], Any] = attrgetter(".".join(existing[0].path))
    if existing[0].list_at:
        return get

    def one(request: Message) -> Sequence[str]:
        app_id = get(request)
        return (app_id,) if app_id else ()

    return one


def _items(path: str, request: Descriptor, apps: list[_Mark]) -> Items:
    """Where the items of a request of scope ITEMS name their apps."""
    if len(apps) != 1 or apps[0].list_at != 1 or len(apps[0].path) == 1:
        raise ContractError(f"{path} needs one list in {request.full_name} whose items each name one app")
    first, *rest = apps[0].path
    return Items(of=attrgetter(first), app_id=attrgetter(".".join(rest)))


def _single(path: str, marks: list[_Mark]) -> Callable[[Message], str] | None:
    """A getter of the one marked field."""
    if len(marks) > 1:
        fields = " and ".join(".".join(mark.path) for mark in marks)
        raise ContractError(f"{path}: {fields} are both marked {marks[0].names.name}: only one may be")
    return attrgetter(".".join(marks[0].path)) if marks else None


def _ids(marks: list[_Mark]) -> Callable[[Message], Collection[str]] | None:
    """A getter of every marked id, also of the items of lists."""
    if not marks:
        return None
    if len(marks) == 1 and not marks[0].list_at:
        get: Callable[[Message], str] = attrgetter(".".join(marks[0].path))
        return lambda request: (get(request),)
    return lambda request: [found for mark in marks for found in _values(request, mark.path)]


def _sdk_version(request: Descriptor) -> Callable[[Message], str] | None:
    """A getter of the field `sdk_version`, in the request or in a message of it."""
    paths = [
        f"{outer.name}.{_SDK_VERSION}"
        for outer in request.fields
        if outer.message_type is not None
        and not outer.is_repeated
        and _SDK_VERSION in outer.message_type.fields_by_name
    ]
    if _SDK_VERSION in request.fields_by_name:
        paths.insert(0, _SDK_VERSION)
    return attrgetter(paths[0]) if paths else None


def _values(value: Any, path: Sequence[str]) -> Iterator[str]:  # noqa: ANN401 - a message, a list or a string
    """The strings at the path, through every list."""
    if not isinstance(value, (Message, str)):
        for item in value:
            yield from _values(item, path)
    elif isinstance(value, str):
        yield value
    else:
        yield from _values(getattr(value, path[0]), path[1:])


def _marks(
    message: Descriptor, path: tuple[str, ...] = (), list_at: int = 0, outer: Names | None = None
) -> Iterator[_Mark]:
    """The marked fields of a message and of the messages in it.

    `outer`: the mark of the field that contains this message; it replaces every NAMES_APP in it.
    """
    for field in message.fields:
        names = _names(field)
        step, at = (*path, field.name), list_at or (len(path) + 1 if field.is_repeated else 0)
        if field.message_type is not None:
            if names is not None and names not in _APPS:
                raise ContractError(f"{field.full_name} is a message and is marked {names.name}: mark its field")
            if not _recurs(field, step):
                within = list(_marks(field.message_type, step, at, outer or names))
                if within and field.message_type.GetOptions().map_entry:
                    raise ContractError(f"{field.full_name} is a map with marked fields: they would not be checked")
                yield from within
            continue
        if names is None:
            if field.name in _REQUIRED_MARKS and field.type == FieldDescriptor.TYPE_STRING:
                needed = _REQUIRED_MARKS[field.name].name
                raise ContractError(f"{field.full_name} is not marked: give it (appprofile.v1.names) = NAMES_{needed}")
            continue
        yield _Mark(step, outer if outer is not None and names is Names.APP else names, field, at)


def _names(field: FieldDescriptor) -> Names | None:
    number = field.GetOptions().Extensions[access_pb2.names]
    return Names(number) if number else None


def _recurs(field: FieldDescriptor, path: tuple[str, ...]) -> bool:
    """Whether the message type contains itself (a filter within a filter): its fields were visited already."""
    return path.count(field.name) > 1
