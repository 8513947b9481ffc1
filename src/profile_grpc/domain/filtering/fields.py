"""What a filter can compare: the fields of profiles and of events, each declared once (T3).

The predicate reads a field with `read`; the store has a column or an expression of the same name for it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.filtering.values import language_key, version_key
from profile_grpc.domain.profile import Platform, Profile, PushPermission, UserState
from profile_grpc.domain.push_endpoints import PushProvider

Value: TypeAlias = str | int | float | bool | date | datetime
"""A value as it is compared."""


class Kind(enum.Enum):
    """How a field is compared."""

    TEXT = enum.auto()
    """By its bytes."""
    LANGUAGE = enum.auto()
    """As a language tag. `:` also finds what is more specific."""
    VERSION = enum.auto()
    """As a version, by its key."""
    TIME = enum.auto()
    FLAG = enum.auto()
    CHOICE = enum.auto()
    """One of a few names."""
    ATTRIBUTE = enum.auto()
    """Text; `<` and the like compare numbers, and are false for a text that is no number."""
    INTEGER = enum.auto()
    """A whole number of 64 bits."""
    NUMBER = enum.auto()
    DAY = enum.auto()


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a filter can compare."""

    name: str
    kind: Kind
    read: Callable[[Any], Any] = field(compare=False, repr=False)
    """The value as it is compared, or None; of a map, the texts by name; of a field with many values, all of them."""
    choices: type[enum.Enum] | None = None
    """Of a CHOICE. The value 0 is one that is not known, and no choice."""
    is_map: bool = False
    """It is followed by a name: `custom_attributes.NAME`."""
    is_many: bool = False
    """A profile has several values. A comparison is true if any of them fits."""
    members: Fields | None = field(default=None, compare=False, repr=False)
    """It is compared by its members only: `customer.tier`. None: it is compared itself."""
    of_customer: bool = False
    """In a filter of profiles: `read` takes the customer that the profile is linked with."""

    @property
    def names(self) -> Mapping[str, Value]:
        """The values of a CHOICE, by name."""
        return {one.name: one.value for one in self.choices or () if one.value != 0}


Fields: TypeAlias = Mapping[str, Field]
"""The fields of a language, by name."""


def declare(*declared: Field) -> Fields:
    """These fields, by name."""
    return MappingProxyType({one.name: one for one in declared})


def _attribute(name: str) -> Callable[[Profile], Any]:
    return lambda profile: getattr(profile.attributes, name)


def _known(name: str) -> Callable[[Profile], int | None]:
    """The number of an enumeration, or None for UNSPECIFIED."""
    return lambda profile: int(getattr(profile, name)) or None


def _language(profile: Profile) -> str | None:
    language = profile.attributes.language
    return None if language is None else language_key(language)


def _version(name: str) -> Callable[[Profile], str | None]:
    def read(profile: Profile) -> str | None:
        version: str | None = getattr(profile.attributes, name)
        return None if version is None else version_key(version)

    return read


def _device_attributes(profile: Profile) -> Mapping[str, str]:
    return {name: one.value for name, one in profile.attributes.device_attributes.items()}


PROFILE_FIELDS = declare(
    Field("platform", Kind.CHOICE, _known("platform"), Platform),
    Field("language", Kind.LANGUAGE, _language),
    Field("time_zone", Kind.TEXT, _attribute("time_zone")),
    Field("sdk_version", Kind.VERSION, _version("sdk_version")),
    Field("os_version", Kind.VERSION, _version("os_version")),
    Field("device_model", Kind.TEXT, _attribute("device_model")),
    Field("user_state", Kind.CHOICE, lambda profile: int(profile.user_state), UserState),
    Field("guest", Kind.FLAG, _attribute("guest")),
    Field("verified", Kind.FLAG, _attribute("verified")),
    Field("push_permission", Kind.CHOICE, _known("push_permission"), PushPermission),
    Field(
        "provider",
        Kind.CHOICE,
        lambda profile: [int(endpoint.provider) for endpoint in profile.push_endpoints if endpoint.token],
        PushProvider,
        is_many=True,
    ),
    Field(
        "push_app_id",
        Kind.TEXT,
        lambda profile: [e.push_app_id for e in profile.push_endpoints if e.token and e.push_app_id],
        is_many=True,
    ),
    Field("create_time", Kind.TIME, lambda profile: profile.create_time),
    Field("register_time", Kind.TIME, lambda profile: profile.register_time),
    Field("last_heartbeat_time", Kind.TIME, lambda profile: profile.last_heartbeat_time),
    Field("last_opened_time", Kind.TIME, _attribute("last_opened_time")),
    Field("customer_id", Kind.TEXT, _attribute("customer_id")),
    Field("custom_attributes", Kind.ATTRIBUTE, _attribute("custom_attributes"), is_map=True),
    Field("device_attributes", Kind.ATTRIBUTE, _device_attributes, is_map=True),
)
"""The fields of a profile."""


def _event_text(name: str) -> Callable[[Event], str | None]:
    return lambda event: getattr(event, name) or None


EVENT_FIELDS = declare(
    Field("app_id", Kind.TEXT, _event_text("app_id")),
    Field("type", Kind.CHOICE, lambda event: event.type.value, EventType),
    Field("user_id", Kind.TEXT, _event_text("user_id")),
    Field("device_id", Kind.TEXT, _event_text("device_id")),
    Field("customer_id", Kind.TEXT, _event_text("customer_id")),
    Field("reason", Kind.TEXT, _event_text("reason")),
)
"""The fields of an event. It has no others of its profile."""
