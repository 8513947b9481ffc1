"""Apps, their settings and their keys: messages to domain and back, and the mask of UpdateApp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from appprofile.v1 import access_pb2, app_pb2, jwt_pb2
from appprofile.v1 import app_service_pb2 as pb
from profile_grpc.domain.settings import App, AppSettings, InAppTransport
from profile_grpc.service.credentials import NewKey
from profile_grpc.service.directory_ports import KeyKind, StoredKey
from profile_grpc.transport.grpc.shape import refuse_paths
from profile_grpc.transport.grpc.times import to_instant, to_timedelta, write_date, write_duration, write_instant

_OTHER = {InAppTransport.MQTT: InAppTransport.WEB_SOCKET, InAppTransport.WEB_SOCKET: InAppTransport.MQTT}


def _group(field: FieldDescriptor) -> Descriptor | None:
    """The message of a field, if a mask may name its fields one by one. Times and durations are values."""
    message = field.message_type
    if message is None or field.is_repeated or message.file.package != _PACKAGE:
        return None
    return message


def _field_paths(message: Descriptor, prefix: str) -> Iterator[str]:
    for field in message.fields:
        yield prefix + field.name
        if (group := _group(field)) is not None:
            yield from _field_paths(group, f"{prefix}{field.name}.")


_PACKAGE = app_pb2.DESCRIPTOR.package
_GROUPS = [field.name for field in app_pb2.AppSettings.DESCRIPTOR.fields if _group(field)]
_READ_ONLY = frozenset({"app_id", "tenant_id", "create_time", "update_time", "etag"})
_WRITABLE = frozenset(_field_paths(app_pb2.App.DESCRIPTOR, "")) - _READ_ONLY


def settings(message: app_pb2.AppSettings) -> AppSettings:
    """The settings of a message that has the contract's shape. Absent settings take their defaults.

    Raises:
        Refused: INVALID_REQUEST: a duration is out of range.
    """
    given = _given(message, "app.settings")
    in_app = given.get("in_app", {})
    if "primary_transport" in in_app:
        in_app.setdefault("secondary_transport", _OTHER[in_app["primary_transport"]])
    return msgspec.convert(given, AppSettings)


def _given(message: Message, path: str) -> dict[str, Any]:
    """What is set in the message, by the names of its fields, which the domain's records share."""
    given: dict[str, Any] = {}
    for field, value in message.ListFields():
        inner = f"{path}.{field.name}"
        if isinstance(value, Duration):
            given[field.name] = to_timedelta(value, inner)
        elif field.message_type is None:
            given[field.name] = list(value) if field.is_repeated else value
        elif field.is_repeated:
            given[field.name] = [_given(one, f"{inner}[{index}]") for index, one in enumerate(value)]
        else:
            given[field.name] = _given(value, inner)
    return given


def updated(request: pb.UpdateAppRequest, before: App) -> tuple[str, AppSettings]:
    """The display name and the settings after the update.

    Raises:
        Refused: UNKNOWN_FIELD: the mask names an unknown or read-only field; INVALID_REQUEST, as `settings`.
    """
    paths = list(request.update_mask.paths) or list(_populated(request.app, ""))
    refuse_paths(set(paths) - _WRITABLE, _READ_ONLY, "an app")
    given, merged = app_pb2.App(), app(before)
    given.CopyFrom(request.app)
    for group in _GROUPS:  # the library ignores absent groups, even if the mask removes them
        getattr(given.settings, group).SetInParent()
    FieldMask(paths=paths).MergeMessage(given, merged, True, True)  # noqa: FBT003 - replace, never append
    return merged.display_name, settings(merged.settings)


def requires_jwt(request: pb.UpdateAppRequest) -> bool:
    """Whether the request sets the JWT mode to REQUIRE (J7)."""
    paths = list(request.update_mask.paths)
    named = not paths or any(path in {"settings", "settings.jwt", "settings.jwt.mode"} for path in paths)
    return named and request.app.settings.jwt.mode == jwt_pb2.JWT_MODE_REQUIRE


def _populated(message: Message, prefix: str) -> Iterator[str]:
    """The writable fields that are set, those of the groups one by one."""
    for field, value in message.ListFields():
        path = prefix + field.name
        if _group(field) is not None:
            yield from _populated(value, f"{path}.")
        elif path in _WRITABLE:
            yield path


def app(stored: App) -> app_pb2.App:
    """The app with every setting in force."""
    message = app_pb2.App(
        app_id=stored.app_id, tenant_id=stored.tenant_id, display_name=stored.display_name, etag=stored.etag
    )
    write(message.settings, stored.settings)
    write_instant(message.create_time, stored.create_time)
    write_instant(message.update_time, stored.update_time)
    return message


def list_apps(page: tuple[Sequence[App], str]) -> pb.ListAppsResponse:
    apps, token = page
    return pb.ListAppsResponse(apps=[app(stored) for stored in apps], next_page_token=token)


def key(stored: StoredKey) -> app_pb2.Key:
    message = app_pb2.Key(key_id=stored.key_id, kind=access_pb2.KeyKind.ValueType(stored.kind), app_id=stored.app_id)
    message.label = stored.label
    write_instant(message.create_time, stored.create_time)
    write_instant(message.revoke_time, stored.revoke_time)
    write_instant(message.expire_time, stored.expire_time)
    write_date(message.last_used_day, stored.last_used_day)
    return message


def new_key(request: pb.CreateKeyRequest, tenant_id: str) -> NewKey:
    return NewKey(
        kind=KeyKind(request.kind),
        tenant_id=tenant_id,
        app_id=request.app_id,
        label=request.label,
        expire_time=to_instant(request.expire_time, "expire_time") if request.HasField("expire_time") else None,
    )


@cache
def _fields(message: Descriptor) -> Sequence[tuple[str, Descriptor | None, bool]]:
    """The name of each field, its message, and whether it is repeated. To ask the library each time takes as long as
    the rest of the conversion.
    """
    return [(field.name, field.message_type, field.is_repeated) for field in message.fields]


def write(target: Message, chosen: object) -> None:
    """Sets every field of the message to the member of the record that has its name."""
    for name, message, is_repeated in _fields(target.DESCRIPTOR):
        value = getattr(chosen, name)
        if message is Duration.DESCRIPTOR:
            write_duration(getattr(target, name), value)
        elif message is None and is_repeated:
            getattr(target, name).extend(sorted(value) if isinstance(value, frozenset) else value)
        elif message is None:
            setattr(target, name, value)
        elif is_repeated:
            for one in value:
                write(getattr(target, name).add(), one)
        else:
            write(getattr(target, name), value)
