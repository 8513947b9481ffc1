"""Apps, their settings and their keys: messages to domain and back, and the mask of UpdateApp."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from appprofile.v1 import access_pb2, app_pb2, jwt_pb2, profile_pb2
from appprofile.v1 import app_service_pb2 as pb
from profile_grpc.domain.profile import Channel, Platform
from profile_grpc.domain.settings import (
    AccountRemovalAction,
    App,
    AppSettings,
    Breaker,
    BridgeParameters,
    DeviceAttributeMonitor,
    FeedbackBreaker,
    InAppSettings,
    InAppTransport,
    MonitorKind,
    PushApp,
    ReaperBreaker,
    WebPushSettings,
)
from profile_grpc.service.credentials import KeyOrder
from profile_grpc.service.directory_ports import KeyKind, StoredKey
from profile_grpc.transport.grpc import endpoints, jwt
from profile_grpc.transport.grpc.masks import refuse_paths
from profile_grpc.transport.grpc.times import to_instant, to_timedelta, write_date, write_duration, write_instant

BreakerT = TypeVar("BreakerT", bound=Breaker)

_FIELDS = app_pb2.AppSettings.DESCRIPTOR.fields
_PERIODS = tuple(field.name for field in _FIELDS if field.message_type is Duration.DESCRIPTOR)
_FLAGS = tuple(field.name for field in _FIELDS if field.type == FieldDescriptor.TYPE_BOOL)
_OTHER = {InAppTransport.MQTT: InAppTransport.WEB_SOCKET, InAppTransport.WEB_SOCKET: InAppTransport.MQTT}
_GROUPS = (
    app_pb2.AppSettings.DESCRIPTOR,
    app_pb2.ReaperBreaker.DESCRIPTOR,
    app_pb2.InAppSettings.DESCRIPTOR,
    app_pb2.BridgeParameters.DESCRIPTOR,
    jwt_pb2.JwtSettings.DESCRIPTOR,
    app_pb2.WebPushSettings.DESCRIPTOR,
)
"""The messages whose fields a mask may name one by one."""


def _field_paths(message: Descriptor, prefix: str) -> Iterator[str]:
    for field in message.fields:
        yield prefix + field.name
        if field.message_type in _GROUPS and not field.is_repeated:
            yield from _field_paths(field.message_type, f"{prefix}{field.name}.")


_GROUPS_OF_SETTINGS = [f.name for f in app_pb2.AppSettings.DESCRIPTOR.fields if f.message_type in _GROUPS]
_READ_ONLY = frozenset({"app_id", "tenant_id", "create_time", "update_time", "etag"})
_WRITABLE = frozenset(_field_paths(app_pb2.App.DESCRIPTOR, "")) - _READ_ONLY


def settings(message: app_pb2.AppSettings) -> AppSettings:
    """The settings. Absent settings take their defaults.

    Raises:
        Refused: INVALID_REQUEST: a duration is out of range.
    """
    given: dict[str, Any] = {
        name: to_timedelta(getattr(message, name), f"app.settings.{name}")
        for name in _PERIODS
        if message.HasField(name)  # type: ignore[arg-type]  # names of its own fields
    }
    given |= {name: getattr(message, name) for name in _FLAGS if message.HasField(name)}  # type: ignore[arg-type]  # as above
    if message.channels:
        given["channels"] = frozenset(Channel(channel) for channel in message.channels)
    if message.account_removal_action:
        given["account_removal_action"] = AccountRemovalAction(message.account_removal_action)
    return AppSettings(
        push_app_ids=tuple(_push_app(push_app) for push_app in message.push_app_ids),
        reaper_breaker=_breaker(message.reaper_breaker, ReaperBreaker()),
        feedback_breaker=_breaker(message.feedback_breaker, FeedbackBreaker()),
        in_app=_in_app(message.in_app),
        device_attribute_monitors=tuple(_monitor(monitor) for monitor in message.device_attribute_monitors),
        bridge_parameters=_bridge_parameters(message.bridge_parameters),
        jwt=jwt.settings(message.jwt),
        web_push=WebPushSettings(**{field.name: text for field, text in message.web_push.ListFields()}),
        **given,
    )


def updated(request: pb.UpdateAppRequest, before: App) -> tuple[str, AppSettings]:
    """The display name and the settings after the update.

    Raises:
        Refused: UNKNOWN_FIELD: the mask names an unknown or read-only field; INVALID_REQUEST, as `settings`.
    """
    paths = list(request.update_mask.paths) or list(_populated(request.app, ""))
    refuse_paths(set(paths) - _WRITABLE, _READ_ONLY, "an app")
    given, merged = app_pb2.App(), app(before)
    given.CopyFrom(request.app)
    for group in _GROUPS_OF_SETTINGS:  # the library ignores absent groups, even if the mask removes them
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
        if field.message_type in _GROUPS and not field.is_repeated:
            yield from _populated(value, f"{path}.")
        elif path in _WRITABLE:
            yield path


def app(stored: App) -> app_pb2.App:
    """The app with every setting in force."""
    message = app_pb2.App(
        app_id=stored.app_id, tenant_id=stored.tenant_id, display_name=stored.display_name, etag=stored.etag
    )
    _write_settings(message.settings, stored.settings)
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


def key_order(request: pb.CreateKeyRequest, tenant_id: str) -> KeyOrder:
    return KeyOrder(
        kind=KeyKind(request.kind),
        tenant_id=tenant_id,
        app_id=request.app_id,
        label=request.label,
        expire_time=to_instant(request.expire_time, "expire_time") if request.HasField("expire_time") else None,
    )


def _write_settings(target: app_pb2.AppSettings, chosen: AppSettings) -> None:
    for name in _PERIODS:
        write_duration(getattr(target, name), getattr(chosen, name))
    for name in _FLAGS:
        setattr(target, name, getattr(chosen, name))
    target.channels.extend([profile_pb2.Channel.ValueType(channel) for channel in sorted(chosen.channels)])
    target.account_removal_action = profile_pb2.AccountRemovalAction.ValueType(chosen.account_removal_action)
    target.push_app_ids.extend(push_apps(chosen.push_app_ids))
    for name in ("reaper_breaker", "feedback_breaker"):
        breaker = getattr(chosen, name)
        getattr(target, name).percent = breaker.percent
        getattr(target, name).minimum = breaker.minimum
    target.in_app.primary_transport = app_pb2.InAppTransport.ValueType(chosen.in_app.primary_transport)
    target.in_app.secondary_transport = app_pb2.InAppTransport.ValueType(chosen.in_app.secondary_transport)
    target.in_app.use_secured_port = chosen.in_app.use_secured_port
    target.in_app.payload_encryption = chosen.in_app.payload_encryption
    target.device_attribute_monitors.extend(monitors(chosen.device_attribute_monitors))
    for field in fields(WebPushSettings):
        setattr(target.web_push, field.name, getattr(chosen.web_push, field.name))
    jwt.write_settings(target.jwt, chosen.jwt)
    for field in fields(BridgeParameters):
        getattr(target.bridge_parameters, field.name).extend(getattr(chosen.bridge_parameters, field.name))


def _push_app(message: app_pb2.PushApp) -> PushApp:
    return PushApp(
        message.push_app_id,
        endpoints.PROVIDERS[message.provider],
        Platform(message.platform),
        endpoints.PURPOSES[message.purpose],
        endpoints.ENVIRONMENTS[message.apns_environment],
    )


def push_apps(stored: Iterable[PushApp]) -> Iterator[app_pb2.PushApp]:
    """The app's push app ids."""
    for push_app in stored:
        yield app_pb2.PushApp(
            push_app_id=push_app.push_app_id,
            provider=profile_pb2.PushProvider.ValueType(push_app.provider),
            platform=profile_pb2.Platform.ValueType(push_app.platform),
            purpose=profile_pb2.PushPurpose.ValueType(push_app.purpose),
            apns_environment=profile_pb2.ApnsEnvironment.ValueType(push_app.apns_environment),
        )


def _breaker(message: app_pb2.ReaperBreaker | app_pb2.FeedbackBreaker, default: BreakerT) -> BreakerT:
    return replace(
        default,
        percent=message.percent if message.HasField("percent") else default.percent,
        minimum=message.minimum if message.HasField("minimum") else default.minimum,
    )


def _in_app(message: app_pb2.InAppSettings) -> InAppSettings:
    default = InAppSettings()
    primary = InAppTransport(message.primary_transport or default.primary_transport)
    return InAppSettings(
        primary_transport=primary,
        secondary_transport=InAppTransport(message.secondary_transport or _OTHER[primary]),
        use_secured_port=message.use_secured_port if message.HasField("use_secured_port") else default.use_secured_port,
        payload_encryption=message.payload_encryption,
    )


def _bridge_parameters(message: app_pb2.BridgeParameters) -> BridgeParameters:
    """Lists that are given replace the default names; the names are the same on both sides."""
    return BridgeParameters(**{field.name: tuple(names) for field, names in message.ListFields()})


def _monitor(message: app_pb2.DeviceAttributeMonitor) -> DeviceAttributeMonitor:
    interval = message.interval
    return DeviceAttributeMonitor(
        Platform(message.platform),
        message.attribute,
        MonitorKind(message.kind),
        to_timedelta(interval, "app.settings.device_attribute_monitors") if message.HasField("interval") else None,
    )


def monitors(stored: Iterable[DeviceAttributeMonitor]) -> Iterator[app_pb2.DeviceAttributeMonitor]:
    """The device attributes that the app monitors."""
    for monitor in stored:
        message = app_pb2.DeviceAttributeMonitor(
            platform=profile_pb2.Platform.ValueType(monitor.platform),
            attribute=monitor.attribute,
            kind=app_pb2.MonitorKind.ValueType(monitor.kind),
        )
        write_duration(message.interval, monitor.interval)
        yield message
