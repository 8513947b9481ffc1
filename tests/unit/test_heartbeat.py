"""Heartbeat: H1-H3, and what the methods say when the profile is missing or signed out."""

from datetime import timedelta

import pytest

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.changes import Changes, RowChanges
from profile_grpc.domain.commands import AnyCommand
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.feedback import ReportPushFeedback
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.kinds import BEATS
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.results import Beat
from profile_grpc.domain.settings import AccountRemovalAction
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import ANN, APP, INSTANT, T0, days, dead, fcm, given, hours, minutes, patch, profile

# --- H1 ---


def test_H1_a_heartbeat_sets_the_time_and_returns_expiry_and_interval() -> None:
    scene = given(profile(ANN))
    answer = scene.later(days(3)).heartbeat(ANN)
    assert answer == Beat(last_heartbeat_time=T0 + days(3), expire_time=T0 + days(43), next_heartbeat_after=days(15))
    assert scene.profile(ANN).last_heartbeat_time == T0 + days(3)


def test_H1_period_and_interval_are_the_apps() -> None:
    scene = given(profile(ANN), inactivity_period=days(10), heartbeat_interval=days(2))
    answer = scene.heartbeat(ANN)
    assert answer.expire_time == T0 + days(10)
    assert answer.next_heartbeat_after == days(2)


@pytest.mark.parametrize("back", [minutes(1), days(1)])
def test_H1_never_backwards(back: timedelta) -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0 + days(30)), at=T0 + days(30))
    answer = scene.later(-back).heartbeat(ANN)
    assert answer.last_heartbeat_time == T0 + days(30)
    assert scene.profile(ANN).last_heartbeat_time == T0 + days(30)


def test_H1_never_backwards_even_when_every_heartbeat_is_written() -> None:
    scene = given(
        profile(ANN, last_heartbeat_time=T0 + days(1)), at=T0 + days(1) - INSTANT, heartbeat_granularity=days(0)
    )
    assert scene.heartbeat(ANN).last_heartbeat_time == T0 + days(1)


def test_H1_never_backwards_even_when_the_activity_is_counted() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0 + days(31)), at=T0 + days(30))
    assert scene.heartbeat(ANN).last_heartbeat_time == T0 + days(31)
    assert scene.counted(ANN) == [T0, T0 + days(30)]


def test_H1_never_creates_a_profile() -> None:
    scene = given()
    scene.refused(Heartbeat(ANN))
    assert not scene.has(ANN)


def test_H1_a_heartbeat_writes_the_profile_and_nothing_else() -> None:
    changes = given(profile(ANN, fcm("T"))).changes(Heartbeat(ANN))
    assert [beat.row.key for beat in changes.rows[BEATS].writes] == [ANN]
    assert changes == Changes(T0, {BEATS: RowChanges(changes.rows[BEATS].writes, [])})


# --- H2 ---

PURGE = PurgeUnregistered(APP, (ANN,))


@pytest.mark.parametrize(
    ("cause", "by"),
    [
        ("UNKNOWN", []),
        ("DELETED", [DeleteDeviceProfile(APP, user_id="ann", device_id="phone")]),
        ("INACTIVE", [ReapInactive(APP, (SeenProfile(ANN, T0),))]),
        ("PUSH_UNREGISTERED", [ReportPushFeedback(APP, (dead("T", T0 + days(1)),))]),
        (
            "ACCOUNT_REMOVED",
            [RemoveAccount(APP, (ReportedToken("T"),), username="ann", action=AccountRemovalAction.DELETE)],
        ),
        ("UNREGISTERED", [Unregister(ANN), PURGE]),
    ],
)
@pytest.mark.parametrize("command", [Heartbeat(ANN), UpdateProfileData(ANN, patch())])
def test_H2_without_a_profile_register_again_says_the_cause(
    cause: str, by: list[AnyCommand], command: AnyCommand
) -> None:
    scene = given(profile(ANN, fcm("T"), last_heartbeat_time=T0, channels=[Channel.PUSH])) if by else given()
    for one in by:
        scene.later(days(45)).do(one, object)
    assert not scene.has(ANN)
    refusal = scene.refused(command)
    assert refusal.reason is Reason.REREGISTER_REQUIRED
    assert refusal.metadata["cause"] == cause


def test_H2_the_cause_is_known_within_the_batch_as_well() -> None:
    scene = given(profile(ANN))
    delete = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")
    [_, beat, _, alive] = scene.batch(delete, Heartbeat(ANN), Register(ANN), Heartbeat(ANN))
    assert isinstance(beat, Refused)
    assert beat.metadata["cause"] == "DELETED"
    assert isinstance(alive, Beat)


@pytest.mark.parametrize("command", [Heartbeat(ANN), UpdateProfileData(ANN, patch(language="en"))])
def test_H2_an_unregistered_profile_is_a_failed_precondition(command: AnyCommand) -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    assert scene.refused(command).reason is Reason.PROFILE_UNREGISTERED


@pytest.mark.parametrize(
    "command",
    [
        Unregister(ANN),
        DeleteDeviceProfile(APP, user_id="ann", device_id="phone"),
        DeleteDeviceProfile(APP, user_id="ann"),
        DeleteDeviceProfile(APP, customer_id="c"),
    ],
)
def test_H2_every_other_method_says_not_found(command: AnyCommand) -> None:
    assert given().refused(command).reason is Reason.PROFILE_NOT_FOUND


# --- H3 ---


def test_H3_a_young_heartbeat_is_not_written_again() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + hours(1) - INSTANT)
    assert scene.changes(Heartbeat(ANN)).empty
    answer = scene.heartbeat(ANN)
    assert answer.last_heartbeat_time == T0
    assert answer.expire_time == T0 + days(40)


def test_H3_a_heartbeat_as_old_as_the_granularity_is_replaced() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + hours(1))
    assert scene.heartbeat(ANN).last_heartbeat_time == T0 + hours(1)


def test_H3_the_granularity_is_the_apps() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + INSTANT, heartbeat_granularity=days(0))
    assert scene.heartbeat(ANN).last_heartbeat_time == T0 + INSTANT


def test_H3_existence_and_status_are_still_checked() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0))
    scene.unregister(ANN)
    assert scene.refused(Heartbeat(ANN)).reason is Reason.PROFILE_UNREGISTERED
    scene.do(DeleteDeviceProfile(APP, user_id="ann", device_id="phone"), object)
    assert scene.refused(Heartbeat(ANN)).reason is Reason.REREGISTER_REQUIRED


def test_H3_M1_a_young_heartbeat_is_counted_all_the_same() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0 + days(30) - minutes(1)), at=T0 + days(30))
    scene.heartbeat(ANN)
    scene.heartbeat(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(30)]
    assert scene.profile(ANN).mad == MadRecord(T0 + days(30), 2)


@pytest.mark.parametrize("skipped_after", [minutes(1), minutes(59)])
def test_H3_never_reaped_before_the_last_acknowledged_heartbeat_and_the_period(skipped_after: timedelta) -> None:
    scene = given(profile(ANN))
    scene.heartbeat(ANN)
    acknowledged = scene.later(skipped_after).now
    scene.heartbeat(ANN)  # not written
    scene.at(acknowledged + days(40))
    scene.do(ReapInactive(APP, (SeenProfile(ANN, T0),)), object)
    assert scene.has(ANN)


def test_P9_a_heartbeat_revives_an_expired_profile() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(300))
    assert scene.heartbeat(ANN).expire_time == T0 + days(340)
    scene.do(ReapInactive(APP, (SeenProfile(ANN, T0 + days(300)),)), object)
    assert scene.has(ANN)
