"""App settings on the command line: how `--set name=value` is read, and how settings are shown."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeVar, get_type_hints

from profile_grpc.config import ConfigError
from profile_grpc.domain.jwt import JwtMode, JwtSettings
from profile_grpc.domain.profile import Channel, Platform
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider, PushPurpose
from profile_grpc.domain.settings import (
    MEMORY,
    AppSettings,
    BridgeParameters,
    DeviceAttributeMonitor,
    FeedbackBreaker,
    InAppSettings,
    MonitorKind,
    PushApp,
    ReaperBreaker,
    WebPushSettings,
)

EnumT = TypeVar("EnumT", bound=enum.IntEnum)

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[wdhms])+\Z")
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
_DEFAULT = "default"
_TOO_LARGE = 2**63


class SettingError(ConfigError):
    """A setting that is not valid; the message says what is possible."""


def apply(settings: AppSettings, assignments: Iterable[str]) -> AppSettings:
    """The settings after every `name=value`; `name=default` returns to the default.

    Raises:
        SettingError: an unknown name, or a value of the wrong form. What values may be is the domain's to say.
    """
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name, text = name.strip(), text.strip()
        if name not in PARSERS:
            near = get_close_matches(name, PARSERS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"settings: {', '.join(PARSERS)}"
            raise SettingError(f"there is no setting {name!r}; {hint}")
        if not equals:
            raise SettingError(f"write the setting as {name}=value")
        if text == _DEFAULT:
            value = _get(AppSettings(), name)
        else:
            try:
                value = PARSERS[name](text)
            except SettingError as error:
                raise SettingError(f"{name}: {error}") from None
        settings = _put(settings, name, value)
    return settings


def flat(settings: AppSettings) -> dict[str, str]:
    """Every setting by its name, each value as `apply` reads it."""
    return {name: _text(_get(settings, name)) for name in PARSERS}


def structured(value: object) -> Any:  # noqa: ANN401 - any JSON
    """Settings for JSON: nested as in the contract, names of enumerations, durations in seconds (`3456000s`)."""
    match value:
        case timedelta():
            return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
        case enum.Enum():
            return value.name
        case tuple():
            return [structured(item) for item in value]
        case frozenset():
            return [item.name for item in sorted(value)]
        case _ if is_dataclass(value):
            shown = (field.name for field in fields(value) if MEMORY not in field.metadata)
            return {name: structured(getattr(value, name)) for name in shown}
        case _:
            return value


def duration(text: str) -> timedelta:
    """A duration: `40d`, `15d12h`, `90s`, `1.5h`, `0`."""
    if text == "0":
        return timedelta()
    if not _DURATION.match(text):
        raise SettingError(f"{text!r} is not a duration; write for example 40d, 15d12h or 90s")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    except OverflowError:
        raise SettingError(f"{text!r} is too long") from None


def duration_text(value: timedelta) -> str:
    """The duration as `duration` reads it, in the largest units."""
    if not value:
        return "0s"
    rest, parts = value, []
    for unit, seconds in _UNITS.items():
        if unit == "w":
            continue  # 40d is more readable than 5w5d
        count, rest = divmod(rest, timedelta(seconds=seconds))
        if unit == "s" and rest:
            parts.append(f"{count + rest.total_seconds():.6f}".rstrip("0") + "s")
        elif count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _optional_duration(text: str) -> timedelta | None:
    return None if text == "off" else duration(text)


def _boolean(text: str) -> bool:
    found = _BOOLEANS.get(text.lower())
    if found is None:
        raise SettingError(f"{text!r} is neither true nor false")
    return found


def _percent(text: str) -> float:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise SettingError(f"{text!r} is not a number") from None


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise SettingError(f"{text!r} is not a whole number") from None
    if abs(number) >= _TOO_LARGE:
        raise SettingError(f"{text} is too large")
    return number


def choice(kind: type[EnumT], text: str) -> EnumT:
    """The member of that name, ignoring case."""
    name = text.upper().replace("-", "_")
    if name not in kind.__members__:
        names = [member.name for member in kind if member]
        raise SettingError(f"{text!r} is not one of {', '.join(names)}")
    return kind[name]


def _one_of(kind: type[EnumT]) -> Callable[[str], EnumT]:
    return lambda text: choice(kind, text)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _tuple_of(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: tuple(read(item) for item in _items(text))


def _channels(text: str) -> frozenset[Channel]:
    return frozenset(choice(Channel, item) for item in _items(text))


def _push_app(text: str) -> PushApp:
    """`id:PROVIDER[:PLATFORM[:PURPOSE[:ENVIRONMENT]]]`, read from its end, because an id may contain colons."""
    parts = text.split(":")
    kinds = (PushProvider, Platform, PushPurpose, ApnsEnvironment)
    for length in range(1, len(kinds) + 1):
        identity, tail = ":".join(parts[:-length]), [part.upper() for part in parts[-length:]]
        if identity and all(name in kind.__members__ for name, kind in zip(tail, kinds, strict=False)):
            return PushApp(identity, *(kind[name] for name, kind in zip(tail, kinds, strict=False)))  # type: ignore[arg-type]
    raise SettingError(
        f"{text!r} is not id:PROVIDER[:PLATFORM[:PURPOSE[:ENVIRONMENT]]], for example com.example.app:FCM:ANDROID;"
        f" providers: {', '.join(PushProvider.__members__)}"
    )


def _monitor(text: str) -> DeviceAttributeMonitor:
    match text.split(":"):
        case [platform, attribute, kind, *interval] if len(interval) <= 1:
            known = choice(Platform, platform), attribute, choice(MonitorKind, kind)
            return DeviceAttributeMonitor(*known, *map(duration, interval))
        case _:
            raise SettingError(
                f"{text!r} is not PLATFORM:attribute:KIND[:interval], for example ANDROID:battery_level:INTERVAL:6h"
            )


def _text(value: object) -> str:
    match value:
        case None:
            return "off"
        case bool():
            return "true" if value else "false"
        case timedelta():
            return duration_text(value)
        case enum.Enum():
            return value.name
        case float():
            return f"{value:g}"
        case frozenset():
            return ",".join(item.name for item in sorted(value))
        case tuple():
            return ",".join(_text(item) for item in value)
        case PushApp():
            return _push_app_text(value)
        case DeviceAttributeMonitor(platform, attribute, kind, interval):
            tail = [duration_text(interval)] if interval is not None else []
            return ":".join([platform.name, attribute, kind.name, *tail])
        case _:
            return str(value)


def _push_app_text(app: PushApp) -> str:
    """As `_push_app` reads it, without defaults at its end."""
    tail = [
        (app.platform, Platform.UNSPECIFIED),
        (app.purpose, PushPurpose.DEFAULT),
        (app.apns_environment, ApnsEnvironment.UNSPECIFIED),
    ]
    while tail and tail[-1][0] is tail[-1][1]:
        tail.pop()
    return ":".join([app.push_app_id, app.provider.name, *[value.name for value, _ in tail]])


_BY_TYPE: Mapping[object, Callable[[str], object]] = {
    bool: _boolean,
    str: str,
    int: _integer,
    float: _percent,  # every setting with a fraction is a percentage
    timedelta: duration,
    timedelta | None: _optional_duration,
    tuple[str, ...]: _tuple_of(str),
}


def _parsers(group: type, prefix: str = "") -> Mapping[str, Callable[[str], object]]:
    """The members of the group whose type says how they are read."""
    found = {f"{prefix}{name}": _of_type(type_) for name, type_ in get_type_hints(group).items()}
    return {name: parser for name, parser in found.items() if parser is not None}


def _of_type(type_: object) -> Callable[[str], object] | None:
    if isinstance(type_, type) and issubclass(type_, enum.IntEnum):
        return _one_of(type_)
    return _BY_TYPE.get(type_)


PARSERS: Mapping[str, Callable[[str], object]] = {
    "push_app_ids": _tuple_of(_push_app),
    **_parsers(AppSettings),
    "channels": _channels,
    **_parsers(ReaperBreaker, "reaper_breaker."),
    **_parsers(FeedbackBreaker, "feedback_breaker."),
    **_parsers(InAppSettings, "in_app."),
    "device_attribute_monitors": _tuple_of(_monitor),
    **_parsers(BridgeParameters, "bridge_parameters."),
    "jwt.mode": _one_of(JwtMode),
    **{f"jwt.{name}": str for name in ("user_claim", "app_claim", "customer_claim")},  # shown together
    **_parsers(JwtSettings, "jwt."),
    **_parsers(WebPushSettings, "web_push."),
}
"""Every setting by its name in the contract, and how its value is read."""


def _get(settings: AppSettings, name: str) -> object:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _put(settings: AppSettings, name: str, value: object) -> AppSettings:
    outer, _, inner = name.partition(".")
    if inner:
        value = replace(getattr(settings, outer), **{inner: value})
    return replace(settings, **{outer: value})  # type: ignore[arg-type]
