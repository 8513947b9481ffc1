"""What providers answer and libraries return becomes PushFeedback; the verdicts are the service's own (F2, F3, F6).

Bodies are as the providers document them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import firebase_admin.exceptions
import httpx
import pytest
import requests
from aioapns.common import NotificationResult
from firebase_admin import messaging
from pywebpush import WebPushException

from appprofile.feedback import Sending, aioapns, firebase, pywebpush
from appprofile.v1.profile_pb2 import PUSH_PROVIDER_APNS_VOIP, PushProvider
from appprofile.v1.profile_service_pb2 import PushFeedback
from profile_grpc.domain.feedback_codes import Verdict, judge
from profile_grpc.domain.push_endpoints import PushProvider as DomainProvider

SENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SENDING = Sending(push_app_id="com.example.shop", sent_at=SENT)
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def fcm_body(code: int, status: str, message: str, error_code: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if error_code:
        apns = {"@type": "type.googleapis.com/google.firebase.fcm.v1.ApnsError", "statusCode": 403, "reason": "x"}
        error["details"] = [apns, {"@type": FCM_ERROR, "errorCode": error_code}]
    return {"error": error}


UNREGISTERED = fcm_body(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")


def judged(item: PushFeedback | None) -> Verdict:
    """What the service makes of the item."""
    assert item is not None
    provider = DomainProvider[PushProvider.Name(item.provider).removeprefix("PUSH_PROVIDER_")]
    return judge(provider, item.error_code, item.http_status, item.error_message).verdict


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, UNREGISTERED, Verdict.DEAD),
        (404, fcm_body(404, "NOT_FOUND", "Requested entity was not found."), Verdict.UNRECOGNIZED),
        (
            400,
            fcm_body(400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token",
                     "INVALID_ARGUMENT"),
            Verdict.DEAD,
        ),
        (400, fcm_body(400, "INVALID_ARGUMENT", "Invalid JSON payload received."), Verdict.UNRECOGNIZED),
        (403, fcm_body(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH"), Verdict.SUSPECT),
        (401, fcm_body(401, "UNAUTHENTICATED", "Auth error from APNS", "THIRD_PARTY_AUTH_ERROR"),
         Verdict.CREDENTIAL_PROBLEM),
        (429, fcm_body(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", "QUOTA_EXCEEDED"), Verdict.TRANSIENT),
        (503, fcm_body(503, "UNAVAILABLE", "The service is currently unavailable."), Verdict.TRANSIENT),
        (502, "<html>Bad Gateway</html>", Verdict.TRANSIENT),
        (400, b"\xff\xfe", Verdict.UNRECOGNIZED),
        (400, "[]", Verdict.UNRECOGNIZED),
        (400, '{"error": "invalid_grant"}', Verdict.UNRECOGNIZED),
    ],
)  # fmt: skip
def test_an_answer_of_fcm(status: int, body: Any, expected: Verdict) -> None:
    item = SENDING.fcm("t", status, body if isinstance(body, str | bytes) else json.dumps(body))
    assert judged(item) is expected
    assert SENDING.fcm("t", status, body) == item, "a parsed body says the same"


def test_an_item_says_what_was_sent_when_and_what_came_back() -> None:
    item = SENDING.fcm("t", 404, UNREGISTERED, message_id="m")
    assert item is not None
    assert (item.token, item.push_app_id, item.message_id) == ("t", "com.example.shop", "m")
    assert (item.error_code, item.http_status) == ("UNREGISTERED", 404)
    assert item.error_message == "Requested entity was not found."
    assert item.sent_at.ToDatetime(UTC) == SENT
    assert not item.HasField("provider_time")


@pytest.mark.parametrize("take", [SENDING.fcm, SENDING.apns, SENDING.web_push])
def test_a_message_that_was_taken_is_no_feedback(take: Any) -> None:
    assert take("t", 200, "{}") is None
    assert take("t", 201, "") is None


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (410, "Unregistered", Verdict.DEAD),
        (410, "ExpiredToken", Verdict.DEAD),
        (400, "BadDeviceToken", Verdict.SUSPECT),
        (400, "DeviceTokenNotForTopic", Verdict.SUSPECT),
        (403, "InvalidProviderToken", Verdict.CREDENTIAL_PROBLEM),
        (429, "TooManyRequests", Verdict.TRANSIENT),
        (503, "ServiceUnavailable", Verdict.TRANSIENT),
        (400, "PayloadEmpty", Verdict.UNRECOGNIZED),
    ],
)
def test_an_answer_of_apns_and_the_result_of_aioapns(status: int, reason: str, expected: Verdict) -> None:
    timestamp = 1767322800123 if status == 410 else None
    body = {"reason": reason, "timestamp": timestamp}
    item = SENDING.apns("aa11", status, json.dumps(body), apns_id="id")
    assert judged(item) is expected
    result = NotificationResult("id", str(status), reason, timestamp)
    assert aioapns.from_result(SENDING, "aa11", result) == item


def test_apns_own_time_is_the_evidence_time() -> None:
    """F2: in milliseconds."""
    item = SENDING.apns("aa11", 410, {"reason": "Unregistered", "timestamp": 1767322800123})
    assert item is not None
    assert item.provider_time.ToDatetime(UTC) == datetime(2026, 1, 2, 3, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("timestamp", [None, "soon", True, 10**30, 1.5])
def test_a_time_that_is_none_is_left_out(timestamp: object) -> None:
    item = SENDING.apns("aa11", 410, {"reason": "Unregistered", "timestamp": timestamp})
    assert item is not None
    assert not item.HasField("provider_time")


def test_other_tokens_of_apple_keep_their_provider() -> None:
    item = SENDING.apns("aa11", 410, {"reason": "Unregistered"}, provider=PUSH_PROVIDER_APNS_VOIP)
    assert item is not None
    assert item.provider == PUSH_PROVIDER_APNS_VOIP
    result = NotificationResult("id", "410", "Unregistered")
    kept = aioapns.from_result(SENDING, "aa11", result, provider=PUSH_PROVIDER_APNS_VOIP)
    assert kept is not None
    assert kept.provider == PUSH_PROVIDER_APNS_VOIP


def test_a_success_of_aioapns_is_no_feedback() -> None:
    assert aioapns.from_result(SENDING, "aa11", NotificationResult("id", "200")) is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (410, '{"code":410,"errno":106,"error":"Gone"}', Verdict.DEAD),
        (404, "", Verdict.DEAD),
        (403, "invalid VAPID", Verdict.CREDENTIAL_PROBLEM),
        (429, "", Verdict.TRANSIENT),
        (500, "", Verdict.TRANSIENT),
        (413, "", Verdict.UNRECOGNIZED),
    ],
)
def test_an_answer_of_web_push_and_the_exception_of_pywebpush(status: int, body: str, expected: Verdict) -> None:
    assert judged(SENDING.web_push("s", status, body)) is expected
    error = WebPushException("Push failed", response=response(status, body))
    assert judged(pywebpush.from_error(SENDING, "s", error)) is expected


def test_pywebpush_without_an_answer_says_nothing_of_the_token() -> None:
    assert pywebpush.from_error(SENDING, "s", WebPushException("no subscription")) is None


def test_the_answer_of_an_asynchronous_pywebpush_has_its_status() -> None:
    class AiohttpResponse:
        """What aiohttp's has: `status`, and a `text` to be awaited."""

        status = 410

        async def text(self) -> str:
            return ""

    item = pywebpush.from_error(SENDING, "s", WebPushException("Push failed: 410 Gone", response=AiohttpResponse()))
    assert item is not None
    assert (item.http_status, item.error_message) == (410, "Push failed: 410 Gone")


def hms_body(code: str, message: object) -> str:
    """Push Kit gives the details as text of JSON."""
    return json.dumps({"code": code, "msg": message if isinstance(message, str) else json.dumps(message)})


def codes(items: list[PushFeedback]) -> list[tuple[str, str]]:
    return [(item.token, item.error_code) for item in items]


def test_F7_hms_80300007_is_about_every_token_of_the_request() -> None:
    """F7: an item for each, with the code that is true for it."""
    items = SENDING.hms(["a", "b"], 200, hms_body("80300007", "All the tokens are invalid"))
    assert codes(items) == [("a", "80300007"), ("b", "80300007")]
    assert [judged(item) for item in items] == [Verdict.DEAD] * 2
    assert items[0].sent_at.ToDatetime(UTC) == SENT


def test_F7_hms_80100000_names_the_dead_ones_in_its_message() -> None:
    said = {"success": 2, "failure": 2, "illegal_tokens": ["b", "d", "of another request"]}
    items = SENDING.hms(["a", "b", "c", "d"], 200, hms_body("80100000", said))
    assert codes(items) == [("b", "80300007"), ("d", "80300007")]
    assert [judged(item) for item in items] == [Verdict.DEAD] * 2
    assert "of another request" not in str(items)


@pytest.mark.parametrize("code", ["80100000", "80300007"])
def test_F7_harmony_os_tells_why_each_token_was_refused(code: str) -> None:
    said = {"failure": 2, "illegalTokens": {"tokenFormatError": ["a"], "noPushTypeRight": ["b"]}}
    items = SENDING.hms(["a", "b", "c"], 200, hms_body(code, said))
    assert codes(items) == [("a", "tokenFormatError"), ("b", "noPushTypeRight")]
    assert [judged(item) for item in items] == [Verdict.DEAD, Verdict.CREDENTIAL_PROBLEM]


@pytest.mark.parametrize("message", ["", "no JSON", "[]", '{"illegal_tokens": "b"}', '{"illegal_tokens": [1, null]}'])
def test_F7_an_80100000_that_names_nobody_is_about_nobody(message: str) -> None:
    assert SENDING.hms(["a", "b"], 200, hms_body("80100000", message)) == []


def test_F7_any_other_answer_of_hms_is_true_for_every_token() -> None:
    assert SENDING.hms(["a"], 200, hms_body("80000000", "Success")) == []
    refused = SENDING.hms(["a", "b"], 200, hms_body("80200003", "token expired"))
    assert [judged(item) for item in refused] == [Verdict.CREDENTIAL_PROBLEM] * 2
    assert [judged(item) for item in SENDING.hms(["a"], 503, "<html>")] == [Verdict.TRANSIENT]
    assert [judged(item) for item in SENDING.hms(["a"], 404, "")] == [Verdict.UNRECOGNIZED]


def test_F6_a_message_that_was_taken_can_be_told() -> None:
    assert judged(SENDING.taken(PUSH_PROVIDER_APNS_VOIP, "aa11")) is Verdict.ALIVE


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (messaging.UnregisteredError("gone"), Verdict.DEAD),
        (messaging.SenderIdMismatchError("other sender"), Verdict.SUSPECT),
        (messaging.QuotaExceededError("slower"), Verdict.TRANSIENT),
        (messaging.ThirdPartyAuthError("certificate"), Verdict.CREDENTIAL_PROBLEM),
        (firebase_admin.exceptions.UnavailableError("later"), Verdict.TRANSIENT),
        (firebase_admin.exceptions.NotFoundError("no such project"), Verdict.UNRECOGNIZED),
        (firebase_admin.exceptions.InvalidArgumentError("The registration token is not a valid FCM registration token"),
         Verdict.DEAD),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_an_exception_of_firebase_admin(error: Any, expected: Verdict) -> None:
    assert judged(firebase.from_error(SENDING, "t", error)) is expected


@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_the_answer_in_an_exception_of_firebase_admin_says_more_than_its_class(library: str) -> None:
    body = json.dumps(UNREGISTERED)
    inner = response(404, body) if library == "requests" else httpx.Response(404, text=body)
    error = firebase_admin.exceptions.NotFoundError("gone", http_response=inner)
    assert firebase.from_error(SENDING, "t", error) == SENDING.fcm("t", 404, body)


def test_a_batch_of_firebase_admin_answers_for_each_token() -> None:
    batch = messaging.BatchResponse([
        messaging.SendResponse({"name": "projects/p/messages/1"}, None),
        messaging.SendResponse(None, messaging.UnregisteredError("gone")),
        messaging.SendResponse(None, messaging.QuotaExceededError("slower")),
    ])  # fmt: skip
    items = firebase.from_batch(SENDING, ["a", "b", "c"], batch)
    assert [(item.token, item.error_code) for item in items] == [("b", "UNREGISTERED"), ("c", "QUOTA_EXCEEDED")]
    with pytest.raises(ValueError, match="zip"):
        firebase.from_batch(SENDING, ["a"], batch)


def test_what_exceeds_the_contract_is_cut() -> None:
    item = SENDING.fcm("t", 1000, fcm_body(400, "A\nB" + "ä" * 300, "ö" * 5000), message_id="m" * 300)
    assert item is not None
    assert item.http_status == 0
    assert item.error_code.startswith("ABä")
    assert len(item.error_code.encode()) == 256
    assert len(item.error_message.encode()) == 4096
    assert len(item.message_id) == 256


def test_the_time_is_taken_when_the_send_begins() -> None:
    before = datetime.now(UTC)
    sending = Sending()
    assert before <= sending.sent_at <= datetime.now(UTC)
    with pytest.raises(ValueError, match="time zone"):
        Sending(sent_at=datetime(2026, 1, 1))  # noqa: DTZ001


def response(status: int, body: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body.encode()
    return made
