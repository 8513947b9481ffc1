"""Push endpoints on the wire. Those of requests: tokens normalised, Web Push subscriptions checked (R10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from appprofile.v1 import profile_pb2
from profile_grpc.domain.commands import NewEndpoint
from profile_grpc.domain.errors import invalid
from profile_grpc.domain.push_endpoints import (
    ApnsEnvironment,
    PushEndpoint,
    PushEndpointState,
    PushProvider,
    PushPurpose,
    WebPushKeys,
    is_p256_point,
    is_web_push_url,
)
from profile_grpc.domain.tokens import normalise
from profile_grpc.transport.grpc.times import write_instant

# The numbers are the contract's on both sides; a dictionary is several times faster than the enumeration's own look-up.
PROVIDERS: Mapping[int, PushProvider] = {provider.value: provider for provider in PushProvider}
PURPOSES: Mapping[int, PushPurpose] = {0: PushPurpose.DEFAULT} | {purpose.value: purpose for purpose in PushPurpose}
ENVIRONMENTS: Mapping[int, ApnsEnvironment] = {environment.value: environment for environment in ApnsEnvironment}


def endpoints(given: Iterable[profile_pb2.PushEndpoint], field: str) -> tuple[NewEndpoint, ...]:
    """The endpoints of a request. `field` leads to them in the request, for errors.

    Raises:
        Refused: PLACEHOLDER_TOKEN; INVALID_REQUEST: a Web Push subscription is not valid (R10).
    """
    return tuple([_endpoint(endpoint, f"{field}[{index}]") for index, endpoint in enumerate(given)])


def _endpoint(endpoint: profile_pb2.PushEndpoint, field: str) -> NewEndpoint:
    provider = PROVIDERS[endpoint.provider]
    token = normalise(provider, endpoint.token, f"{field}.token")
    keys = None
    if provider is PushProvider.WEB_PUSH:
        if not is_web_push_url(token):
            raise invalid(f"{field}.token", "must be the https URL of a Web Push subscription's endpoint")
        keys = _keys(endpoint, field)
    return NewEndpoint(
        provider,
        token,
        endpoint.push_app_id,
        PURPOSES[endpoint.purpose],
        keys,
        ENVIRONMENTS[endpoint.apns_environment],
    )


def _keys(endpoint: profile_pb2.PushEndpoint, field: str) -> WebPushKeys | None:
    if not endpoint.HasField("web_push"):
        return None
    given = endpoint.web_push
    if not is_p256_point(given.p256dh):
        raise invalid(f"{field}.web_push.p256dh", "must be a point on the curve P-256 in uncompressed form")
    return WebPushKeys(given.p256dh, given.auth, given.vapid_key_id)


def write(
    target: profile_pb2.PushEndpoint, endpoint: PushEndpoint, state: PushEndpointState, *, sees_tokens: bool
) -> None:
    """Sets the fields: this runs for every recipient of a campaign.

    Members of the enumerations are numbers of the contract, and are set without a conversion.
    """
    provider, token, push_app_id, purpose, confirm_time, _, keys, environment = endpoint
    target.provider = provider  # type: ignore[assignment]
    if sees_tokens:
        target.token = token
        if keys is not None:
            target.web_push.p256dh, target.web_push.auth, target.web_push.vapid_key_id = keys
    if push_app_id:
        target.push_app_id = push_app_id
    target.purpose = purpose  # type: ignore[assignment]
    target.state = state  # type: ignore[assignment]
    if environment:
        target.apns_environment = environment  # type: ignore[assignment]
    write_instant(target.confirm_time, confirm_time)
