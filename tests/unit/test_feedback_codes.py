"""What each provider's code means (F3, F6)."""

import time

import pytest

from profile_grpc.domain.feedback_codes import Verdict, judge
from profile_grpc.domain.push_endpoints import PushProvider

FCM, WEB_PUSH, HMS = PushProvider.FCM, PushProvider.WEB_PUSH, PushProvider.HMS
APPLE = [PushProvider.APNS, PushProvider.APNS_VOIP, PushProvider.SAFARI]
DEAD = {
    FCM: ["UNREGISTERED"],
    WEB_PUSH: ["404", "410"],
    HMS: ["80300007"],
    **{apple: ["Unregistered", "ExpiredToken"] for apple in APPLE},
}
SUSPECT = {
    FCM: ["SENDER_ID_MISMATCH"],
    **{apple: ["BadDeviceToken", "DeviceTokenNotForTopic"] for apple in APPLE},
}
TRANSIENT = {
    FCM: ["QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "TIMEOUT"],
    WEB_PUSH: ["429", "408", "500", "502", "503"],
    HMS: ["81000001", "82000001"],
    **{
        apple: ["TooManyRequests", "InternalServerError", "ServiceUnavailable", "Shutdown", "IdleTimeout"]
        for apple in APPLE
    },
}
CREDENTIAL_PROBLEM = {
    FCM: ["THIRD_PARTY_AUTH_ERROR"],
    WEB_PUSH: ["401", "403"],
    HMS: ["80200001", "80200003"],
    **{
        apple: [
            "InvalidProviderToken",
            "ExpiredProviderToken",
            "MissingProviderToken",
            "BadCertificate",
            "BadCertificateEnvironment",
        ]
        for apple in APPLE
    },
}
TABLE = [
    (Verdict.DEAD, DEAD),
    (Verdict.SUSPECT, SUSPECT),
    (Verdict.TRANSIENT, TRANSIENT),
    (Verdict.CREDENTIAL_PROBLEM, CREDENTIAL_PROBLEM),
]


CODES = [
    (provider, text, expected)
    for expected, by_provider in TABLE
    for provider, texts in by_provider.items()
    for text in texts
]


@pytest.mark.parametrize("spelling", [str, str.lower, str.upper, str.title, " {} ".format])
@pytest.mark.parametrize(("provider", "code", "expected"), CODES)
def test_F3_F6_every_code_without_regard_to_case(
    provider: PushProvider, code: str, expected: Verdict, spelling: type[str]
) -> None:
    assert judge(provider, spelling(code), 0, "").verdict is expected


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        (FCM, "ExpiredToken"),
        (FCM, "410"),
        (FCM, "80300007"),
        (HMS, "UNREGISTERED"),
        (HMS, "410"),
        (WEB_PUSH, "80300007"),
    ]
    + [(apple, code) for apple in APPLE for code in ("404", "SENDER_ID_MISMATCH", "80300007")],
)
def test_F6_a_code_of_one_provider_proves_nothing_for_another(provider: PushProvider, code: str) -> None:
    assert judge(provider, code, 0, "").verdict is Verdict.UNRECOGNIZED


@pytest.mark.parametrize(
    "message",
    [
        "The registration token is not a valid FCM registration token",
        "the REGISTRATION TOKEN is not a valid fcm registration token",
        "Invalid registration token provided.",
        "Invalid registration-token",
    ],
)
def test_F3_fcm_invalid_argument_that_blames_the_token_is_dead(message: str) -> None:
    assert judge(FCM, "INVALID_ARGUMENT", 400, message).verdict is Verdict.DEAD
    assert judge(FCM, "invalid_argument", 400, message).verdict is Verdict.DEAD


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Request contains an invalid argument.",
        "Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration), \"x\"",
        "Invalid data payload key: from",
        "Recipient of the message is not set.",
        "Message is too big; the registration token was not looked at",
        "Invalid value at 'message.android.ttl': the message to the registration token was not sent",
        "The registration token was accepted, but the data payload is invalid",
    ],
)
def test_F6_any_other_fcm_invalid_argument_proves_nothing(message: str) -> None:
    assert judge(FCM, "INVALID_ARGUMENT", 400, message).verdict is Verdict.UNRECOGNIZED


def test_F3_a_bare_404_from_fcm_is_not_dead() -> None:
    assert judge(FCM, "", 404, "").verdict is Verdict.UNRECOGNIZED
    assert judge(FCM, "NOT_FOUND", 404, "Requested entity was not found.").verdict is Verdict.UNRECOGNIZED
    assert judge(FCM, "404", 404, "").verdict is Verdict.UNRECOGNIZED
    assert judge(FCM, "UNREGISTERED", 404, "").verdict is Verdict.DEAD


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("code", ["", "Gone", "106"])
def test_F3_of_web_push_the_http_status_is_the_code(status: int, code: str) -> None:
    assert judge(WEB_PUSH, code, status, "").verdict is Verdict.DEAD


SPELLINGS = [
    # firebase-admin in Node, Python, Go and .NET, the legacy HTTP API, Expo
    (FCM, "messaging/registration-token-not-registered", Verdict.DEAD),
    (FCM, "registration-token-not-registered", Verdict.DEAD),
    (FCM, "messaging/invalid-registration-token", Verdict.DEAD),
    (FCM, "NotRegistered", Verdict.DEAD),
    (FCM, "InvalidRegistration", Verdict.DEAD),
    (FCM, "UnregisteredError", Verdict.DEAD),
    (FCM, "MessagingErrorCode.Unregistered", Verdict.DEAD),
    (FCM, "com.google.firebase.messaging.MessagingErrorCode.UNREGISTERED", Verdict.DEAD),
    (FCM, "404 UNREGISTERED", Verdict.DEAD),
    (FCM, "DeviceNotRegistered", Verdict.DEAD),
    (FCM, "MismatchSenderId", Verdict.SUSPECT),
    (FCM, "messaging/mismatched-credential", Verdict.SUSPECT),
    (FCM, "SenderIdMismatchError", Verdict.SUSPECT),
    (FCM, "sender id mismatch", Verdict.SUSPECT),
    (FCM, "messaging/message-rate-exceeded", Verdict.TRANSIENT),
    (FCM, "DeviceMessageRateExceeded", Verdict.TRANSIENT),
    (FCM, "messaging/server-unavailable", Verdict.TRANSIENT),
    (FCM, "messaging/internal-error", Verdict.TRANSIENT),
    (FCM, "app/network-timeout", Verdict.TRANSIENT),
    (FCM, "InternalServerError", Verdict.TRANSIENT),
    (FCM, "503 Service Unavailable", Verdict.TRANSIENT),
    (FCM, "messaging/third-party-auth-error", Verdict.CREDENTIAL_PROBLEM),
    (FCM, "APNS_AUTH_ERROR", Verdict.CREDENTIAL_PROBLEM),
    (FCM, "InvalidApnsCredential", Verdict.CREDENTIAL_PROBLEM),
    (FCM, "messaging/authentication-error", Verdict.CREDENTIAL_PROBLEM),
    (FCM, "BadEnvironmentKeyInToken", Verdict.CREDENTIAL_PROBLEM),
    (FCM, "401 Unauthorized", Verdict.CREDENTIAL_PROBLEM),
    (FCM, "messaging/invalid-recipient", Verdict.UNRECOGNIZED),
    (FCM, "messaging/invalid-argument", Verdict.UNRECOGNIZED),
    (FCM, "404 Not Found", Verdict.UNRECOGNIZED),
    (FCM, "403 Forbidden", Verdict.UNRECOGNIZED),
    # the libraries aioapns, PyAPNs2, node-apn, apns2, pushy and APNSwift
    (PushProvider.APNS, "UNREGISTERED", Verdict.DEAD),
    (PushProvider.APNS, "expired_token", Verdict.DEAD),
    (PushProvider.APNS, "410 Gone", Verdict.DEAD),
    (PushProvider.APNS, "410", Verdict.DEAD),
    (PushProvider.APNS, "RejectionReason.UNREGISTERED", Verdict.DEAD),
    (PushProvider.APNS, "APNS Error: 410 - Unregistered", Verdict.DEAD),
    (PushProvider.APNS, "BAD_DEVICE_TOKEN", Verdict.SUSPECT),
    (PushProvider.APNS, "400 BadDeviceToken", Verdict.SUSPECT),
    (PushProvider.APNS, "APNS Error: 400 - BadDeviceToken", Verdict.SUSPECT),
    (PushProvider.APNS, ".deviceTokenNotForTopic", Verdict.SUSPECT),
    (PushProvider.APNS, "BadEnvironmentKeyInToken", Verdict.CREDENTIAL_PROBLEM),
    (PushProvider.APNS, "BadEnvironmentKeyIdInToken", Verdict.CREDENTIAL_PROBLEM),
    (PushProvider.APNS, "UnrelatedKeyIdInToken", Verdict.CREDENTIAL_PROBLEM),
    (PushProvider.APNS, "EXPIRED_PROVIDER_TOKEN", Verdict.CREDENTIAL_PROBLEM),
    (PushProvider.APNS, "InvalidSigningKey", Verdict.CREDENTIAL_PROBLEM),
    (PushProvider.APNS, "403 Forbidden", Verdict.CREDENTIAL_PROBLEM),
    (PushProvider.APNS, "404 Not Found", Verdict.UNRECOGNIZED),
    (PushProvider.APNS, "Success", Verdict.ALIVE),
    # the libraries pywebpush, web-push and webpush-go
    (WEB_PUSH, "410 Gone", Verdict.DEAD),
    (WEB_PUSH, "HTTP/1.1 404 Not Found", Verdict.DEAD),
    (WEB_PUSH, "Push failed: 410 Gone", Verdict.DEAD),
    (WEB_PUSH, "WebPush::ExpiredSubscription", Verdict.DEAD),
    (WEB_PUSH, "endpoint_not_found", Verdict.DEAD),
    (WEB_PUSH, "Gone", Verdict.DEAD),
    (WEB_PUSH, "429 Too Many Requests", Verdict.TRANSIENT),
    (WEB_PUSH, "406 Not Acceptable", Verdict.TRANSIENT),
    (WEB_PUSH, "VapidPkHashMismatch", Verdict.CREDENTIAL_PROBLEM),
    (WEB_PUSH, "400 UnauthorizedRegistration", Verdict.CREDENTIAL_PROBLEM),
    (WEB_PUSH, "403 MismatchSenderId", Verdict.CREDENTIAL_PROBLEM),
    (WEB_PUSH, "201 Created", Verdict.ALIVE),
    # HMS push_admin
    (HMS, "80200005", Verdict.CREDENTIAL_PROBLEM),
    (HMS, "noPushTypeRight", Verdict.CREDENTIAL_PROBLEM),
    (HMS, "tokenFormatError", Verdict.DEAD),
    (HMS, "80000000", Verdict.ALIVE),
    (HMS, "80100000", Verdict.UNRECOGNIZED),  # F7: of a request, not of one token
]  # fmt: skip


@pytest.mark.parametrize(("provider", "code", "expected"), SPELLINGS)
def test_F3_spellings_of_senders_libraries(provider: PushProvider, code: str, expected: Verdict) -> None:
    assert judge(provider, code, 0, "").verdict is expected


def test_F3_separators_and_case_do_not_matter() -> None:
    for code in ("sender-id-mismatch", "Sender Id Mismatch", "senderIdMismatch", "SENDER.ID/SENDER_ID_MISMATCH"):
        assert judge(FCM, code, 403, "").verdict is Verdict.SUSPECT


@pytest.mark.parametrize("apple", APPLE)
def test_F3_a_status_alone_says_what_it_can_only_mean(apple: PushProvider) -> None:
    assert judge(apple, "", 410, "").verdict is Verdict.DEAD
    assert judge(apple, "SomethingNew", 410, "").verdict is Verdict.DEAD
    assert judge(apple, "", 403, "").verdict is Verdict.CREDENTIAL_PROBLEM
    assert judge(apple, "", 404, "").verdict is Verdict.UNRECOGNIZED


@pytest.mark.parametrize("provider", [FCM, HMS])
@pytest.mark.parametrize("status", [404, 410])
def test_F3_elsewhere_the_http_status_alone_proves_nothing(provider: PushProvider, status: int) -> None:
    assert judge(provider, "", status, "").verdict is Verdict.UNRECOGNIZED


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, '{"reason":"VapidPkHashMismatch"}'),
        (403, '{"reason":"BadJwtToken"}'),
        (400, "UnauthorizedRegistration"),
        (
            403,
            "the VAPID credentials in the authorization header do not correspond to the credentials used to create",
        ),
        (400, "VAPID public key mismatch"),
    ],
)
def test_F3_a_vapid_mismatch_is_a_credential_problem(status: int, message: str) -> None:
    assert judge(WEB_PUSH, "", status, message).verdict is Verdict.CREDENTIAL_PROBLEM


def test_F3_harmony_os_refuses_tokens_for_faults_of_the_sender_too() -> None:
    def verdict_on(cause: str) -> Verdict:
        return judge(HMS, "80300007", 200, f'{{"failure":1,"illegalTokens":{{"{cause}":["MAM0Ku"]}}}}').verdict

    assert verdict_on("tokenFormatError") is Verdict.DEAD
    assert verdict_on("noPushTypeRight") is Verdict.CREDENTIAL_PROBLEM
    assert verdict_on("countryNotSupport") is Verdict.UNRECOGNIZED
    assert judge(HMS, "80300007", 200, "All the tokens are invalid").verdict is Verdict.DEAD


def test_F3_a_denied_permission_that_names_the_sender_is_a_mismatch() -> None:
    assert judge(FCM, "PERMISSION_DENIED", 403, "SenderId mismatch").verdict is Verdict.SUSPECT
    assert judge(FCM, "PERMISSION_DENIED", 403, "Denied.").verdict is Verdict.CREDENTIAL_PROBLEM


# --- successes ---


@pytest.mark.parametrize("provider", PushProvider)
@pytest.mark.parametrize(("code", "status"), [("", 200), ("", 201), ("OK", 0), ("ok", 200), ("200", 0), ("200 OK", 0)])
def test_F6_a_success_is_no_code_with_2xx_or_ok(provider: PushProvider, code: str, status: int) -> None:
    assert judge(provider, code, status, "").verdict is Verdict.ALIVE


@pytest.mark.parametrize(
    ("code", "status"), [("", 0), ("OK", 404), ("OK", 400), ("SomethingNew", 200), ("", 300), ("", 199)]
)
def test_F6_no_other_code_means_success(code: str, status: int) -> None:
    assert judge(FCM, code, status, "").verdict is Verdict.UNRECOGNIZED


def test_F6_a_code_says_more_than_the_status_200_around_it() -> None:
    assert judge(FCM, "NotRegistered", 200, "").verdict is Verdict.DEAD
    assert judge(HMS, "80300007", 200, "").verdict is Verdict.DEAD


# --- what was not understood ---


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("SomethingNew", 0, 'error_code "SomethingNew" is not known to say anything about a token of FCM'),
        ("SomethingNew", 400, 'error_code "SomethingNew" with http_status 400 is not known to say'),
        ("", 404, "http_status 404 is not known to say anything about a token of FCM"),
        ("", 0, "neither error_code nor http_status was given"),
        ("INVALID_ARGUMENT", 400, "does not say that the registration token itself is invalid"),
    ],
)
def test_F3_an_unknown_code_is_named(code: str, status: int, expected: str) -> None:
    assert expected in judge(FCM, code, status).detail


@pytest.mark.parametrize(
    "code",
    [
        "0a1b2c3d" * 8,
        "dGhpcyBpcyBhIHRva2Vu:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx",
        "x" * 65,
        "error for my-token",
        "error for MY-TOKEN",
        "my-tok",
        "é" * 200,
    ],
)
def test_F3_what_may_hold_a_token_is_not_shown(code: str) -> None:
    judged = judge(FCM, code, 400, code, token="my-token")
    assert judged.verdict is Verdict.UNRECOGNIZED
    assert "not shown" in judged.detail
    assert code not in judged.detail
    assert len(judged.detail) <= 200


def test_F3_only_listed_spellings_are_passed_on() -> None:
    """An event's reason is one of them."""
    assert judge(FCM, "messaging/Third-Party-Auth-Error", 401).code == "THIRD_PARTY_AUTH_ERROR"
    assert judge(PushProvider.APNS, "", 403, "0a1b2c3d" * 8).code == "403"


def test_F3_no_message_is_slow_to_read() -> None:
    """A call may carry 4 MiB of them. Twenty times as long takes at most eighty times as long: not its square."""

    def seconds(size: int) -> float:
        started = time.process_time()
        for _ in range(200):
            judge(WEB_PUSH, "", 400, "vapid " * size)
            judge(FCM, "INVALID_ARGUMENT", 400, "registration token is " * size)
            judge(HMS, "80300007", 400, "illegalTokens no" * size)
        return time.process_time() - started

    assert min(seconds(400) for _ in range(3)) < 80 * min(seconds(20) for _ in range(3))


@pytest.mark.parametrize("provider", PushProvider)
@pytest.mark.parametrize("status", [408, 429, 500, 503, 599])
def test_F6_troubles_of_the_server_are_transient(provider: PushProvider, status: int) -> None:
    assert judge(provider, "", status, "").verdict is Verdict.TRANSIENT
    assert judge(provider, "SomethingNew", status, "").verdict is Verdict.TRANSIENT


@pytest.mark.parametrize("provider", PushProvider)
@pytest.mark.parametrize("code", ["", "SomethingNew", "PayloadTooLarge", "0", "300", "413"])
def test_F6_unknown_codes_are_unrecognized(provider: PushProvider, code: str) -> None:
    assert judge(provider, code, 0, "").verdict is Verdict.UNRECOGNIZED
