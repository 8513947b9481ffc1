"""What each provider's code means (F3, F6)."""

import pytest

from profile_grpc.domain.feedback_codes import Verdict, verdict
from profile_grpc.domain.model import PushProvider

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
    assert verdict(provider, spelling(code), 0, "") is expected


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
    + [(apple, code) for apple in APPLE for code in ("410", "SENDER_ID_MISMATCH", "80300007")],
)
def test_F6_a_code_of_one_provider_proves_nothing_for_another(provider: PushProvider, code: str) -> None:
    assert verdict(provider, code, 0, "") is Verdict.UNRECOGNIZED


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
    assert verdict(FCM, "INVALID_ARGUMENT", 400, message) is Verdict.DEAD
    assert verdict(FCM, "invalid_argument", 400, message) is Verdict.DEAD


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
    assert verdict(FCM, "INVALID_ARGUMENT", 400, message) is Verdict.UNRECOGNIZED


def test_F3_a_bare_404_from_fcm_is_not_dead() -> None:
    assert verdict(FCM, "", 404, "") is Verdict.UNRECOGNIZED
    assert verdict(FCM, "NOT_FOUND", 404, "Requested entity was not found.") is Verdict.UNRECOGNIZED
    assert verdict(FCM, "404", 404, "") is Verdict.UNRECOGNIZED
    assert verdict(FCM, "UNREGISTERED", 404, "") is Verdict.DEAD


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("code", ["", "Gone", "106"])
def test_F3_of_web_push_the_http_status_is_the_code(status: int, code: str) -> None:
    assert verdict(WEB_PUSH, code, status, "") is Verdict.DEAD


@pytest.mark.parametrize("provider", [FCM, HMS, *APPLE])
@pytest.mark.parametrize("status", [404, 410])
def test_F3_elsewhere_the_http_status_alone_proves_nothing(provider: PushProvider, status: int) -> None:
    assert verdict(provider, "", status, "") is Verdict.UNRECOGNIZED


@pytest.mark.parametrize("provider", PushProvider)
@pytest.mark.parametrize("status", [408, 429, 500, 503, 599])
def test_F6_troubles_of_the_server_are_transient(provider: PushProvider, status: int) -> None:
    assert verdict(provider, "", status, "") is Verdict.TRANSIENT
    assert verdict(provider, "SomethingNew", status, "") is Verdict.TRANSIENT


@pytest.mark.parametrize("provider", PushProvider)
@pytest.mark.parametrize("code", ["", "SomethingNew", "PayloadTooLarge", "0", "200", "413"])
def test_F6_unknown_codes_are_unrecognized(provider: PushProvider, code: str) -> None:
    assert verdict(provider, code, 0, "") is Verdict.UNRECOGNIZED
