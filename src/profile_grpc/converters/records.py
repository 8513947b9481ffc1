"""A record in the making: ids, tokens, attributes and times within the limits of the contract."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from profile_grpc.converters.outcomes import Converted, Note, Options, Outcome, Reason, Refused, Skipped
from profile_grpc.converters.reading import Read, json_object
from profile_grpc.converters.values import (
    attribute_text,
    fits,
    has_control,
    moment,
    rfc3339,
    text,
    usable,
)
from profile_grpc.domain.errors import Refused as DomainRefused
from profile_grpc.domain.patching import MAX_CUSTOM_ATTRIBUTES
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import (
    ApnsEnvironment,
    PushProvider,
    PushPurpose,
    is_p256_point,
    is_web_push_url,
)
from profile_grpc.domain.tokens import base64_bytes, is_no_id, normalise

MAX_ID_BYTES = 256
MAX_TOKEN_BYTES = 4096
MAX_NAME_BYTES = 64
MAX_VALUE_BYTES = 1024
_TEXTS = {"language": 64, "timeZone": 64, "osVersion": 64, "sdkVersion": 64, "deviceModel": 128}
_AUTH_BYTES = 16
_WITH_ENVIRONMENT = (PushProvider.APNS, PushProvider.APNS_VOIP)


class Keys(NamedTuple):
    """The keys of a browser's subscription, in base64 of either alphabet."""

    p256dh: object
    auth: object


class Skip(Exception):  # noqa: N818 - an outcome
    """Ends the conversion of an entry that is sound but must not become a profile."""

    def __init__(self, reason: Reason, description: str) -> None:
        super().__init__(description)
        self.reason = reason
        self.description = description


class Refuse(Skip):
    """Ends the conversion of a broken entry."""


class Draft:
    """Collects what an entry says of a profile. Values of any type are taken, as the file has them."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._user = self._device = ""
        self._profile: dict[str, object] = {}
        self._endpoints: list[dict[str, object]] = []
        self._attributes: dict[str, str] = {}
        self._times: dict[str, datetime] = {}
        self._derived = ""
        self._notes: dict[Note, None] = {}

    def note(self, note: Note) -> None:
        self._notes[note] = None

    def user(self, value: object) -> None:
        """The user id. Absent, empty or a placeholder: none."""
        self._user = self._id(value, "user") or self._user

    def device(self, value: object) -> None:
        """The device id. Absent, empty or a placeholder: none."""
        self._device = self._id(value, "device") or self._device

    def _id(self, value: object, what: str) -> str:
        bare = text(value)
        if not bare:
            return ""
        if is_no_id(bare):
            self.note(Note.PLACEHOLDER_ID)
            return ""
        if len(bare.encode()) > MAX_ID_BYTES or has_control(bare):
            raise Refuse(
                Reason.INVALID_ID, f"the {what} id must have up to {MAX_ID_BYTES} bytes and no control characters"
            )
        return bare

    def platform(self, platform: Platform) -> None:
        if platform:
            self._profile["platform"] = f"PLATFORM_{platform.name}"

    def endpoint(
        self,
        provider: PushProvider,
        token: object,
        *,
        push_app_id: object = None,
        environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED,
        keys: Keys | None = None,
    ) -> None:
        """The push endpoint, its token normalised (Terms: normalisation). VoIP tokens are for incoming calls.

        Raises:
            Skip: NO_TOKEN.
            Refuse: INVALID_TOKEN, PLACEHOLDER_TOKEN, NO_VAPID_KEY.
        """
        bare = _token(provider, token)
        purpose = PushPurpose.INCOMING_CALL if provider is PushProvider.APNS_VOIP else PushPurpose.DEFAULT
        made: dict[str, object] = {"provider": f"PUSH_PROVIDER_{provider.name}", "token": bare}
        made["purpose"] = f"PUSH_PURPOSE_{purpose.name}"
        label = text(push_app_id) or ("" if purpose is PushPurpose.INCOMING_CALL else self.options.push_app_id)
        if label and self._fits(label, MAX_ID_BYTES):
            made["pushAppId"] = label
        environment = environment or self.options.apns_environment
        if provider in _WITH_ENVIRONMENT and environment:
            made["apnsEnvironment"] = f"APNS_ENVIRONMENT_{environment.name}"
        if provider is PushProvider.WEB_PUSH:
            self._subscription(made, bare, keys)
        self._endpoints.append(made)
        self._derived = derived_device(provider, bare)

    def _subscription(self, endpoint: dict[str, object], url: str, keys: Keys | None) -> None:
        """R10. A subscription is worth nothing without the VAPID key that the browser subscribed with."""
        if not is_web_push_url(url):
            raise Refuse(Reason.INVALID_TOKEN, "the endpoint of a browser's subscription must be an https URL")
        if not self.options.vapid_key_id:
            raise Refuse(Reason.NO_VAPID_KEY, "name the app's VAPID key with which the browsers subscribed")
        if keys is None or not (text(keys.p256dh) and text(keys.auth)):
            self.note(Note.WEB_PUSH_WITHOUT_KEYS)
            return
        p256dh, auth = base64_bytes(text(keys.p256dh)), base64_bytes(text(keys.auth))
        if not is_p256_point(p256dh) or len(auth) != _AUTH_BYTES:
            raise Refuse(Reason.INVALID_TOKEN, "the subscription's keys must be a point on P-256 and 16 bytes")
        endpoint["webPush"] = {
            "p256dh": base64.b64encode(p256dh).decode(),
            "auth": base64.b64encode(auth).decode(),
            "vapidKeyId": self.options.vapid_key_id,
        }

    def text(self, field: str, value: object) -> None:
        """A text field of the profile, by its JSON name."""
        bare = text(value)
        if bare and self._fits(bare, _TEXTS[field]):
            self._profile[field] = bare

    def attribute(self, name: str, value: object) -> None:
        """A custom attribute (U5): a scalar as its text, anything else as JSON. An absent or empty value: none."""
        bare = attribute_text(value)
        if not bare:
            return
        full = name not in self._attributes and len(self._attributes) == MAX_CUSTOM_ATTRIBUTES
        if full or not name or not fits(name, MAX_NAME_BYTES) or len(bare.encode()) > MAX_VALUE_BYTES or "\0" in bare:
            self.note(Note.ATTRIBUTE_LEFT_OUT)
        else:
            self._attributes[name] = bare

    def attributes(self, values: object, prefix: str = "") -> None:
        """Each entry of a JSON object as a custom attribute. A list of one value counts as that value."""
        if not isinstance(values, dict):
            self.attribute(prefix.rstrip("_"), values)
            return
        for name, value in values.items():
            alone = value[0] if isinstance(value, list) and len(value) == 1 else value
            self.attribute(prefix + usable(name), alone)

    def tags(self, values: Iterable[object], prefix: str = "tag_") -> None:
        """Each tag as a custom attribute of its own, `true`: a filter then finds it by its name."""
        for value in values:
            bare = text(value)
            if bare:
                self.attribute(prefix + bare, "true")

    def opened(self, value: object) -> None:
        """When the user last opened the app."""
        if (moment := self._moment(value)) is not None:
            self._profile["lastOpenedTime"] = rfc3339(moment)

    def created(self, value: object) -> None:
        self._time("createTime", value)

    def registered(self, value: object) -> None:
        """When the source last heard of the token: it decides who wins where rules need an order (I1)."""
        self._time("registerTime", value)

    def _time(self, name: str, value: object) -> None:
        if (moment := self._moment(value)) is not None:
            self._times[name] = moment

    def _moment(self, value: object) -> datetime | None:
        found = moment(value)
        if found is None and text(value):
            self.note(Note.FIELD_LEFT_OUT)
        return found

    def _fits(self, value: str, limit: int) -> bool:
        if fits(value, limit):
            return True
        self.note(Note.FIELD_LEFT_OUT)
        return False

    def record(self) -> Mapping[str, object]:
        """The record. Without a device id it is derived from the token; without a user id the device's takes its place.

        Raises:
            Refuse: MISSING_FIELD: there is neither an endpoint nor a device.
        """
        if not self._device:
            if not self._derived:
                raise Refuse(Reason.MISSING_FIELD, "names no device and no token")
            self._device = self._derived
            self.note(Note.DERIVED_DEVICE_ID)
        if not self._user:
            self._user = self._device
            self._profile["guest"] = True
            self.note(Note.ANONYMOUS)
        key = {"appId": self.options.app_id, "userId": self._user, "deviceId": self._device}
        profile: dict[str, object] = {"key": key, **self._profile}
        if self._endpoints:
            profile["pushEndpoints"] = self._endpoints
        if self._attributes:
            profile["customAttributes"] = self._attributes
        created, registered = self._times.get("createTime"), self._times.get("registerTime")
        if created and registered and registered < created:
            registered = self._times["registerTime"] = created
        return {"profile": profile} | {name: rfc3339(value) for name, value in self._times.items()}

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(self._notes)


def outcome(number: int, options: Options, fill: Callable[[Draft], None]) -> Outcome:
    """What becomes of one entry."""
    draft = Draft(options)
    try:
        fill(draft)
        return Converted(number, draft.record(), draft.notes)
    except Refuse as left:
        return Refused(number, left.reason, left.description)
    except Skip as left:
        return Skipped(number, left.reason, left.description)


def objects(
    entries: Iterable[Read], options: Options, fill: Callable[[Mapping[str, object], Draft], None]
) -> Iterator[Outcome]:
    """What becomes of each JSON object."""
    for entry in entries:
        if isinstance(entry, Refused):
            yield entry
            continue
        found = json_object(entry.content)
        if found is None:
            yield Refused(entry.number, Reason.MALFORMED, "is not a JSON object in UTF-8")
        else:
            yield outcome(entry.number, options, lambda draft, found=found: fill(found, draft))  # type: ignore[misc]


def derived_device(provider: PushProvider, token: str) -> str:
    """A device id that follows from the token, the same in every export, and does not reveal it.

    A plain hash: a push token is random and long, so that nobody finds it by trying. docs/adr/0095 has the reasons.
    """
    digest = hashlib.sha256(f"profile-grpc import\0{provider.name}\0{token}".encode()).hexdigest()
    return f"import-{digest[:32]}"


def _token(provider: PushProvider, token: object) -> str:
    bare = text(token)
    if not bare:
        raise Skip(Reason.NO_TOKEN, "has no push token: the device registers itself when it next starts the app")
    try:
        normal = normalise(provider, bare)
    except DomainRefused:
        raise Refuse(Reason.PLACEHOLDER_TOKEN, "the push token is a placeholder, such as null") from None
    if len(normal.encode()) > MAX_TOKEN_BYTES or has_control(normal):
        raise Refuse(
            Reason.INVALID_TOKEN, f"the push token must have up to {MAX_TOKEN_BYTES} bytes and no control characters"
        )
    return normal
