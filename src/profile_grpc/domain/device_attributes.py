"""The catalogue of monitored device attributes, of both SDK generations (U4).

Up to SDK 2.11 and from 2.12; an attribute's key is its name there in snake_case.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from profile_grpc.domain.profile import Platform

_BOTH = {
    "bluetooth_support",
    "battery_level",
    "connect_type",
    "device_ip",
    "foreground_app",
    "geofence",
    "internal_storage",
    "language",
    "location",
    "mcc",
    "mnc",
    "ram",
    "resolution",
    "roaming",
    "telco",
    "time_spent",
    "time_zone",
    "user_agent",
}
CATALOGUE: Mapping[Platform, frozenset[str]] = {
    Platform.IOS: frozenset(_BOTH),
    Platform.ANDROID: frozenset(
        _BOTH
        | {
            "cell_id",
            "email_id",
            "external_storage",
            "foreground",
            "idle_screen",
            "imei",
            "imsi",
            "list_account",
            "nfc_support",
            "phone_mode",
            "serial_number",
            "signal_strength",
            "wifi_mac_address",
        }
    ),
}


_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_PLAIN_NUMBER = re.compile(rf"{_NUMBER}\Z")
_LOCATION = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})(?:\s*,\s*({_NUMBER}))?\Z")
_LOCATION_NAMES = ("latitude", "longitude", "accuracy")
_MAX_LATITUDE, _MAX_LONGITUDE = 90, 180


class WrongType(ValueError):  # noqa: N818 - an outcome
    """A value is not of its attribute's type. The message says what the type is; it holds nothing of the value."""


def typed(attribute: str, value: str) -> str:
    """The value as it is stored: of the attributes that have a type in one form, of the others as given (U4).

    Raises:
        WrongType.
    """
    text = value.strip()
    if attribute == "battery_level":
        if not _PLAIN_NUMBER.match(text) or not math.isfinite(float(text)):
            raise WrongType("must be a number, as `85`")
        return text
    if attribute == "location":
        return _location(text)
    return value


def _location(text: str) -> str:
    """`latitude,longitude` or `latitude,longitude,accuracy`; given so, or as a JSON object."""
    if text.startswith("{"):
        text = _from_json(text)
    match = _LOCATION.match(text)
    parts = [part for part in match.groups() if part is not None] if match else []
    numbers = [float(part) for part in parts]
    if not parts or not all(map(math.isfinite, numbers)):
        raise WrongType(
            "must be `latitude,longitude` or `latitude,longitude,accuracy`, as `48.137,11.575,20`, or a JSON object"
            " with these names"
        )
    if abs(numbers[0]) > _MAX_LATITUDE or abs(numbers[1]) > _MAX_LONGITUDE:
        raise WrongType("must have a latitude of -90 to 90 and a longitude of -180 to 180 degrees")
    if len(numbers) > len("xy") and numbers[2] < 0:
        raise WrongType("must have an accuracy of 0 metres or more")
    return ",".join(parts)


def _from_json(text: str) -> str:
    """The numbers of a JSON object as they are written there, separated by commas; empty if it is another object."""
    try:
        found = json.loads(text, parse_float=_Written, parse_int=_Written)
    except (ValueError, RecursionError):
        return ""
    if not set(found) <= set(_LOCATION_NAMES) or not all(isinstance(part, _Written) for part in found.values()):
        return ""
    parts = [found.get(name, "") for name in _LOCATION_NAMES]
    return ",".join(parts if parts[-1] else parts[:-1])


class _Written(str):
    """A number as it is written in JSON."""

    __slots__ = ()


def known(platform: Platform, attribute: str) -> bool:
    """Whether the catalogue has the attribute on the platform."""
    return attribute in CATALOGUE.get(platform, ())
