"""Django: `manage.py dumpdata` of fcm-django and django-push-notifications, as JSON or as JSON Lines.

Format: https://docs.djangoproject.com/en/stable/topics/serialization/; the fields are those of the models in
https://github.com/xtrinch/fcm-django/blob/master/fcm_django/models.py and
https://github.com/jazzband/django-push-notifications/blob/master/push_notifications/models.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, TypeAlias

from profile_grpc.converters.outcomes import Options, Outcome, Reason
from profile_grpc.converters.reading import json_entries
from profile_grpc.converters.records import Draft, Keys, Refuse, Skip, objects
from profile_grpc.converters.values import mapping, text
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider

Fields: TypeAlias = Mapping[str, object]
_ANDROID_ID = "016x"


def convert(stream: BinaryIO, options: Options) -> Iterator[Outcome]:
    """See `Converter`."""
    return objects(json_entries(stream, ""), options, _object)


def _object(found: Mapping[str, object], draft: Draft) -> None:
    model = text(found.get("model")).lower()
    if not model:
        raise Refuse(Reason.MISSING_FIELD, "is not an object of dumpdata: it names no model")
    name = model.rpartition(".")[2]
    if name == "wnsdevice":
        raise Skip(Reason.UNSUPPORTED_PROVIDER, "the service does not send by WNS")
    if name not in _MODELS:
        raise Skip(Reason.OTHER_OBJECT, "is not a device of fcm-django or django-push-notifications")
    fields = mapping(found.get("fields"))
    if fields.get("active") is False:
        raise Skip(Reason.INACTIVE, "active is false: the provider called the token invalid, or it was switched off")
    if fields.get("active") is not True:
        raise Refuse(Reason.MISSING_FIELD, "active must be true or false")
    draft.user(_user(fields.get("user")))
    _MODELS[name](fields, draft)
    draft.created(fields.get("date_created"))
    draft.registered(fields.get("token_updated_at") or fields.get("date_created"))
    draft.attribute("name", fields.get("name"))
    draft.attribute("application_id", fields.get("application_id"))


def _user(value: object) -> str:
    """The user's key; with --natural-foreign a list of its parts."""
    if not isinstance(value, list):
        return text(value)
    if len(value) != 1:
        raise Refuse(Reason.INVALID_ID, "the user's natural key has several parts: dump without --natural-foreign")
    return text(value[0])


def _fcm(fields: Fields, draft: Draft) -> None:
    platform = {"ios": Platform.IOS, "android": Platform.ANDROID, "web": Platform.WEB}.get(
        text(fields.get("type")).lower()
    )
    if platform is None:
        raise Refuse(Reason.MISSING_FIELD, "type must be ios, android or web")
    draft.device(fields.get("device_id"))
    draft.platform(platform)
    draft.endpoint(PushProvider.FCM, fields.get("registration_id"))


def _gcm(fields: Fields, draft: Draft) -> None:
    """Tokens of GCM go on working under FCM. The device id is the ANDROID_ID, which is stored as a number."""
    draft.device(_android_id(fields.get("device_id")))
    draft.platform(Platform.ANDROID)
    draft.endpoint(PushProvider.FCM, fields.get("registration_id"))


def _android_id(value: object) -> str:
    """As Android gives it: 16 hexadecimal digits."""
    bare = text(value)
    try:
        number = int(bare, 16 if bare.lower().startswith("0x") else 10)
    except ValueError:
        return bare
    return format(number % 2**64, _ANDROID_ID) if isinstance(value, int) or bare.lower().startswith("0x") else bare


def _apns(fields: Fields, draft: Draft) -> None:
    draft.device(fields.get("device_id"))
    draft.platform(Platform.IOS)
    draft.endpoint(PushProvider.APNS, fields.get("registration_id"))


def _web_push(fields: Fields, draft: Draft) -> None:
    draft.platform(Platform.WEB)
    draft.endpoint(
        PushProvider.WEB_PUSH,
        fields.get("registration_id"),
        keys=Keys(fields.get("p256dh"), fields.get("auth")),
    )
    draft.attribute("browser", fields.get("browser"))


_MODELS: Mapping[str, Callable[[Fields, Draft], None]] = {
    "fcmdevice": _fcm,
    "gcmdevice": _gcm,
    "apnsdevice": _apns,
    "webpushdevice": _web_push,
}
