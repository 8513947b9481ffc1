"""What proven feedback does to the profiles that hold the token (F4-F6)."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback import PushFeedback
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel, UserState
from profile_grpc.domain.push_endpoints import PushEndpointState, PushProvider, PushPurpose
from profile_grpc.domain.results import PushFeedbackOutcome as Outcome
from profile_grpc.domain.tokens import normalise
from tests.support.domain import (
    ANN,
    BOB,
    T0,
    Scene,
    apns,
    dead,
    fcm,
    given,
    hours,
    key,
    minutes,
    patch,
    profile,
    stored,
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


# --- F4 ---


def test_F4_a_push_only_profile_without_another_endpoint_is_deleted() -> None:
    scene = holding("T")
    [result] = scene.feedback(dead("T", T0 + after()))
    assert (result.outcome, result.affected) == (Outcome.PROFILE_DELETED, (ANN,))
    tombstone = scene.world.tombstone(ANN)
    assert tombstone
    assert tombstone.reason is DeletionReason.PUSH_UNREGISTERED
    assert scene.owner(fcm("T")) is None


def test_F4_with_other_channels_the_profile_stays_and_the_endpoint_is_invalid() -> None:
    scene = holding("T", channels={Channel.PUSH, Channel.LIVE_CHAT})
    [result] = scene.feedback(dead("T", T0 + after()))
    assert (result.outcome, result.affected) == (Outcome.ENDPOINT_INVALIDATED, (ANN,))
    assert scene.profile(ANN).push_endpoints == (stored(fcm(""), T0, INVALID),)
    assert scene.owner(fcm("T")) is None
    assert len(scene.events(EventType.PUSH_ENDPOINT_INVALIDATED)) == 1


def test_F4_the_push_state_is_invalid_until_a_new_token_comes() -> None:
    scene = holding("T", channels={Channel.PUSH, Channel.IN_APP})
    scene.feedback(dead("T", T0 + after()))
    scene.heartbeat(ANN)
    scene.register(ANN)
    assert [e.state for e in scene.profile(ANN).push_endpoints] == [INVALID]
    scene.update(ANN, patch(fcm("NEW")))
    assert scene.profile(ANN).push_endpoints == (stored(fcm("NEW"), scene.now),)


def test_F4_another_endpoint_keeps_a_push_only_profile() -> None:
    scene = holding("T", "CALLS")
    assert outcomes(scene, dead("T", T0 + after())) == [Outcome.ENDPOINT_INVALIDATED]
    assert scene.tokens(ANN) == ["CALLS"]
    assert outcomes(scene, dead("CALLS", T0 + after())) == [Outcome.PROFILE_DELETED]


def test_F4_a_profile_without_push_is_never_deleted() -> None:
    scene = holding("T", channels={Channel.IN_APP})
    assert outcomes(scene, dead("T", T0 + after())) == [Outcome.ENDPOINT_INVALIDATED]


def test_F4_case_of_an_apple_token_does_not_matter() -> None:
    scene = given(profile(ANN, apns("abcdef"), channels=PUSH_ONLY), at=T0 + hours(1))
    item = dead(
        normalise(PushProvider.APNS, "ABCDEF"), T0 + after(), provider=PushProvider.APNS, error_code="Unregistered"
    )
    assert outcomes(scene, item) == [Outcome.PROFILE_DELETED]


@pytest.mark.parametrize(("push_app_id", "acts"), [("", True), ("com.app", True), ("com.other", False)])
def test_F2_a_push_app_id_must_be_the_endpoints(push_app_id: str, acts: bool) -> None:
    scene = holding("T")
    expected = Outcome.PROFILE_DELETED if acts else Outcome.UNKNOWN_TOKEN
    assert outcomes(scene, dead("T", T0 + after(), push_app_id=push_app_id)) == [expected]


def test_F2_another_providers_token_is_another_token() -> None:
    scene = given(profile(ANN, apns("T"), channels=PUSH_ONLY), at=T0 + hours(1))
    assert outcomes(scene, dead("T", T0 + after())) == [Outcome.UNKNOWN_TOKEN]


# --- F5 ---


def test_F5_every_profile_of_the_device_that_holds_the_token_is_touched() -> None:
    cid = key("cid")
    scene = given(
        profile(ANN, fcm("T"), channels=PUSH_ONLY, user_state=UserState.INACTIVE),
        profile(BOB, fcm("T")),
        profile(cid, fcm("OTHER", "x"), user_state=UserState.INACTIVE),
        at=T0 + hours(1),
        multi_user_per_device=True,
    )
    [result] = scene.feedback(dead("T", T0 + after()))
    assert (result.outcome, result.affected) == (Outcome.PROFILE_DELETED, (ANN, BOB))
    assert not scene.has(ANN)
    assert scene.tokens(BOB) == []
    assert scene.tokens(cid) == ["OTHER"]


def test_F5_a_report_by_profile_key_affects_every_user_with_the_token() -> None:
    scene = given(
        profile(ANN, fcm("T")),
        profile(BOB, fcm("T"), fcm("B", purpose=CALL)),
        at=T0 + hours(1),
        multi_user_per_device=True,
    )
    [result] = scene.feedback(dead(key=ANN, sent_at=T0 + after()))
    assert result.affected == (ANN, BOB)
    assert (scene.tokens(ANN), scene.tokens(BOB)) == ([], ["B"])


def test_F5_one_users_confirmation_proves_the_token_alive_for_all() -> None:
    scene = given(
        profile(ANN, fcm("T")),
        profile(BOB, fcm("T"), registered=T0 + minutes(30)),
        at=T0 + hours(1),
        multi_user_per_device=True,
    )
    assert outcomes(scene, dead("T", T0 + after())) == [Outcome.STALE]


# --- F6 ---


@pytest.mark.parametrize("code", ["BadDeviceToken", "DeviceTokenNotForTopic"])
def test_F6_a_suspect_endpoint_is_marked_and_kept(code: str) -> None:
    scene = given(profile(ANN, apns("aa"), channels=PUSH_ONLY), at=T0 + hours(1))
    item = dead("aa", T0 + after(), provider=PushProvider.APNS, error_code=code)
    [result] = scene.feedback(item)
    assert (result.outcome, result.affected) == (Outcome.ENDPOINT_SUSPECT, (ANN,))
    assert scene.profile(ANN).push_endpoints == (stored(apns("aa"), T0, SUSPECT),)
    assert scene.owner(apns("aa")) == "phone"
    assert len(scene.events(EventType.PUSH_ENDPOINT_SUSPECT)) == 1


def test_F6_repeating_it_writes_nothing() -> None:
    scene = holding("T")
    item = dead("T", T0 + after(), error_code="SENDER_ID_MISMATCH")
    scene.feedback(item)
    before = scene.profile(ANN)
    assert outcomes(scene, item) == [Outcome.ENDPOINT_SUSPECT]
    assert scene.profile(ANN) == before


@pytest.mark.parametrize(
    "code", ["QUOTA_EXCEEDED", "INTERNAL", "THIRD_PARTY_AUTH_ERROR", "WHATEVER", "INVALID_ARGUMENT"]
)
def test_F6_codes_that_prove_nothing_change_no_profile(code: str) -> None:
    scene = holding("T")
    before = scene.profile(ANN)
    [result] = scene.feedback(dead("T", T0 + after(), error_code=code))
    assert result.affected == ()
    assert scene.profile(ANN) == before


def test_F6_a_credential_problem_is_an_event_of_the_app_once_for_each_code() -> None:
    scene = holding("T")
    item = dead("T", T0 + after(), error_code="THIRD_PARTY_AUTH_ERROR")
    web = dead("T", T0 + after(), provider=PushProvider.WEB_PUSH, error_code="SECRET", http_status=403)
    assert outcomes(scene, item, item, web) == [Outcome.CREDENTIAL_PROBLEM] * 3
    problems = [(e.user_id, e.reason) for e in scene.events(EventType.PUSH_CREDENTIAL_PROBLEM)]
    assert problems == [("", "FCM THIRD_PARTY_AUTH_ERROR"), ("", "WEB_PUSH 403")]


def test_F6_no_event_holds_a_token() -> None:
    scene = holding("SECRET", channels={Channel.PUSH, Channel.IN_APP})
    scene.feedback(
        dead("SECRET", T0 + after(), error_code="SENDER_ID_MISMATCH"),
        dead("SECRET", T0 + after(), error_code="THIRD_PARTY_AUTH_ERROR", error_message="SECRET"),
        dead("SECRET", T0 + after()),
    )
    assert "SECRET" not in repr(scene.world.events)


def suspected(*tokens: str) -> Scene:
    """`holding`, of which every endpoint was marked suspect a minute after its confirmation."""
    scene = holding(*tokens)
    scene.feedback(*(dead(token, T0 + after(), error_code="SENDER_ID_MISMATCH") for token in tokens))
    return scene


def test_F6_a_success_clears_a_suspect_endpoint() -> None:
    scene = suspected("T")
    [result] = scene.feedback(dead("T", T0 + minutes(2), error_code="", http_status=200))
    assert (result.outcome, result.affected) == (Outcome.CONFIRMED, (ANN,))
    assert scene.profile(ANN).push_endpoints == (stored(fcm("T"), T0),)


def test_F6_a_success_of_an_endpoint_that_is_not_suspect_writes_nothing() -> None:
    scene = holding("T")
    before = scene.profile(ANN)
    [result] = scene.feedback(dead("T", T0 + after(), error_code="OK"))
    assert (result.outcome, result.affected) == (Outcome.CONFIRMED, ())
    assert scene.profile(ANN) == before


def test_F6_F2_a_success_is_under_the_guard_too() -> None:
    scene = suspected("T")
    assert outcomes(
        scene,
        dead("T", T0, error_code="OK"),
        dead("T", error_code="OK"),
        dead("T", scene.now + minutes(6), error_code="OK"),
        dead("NOBODYS", T0 + minutes(2), error_code="OK"),
    ) == [Outcome.STALE, Outcome.INVALID, Outcome.INVALID, Outcome.UNKNOWN_TOKEN]
    assert scene.profile(ANN).push_endpoints[0].state is SUSPECT


def test_F6_a_success_is_about_its_token_alone() -> None:
    scene = suspected("T", "CALLS")
    scene.feedback(dead("CALLS", T0 + minutes(2), error_code="OK"))
    assert [e.state for e in scene.profile(ANN).push_endpoints] == [SUSPECT, PushEndpointState.DELIVERABLE]


def test_F6_R7_a_success_returns_no_push_to_a_superseded_device() -> None:
    scene = suspected("T")
    scene.world.profiles[ANN] = scene.profile(ANN)._replace(push_superseded=True)
    assert outcomes(scene, dead("T", T0 + minutes(2), error_code="OK")) == [Outcome.CONFIRMED]
    profile_now = scene.profile(ANN)
    assert profile_now.endpoint_state(profile_now.push_endpoints[0]) is PushEndpointState.SUPERSEDED


def test_F3_an_unknown_code_is_named_in_the_detail_and_no_token_is() -> None:
    scene = holding("T0KEN")
    odd, token = scene.feedback(
        dead("T0KEN", T0 + after(), error_code="SomethingNew"), dead("T0KEN", T0 + after(), error_code="about T0KEN")
    )
    assert (odd.outcome, token.outcome) == (Outcome.UNRECOGNIZED, Outcome.UNRECOGNIZED)
    assert "SomethingNew" in odd.detail
    assert "T0KEN" not in token.detail
