"""Azure Notification Hubs: the registrations that an export job writes, one XML element on each line.

Format: the job in https://learn.microsoft.com/azure/notification-hubs/export-modify-registrations-bulk, the elements in
https://learn.microsoft.com/rest/api/notificationhubs/create-registration and
https://learn.microsoft.com/azure/notification-hubs/browser-push. An installation is exported as the registrations that
belong to it, with its ids in tags: `$InstallationId:{…}` and `$UserId:{…}`
(https://learn.microsoft.com/azure/notification-hubs/notification-hubs-push-notification-registration-management).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from profile_grpc.converters.outcomes import Note, Options, Outcome, Reason, Refused
from profile_grpc.converters.reading import Entry, lines
from profile_grpc.converters.records import Draft, Keys, Refuse, Skip, outcome
from profile_grpc.converters.values import moment
from profile_grpc.converters.xml_fields import Element, find
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider

_SUFFIX = "RegistrationDescription"
_PROLOG = re.compile(rb"\A\s*<\?xml[^>]*\?>")
_PUSH = {
    "Gcm": (PushProvider.FCM, Platform.ANDROID, "GcmRegistrationId"),
    "Fcm": (PushProvider.FCM, Platform.ANDROID, "FcmRegistrationId"),
    "FcmV1": (PushProvider.FCM, Platform.ANDROID, "FcmV1RegistrationId"),
    "Apple": (PushProvider.APNS, Platform.IOS, "DeviceToken"),
    "Browser": (PushProvider.WEB_PUSH, Platform.WEB, "Endpoint"),
}
_OTHER_PROVIDERS = frozenset({"Windows", "Mpns", "Adm", "Baidu", "Xiaomi"})
_SYSTEM_TAG = re.compile(r"\$(?P<name>InstallationId|UserId):\{?(?P<value>.*?)\}?\Z", re.IGNORECASE)


def convert(stream: BinaryIO, options: Options) -> Iterator[Outcome]:
    """See `Converter`. `options.user_field`: the beginning of the tag that holds the user id, as `user:`."""
    for entry in lines(stream):
        if isinstance(entry, Refused):
            yield entry
        else:
            yield _registration(entry, options)


def _registration(entry: Entry, options: Options) -> Outcome:
    # A line is a text of its own: the encoding that its prolog names was that of a string in memory.
    found = find(_PROLOG.sub(b"", entry.content), _SUFFIX)
    if found is None:
        return Refused(entry.number, Reason.MALFORMED, "is not the XML of a registration")
    return outcome(entry.number, options, lambda draft: _fill(found, draft))


def _fill(found: Element, draft: Draft) -> None:
    kind = found.name.removesuffix(_SUFFIX)
    native = kind.removesuffix("Template")
    if native in _OTHER_PROVIDERS:
        raise Skip(Reason.UNSUPPORTED_PROVIDER, f"the service does not send by {native}")
    if native not in _PUSH:
        raise Refuse(Reason.MALFORMED, "is not a kind of registration that Notification Hubs documents")
    fields = found.fields
    expires = moment(fields.get("ExpirationTime"))
    if expires is not None and expires <= draft.options.now:
        raise Skip(Reason.INACTIVE, "ExpirationTime has passed")
    provider, platform, token = _PUSH[native]
    keys = Keys(fields.get("P256DH"), fields.get("Auth")) if native == "Browser" else None
    draft.platform(platform)
    draft.endpoint(provider, fields.get(token), keys=keys)
    if kind != native:
        draft.note(Note.TEMPLATE_LEFT_OUT)
    _tags(fields, draft)


def _tags(fields: Mapping[str, str], draft: Draft) -> None:
    own = draft.options.user_field
    for tag in filter(None, (part.strip() for part in fields.get("Tags", "").split(","))):
        system = _SYSTEM_TAG.match(tag)
        if system is None and own and tag.startswith(own):
            draft.user(tag.removeprefix(own))
        elif system is None:
            draft.tags([tag])
        elif system["name"].lower() == "userid":
            draft.user(system["value"])
        else:
            draft.device(system["value"])
