"""What a patch makes of a profile's own fields, in a registration and in an update alike (R1, R3, R9, U1, U4, U5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from profile_grpc.domain import device_attributes, stamps
from profile_grpc.domain.commands import NewEndpoint, ProfilePatch
from profile_grpc.domain.errors import FieldViolation, Reason, Refused
from profile_grpc.domain.profile import Channel, DeviceAttribute, Platform, Profile
from profile_grpc.domain.push_endpoints import PushEndpoint
from profile_grpc.domain.results import IgnoredReason, IgnoredValue
from profile_grpc.domain.settings import AppSettings, DeviceAttributeMonitor, MonitorKind

MAX_CUSTOM_ATTRIBUTES = 64


def apply(
    profile: Profile, patch: ProfilePatch, settings: AppSettings, now: datetime
) -> tuple[Profile, tuple[IgnoredValue, ...]]:
    """The profile with the patch applied, and the values that were not stored.

    Raises:
        Refused: CHANNEL_NOT_ENABLED (R9) or INVALID_ATTRIBUTE (U4, U5).
    """
    platform = profile.platform if patch.platform is None else patch.platform
    monitored, ignored = _device_attributes(profile, patch, platform, settings, now)
    attributes = profile.attributes._replace(
        device_attributes=monitored,
        custom_attributes=_custom_attributes(profile.attributes.custom_attributes, patch),
        **patch.attributes,  # type: ignore[arg-type]  # the keys are the record's own field names
    )
    changed = profile._replace(
        platform=platform,
        channels=_channels(profile.channels, patch.channels, settings),
        push_endpoints=_endpoints(profile, patch, settings, now),
        push_permission=profile.push_permission if patch.push_permission is None else patch.push_permission,
        attributes=attributes,
        update_time=now,
    )
    return changed, ignored


def _channels(
    stored: frozenset[Channel], asked: frozenset[Channel] | None, settings: AppSettings
) -> frozenset[Channel]:
    """A subset of the app's channels; empty means all of them (R9)."""
    if asked is None:
        return stored
    foreign = asked - settings.channels
    if foreign:
        names = ", ".join(sorted(c.name for c in foreign))
        allowed = ", ".join(sorted(c.name for c in settings.channels))
        raise Refused(
            Reason.CHANNEL_NOT_ENABLED,
            f"The app does not have the channel {names}; it has {allowed}.",
            metadata={"fields": "channels", "channel": names, "allowed": allowed},
            violations=[FieldViolation("channels", f"must be among {allowed}")],
        )
    return asked or settings.channels


def _endpoints(profile: Profile, patch: ProfilePatch, settings: AppSettings, now: datetime) -> tuple[PushEndpoint, ...]:
    """New endpoints replace those of the same purposes, whatever their provider, and are confirmed now (R3).

    An earlier clock may have been ahead, so a token's confirmation is never earlier than the profile's previous one.
    """
    stored = profile.push_endpoints
    if not patch.touches_tokens:
        return stored
    purposes = {new.purpose for new in patch.push_endpoints}
    kept = () if patch.replace_push_endpoints else [e for e in stored if e.purpose not in purposes]
    confirmed = stamps.forward(now, profile.register_time, *[e.confirm_time for e in stored])
    endpoints = [*kept, *[_endpoint(new, stored, settings, confirmed) for new in patch.push_endpoints]]
    return tuple(sorted(endpoints, key=lambda e: (e.provider, e.purpose)))


def _endpoint(
    new: NewEndpoint, stored: Iterable[PushEndpoint], settings: AppSettings, confirmed: datetime
) -> PushEndpoint:
    """The endpoint in its stored form. The same token without keys keeps the stored keys (R10)."""
    same = (e.web_push for e in stored if e.identity == (new.provider, new.token) and e.web_push is not None)
    return PushEndpoint(
        provider=new.provider,
        token=new.token,
        push_app_id=new.push_app_id,
        purpose=new.purpose,
        confirm_time=confirmed,
        web_push=new.web_push or next(same, None),
        apns_environment=new.apns_environment or settings.apns_environment(new.provider, new.push_app_id),
    )


def _custom_attributes(stored: Mapping[str, str], patch: ProfilePatch) -> Mapping[str, str]:
    """A patch is merged. If the mask names the whole map, the patch replaces it (U5)."""
    if not (patch.custom_attributes or patch.remove_custom_attributes or patch.replace_custom_attributes):
        return stored
    merged = {} if patch.replace_custom_attributes else dict(stored)
    merged.update(patch.custom_attributes)
    for name in patch.remove_custom_attributes:
        merged.pop(name, None)
    if len(merged) > MAX_CUSTOM_ATTRIBUTES:
        entries = str(len(merged))
        description = f"would have {entries} entries; at most {MAX_CUSTOM_ATTRIBUTES} are kept"
        message = f"The profile would have {entries} custom attributes; remove some first."
        raise Refused.for_field(Reason.INVALID_ATTRIBUTE, message, "custom_attributes", description, entries=entries)
    return MappingProxyType(merged)


def _device_attributes(
    profile: Profile,
    patch: ProfilePatch,
    platform: Platform,
    settings: AppSettings,
    now: datetime,
) -> tuple[Mapping[str, DeviceAttribute], tuple[IgnoredValue, ...]]:
    """The reported device attributes that the app's monitors store (U4)."""
    stored = profile.attributes.device_attributes
    if not (patch.device_attributes or patch.remove_device_attributes):
        return stored, ()
    # What was stored while the profile had another platform can be removed.
    named = [*patch.device_attributes, *(patch.remove_device_attributes - stored.keys())]
    unknown = sorted({name for name in named if not device_attributes.known(platform, name)})
    if unknown:
        violations = [
            FieldViolation(f"device_attributes.{name}", f"is not a device attribute of platform {platform.name}")
            for name in unknown
        ]
        message = f"No device attribute of platform {platform.name}: {', '.join(unknown)}."
        raise Refused.for_fields(Reason.INVALID_ATTRIBUTE, message, violations, platform=platform.name)
    values = _typed(patch.device_attributes)
    corrected = stamps.Stamps(now).time
    kept = {
        name: value._replace(store_time=corrected(value.store_time))
        for name, value in stored.items()
        if name not in patch.remove_device_attributes
    }
    ignored = []
    for name, value in values.items():
        reason = _not_stored(settings.monitor(platform, name), kept.get(name), profile.register_time, now)
        if reason is None:
            kept[name] = DeviceAttribute(value, now)
        else:
            ignored.append(IgnoredValue(f"device_attributes.{name}", reason))
    return MappingProxyType(kept), tuple(ignored)


def _typed(values: Mapping[str, str]) -> Mapping[str, str]:
    """The values in the form in which they are stored.

    Raises:
        Refused: INVALID_ATTRIBUTE: one is not of its attribute's type.
    """
    typed, violations = {}, []
    for name, value in values.items():
        try:
            typed[name] = device_attributes.typed(name, value)
        except device_attributes.WrongType as wrong:
            violations.append(FieldViolation(f"device_attributes.{name}", str(wrong)))
    if violations:
        described = "; ".join(f"{v.field} {v.description}" for v in violations)
        raise Refused.for_fields(
            Reason.INVALID_ATTRIBUTE, f"A device attribute is not of its type: {described}.", violations
        )
    return typed


def _not_stored(
    monitor: DeviceAttributeMonitor | None,
    stored: DeviceAttribute | None,
    register_time: datetime,
    now: datetime,
) -> IgnoredReason | None:
    if monitor is None:
        return IgnoredReason.NOT_ENABLED
    if stored is None:
        return None
    if monitor.kind is MonitorKind.ONE_TIME:
        # "Once after registration": a new registration may bring a new value.
        return IgnoredReason.ALREADY_SET if stored.store_time >= register_time else None
    if monitor.interval is not None and now - stored.store_time < monitor.interval:
        return IgnoredReason.TOO_SOON
    return None
