"""Profile data of a request as a patch: RegisterRequest, or Profile under a field mask (R1, U1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints

from appprofile.v1 import profile_pb2, profile_service_pb2
from profile_grpc.domain.commands import AttributeValue, ProfilePatch
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.profile import Attributes, Channel, Platform, PushPermission
from profile_grpc.transport.grpc import endpoints
from profile_grpc.transport.grpc.shape import refuse_paths
from profile_grpc.transport.grpc.times import to_instant

# The numbers are the contract's on both sides; a dictionary is several times faster than the enumeration's own look-up.
_PLATFORMS: Mapping[int, Platform] = {platform.value: platform for platform in Platform}
_CHANNELS: Mapping[int, Channel] = {channel.value: channel for channel in Channel}

_TYPES = get_type_hints(Attributes)
_TEXTS = tuple(name for name, type_ in _TYPES.items() if type_ == str | None)
_FLAGS = tuple(name for name, type_ in _TYPES.items() if type_ == bool | None)
_TIME = "last_opened_time"
_ATTRIBUTES = frozenset({*_TEXTS, *_FLAGS, _TIME})
_MAPS = ("device_attributes", "custom_attributes")
_WRITABLE = _ATTRIBUTES | {"platform", "channels", "push_endpoints", "push_permission", *_MAPS}
_READ_ONLY = frozenset(field.name for field in profile_pb2.Profile.DESCRIPTOR.fields) - _WRITABLE
MAX_PATHS = 256

Source = profile_pb2.Profile | profile_service_pb2.RegisterRequest


def populated(source: Source, prefix: str = "") -> ProfilePatch:
    """The patch of everything that is given. `prefix` leads to `source` in the request, for errors.

    Raises:
        Refused: INVALID_REQUEST: last_opened_time is out of range, or a Web Push subscription is not valid;
            PLACEHOLDER_TOKEN.
    """
    parts: dict[str, Any] = {}
    attributes: dict[str, AttributeValue] = {}
    for field, value in source.ListFields():
        name = field.name
        if name == _TIME:
            attributes[name] = to_instant(value, prefix + _TIME)
        elif name in _ATTRIBUTES:
            attributes[name] = None if value == "" else value  # an empty string removes
        elif name == "push_endpoints":
            parts[name] = endpoints.endpoints(value, prefix + name)
        elif name in _PARTS:
            parts[name] = _PARTS[name](value)
    return ProfilePatch(attributes=attributes, **parts)


def update(request: profile_service_pb2.UpdateProfileDataRequest) -> ProfilePatch:
    """The patch of an update: by its mask or, without one, of every field that is set (U1).

    Raises:
        Refused: UNKNOWN_FIELD: the mask names an unknown or read-only field; or INVALID_REQUEST.
    """
    paths = request.update_mask.paths
    patch = _named(request.profile, paths) if paths else populated(request.profile, "profile.")
    if not request.remove_device_attributes and not request.remove_custom_attributes:
        return patch
    return _also_remove(patch, request.remove_device_attributes, request.remove_custom_attributes)


def _named(profile: profile_pb2.Profile, paths: Iterable[str]) -> ProfilePatch:
    """The patch of the named fields; a field named without a value is removed."""
    names = frozenset(paths)
    _check_paths(names)
    given = populated(profile, "profile.")
    device, removed_device = _entries("device_attributes", names, given.device_attributes)
    custom, removed_custom = _entries("custom_attributes", names, given.custom_attributes)
    return ProfilePatch(
        platform=(given.platform or Platform.UNSPECIFIED) if "platform" in names else None,
        channels=(given.channels or frozenset()) if "channels" in names else None,
        push_endpoints=given.push_endpoints if "push_endpoints" in names else (),
        replace_push_endpoints="push_endpoints" in names,
        push_permission=(given.push_permission or PushPermission.UNSPECIFIED) if "push_permission" in names else None,
        attributes={name: given.attributes.get(name) for name in names & _ATTRIBUTES},
        device_attributes=device,
        remove_device_attributes=removed_device,
        custom_attributes=custom,
        remove_custom_attributes=removed_custom,
        replace_custom_attributes="custom_attributes" in names,
    )


def _check_paths(names: frozenset[str]) -> None:
    if len(names) > MAX_PATHS:
        description = f"must name at most {MAX_PATHS} fields"
        raise Refused.for_field(Reason.INVALID_REQUEST, f"update_mask {description}.", "update_mask", description)
    refuse_paths((name for name in names - _WRITABLE if not _is_entry(name)), _READ_ONLY, "a profile")


def _is_entry(path: str) -> bool:
    """Whether the path names one entry of a map; an entry's name may contain dots."""
    field, _, name = path.partition(".")
    return field in _MAPS and name != ""


def _entries(field: str, names: frozenset[str], given: Mapping[str, str]) -> tuple[Mapping[str, str], frozenset[str]]:
    """The entries to set and to remove: all given ones if the mask names the map, else those that it names."""
    named = {path.partition(".")[2] for path in names if path.startswith(f"{field}.")}
    wanted = given if field in names else {name: given[name] for name in named & given.keys()}
    return wanted, frozenset(named - given.keys())


def _also_remove(patch: ProfilePatch, device: Iterable[str], custom: Iterable[str]) -> ProfilePatch:
    return patch._replace(
        remove_device_attributes=patch.remove_device_attributes.union(device),
        remove_custom_attributes=patch.remove_custom_attributes.union(custom),
    )


def _channels(channels: Iterable[int]) -> frozenset[Channel]:
    return frozenset([_CHANNELS[channel] for channel in channels])


_PARTS: Mapping[str, Callable[[Any], object]] = {
    "platform": _PLATFORMS.__getitem__,
    "channels": _channels,
    "push_permission": PushPermission,
    "device_attributes": dict,
    "custom_attributes": dict,
}
"""How to read the fields that a patch has under the same name."""
