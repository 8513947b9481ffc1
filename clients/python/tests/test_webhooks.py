"""Requests of webhooks are verified as the libraries of the specification's authors do, and signed as they do (E6)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from appprofile.v1.event_pb2 import EVENT_TYPE_PROFILE_DELETED, EVENT_TYPE_UNSPECIFIED
from appprofile.webhooks import NotVerified, Verifier

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BODY = json.dumps(
    [
        {
            "specversion": "1.0",
            "id": "e1",
            "source": "/apps/shop",
            "type": "appprofile.v1.PROFILE_DELETED",
            "data": {
                "event_id": "e1",
                "position": "9007199254740993",
                "type": "EVENT_TYPE_PROFILE_DELETED",
                "version": "3",
            },
        },
        {
            "specversion": "1.0",
            "id": "e2",
            "source": "/apps/shop",
            "type": "appprofile.v1.LATER",
            "data": {"event_id": "e2", "position": "9007199254740994", "type": "EVENT_TYPE_LATER", "more": {"x": 1}},
        },
    ]
).encode()


def signed(*secrets: str, body: bytes = BODY, time: datetime = NOW) -> dict[str, str]:
    """The headers of a request, signed by the specification's own library."""
    signatures = (standardwebhooks.Webhook(secret).sign("msg_1", time, body.decode()) for secret in secrets)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(time.timestamp())),
        "Webhook-Signature": " ".join(signatures),
    }


def test_a_signed_request_is_verified_and_its_events_read() -> None:
    first, second = Verifier(SECRET).events(BODY, signed(SECRET), now=NOW)
    assert Verifier(SECRET).verify(BODY, signed(SECRET, time=datetime.now(UTC))) == "msg_1"
    assert (first.event_id, first.position, first.type, first.version) == (
        "e1",
        9007199254740993,
        EVENT_TYPE_PROFILE_DELETED,
        3,
    )
    # Of a newer service: a type and a field that this client does not know.
    assert (second.event_id, second.type) == ("e2", EVENT_TYPE_UNSPECIFIED)


def test_a_test_request_has_no_events() -> None:
    assert Verifier(SECRET).events(b"[]", signed(SECRET, body=b"[]"), now=NOW) == []


def test_during_a_rotation_either_secret_verifies() -> None:
    both = signed(OTHER, SECRET)
    for verifier in (Verifier(SECRET), Verifier(OTHER), Verifier(OTHER, SECRET)):
        verifier.verify(BODY, both, now=NOW)
    Verifier(OTHER, SECRET).verify(BODY, signed(SECRET), now=NOW)


CHANGES: list[tuple[str, Mapping[str, str]]] = [
    ("no signature", {"webhook-signature": "v1,AAAA"}),
    ("no signature", {"webhook-signature": ""}),
    ("no signature", {"webhook-signature": "v1,=="}),
    ("no signature", {"webhook-signature": "v1a," + "A" * 44}),
    ("no signature", {"webhook-id": "msg_2"}),
    ("no signature", {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}),
    ("not a time", {"webhook-timestamp": "soon"}),
    ("not a time", {"webhook-timestamp": "9" * 30}),
]


@pytest.mark.parametrize(("why", "changes"), CHANGES)
def test_whatever_was_changed_is_refused(why: str, changes: Mapping[str, str]) -> None:
    headers = {name.lower(): value for name, value in signed(SECRET).items()} | dict(changes)
    with pytest.raises(NotVerified, match=why):
        Verifier(SECRET).verify(BODY, headers, now=NOW)


def test_a_changed_body_another_secret_or_a_missing_header_is_refused() -> None:
    with pytest.raises(NotVerified, match="no signature"):
        Verifier(SECRET).verify(BODY + b" ", signed(SECRET), now=NOW)
    with pytest.raises(NotVerified, match="no signature"):
        Verifier(OTHER).verify(BODY, signed(SECRET), now=NOW)
    for name in signed(SECRET):
        headers = {key: value for key, value in signed(SECRET).items() if key != name}
        with pytest.raises(NotVerified, match="missing"):
            Verifier(SECRET).verify(BODY, headers, now=NOW)


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_what_was_recorded_cannot_be_sent_again_later(age: timedelta) -> None:
    with pytest.raises(NotVerified, match="too old"):
        Verifier(SECRET).verify(BODY, signed(SECRET), now=NOW + age)
    Verifier(SECRET, tolerance=timedelta(minutes=10)).verify(BODY, signed(SECRET), now=NOW + age)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64", "whsec_ä"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        Verifier(secret)
    with pytest.raises(ValueError, match="at least one"):
        Verifier()
