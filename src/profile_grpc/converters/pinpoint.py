"""Amazon Pinpoint: the endpoints that an export job writes to S3, one JSON object on each line.

Format: https://docs.aws.amazon.com/pinpoint/latest/developerguide/audience-define-export.html for the job, and for the
objects https://docs.aws.amazon.com/pinpoint/latest/developerguide/audience-define-lookup.html and
https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-endpoints-endpoint-id.html.

An endpoint is one address of one user, so a phone that also takes calls has a second one, for its VoIP token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from profile_grpc.converters.outcomes import Options, Outcome, Reason
from profile_grpc.converters.reading import lines
from profile_grpc.converters.records import Draft, Refuse, Skip, objects
from profile_grpc.converters.values import mapping, text
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider

_PUSH = {
    "GCM": (PushProvider.FCM, Platform.ANDROID, ApnsEnvironment.UNSPECIFIED),
    "APNS": (PushProvider.APNS, Platform.IOS, ApnsEnvironment.PRODUCTION),
    "APNS_SANDBOX": (PushProvider.APNS, Platform.IOS, ApnsEnvironment.SANDBOX),
    "APNS_VOIP": (PushProvider.APNS_VOIP, Platform.IOS, ApnsEnvironment.PRODUCTION),
    "APNS_VOIP_SANDBOX": (PushProvider.APNS_VOIP, Platform.IOS, ApnsEnvironment.SANDBOX),
}
_OTHER_PROVIDERS = frozenset({"ADM", "BAIDU"})
_OTHER_CHANNELS = frozenset({"EMAIL", "SMS", "VOICE", "CUSTOM", "IN_APP"})
_LOCATION = ("Country", "Region", "City", "PostalCode", "Latitude", "Longitude")


def convert(stream: BinaryIO, options: Options) -> Iterator[Outcome]:
    """See `Converter`."""
    return objects(lines(stream), options, _endpoint)


def _endpoint(found: Mapping[str, object], draft: Draft) -> None:
    channel = text(found.get("ChannelType")).upper()
    if channel in _OTHER_CHANNELS:
        raise Skip(Reason.OTHER_CHANNEL, f"an endpoint of {channel} is no device")
    if channel in _OTHER_PROVIDERS:
        raise Skip(Reason.UNSUPPORTED_PROVIDER, f"the service does not send by {channel}")
    if channel not in _PUSH:
        raise Refuse(Reason.MISSING_FIELD, "ChannelType must be a channel of Amazon Pinpoint")
    _reachable(found)
    provider, platform, environment = _PUSH[channel]
    user = mapping(found.get("User"))
    draft.user(user.get("UserId"))
    draft.device(found.get("Id"))
    draft.platform(platform)
    draft.endpoint(provider, found.get("Address"), environment=environment)
    draft.created(found.get("CreationDate"))
    draft.registered(found.get("EffectiveDate"))
    _demographic(mapping(found.get("Demographic")), draft)
    draft.attributes(mapping(found.get("Attributes")))
    draft.attributes(mapping(user.get("UserAttributes")), "user_")
    draft.attributes(mapping(found.get("Metrics")), "metric_")
    location = mapping(found.get("Location"))
    for name in _LOCATION:
        draft.attribute(f"location_{name.lower()}", location.get(name))


def _reachable(found: Mapping[str, object]) -> None:
    """Only OptOut NONE and EndpointStatus ACTIVE receive messages; so do endpoints that say neither."""
    if text(found.get("OptOut")).upper() not in {"", "NONE"}:
        raise Skip(Reason.OPTED_OUT, "OptOut: the user does not want messages")
    if text(found.get("EndpointStatus")).upper() not in {"", "ACTIVE"}:
        raise Skip(Reason.INACTIVE, "EndpointStatus: messages to it failed")


def _demographic(found: Mapping[str, object], draft: Draft) -> None:
    draft.text("language", text(found.get("Locale")).replace("_", "-"))
    draft.text("timeZone", found.get("Timezone"))
    draft.text("osVersion", found.get("PlatformVersion"))
    model = (text(found.get(name)) for name in ("Make", "Model", "ModelVersion"))
    draft.text("deviceModel", " ".join(filter(None, model)))
    draft.attribute("app_version", found.get("AppVersion"))
