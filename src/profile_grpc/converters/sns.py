"""Amazon SNS: what `aws sns list-endpoints-by-platform-application` prints.

Format: https://docs.aws.amazon.com/sns/latest/api/API_ListEndpointsByPlatformApplication.html and
https://docs.aws.amazon.com/cli/latest/reference/sns/list-endpoints-by-platform-application.html. The provider is part
of the endpoint's ARN. An endpoint has no user: `CustomUserData` is free text, in which many apps keep one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from profile_grpc.converters.outcomes import Options, Outcome, Reason
from profile_grpc.converters.reading import json_entries, json_object
from profile_grpc.converters.records import Draft, Refuse, Skip, objects
from profile_grpc.converters.values import mapping, text
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider

_ARN = re.compile(
    r"arn:[\w-]+:sns:[\w-]+:\d+:endpoint/(?P<platform>[A-Z_]+)/(?P<application>[\w.-]+)/(?P<endpoint>[\w-]+)\Z",
    re.ASCII,
)
_PUSH = {
    "GCM": (PushProvider.FCM, Platform.ANDROID, ApnsEnvironment.UNSPECIFIED),
    "APNS": (PushProvider.APNS, Platform.IOS, ApnsEnvironment.PRODUCTION),
    "APNS_SANDBOX": (PushProvider.APNS, Platform.IOS, ApnsEnvironment.SANDBOX),
    "APNS_VOIP": (PushProvider.APNS_VOIP, Platform.IOS, ApnsEnvironment.PRODUCTION),
    "APNS_VOIP_SANDBOX": (PushProvider.APNS_VOIP, Platform.IOS, ApnsEnvironment.SANDBOX),
}
_USER_DATA = "CustomUserData"


def convert(stream: BinaryIO, options: Options) -> Iterator[Outcome]:
    """See `Converter`. `options.user_field`: `CustomUserData`, or `CustomUserData.NAME` where it is a JSON object."""
    return objects(json_entries(stream, "Endpoints"), options, _endpoint)


def _endpoint(found: Mapping[str, object], draft: Draft) -> None:
    arn = _ARN.match(text(found.get("EndpointArn")))
    if arn is None:
        raise Refuse(Reason.MISSING_FIELD, "EndpointArn must be the ARN of an endpoint of SNS")
    if arn["platform"] not in _PUSH:
        raise Skip(Reason.UNSUPPORTED_PROVIDER, "the service does not send by the provider that the ARN names")
    attributes = mapping(found.get("Attributes"))
    if text(attributes.get("Enabled")).lower() != "true":
        raise Skip(
            Reason.INACTIVE, "Enabled is not true: the provider called the token invalid, or it was switched off"
        )
    provider, platform, environment = _PUSH[arn["platform"]]
    draft.device(arn["endpoint"])
    draft.platform(platform)
    draft.endpoint(provider, attributes.get("Token"), environment=environment)
    draft.attribute("sns_application", arn["application"])
    _user_data(text(attributes.get(_USER_DATA)), draft)


def _user_data(value: str, draft: Draft) -> None:
    """The user id from where the option says, and the rest as attributes. A JSON object as a whole is no user id."""
    field, _, name = draft.options.user_field.partition(".")
    parsed = json_object(value.encode())
    if field == _USER_DATA and name:
        draft.user((parsed or {}).pop(name, None))
    elif field == _USER_DATA and parsed is None:
        draft.user(value)
        return
    if parsed is None:
        draft.attribute("custom_user_data", value)
    else:
        draft.attributes(parsed)
