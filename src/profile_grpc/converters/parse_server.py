"""Parse: the class `_Installation`, as the dashboard or as mongoexport writes it.

Format: the fields in https://docs.parseplatform.org/rest/guide/#push-notifications; the dashboard's file is an object
with `results`; mongoexport (https://www.mongodb.com/docs/database-tools/mongoexport/) writes the stored document in
Extended JSON, on a line each or as an array. Stored documents name some fields otherwise: `_id`, `_created_at`,
`_p_user` with `_User$…`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from profile_grpc.converters.outcomes import Note, Options, Outcome, Reason
from profile_grpc.converters.reading import json_entries, json_object
from profile_grpc.converters.records import Draft, Keys, Refuse, Skip, objects
from profile_grpc.converters.values import mapping, sequence, text
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider

_PLATFORMS = {"ios": Platform.IOS, "android": Platform.ANDROID, "web": Platform.WEB}
_FCM = frozenset({"gcm", "fcm"})
_OTHER_PROVIDERS = frozenset({"ppns", "mpns", "wns", "winrt", "winphone", "dotnet", "embedded", "macos", "osx", "tvos"})
_OWN = frozenset({
    "objectid", "_id", "installationid", "devicetoken", "devicetype", "pushtype", "channels", "appidentifier",
    "timezone", "localeidentifier", "parseversion", "createdat", "updatedat", "_created_at", "_updated_at",
    "_devicetokenlastmodified", "devicetokenlastmodified", "badge", "gcmsenderid", "appversion", "appname", "osversion",
    "devicemodel",
})  # fmt: skip
_PERMISSIONS = frozenset({"acl", "_acl", "_rperm", "_wperm"})
_USER = "user"


def convert(stream: BinaryIO, options: Options) -> Iterator[Outcome]:
    """See `Converter`. `options.user_field`: the column with the user, `user` by default: a pointer or a text."""
    return objects(json_entries(stream, "results"), options, _installation)


def _installation(found: Mapping[str, object], draft: Draft) -> None:
    fields = {name: _plain(value) for name, value in found.items()}
    device_type = text(fields.get("deviceType")).lower()
    push_type = text(fields.get("pushType")).lower()
    if device_type in _OTHER_PROVIDERS or push_type in _OTHER_PROVIDERS:
        raise Skip(Reason.UNSUPPORTED_PROVIDER, "the service does not send to this deviceType or pushType")
    if device_type not in _PLATFORMS:
        raise Refuse(Reason.MISSING_FIELD, "deviceType must be ios, android or web")
    draft.device(fields.get("installationId") or fields.get("objectId") or fields.get("_id"))
    draft.platform(_PLATFORMS[device_type])
    _endpoint(fields, push_type or device_type, draft)
    user = draft.options.user_field or _USER
    draft.user(_user(fields.get(user) or fields.get(f"_p_{user}")))
    draft.created(fields.get("createdAt") or fields.get("_created_at"))
    draft.registered(fields.get("updatedAt") or fields.get("_updated_at"))
    draft.text("language", text(fields.get("localeIdentifier")).replace("_", "-"))
    draft.text("timeZone", fields.get("timeZone"))
    draft.text("osVersion", fields.get("osVersion"))
    draft.text("deviceModel", fields.get("deviceModel"))
    draft.attribute("app_version", fields.get("appVersion"))
    draft.tags(sequence(fields.get("channels")), "channel_")
    _others(fields, {user, f"_p_{user}"}, draft)


def _endpoint(fields: Mapping[str, object], kind: str, draft: Draft) -> None:
    token, label = fields.get("deviceToken"), fields.get("appIdentifier")
    if kind in _FCM or kind == "android":
        draft.endpoint(PushProvider.FCM, token, push_app_id=label)
    elif kind in {"ios", "apns"}:
        draft.endpoint(PushProvider.APNS, token, push_app_id=label)
    elif kind == "web":
        subscription = mapping(token) or json_object(text(token).encode()) or {"endpoint": token}
        keys = mapping(subscription.get("keys"))
        draft.endpoint(
            PushProvider.WEB_PUSH,
            subscription.get("endpoint"),
            push_app_id=label,
            keys=Keys(keys.get("p256dh"), keys.get("auth")),
        )
    else:
        raise Refuse(Reason.MISSING_FIELD, "pushType must be one that Parse documents")


def _user(value: object) -> str:
    """The object id of a pointer, in either form, or the text."""
    if isinstance(value, dict):
        return text(value.get("objectId"))
    return text(value).removeprefix("_User$")


def _others(fields: Mapping[str, object], user: set[str], draft: Draft) -> None:
    """The columns that the app has added."""
    for name, value in fields.items():
        if name.lower() in _PERMISSIONS:
            draft.note(Note.PERMISSIONS_LEFT_OUT)
        elif name.lower() not in _OWN and name not in user and not name.startswith("__"):
            draft.attributes({name: value})


def _plain(value: object) -> object:
    """The value of MongoDB's Extended JSON, and of Parse's own dates."""
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, inner)] = value.items()
        if name in {"$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$oid"}:
            return _plain(inner)
    return value.get("iso") if value.get("__type") == "Date" else value
