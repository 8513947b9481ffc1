"""Terms: a stored time more than a day ahead of now is taken as now and stored so; guarding times never go back."""

from datetime import datetime, timedelta

import pytest

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.deletion_records import DeletionReason, History, Tombstone
from profile_grpc.domain.feedback import PushFeedback
from profile_grpc.domain.inactivity import CorrectFutureTimes, PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.profile import Attributes, DeviceAttribute, Platform, Profile, ProfileStatus, UserState
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken
from profile_grpc.domain.results import AccountRemovalOutcome, AccountRemoved, Deleted, PushFeedbackOutcome
from profile_grpc.domain.settings import DeviceAttributeMonitor, MonitorKind
from profile_grpc.domain.stamps import Stamps
from tests.support.domain import ANN, APP, T0, days, dead, fcm, given, hours, key, patch, profile, seconds, stored

YEAR = days(365)
DELETE_ANN = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")


def test_a_heartbeat_ahead_does_not_keep_a_profile_alive() -> None:
    """One heartbeat under a clock a year ahead kept a dead profile for 396 days."""
    scene = given(profile(ANN, last_heartbeat_time=T0 + YEAR), at=T0)
    scene.heartbeat(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0
    seen = SeenProfile(ANN, T0)
    assert scene.later(days(41)).do(ReapInactive(APP, (seen,)), Deleted).keys == (ANN,)


def test_the_reaper_dates_what_no_call_meets() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0 + YEAR, register_time=T0 + YEAR), at=T0)
    scene.batch(CorrectFutureTimes(APP, (ANN, key("nobody"))))
    assert scene.profile(ANN).last_heartbeat_time == scene.profile(ANN).register_time == T0


@pytest.mark.parametrize("ahead", [days(1), hours(1)])
def test_up_to_a_day_ahead_is_not_taken_back(ahead: timedelta) -> None:
    """Guarding times never go backwards otherwise, also when the clock does (H1)."""
    scene = given(profile(ANN, last_heartbeat_time=T0 + ahead), at=T0)
    scene.heartbeat(ANN)
    scene.register(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0 + ahead


def test_a_count_ahead_does_not_free_a_device_from_billing() -> None:
    scene = given(profile(ANN, mad=MadRecord(T0 + YEAR, 1)), at=T0)
    scene.heartbeat(ANN)
    assert scene.profile(ANN).mad.count_time == T0
    assert scene.counted(ANN) == [T0], "the ledger, which outlives the profile, is dated too"
    scene.later(days(30)).heartbeat(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(30)]


def test_a_count_ahead_of_a_deleted_profile_is_dated_too() -> None:
    """Else each registration would take it as now again, and a loop of deletions would never be counted."""
    scene = given(profile(ANN, mad=MadRecord(T0 + YEAR, 1)), at=T0 + YEAR)
    scene.do(DELETE_ANN, Deleted)
    scene.at(T0).register(ANN)
    assert scene.counted(ANN) == [T0]
    scene.later(days(30)).heartbeat(ANN)
    assert scene.counted(ANN) == [T0, T0 + days(30)]


def test_a_count_ahead_is_dated_too_where_the_whole_profile_is_read() -> None:
    scene = given(profile(ANN, mad=MadRecord(T0 + YEAR, 1)), at=T0)
    scene.update(ANN, patch(language="de"))
    assert scene.counted(ANN) == [T0]


def test_a_tombstone_ahead_is_stored_as_of_now() -> None:
    scene = given(profile(ANN), at=T0 + YEAR)
    scene.do(DELETE_ANN, Deleted)
    scene.at(T0).batch(CorrectFutureTimes(APP, (ANN,)))
    tombstone = scene.world.tombstone(ANN)
    assert tombstone is not None
    assert tombstone.delete_time == tombstone.mad_deletion_time == T0


def test_a_device_attribute_ahead_is_not_deaf_to_new_values() -> None:
    """An interval would not pass for a year (U4)."""
    monitor = DeviceAttributeMonitor(Platform.ANDROID, "battery_level", MonitorKind.INTERVAL, hours(1))
    before = Attributes(device_attributes={"battery_level": DeviceAttribute("9", T0 + YEAR)})
    scene = given(
        profile(ANN, platform=Platform.ANDROID, attributes=before), at=T0, device_attribute_monitors=(monitor,)
    )
    scene.update(ANN, ProfilePatch(device_attributes={"battery_level": "8"}))
    scene.later(hours(1)).update(ANN, ProfilePatch(device_attributes={"battery_level": "7"}))
    assert scene.profile(ANN).attributes.device_attributes["battery_level"].value == "7"


def test_a_deletion_window_ahead_does_not_free_a_device_from_billing() -> None:
    scene = given(profile(ANN, mad=MadRecord(T0 - days(40), 1, T0 + YEAR)), at=T0)
    scene.heartbeat(ANN)
    assert scene.profile(ANN).mad.deletion_time == T0
    scene.later(days(30)).heartbeat(ANN)
    assert scene.counted(ANN)[-1] == T0 + days(30)


def test_a_confirmation_ahead_does_not_make_a_token_deaf() -> None:
    scene = given(profile(ANN, stored(fcm("T"), T0 + YEAR)), at=T0)
    [first] = scene.feedback(dead("T", T0 - seconds(1)))
    assert first.outcome is PushFeedbackOutcome.STALE, "it is taken as confirmed now"
    [later] = scene.later(hours(1)).feedback(dead("T", T0 + seconds(1)))
    assert later.outcome is PushFeedbackOutcome.ENDPOINT_INVALIDATED


def test_a_registration_ahead_does_not_outrun_every_report() -> None:
    scene = given(profile(ANN, fcm("T"), register_time=T0 + YEAR), at=T0)
    report = RemoveAccount(APP, (ReportedToken("T"),), username="ann", report_time=T0 - hours(1))
    assert scene.do(report, AccountRemoved).outcome is AccountRemovalOutcome.STALE
    again = RemoveAccount(APP, (ReportedToken("T"),), username="ann", report_time=T0 + hours(1))
    assert scene.later(hours(1)).do(again, AccountRemoved).outcome is AccountRemovalOutcome.REMOVED


def test_a_sign_out_ahead_does_not_keep_a_profile() -> None:
    signed_out = profile(
        ANN, status=ProfileStatus.UNREGISTERED, user_state=UserState.INACTIVE, unregister_time=T0 + YEAR
    )
    scene = given(signed_out, at=T0)
    assert scene.do(PurgeUnregistered(APP, (ANN,)), Deleted).keys == ()
    assert scene.profile(ANN).unregister_time == T0
    assert scene.later(days(31)).do(PurgeUnregistered(APP, (ANN,)), Deleted).keys == (ANN,)


def test_a_clock_that_went_back_confirms_no_earlier() -> None:
    """A clock a day behind gave a re-registration an older confirmed time; earlier feedback then killed it."""
    scene = given(at=T0)
    scene.register(ANN, patch(fcm("T")))
    scene.at(T0 - hours(23)).register(ANN, patch(fcm("T")))
    [endpoint] = scene.profile(ANN).push_endpoints
    assert endpoint.confirm_time == scene.profile(ANN).register_time == T0
    scene.at(T0 + hours(1))
    assert [r.outcome for r in scene.feedback(dead("T", T0 - hours(1)))] == [PushFeedbackOutcome.STALE]


def test_a_token_that_moves_is_confirmed_no_earlier_than_before() -> None:
    scene = given(at=T0)
    scene.register(ANN, patch(fcm("T")))
    tablet = key("ann", "tablet")
    scene.at(T0 - hours(23)).register(tablet, patch(fcm("T")))
    assert [e.confirm_time for e in scene.profile(tablet).push_endpoints] == [T0]


AHEAD = T0 + YEAR
SETTLED = profile(
    ANN, stored(fcm("T"), T0), last_heartbeat_time=T0, unregister_time=T0, mad=MadRecord(T0, 1, T0), registered=T0
)


@pytest.mark.parametrize(
    "ahead",
    [
        SETTLED._replace(create_time=AHEAD),
        SETTLED._replace(register_time=AHEAD),
        SETTLED._replace(last_heartbeat_time=AHEAD),
        SETTLED._replace(unregister_time=AHEAD),
        SETTLED._replace(push_endpoints=(stored(fcm("T"), AHEAD),)),
        SETTLED._replace(mad=MadRecord(AHEAD, 1, T0)),
        SETTLED._replace(mad=MadRecord(T0, 1, AHEAD)),
    ],
)
def test_each_time_of_a_profile_is_corrected_by_itself(ahead: Profile) -> None:
    assert Stamps(T0).profile(ahead) == SETTLED
    assert Stamps(AHEAD).profile(ahead) is ahead


@pytest.mark.parametrize(("deleted", "opened"), [(AHEAD, T0), (T0, AHEAD)])
def test_each_time_of_a_tombstone_is_corrected_by_itself(deleted: datetime, opened: datetime) -> None:
    left = Tombstone(APP, "hash", DeletionReason.DELETED, deleted, opened)
    corrected = Stamps(T0).history(History(left, None)).tombstone
    assert corrected == left._replace(delete_time=T0, mad_deletion_time=T0)


def test_times_that_are_not_ahead_are_not_written() -> None:
    scene = given(profile(ANN, fcm("T")), at=T0)
    item = PushFeedback(PushProvider.FCM, "T", error_code="UNAVAILABLE", sent_at=T0)
    assert scene.changes(Register(ANN)).rows
    state = scene.state(CorrectFutureTimes(APP, (ANN,)))
    assert state.changes().empty
    assert [r.outcome for r in scene.feedback(item)] == [PushFeedbackOutcome.TRANSIENT]
