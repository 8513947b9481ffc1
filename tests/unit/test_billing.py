"""Monthly active devices: M1-M3 and the numbers behind M4."""

import itertools
from datetime import timedelta

import pytest

from profile_grpc.domain import billing
from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.kinds import LEDGER
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import ANN, APP, INSTANT, T0, Scene, days, fcm, given, hours, key, patch, profile

DELETE = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")
ACTIVITIES = [Register(ANN), Heartbeat(ANN), UpdateProfileData(ANN, patch(language="en"))]


# --- M1 ---


def test_M1_the_first_registration_is_counted() -> None:
    scene = given()
    scene.register(ANN)
    assert scene.counted(ANN) == [T0]


@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize(
    ("after", "counted"),
    [(INSTANT, False), (days(30) - INSTANT, False), (days(30), True), (days(200), True)],
)
def test_M1_a_count_covers_the_half_open_window_of_30_days(
    activity: Heartbeat, after: timedelta, counted: bool
) -> None:
    scene = given(profile(ANN), at=T0 + after)
    scene.do(activity, object)
    scene.do(activity, object)
    assert scene.counted(ANN) == [T0, scene.now][: 1 + counted]


def test_M1_every_device_of_every_user_counts() -> None:
    scene = given()
    for one in (ANN, key("ann", "tablet"), key("bob", "phone"), key("ann", "phone", app="other")):
        scene.register(one)
        assert scene.counted(one) == [T0]


@pytest.mark.parametrize("activity", [Unregister(ANN), DELETE])
def test_M1_leaving_is_no_activity(activity: Unregister) -> None:
    scene = given(profile(ANN), at=T0 + days(31))
    scene.do(activity, object)
    assert scene.counted(ANN) == [T0]


@pytest.mark.parametrize("activity", ACTIVITIES[1:])
def test_M1_what_is_refused_is_not_counted(activity: Heartbeat) -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    scene.at(T0 + days(31)).refused(activity)
    assert scene.counted(ANN) == [T0]


def test_M1_a_clock_that_goes_back_counts_nothing_again() -> None:
    scene = given(profile(ANN), at=T0 - days(90))
    scene.heartbeat(ANN)
    assert scene.counted(ANN) == [scene.now], "the count is dated now, as its stamp was ahead"


def test_M1_the_window_runs_from_the_count_not_from_the_last_activity() -> None:
    scene = given()
    scene.register(ANN)
    for _ in range(6):
        scene.later(days(10)).heartbeat(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(30), T0 + days(60)]


# --- M2 ---


def deleted_at(after: timedelta) -> Scene:
    scene = given(profile(ANN), at=T0 + after)
    scene.do(DELETE, Deleted)
    return scene


@pytest.mark.parametrize(("after", "counted"), [(INSTANT, False), (days(30) - INSTANT, False), (days(30), True)])
def test_M2_registering_within_30_days_of_the_deletion_is_not_counted(after: timedelta, counted: bool) -> None:
    scene = deleted_at(days(29))
    scene.later(after).register(ANN)
    assert scene.counted(ANN) == [T0, scene.now][: 1 + counted]


def test_M2_nor_is_any_other_activity_of_the_new_profile_in_the_window() -> None:
    scene = deleted_at(days(29))
    scene.later(days(5)).register(ANN)
    scene.at(T0 + days(59) - INSTANT).heartbeat(ANN)
    assert scene.counted(ANN) == [T0]
    scene.at(T0 + days(59)).heartbeat(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(59)]


def test_M2_a_second_deletion_inside_the_window_does_not_extend_it() -> None:
    scene = deleted_at(days(29))
    for _ in range(5):
        scene.later(days(5)).register(ANN)
        scene.do(DELETE, Deleted)
    scene.at(T0 + days(59)).register(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(59)]


def test_M2_a_deletion_after_the_window_opens_another() -> None:
    scene = deleted_at(days(1))
    scene.at(T0 + days(31)).register(ANN)
    scene.at(T0 + days(60)).do(DELETE, Deleted)
    scene.at(T0 + days(75)).register(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(31)]


@pytest.mark.parametrize("period", [1, 5, 15, 30, 31, 40])
@pytest.mark.parametrize("first", ["register", "delete"])
def test_M2_a_loop_of_deletions_and_registrations_is_counted(period: int, first: str) -> None:
    """Each of its registrations follows a deletion, as often as the loop likes."""
    scene = given()
    scene.register(ANN)
    for turn in range(1, 365 // period):
        scene.at(T0 + days(turn * period))
        for step in sorted(["register", "delete"], key=lambda step: step != first):
            if step == "register":
                scene.register(ANN)
            else:
                scene.do(DELETE, Deleted)
            scene.later(INSTANT)
    counted = scene.counted(ANN)
    apart = [later - earlier for earlier, later in itertools.pairwise(counted)]
    assert min(apart) >= days(30)
    assert max(apart) <= days(81), "of two registrations that are 40 days apart, a window covers one at most"


def test_M2_the_deletion_of_a_profile_that_was_never_counted_opens_no_window() -> None:
    """It was imported, which is no activity (I1): its first registration here is counted."""
    scene = given(profile(ANN, mad=billing.never_counted()), at=T0)
    scene.world.records[LEDGER].clear()
    scene.do(DELETE, Deleted)
    scene.later(days(1)).register(ANN)
    assert scene.counted(ANN) == [T0 + days(1)]


def test_M2_the_count_before_the_deletion_still_covers_its_30_days() -> None:
    scene = deleted_at(days(1))
    scene.at(T0 + days(2)).register(ANN)
    assert scene.counted(ANN) == [T0]


def test_M2_applies_to_every_reason_of_deletion() -> None:
    reaped = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(41))
    reaped.do(ReapInactive(APP, (SeenProfile(ANN, T0),)), Deleted)
    purged = given(profile(ANN))
    purged.unregister(ANN)
    purged.at(T0 + days(41)).do(PurgeUnregistered(APP, (ANN,)), Deleted)
    for scene in (reaped, purged):
        assert not scene.has(ANN)
        scene.later(days(30) - INSTANT).register(ANN)
        assert scene.counted(ANN) == [T0]


def test_M2_deletions_and_registrations_in_one_batch_open_one_window() -> None:
    scene = given(profile(ANN), at=T0 + days(45))
    scene.batch(DELETE, Register(ANN), DELETE, Register(ANN))
    assert scene.counted(ANN) == [T0]
    assert scene.profile(ANN).mad == MadRecord(T0, 1, T0 + days(45))


def test_M2_a_deletion_is_remembered_when_the_ledger_has_forgotten_the_device() -> None:
    """A device without heartbeats can outlive its ledger entry (400 days)."""
    scene = given(profile(ANN), at=T0 + days(500))
    scene.do(DELETE, Deleted)
    scene.world.records[LEDGER].clear()
    scene.later(days(10)).register(ANN)
    assert scene.counted(ANN) == []
    scene.later(days(20)).heartbeat(ANN)
    assert scene.counted(ANN) == [T0 + days(530)]


def test_M2_a_deletion_window_of_one_device_is_not_another_s() -> None:
    scene = given(profile(ANN), at=T0 + days(45))
    scene.do(DELETE, Deleted)
    scene.register(key("ann", "tablet"))
    assert scene.counted(key("ann", "tablet")) == [T0 + days(45)]


# --- M3 and M4 ---


def test_M3_the_ledger_contains_no_ids() -> None:
    scene = given()
    scene.register(key("ann@example.com", "device-77"), patch(fcm("TOKEN")))
    text = repr(scene.world.ledger)
    assert not any(secret in text for secret in ("ann@example.com", "device-77", "TOKEN"))


def test_M3_counts_survive_a_deletion() -> None:
    assert deleted_at(hours(1)).counted(ANN) == [T0]


def test_M4_each_count_takes_the_next_number() -> None:
    scene = given()
    scene.register(ANN)
    scene.later(days(31)).heartbeat(ANN)
    scene.do(DELETE, Deleted)
    scene.later(days(31)).register(ANN)
    assert [entry.number for entry in scene.world.ledger_of(ANN)] == [1, 2, 3]


def test_M4_one_batch_counts_once() -> None:
    scene = given()
    scene.batch(Register(ANN), Heartbeat(ANN), Register(ANN), Heartbeat(ANN))
    assert scene.counted(ANN) == [T0]


def test_M1_M2_the_record_by_itself() -> None:
    counted = billing.count(None, T0)
    assert counted == MadRecord(T0, 1)
    assert billing.count(counted, T0 + days(30) - INSTANT) is counted
    gone = billing.delete(counted, T0 + days(10))
    assert gone == MadRecord(T0, 1, T0 + days(10))
    assert billing.delete(gone, T0 + days(40) - INSTANT) is gone
    assert billing.delete(gone, T0 + days(40)) is gone
    assert billing.count(gone, T0 + days(40) - INSTANT) is gone
    again = billing.count(gone, T0 + days(40))
    assert again == MadRecord(T0 + days(40), 2)
    assert billing.delete(again, T0 + days(41)).deletion_time == T0 + days(41)
