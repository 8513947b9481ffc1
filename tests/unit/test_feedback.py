"""Valid items of feedback (F1) and their evidence (F2)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback import PushFeedback
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.push_endpoints import PushEndpointState, PushPurpose
from profile_grpc.domain.results import PushFeedbackOutcome as Outcome
from tests.support.domain import (
    ANN,
    BOB,
    INSTANT,
    T0,
    Scene,
    apns,
    days,
    dead,
    fcm,
    given,
    hours,
    key,
    minutes,
    patch,
    profile,
)

CALL = PushPurpose.INCOMING_CALL
PUSH_ONLY = {Channel.PUSH}
SUSPECT = PushEndpointState.SUSPECT
INVALID = PushEndpointState.INVALID


def outcomes(scene: Scene, *items: PushFeedback) -> list[Outcome]:
    return [result.outcome for result in scene.feedback(*items)]


def holding(*tokens: str, of: ProfileKey = ANN, channels: Iterable[Channel] = PUSH_ONLY) -> Scene:
    """A profile confirmed at T0 that holds these FCM tokens; an hour has passed."""
    purposes = (PushPurpose.DEFAULT, CALL)
    endpoints = [fcm(token, purpose=purpose) for token, purpose in zip(tokens, purposes, strict=False)]
    return given(profile(of, *endpoints, channels=channels), at=T0 + hours(1))


def after() -> timedelta:
    return minutes(1)


# --- F1 ---


def test_F1_each_item_is_answered_on_its_own_and_in_order() -> None:
    scene = holding("T", channels={Channel.PUSH, Channel.IN_APP})
    assert outcomes(
        scene,
        PushFeedback(invalid="token or key is required"),
        dead("T"),
        dead("T", T0),
        dead("NOBODYS", T0 + after()),
        dead("T", T0 + after(), error_code="QUOTA_EXCEEDED"),
        dead("T", T0 + after(), error_code="THIRD_PARTY_AUTH_ERROR"),
        dead("T", T0 + after(), error_code="WHATEVER"),
        dead("T", T0 + after(), error_code="SENDER_ID_MISMATCH"),
        dead("T", T0 + after()),
        dead("T", T0 + after()),
    ) == [
        Outcome.INVALID,
        Outcome.INVALID,
        Outcome.STALE,
        Outcome.UNKNOWN_TOKEN,
        Outcome.TRANSIENT,
        Outcome.CREDENTIAL_PROBLEM,
        Outcome.UNRECOGNIZED,
        Outcome.ENDPOINT_SUSPECT,
        Outcome.ENDPOINT_INVALIDATED,
        Outcome.UNKNOWN_TOKEN,
    ]


def test_F1_an_invalid_item_says_why_and_touches_nothing() -> None:
    scene = holding("T")
    [result] = scene.feedback(PushFeedback(token="T", invalid="provider is required"))
    assert (result.outcome, result.affected, result.detail) == (Outcome.INVALID, (), "provider is required")
    assert scene.has(ANN)


def test_F1_an_item_names_the_profile_key_in_place_of_the_token() -> None:
    scene = holding("T")
    assert outcomes(scene, dead(key=ANN, sent_at=T0 + after())) == [Outcome.PROFILE_DELETED]
    assert not scene.has(ANN)


def test_F1_a_key_of_another_app_is_invalid() -> None:
    scene = holding("T")
    assert outcomes(scene, dead(key=key(app="other"), sent_at=T0 + after())) == [Outcome.INVALID]


def test_F1_a_key_is_about_the_providers_tokens_only() -> None:
    scene = given(profile(ANN, fcm("T"), apns("aa")), at=T0 + hours(1))
    assert outcomes(scene, dead(key=ANN, sent_at=T0 + after())) == [Outcome.ENDPOINT_INVALIDATED]
    assert scene.tokens(ANN) == ["aa"]


@pytest.mark.parametrize("of", [ANN, BOB])
def test_F1_a_key_without_profile_or_token_is_an_unknown_token(of: ProfileKey) -> None:
    scene = given(profile(ANN, apns("aa")), at=T0 + hours(1))
    assert outcomes(scene, dead(key=of, sent_at=T0 + after())) == [Outcome.UNKNOWN_TOKEN]


def test_F1_a_key_item_handles_all_tokens_of_the_profile_together() -> None:
    """Two tokens of one provider: neither comes back while the other goes."""
    scene = holding("T", "CALLS", channels={Channel.PUSH, Channel.IN_APP})
    [result] = scene.feedback(dead(key=ANN, sent_at=T0 + after()))
    assert (result.outcome, result.affected) == (Outcome.ENDPOINT_INVALIDATED, (ANN,))
    assert scene.tokens(ANN) == []
    assert not scene.world.tokens
    assert len(scene.events(EventType.PUSH_ENDPOINT_INVALIDATED)) == 1


def test_F1_F4_a_key_item_that_kills_both_tokens_deletes_a_push_only_profile() -> None:
    scene = holding("T", "CALLS")
    assert outcomes(scene, dead(key=ANN, sent_at=T0 + after())) == [Outcome.PROFILE_DELETED]
    assert not scene.has(ANN)


def test_F1_F6_a_key_item_suspects_both_tokens() -> None:
    scene = holding("T", "CALLS")
    scene.feedback(dead(key=ANN, sent_at=T0 + after(), error_code="SENDER_ID_MISMATCH"))
    assert [e.state for e in scene.profile(ANN).push_endpoints] == [SUSPECT, SUSPECT]


# --- F2 ---


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (T0 - days(1), Outcome.STALE),
        (T0 - INSTANT, Outcome.STALE),
        (T0, Outcome.STALE),
        (T0 + INSTANT, Outcome.PROFILE_DELETED),
        (T0 + hours(1), Outcome.PROFILE_DELETED),
    ],
)
@pytest.mark.parametrize("field", ["sent_at", "provider_time"])
def test_F2_only_evidence_after_the_confirmation_acts_and_a_tie_keeps(
    evidence: datetime, outcome: Outcome, field: str
) -> None:
    scene = holding("T")
    before = scene.profile(ANN)
    item = dead("T", evidence) if field == "sent_at" else dead("T", provider_time=evidence)
    assert outcomes(scene, item) == [outcome]
    if outcome is Outcome.STALE:
        assert scene.profile(ANN) == before
    else:
        assert not scene.has(ANN)


def test_F2_the_providers_time_comes_before_the_senders() -> None:
    scene = holding("T")
    assert outcomes(scene, dead("T", T0 + after(), provider_time=T0)) == [Outcome.STALE]
    assert outcomes(scene, dead("T", T0, provider_time=T0 + after())) == [Outcome.PROFILE_DELETED]


def test_F2_a_token_that_is_no_longer_the_profiles_does_not_act() -> None:
    scene = holding("OLD")
    scene.update(ANN, patch(fcm("NEW")))
    assert outcomes(scene.later(hours(1)), dead("OLD", scene.now)) == [Outcome.UNKNOWN_TOKEN]
    assert scene.tokens(ANN) == ["NEW"]


@pytest.mark.parametrize("how", ["register", "update"])
def test_F2_a_registration_after_the_send_saves_the_profile(how: str) -> None:
    scene = holding("T")
    sent_at = scene.now
    getattr(scene.later(minutes(1)), how)(ANN, patch(fcm("T")))
    assert outcomes(scene.later(minutes(1)), dead("T", sent_at)) == [Outcome.STALE]
    assert scene.tokens(ANN) == ["T"]


def test_F2_a_heartbeat_confirms_no_token() -> None:
    scene = holding("T")
    scene.heartbeat(ANN)
    assert outcomes(scene, dead("T", T0 + after())) == [Outcome.PROFILE_DELETED]


@pytest.mark.parametrize("code", ["UNREGISTERED", "QUOTA_EXCEEDED", "THIRD_PARTY_AUTH_ERROR", "WHATEVER"])
def test_F2_no_evidence_time_or_one_from_the_future_is_invalid(code: str) -> None:
    scene = holding("T")
    assert (
        outcomes(
            scene,
            dead("T", error_code=code),
            dead("T", scene.now + minutes(5) + INSTANT, error_code=code),
            dead("T", T0, provider_time=scene.now + minutes(6), error_code=code),
        )
        == [Outcome.INVALID] * 3
    )
    assert scene.has(ANN)


def test_F2_a_clock_that_is_5_minutes_ahead_is_believed() -> None:
    scene = holding("T")
    assert outcomes(scene, dead("T", scene.now + minutes(5))) == [Outcome.PROFILE_DELETED]


def test_F2_suspicion_needs_new_evidence_too() -> None:
    scene = holding("T")
    assert outcomes(scene, dead("T", T0, error_code="SENDER_ID_MISMATCH")) == [Outcome.STALE]
    assert scene.profile(ANN).push_endpoints[0].state is PushEndpointState.DELIVERABLE


def test_F2_a_label_makes_no_other_token() -> None:
    """One token under two labels (R4): that one was confirmed later proves the other alive."""
    scene = given(
        profile(ANN, fcm("T", "com.a")),
        profile(BOB, fcm("T", "com.b"), registered=T0 + minutes(59)),
        at=T0 + hours(1),
        multi_user_per_device=True,
    )
    scene.feedback(dead("T", T0 + minutes(30)))
    assert scene.tokens(ANN) == scene.tokens(BOB) == ["T"]
