"""What a converter makes of a line, a row or an element of another system's export (I4)."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, TypeAlias

from profile_grpc.domain.push_endpoints import ApnsEnvironment


class Reason(enum.StrEnum):
    """Why an entry does not become a record. Of `Skipped`: up to OTHER_OBJECT; of `Refused`: the others."""

    OPTED_OUT = "OPTED_OUT"
    """The user does not want messages, or does not let the app show them."""
    INACTIVE = "INACTIVE"
    """The source no longer sends to it: switched off, expired, or called invalid by the provider."""
    NO_TOKEN = "NO_TOKEN"  # noqa: S105 - a reason
    OTHER_CHANNEL = "OTHER_CHANNEL"
    """An e-mail address, a telephone number or another destination that is not a device."""
    UNSUPPORTED_PROVIDER = "UNSUPPORTED_PROVIDER"
    """A push provider that the service does not know: ADM, Baidu, WNS, MPNS and the like."""
    OTHER_OBJECT = "OTHER_OBJECT"
    """Not a device at all: another model of a Django dump."""

    MALFORMED = "MALFORMED"
    TOO_LONG = "TOO_LONG"
    UNREADABLE = "UNREADABLE"
    """The file cannot be read from here to its end."""
    MISSING_FIELD = "MISSING_FIELD"
    INVALID_ID = "INVALID_ID"
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - a reason
    PLACEHOLDER_TOKEN = "PLACEHOLDER_TOKEN"  # noqa: S105 - a reason
    NO_VAPID_KEY = "NO_VAPID_KEY"


class Note(enum.StrEnum):
    """What of an entry had no place in its record, or took another one."""

    ANONYMOUS = "ANONYMOUS"
    """The entry names no user. The device id is the user id, and the profile is a guest's."""
    PLACEHOLDER_ID = "PLACEHOLDER_ID"
    """The user or device id is a placeholder, the same on many phones. It counts as absent."""
    DERIVED_DEVICE_ID = "DERIVED_DEVICE_ID"
    """The entry names no device. The id is a hash of the token."""
    ATTRIBUTE_LEFT_OUT = "ATTRIBUTE_LEFT_OUT"
    """A name or a value is longer than a custom attribute may be, or there are more than 64."""
    FIELD_LEFT_OUT = "FIELD_LEFT_OUT"
    """A language, a time or the like that the profile's field cannot hold."""
    TEMPLATE_LEFT_OUT = "TEMPLATE_LEFT_OUT"
    """A message template: senders keep their own."""
    PERMISSIONS_LEFT_OUT = "PERMISSIONS_LEFT_OUT"
    """Who could read and write the entry in the source."""
    WEB_PUSH_WITHOUT_KEYS = "WEB_PUSH_WITHOUT_KEYS"
    """The export lacks the subscription's keys: only an empty push can be sent."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A record in the protobuf JSON form of `ImportProfilesRequest.Record`: `profile`, `registerTime`, `createTime`."""

    number: int
    """The line, or the element, counted from 1."""
    record: Mapping[str, object]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that becomes no record. The description holds nothing of the entry, above all no token."""

    number: int
    reason: Reason
    description: str


class Skipped(LeftOut):
    """A sound entry that must not become a reachable profile, or cannot."""

    __slots__ = ()


class Refused(LeftOut):
    """A broken entry."""

    __slots__ = ()


Outcome: TypeAlias = Converted | Skipped | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an export does not say.

    Attributes:
        app_id: the app of the records' keys.
        now: the time, for what has expired.
        push_app_id: the bundle id, package or topic of endpoints for which the export names none.
        vapid_key_id: the app's VAPID key with which browsers subscribed. Without it their subscriptions are refused.
        user_field: where the user id is, in sources that have no field of their own for it.
        apns_environment: the gateway of APNs tokens for which the export names none.
    """

    app_id: str
    now: datetime
    push_app_id: str = ""
    vapid_key_id: str = ""
    user_field: str = ""
    apns_environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED


class Converter(Protocol):
    """Reads the export of one system."""

    def __call__(self, stream: BinaryIO, options: Options) -> Iterator[Outcome]:
        """One outcome for each entry, in the order of the file. Raises nothing because of what the file holds.

        Memory does not grow with the file. The stream may be compressed with gzip, and may be UTF-8 or UTF-16.
        """
