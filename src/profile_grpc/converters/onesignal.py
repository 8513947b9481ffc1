"""OneSignal: its subscriptions (players) as CSV, from the API or from the dashboard.

Format: https://documentation.onesignal.com/reference/csv-export for the API; the dashboard's file has the properties
of https://documentation.onesignal.com/docs/en/subscriptions as the titles of its columns. Columns are found by name, in
either form, so their order and the extra fields that were asked for do not matter. OneSignal writes a row on each line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from profile_grpc.converters.outcomes import Options, Outcome, Reason, Refused
from profile_grpc.converters.reading import Entry, json_object, lines
from profile_grpc.converters.records import Draft, Keys, Refuse, Skip, outcome
from profile_grpc.converters.values import attribute_text, text
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider

_TITLES = {
    "subscription_id": "id",
    "player_id": "id",
    "push_token": "identifier",
    "token": "identifier",
    "external_id": "external_user_id",
    "device": "device_type",
    "channel": "device_type",
    "subscription_status": "notification_types",
    "sessions": "session_count",
    "usage_duration": "playtime",
    "last_session": "last_active",
    "first_session": "created_at",
    "app_version": "game_version",
    "language_code": "language",
    "time_zone_id": "timezone_id",
    "device_version": "device_os",
    "os_version": "device_os",
    "sdk_version": "sdk",
    "ip_address": "ip",
    "location_point": "location",
    "web_p256dh": "web_p256",
}
_REQUIRED = frozenset({"id", "identifier", "device_type"})
_IOS = (PushProvider.APNS, Platform.IOS)
_ANDROID = (PushProvider.FCM, Platform.ANDROID)
_HUAWEI = (PushProvider.HMS, Platform.ANDROID)
_BROWSER = (PushProvider.WEB_PUSH, Platform.WEB)
_SAFARI = (PushProvider.SAFARI, Platform.WEB)
_PUSH = {
    "0": _IOS, "ios": _IOS, "iospush": _IOS,
    "1": _ANDROID, "android": _ANDROID, "androidpush": _ANDROID,
    "13": _HUAWEI, "huawei": _HUAWEI, "huaweipush": _HUAWEI,
    "5": _BROWSER, "chromepush": _BROWSER, "chromewebpush": _BROWSER,
    "8": _BROWSER, "firefoxpush": _BROWSER, "firefoxwebpush": _BROWSER,
    "12": _BROWSER, "edgepush": _BROWSER, "edgewebpush": _BROWSER,
    "17": _BROWSER, "safaripush": _BROWSER, "safariwebpush": _BROWSER,
    "7": _SAFARI, "safarilegacypush": _SAFARI, "safari": _SAFARI,
}  # fmt: skip
_OTHER_CHANNELS = frozenset({"11", "14", "email", "sms"})
_OTHER_PROVIDERS = frozenset({
    "2", "3", "4", "6", "9", "10", "amazon", "fireos", "fireospush", "windowsphone", "windows", "windowspush",
    "chromeextension", "macos", "macospush", "alexa",
})  # fmt: skip
_SUBSCRIBED = "subscribed"
_DEVELOPMENT = "1"
_ATTRIBUTES = {
    "game_version": "app_version",
    "country": "country",
    "session_count": "session_count",
    "playtime": "playtime",
    "amount_spent": "amount_spent",
    "badge_count": "badge_count",
    "onesignal_id": "onesignal_id",
    "location": "location",
    "ip": "ip",
    "rooted": "rooted",
}


def convert(stream: BinaryIO, options: Options) -> Iterator[Outcome]:
    """See `Converter`."""
    columns: list[str] | None = None
    for entry in lines(stream):
        if isinstance(entry, Refused):
            yield entry
        elif columns is None:
            columns = _columns(entry)
            if not set(columns) >= _REQUIRED:
                columns = []
                yield Refused(entry.number, Reason.MALFORMED, f"is no header: needs {', '.join(sorted(_REQUIRED))}")
        else:
            yield _row(entry, columns, options)


def _columns(entry: Entry) -> list[str]:
    names = [re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_") for name in _cells(entry) or []]
    return [_TITLES.get(name, name) for name in names]


def _cells(entry: Entry) -> list[str] | None:
    try:
        return next(csv.reader([entry.content.decode()], strict=True))
    except (csv.Error, UnicodeDecodeError, StopIteration):
        return None


def _row(entry: Entry, columns: list[str], options: Options) -> Outcome:
    cells = _cells(entry)
    if not columns:
        return Refused(entry.number, Reason.MALFORMED, "the first line is no header")
    if cells is None or len(cells) != len(columns):
        return Refused(entry.number, Reason.MALFORMED, f"is not a row of CSV with {len(columns)} columns in UTF-8")
    row = {name: cell for name, cell in zip(columns, cells, strict=True) if cell.strip()}
    return outcome(entry.number, options, lambda draft: _fill(row, draft))


def _fill(row: Mapping[str, str], draft: Draft) -> None:
    kind = re.sub(r"[^a-z0-9]", "", row.get("device_type", "").lower())
    if kind in _OTHER_CHANNELS:
        raise Skip(Reason.OTHER_CHANNEL, "an e-mail address or a telephone number is no device")
    if kind in _OTHER_PROVIDERS:
        raise Skip(Reason.UNSUPPORTED_PROVIDER, "the service does not send to this device_type")
    if kind not in _PUSH:
        raise Refuse(Reason.MISSING_FIELD, "device_type must be one that OneSignal documents")
    _reachable(row)
    provider, platform = _PUSH[kind]
    keys = Keys(row.get("web_p256"), row.get("web_auth")) if provider is PushProvider.WEB_PUSH else None
    development = row.get("test_type", "").strip() == _DEVELOPMENT
    draft.user(row.get("external_user_id"))
    draft.device(row.get("id"))
    draft.platform(platform)
    draft.endpoint(
        provider,
        row.get("identifier"),
        keys=keys,
        environment=ApnsEnvironment.SANDBOX if development else ApnsEnvironment.UNSPECIFIED,
    )
    draft.created(row.get("created_at"))
    draft.registered(row.get("last_active"))
    draft.opened(row.get("last_active"))
    draft.text("language", row.get("language"))
    draft.text("timeZone", row.get("timezone_id"))
    draft.text("osVersion", row.get("device_os"))
    draft.text("deviceModel", row.get("device_model"))
    _attributes(row, draft)


def _reachable(row: Mapping[str, str]) -> None:
    """Who may get a message: `notification_types` above 0, or where that column is missing, a valid identifier.

    0 and below are the ways to be unsubscribed; -2 is that of the app's own switch.
    """
    if text(row.get("invalid_identifier")).lower() in {"t", "true", "1", "yes"}:
        raise Skip(
            Reason.INACTIVE, "invalid_identifier: the provider called the token invalid, or the user unsubscribed"
        )
    kinds = text(row.get("notification_types")).lower()
    if not kinds:
        if row.get("unsubscribed_at"):
            raise Skip(Reason.OPTED_OUT, "unsubscribed_at: the user unsubscribed")
        return
    try:
        subscribed = int(kinds) > 0
    except ValueError:
        subscribed = kinds == _SUBSCRIBED
    if not subscribed:
        raise Skip(Reason.OPTED_OUT, "notification_types: the user is not subscribed")


def _attributes(row: Mapping[str, str], draft: Draft) -> None:
    tags = row.get("tags", "").strip()
    parsed = json_object(tags.encode()) if tags else {}
    if parsed is None:
        draft.attribute("tags", tags)
    else:
        draft.attributes({name: attribute_text(value) for name, value in parsed.items()}, "tag_")
    for column, name in _ATTRIBUTES.items():
        if row.get(column) not in {"0", "0.0"}:
            draft.attribute(name, row.get(column))
