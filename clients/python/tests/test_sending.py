"""Recipients as the libraries that send take them, and their answers as feedback, against fakes of the providers."""

import base64
import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aioapns.common import NotificationResult
from firebase_admin import messaging
from pywebpush import WebPushException

from appprofile.feedback import Sending
from appprofile.feedback.aioapns import from_result
from appprofile.feedback.pywebpush import from_error
from appprofile.sending import Group, batches, by_group, report, subscription
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1.profile_service_pb2 import PushFeedback, ReportPushFeedbackRequest
from appprofile.v1.recipient_pb2 import Recipient, ResolveRecipientsRequest, ResolveRecipientsResponse

EXAMPLE = Path(__file__).parent.parent / "examples" / "send_to_language.py"
KEYS = pb.WebPushKeys(p256dh=b"\x04" + b"\xff" * 64, auth=b"\xfe" * 16, vapid_key_id="v1")
FCM = pb.PushEndpoint(provider=pb.PUSH_PROVIDER_FCM, token="f", push_app_id="com.shop")
SANDBOX = pb.PushEndpoint(
    provider=pb.PUSH_PROVIDER_APNS, token="aa", push_app_id="com.shop", apns_environment=pb.APNS_ENVIRONMENT_SANDBOX
)
LIVE = pb.PushEndpoint(
    provider=pb.PUSH_PROVIDER_APNS, token="bb", push_app_id="com.shop", apns_environment=pb.APNS_ENVIRONMENT_PRODUCTION
)
BROWSER = pb.PushEndpoint(provider=pb.PUSH_PROVIDER_WEB_PUSH, token="https://push.example/1", web_push=KEYS)


def recipient(user: str, *endpoints: pb.PushEndpoint) -> Recipient:
    return Recipient(key=pb.ProfileKey(app_id="shop", user_id=user, device_id="d"), endpoints=endpoints)


class Profiles:
    """Records what is reported."""

    def __init__(self) -> None:
        self.requests: list[ReportPushFeedbackRequest] = []

    def ReportPushFeedback(self, request: ReportPushFeedbackRequest) -> None:
        self.requests.append(request)


def test_endpoints_are_grouped_by_what_one_connection_sends_to() -> None:
    found = by_group([recipient("ann", FCM, BROWSER), recipient("bob", SANDBOX, LIVE), recipient("cy", FCM)])
    assert {group: [endpoint.token for endpoint in endpoints] for group, endpoints in found.items()} == {
        Group(pb.PUSH_PROVIDER_FCM, "com.shop", pb.APNS_ENVIRONMENT_UNSPECIFIED, ""): ["f"],
        Group(pb.PUSH_PROVIDER_APNS, "com.shop", pb.APNS_ENVIRONMENT_SANDBOX, ""): ["aa"],
        Group(pb.PUSH_PROVIDER_APNS, "com.shop", pb.APNS_ENVIRONMENT_PRODUCTION, ""): ["bb"],
        Group(pb.PUSH_PROVIDER_WEB_PUSH, "", pb.APNS_ENVIRONMENT_UNSPECIFIED, "v1"): ["https://push.example/1"],
    }


def test_tokens_come_in_batches() -> None:
    endpoints = [pb.PushEndpoint(token=str(number)) for number in range(1001)]
    assert [len(tokens) for tokens in batches(endpoints)] == [500, 500, 1]


def test_a_web_push_subscription_is_what_pywebpush_takes() -> None:
    info = subscription(BROWSER)
    assert info["endpoint"] == BROWSER.token
    assert base64.urlsafe_b64decode(info["keys"]["p256dh"] + "=") == KEYS.p256dh
    assert base64.urlsafe_b64decode(info["keys"]["auth"] + "==") == KEYS.auth
    assert subscription(pb.PushEndpoint(provider=pb.PUSH_PROVIDER_WEB_PUSH, token="https://x")) == {
        "endpoint": "https://x"
    }
    with pytest.raises(ValueError, match="WEB_PUSH"):
        subscription(FCM)


def test_answers_of_apns_and_web_push_are_reported() -> None:
    profiles, sending = Profiles(), Sending("com.shop")
    gone = WebPushException("gone", response=SimpleNamespace(status_code=410, text="gone"))
    items = [
        from_result(sending, "aa", NotificationResult("id", "410", "Unregistered", 1)),
        from_result(sending, "bb", NotificationResult("id", "200")),
        from_error(sending, BROWSER.token, gone),
    ]
    report(profiles, "shop", items)
    [request] = profiles.requests
    assert [item.token for item in request.feedback] == ["aa", BROWSER.token]


def test_feedback_is_reported_in_calls_of_1000() -> None:
    profiles = Profiles()
    report(profiles, "shop", [PushFeedback(token=str(number)) for number in range(1001)])
    assert [len(request.feedback) for request in profiles.requests] == [1000, 1]
    assert report(profiles, "shop", [None]) == []


@pytest.mark.filterwarnings("ignore:MulticastMessage.tokens is deprecated")
def test_the_example_sends_to_everybody_with_language_en(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a fake of FCM: one token is dead, and is reported."""
    sent: list[str] = []

    def fcm(multicast: messaging.MulticastMessage) -> messaging.BatchResponse:
        sent.extend(multicast.tokens)
        dead = messaging.UnregisteredError("Requested entity was not found.")
        return messaging.BatchResponse(
            [
                messaging.SendResponse({"name": "m"} if t != "dead" else None, dead if t == "dead" else None)
                for t in multicast.tokens
            ]
        )

    requests: list[ResolveRecipientsRequest] = []

    class Client:
        profiles = Profiles()

        def resolve_recipients(self, request: ResolveRecipientsRequest) -> list[ResolveRecipientsResponse]:
            requests.append(request)
            dead = pb.PushEndpoint(provider=pb.PUSH_PROVIDER_FCM, token="dead", push_app_id="com.shop")
            return [
                ResolveRecipientsResponse(recipients=[recipient("ann", FCM, BROWSER)]),
                ResolveRecipientsResponse(recipients=[recipient("bob", dead)]),
            ]

    monkeypatch.setattr(messaging, "send_each_for_multicast", fcm)
    spec = importlib.util.spec_from_file_location("send_to_language", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.send(Client(), "shop", messaging.Notification("Hello"))
    assert sent == ["f", "dead"]
    [reported] = Client.profiles.requests
    assert [(item.token, item.error_code) for item in reported.feedback] == [("dead", "UNREGISTERED")]
    assert (requests[0].everyone, requests[0].filter) == (True, 'language:"en"')
    body = EXAMPLE.read_text().partition("def send")[2]
    assert len(body.splitlines()) <= 20
