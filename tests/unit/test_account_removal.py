"""Account removal reports (X3)."""

import base64
from datetime import datetime

import pytest

from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.profile import Attributes, ProfileStatus, UnregisterReason, UserState
from profile_grpc.domain.push_endpoints import PushEndpointState
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken
from profile_grpc.domain.results import AccountRemovalOutcome, AccountRemoved
from profile_grpc.domain.settings import AccountRemovalAction
from tests.support.domain import (
    ANN,
    ANN_TABLET,
    APP,
    BOB,
    INSTANT,
    T0,
    Scene,
    apns,
    days,
    fcm,
    given,
    hours,
    profile,
    stored,
)

REMOVED, NO_MATCH, STALE = AccountRemovalOutcome
ANN_PHONE = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")


def remove(
    scene: Scene,
    *tokens: str | ReportedToken,
    username: str = "ann",
    selector: str = "",
    report_time: datetime | None = None,
    action: AccountRemovalAction | None = None,
) -> AccountRemoved:
    reported = tuple(t if isinstance(t, ReportedToken) else ReportedToken(t) for t in tokens)
    return scene.do(RemoveAccount(APP, reported, username, selector, report_time, action), AccountRemoved)


def test_X3_a_report_unregisters_the_accounts_profile_by_default() -> None:
    scene = given(profile(ANN, fcm("T")), at=T0 + hours(1))
    assert remove(scene, "T") == AccountRemoved((ANN,), REMOVED)
    ann = scene.profile(ANN)
    assert (ann.status, ann.unregister_reason) == (ProfileStatus.UNREGISTERED, UnregisterReason.ACCOUNT_REMOVED)
    assert ann.push_endpoints == ()


def test_X3_or_deletes_it() -> None:
    scene = given(profile(ANN, fcm("T")), account_removal_action=AccountRemovalAction.DELETE)
    assert remove(scene, "T").outcome is REMOVED
    tombstone = scene.world.tombstone(ANN)
    assert tombstone
    assert tombstone.reason is DeletionReason.ACCOUNT_REMOVED


def test_X3_or_strips_its_tokens() -> None:
    scene = given(profile(ANN, fcm("T")), account_removal_action=AccountRemovalAction.STRIP_TOKENS)
    assert remove(scene, "T").outcome is REMOVED
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE
    assert scene.profile(ANN).push_endpoints == ()
    assert scene.owner(fcm("T")) is None


def test_X3_the_call_can_name_the_action() -> None:
    scene = given(profile(ANN, fcm("T")))
    remove(scene, "T", action=AccountRemovalAction.DELETE)
    assert not scene.has(ANN)


@pytest.mark.parametrize(
    ("username", "selector", "outcome"),
    [
        ("ann", "", REMOVED),
        ("", "12869E:7C3A", REMOVED),
        ("ann", "12869E:7C3A", REMOVED),
        ("bob", "", NO_MATCH),
        ("", "other", NO_MATCH),
        ("ann", "other", NO_MATCH),
        ("bob", "12869E:7C3A", NO_MATCH),
        ("ANN", "", NO_MATCH),
    ],
)
def test_X3_every_value_that_is_given_must_match(username: str, selector: str, outcome: AccountRemovalOutcome) -> None:
    scene = given(profile(ANN, fcm("T"), attributes=Attributes(account_selector="12869E:7C3A")))
    assert remove(scene, "T", username=username, selector=selector).outcome is outcome


def test_X3_a_profile_without_selector_matches_no_selector() -> None:
    scene = given(profile(ANN, fcm("T")))
    assert remove(scene, "T", selector="s").outcome is NO_MATCH


def test_X3_the_profile_must_hold_a_reported_token() -> None:
    scene = given(profile(ANN, fcm("T")), profile(ANN_TABLET, fcm("U")))
    assert remove(scene, "X", "Y").outcome is NO_MATCH
    assert remove(scene).outcome is NO_MATCH
    assert remove(scene, "X", "U").removed == (ANN_TABLET,)
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE


@pytest.mark.parametrize(
    ("held", "reported"),
    [
        ("APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb", "APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb"),
        (
            "APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb",
            "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2I=",
        ),
        ("52f7f3d9", base64.b64encode(bytes.fromhex("52f7f3d9")).decode()),
    ],
)
def test_X3_tokens_match_as_received_decoded_and_as_hexadecimal(held: str, reported: str) -> None:
    scene = given(profile(ANN, apns(held)))
    assert remove(scene, reported).removed == (ANN,)


@pytest.mark.parametrize(
    ("held_for", "reported_for", "outcome"),
    [("com.app", "", REMOVED), ("com.app", "com.app", REMOVED), ("", "com.app", REMOVED), ("com.app", "x", NO_MATCH)],
)
def test_X3_a_reported_push_app_id_must_be_the_tokens(
    held_for: str, reported_for: str, outcome: AccountRemovalOutcome
) -> None:
    scene = given(profile(ANN, fcm("T", held_for)))
    assert remove(scene, ReportedToken("T", reported_for)).outcome is outcome


@pytest.mark.parametrize(
    ("report_time", "outcome"),
    [(T0 - INSTANT, STALE), (T0, REMOVED), (T0 + hours(1), REMOVED), (None, REMOVED), (T0 + days(9), REMOVED)],
)
def test_X3_a_report_from_before_the_registration_is_ignored(
    report_time: datetime | None, outcome: AccountRemovalOutcome
) -> None:
    scene = given(profile(ANN, fcm("T")), at=T0 + hours(1))
    before = scene.profile(ANN)
    assert remove(scene, "T", report_time=report_time).outcome is outcome
    assert (scene.profile(ANN) == before) is (outcome is STALE)


def test_X3_a_registration_after_the_report_saves_the_profile() -> None:
    scene = given(profile(ANN, fcm("T")))
    reported = scene.later(hours(1)).now
    scene.later(INSTANT).register(ANN)
    assert remove(scene, "T", report_time=reported).outcome is STALE


def test_X3_only_that_accounts_profile_is_touched() -> None:
    scene = given(profile(ANN, fcm("T"), user_state=UserState.INACTIVE), profile(BOB, fcm("T")))
    bob = scene.profile(BOB)
    assert remove(scene, "T").removed == (ANN,)
    assert scene.profile(BOB) == bob


def test_X3_of_several_devices_only_those_that_registered_before_the_report() -> None:
    attributes = Attributes(account_selector="s")
    scene = given(
        profile(ANN, fcm("T"), attributes=attributes),
        profile(BOB, fcm("T"), attributes=attributes, registered=T0 + hours(2)),
        at=T0 + hours(3),
    )
    assert remove(scene, "T", username="", selector="s", report_time=T0 + hours(1)).removed == (ANN,)


def test_X3_repeating_a_report_finds_nothing_more() -> None:
    scene = given(profile(ANN, fcm("T")))
    remove(scene, "T")
    before = scene.profile(ANN)
    assert remove(scene, "T").outcome is NO_MATCH
    assert scene.profile(ANN) == before


def test_X3_a_dead_endpoint_matches_no_token() -> None:
    scene = given(profile(ANN, stored(fcm(""), T0, PushEndpointState.INVALID)))
    assert remove(scene, "").outcome is NO_MATCH
