"""Turns recipients into what the libraries that send take.

    for message in client.resolve_recipients(request):
        for group, endpoints in by_group(message.recipients).items():
            if group.provider == PUSH_PROVIDER_FCM:
                send_to_fcm([endpoint.token for endpoint in endpoints])

`Sending` and the modules of `appprofile.feedback` turn the answers into feedback, which `report` gives to the service.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from appprofile.v1.profile_pb2 import PUSH_PROVIDER_WEB_PUSH, ApnsEnvironment, PushEndpoint, PushProvider
from appprofile.v1.profile_service_pb2 import PushFeedback, ReportPushFeedbackRequest
from appprofile.v1.recipient_pb2 import Recipient

__all__ = ["Group", "batches", "by_group", "report", "subscription"]

MULTICAST = 500
"""Tokens that firebase-admin takes at a time."""
_ITEMS = 1000


class Group(NamedTuple):
    """What one connection to a provider can send to: a credential, an app and, of APNs, a gateway."""

    provider: PushProvider.ValueType
    push_app_id: str
    """The bundle id, topic, package or site. Empty: not reported."""
    apns_environment: ApnsEnvironment.ValueType
    """Of APNS and APNS_VOIP: the gateway. UNSPECIFIED for other providers."""
    vapid_key_id: str
    """Of WEB_PUSH: the VAPID key with which the browser subscribed. Empty: not known."""


def by_group(recipients: Iterable[Recipient]) -> Mapping[Group, Sequence[PushEndpoint]]:
    """The endpoints of the recipients, grouped by what one connection can send to; a token comes once.

    Several users of a device share its token: one push to it reaches the device, whoever is signed in. Send to each
    recipient yourself if the content depends on the user.
    """
    groups: dict[Group, dict[str, PushEndpoint]] = {}
    for recipient in recipients:
        for endpoint in recipient.endpoints:
            group = Group(
                endpoint.provider, endpoint.push_app_id, endpoint.apns_environment, endpoint.web_push.vapid_key_id
            )
            groups.setdefault(group, {}).setdefault(endpoint.token, endpoint)
    return {group: list(endpoints.values()) for group, endpoints in groups.items()}


def batches(endpoints: Sequence[PushEndpoint], size: int = MULTICAST) -> Iterator[list[str]]:
    """The tokens, up to `size` at a time: firebase-admin takes 500."""
    for first in range(0, len(endpoints), size):
        yield [endpoint.token for endpoint in endpoints[first : first + size]]


def subscription(endpoint: PushEndpoint) -> dict[str, Any]:
    """The subscription of a WEB_PUSH endpoint, as pywebpush takes it.

    Without keys, only a push without content can be sent: the result has no `keys`.

    Raises:
        ValueError: it is an endpoint of another provider.
    """
    if endpoint.provider != PUSH_PROVIDER_WEB_PUSH:
        raise ValueError("the endpoint is not one of WEB_PUSH")
    info: dict[str, Any] = {"endpoint": endpoint.token}
    if endpoint.HasField("web_push"):
        keys = endpoint.web_push
        info["keys"] = {"p256dh": _base64url(keys.p256dh), "auth": _base64url(keys.auth)}
    return info


class _Profiles(Protocol):
    """The stub of ProfileService."""

    def ReportPushFeedback(self, request: ReportPushFeedbackRequest) -> Any: ...  # noqa: N802 - the contract's name


def report(profiles: _Profiles, app_id: str, feedback: Iterable[PushFeedback | None]) -> list[Any]:
    """Reports the answers of providers, 1000 in a call; None is left out. Returns the responses, or awaitables.

    Raises:
        ApiError.
    """
    items = [item for item in feedback if item is not None]
    return [
        profiles.ReportPushFeedback(ReportPushFeedbackRequest(app_id=app_id, feedback=items[first : first + _ITEMS]))
        for first in range(0, len(items), _ITEMS)
    ]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
