"""Expiry, deletions by the reaper and their breaker: P1-P4, P6, P9 (as functions of the domain)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from profile_grpc.domain import inactivity
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.inactivity import ReapInactive, SeenProfile
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.settings import SETTINGS_SPREAD, AppSettings, ReaperBreaker
from tests.support.domain import ANN, APP, BOB, INSTANT, T0, Scene, days, given, hours, key, minutes, profile

DEFAULT = AppSettings()
WITH_TTL = AppSettings(never_heartbeat_ttl=days(100))


def reap(scene: Scene, *seen: tuple[ProfileKey, datetime | None]) -> tuple[ProfileKey, ...]:
    return scene.do(ReapInactive(APP, tuple(SeenProfile(*one) for one in seen)), Deleted).keys


# --- P1 ---


@pytest.mark.parametrize(
    ("after", "gone"),
    [
        (days(40), False),
        (days(40) + INSTANT, False),
        (days(40) + hours(1), False),
        (days(40) + hours(1) + INSTANT, True),
    ],
)
def test_P1_H3_inactive_is_later_than_heartbeat_period_and_granularity(after: timedelta, gone: bool) -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + after)
    assert reap(scene, (ANN, T0)) == ((ANN,) if gone else ())
    assert scene.has(ANN) is not gone


def test_P1_the_tombstone_says_inactive_and_the_deletion_is_tallied() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(41))
    reap(scene, (ANN, T0))
    tombstone = scene.world.tombstone(ANN)
    assert tombstone
    assert tombstone.reason is DeletionReason.INACTIVE
    assert scene.world.reaped == {APP: 1}


def test_P1_period_and_granularity_are_the_apps() -> None:
    settings = {"inactivity_period": days(10), "heartbeat_interval": days(5), "heartbeat_granularity": hours(6)}
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(10) + hours(6), **settings)
    assert reap(scene, (ANN, T0)) == ()
    assert reap(scene.later(INSTANT), (ANN, T0)) == (ANN,)


def test_P1_an_unregistered_profile_is_not_inactive_but_signed_out() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0))
    scene.unregister(ANN)
    assert reap(scene.later(days(100)), (ANN, T0)) == ()
    assert scene.profile(ANN).status is ProfileStatus.UNREGISTERED


def test_P1_several_are_judged_each_on_its_own() -> None:
    scene = given(
        profile(ANN, last_heartbeat_time=T0), profile(BOB, last_heartbeat_time=T0 + days(30)), at=T0 + days(41)
    )
    assert reap(scene, (ANN, T0), (BOB, T0 + days(30)), (key("nobody"), T0)) == (ANN,)


@pytest.mark.parametrize("lowered", [hours(0), hours(1)])
def test_H3_P1_a_lowered_granularity_breaks_no_promise_made_before(lowered: timedelta) -> None:
    """The heartbeat acknowledged 23 hours after the stored one keeps the profile for the whole period."""
    scene = given(profile(ANN, last_heartbeat_time=T0), heartbeat_granularity=days(1))
    acknowledged = scene.later(hours(23)).now
    assert scene.heartbeat(ANN).last_heartbeat_time == T0, "acknowledged, not written"
    scene.change(heartbeat_granularity=lowered)
    assert reap(scene.at(acknowledged + days(40)), (ANN, T0)) == ()
    assert reap(scene.later(hours(1) + INSTANT), (ANN, T0)) == (ANN,)


def test_H3_P1_a_granularity_of_the_past_ends_with_the_last_heartbeat_that_it_may_have_swallowed() -> None:
    scene = given(heartbeat_granularity=days(1)).change(heartbeat_granularity=hours(0))
    end = T0 + SETTINGS_SPREAD + days(40)
    assert inactivity.promised_granularity(scene.settings, end) == days(1)
    assert inactivity.promised_granularity(scene.settings, end + INSTANT) == hours(0)
    longer = replace(scene.settings, inactivity_period=days(50))
    assert inactivity.promised_granularity(longer, end + days(10)) == days(1), "the period in force decides (P3)"


def test_H3_P1_of_several_granularities_of_the_past_the_largest_counts() -> None:
    scene = given(heartbeat_granularity=hours(9))
    scene.change(heartbeat_granularity=hours(3)).later(days(1)).change(heartbeat_granularity=hours(6)).later(days(1))
    scene.change(heartbeat_granularity=hours(0))
    assert inactivity.promised_granularity(scene.settings, scene.now) == hours(9)
    scene.later(days(366)).change(heartbeat_granularity=hours(1)).change(heartbeat_granularity=hours(0))
    assert inactivity.promised_granularity(scene.settings, scene.now) == hours(1), "what is long over is forgotten"


def test_H3_P1_a_raised_granularity_is_the_only_one_that_counts() -> None:
    scene = given(heartbeat_granularity=hours(1)).change(heartbeat_granularity=hours(2))
    assert inactivity.promised_granularity(scene.settings, scene.now) == hours(2)
    assert scene.settings.kept_granularity is None


# --- P2 ---


def test_P2_without_a_heartbeat_a_profile_is_exempt() -> None:
    scene = given(profile(ANN), at=T0 + days(10_000))
    assert reap(scene, (ANN, None)) == ()
    assert inactivity.register_cutoff(DEFAULT, scene.now) is None


@pytest.mark.parametrize(("after", "gone"), [(days(100), False), (days(100) + INSTANT, True)])
def test_P2_unless_the_app_sets_a_time_to_live_from_the_registration(after: timedelta, gone: bool) -> None:
    scene = given(profile(ANN), never_heartbeat_ttl=days(100))
    scene.later(days(50)).register(ANN)
    scene.later(after)
    assert reap(scene, (ANN, None)) == ((ANN,) if gone else ())


def test_P2_the_time_to_live_is_for_profiles_without_heartbeat() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0 + days(90)), at=T0 + days(110), never_heartbeat_ttl=days(100))
    assert reap(scene, (ANN, T0 + days(90))) == ()


# --- P3 ---


def test_P3_a_changed_period_takes_effect_at_once_and_rewrites_nothing() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(41))
    before = scene.profile(ANN)
    scene.set(inactivity_period=days(50))
    assert reap(scene, (ANN, T0)) == ()
    assert scene.profile(ANN) == before
    scene.set(inactivity_period=days(20))
    assert reap(scene, (ANN, T0)) == (ANN,)


# --- P4 ---


def test_P4_a_concurrent_heartbeat_wins() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(41))
    seen = scene.profile(ANN).last_heartbeat_time
    scene.heartbeat(ANN)
    assert reap(scene, (ANN, seen)) == ()


def test_P4_the_delete_is_conditional_on_the_heartbeat_seen() -> None:
    """Also where the newer heartbeat would be inactive as well: the scan decides what goes."""
    scene = given(profile(ANN, last_heartbeat_time=T0 + days(1)), at=T0 + days(90))
    assert reap(scene, (ANN, T0)) == ()
    assert reap(scene, (ANN, None)) == ()
    assert reap(scene, (ANN, T0 + days(1))) == (ANN,)


def test_P4_a_concurrent_registration_wins() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), profile(BOB), at=T0 + days(41), never_heartbeat_ttl=days(30))
    scene.batch(Register(ANN), Register(BOB))
    assert reap(scene, (ANN, T0), (BOB, None)) == ()


# --- P6 ---


@pytest.mark.parametrize(
    ("due", "reaped", "holds"),
    [(0, 0, False), (1000, 0, False), (1001, 0, True), (1, 999, False), (1, 1000, True), (0, 2000, False)],
)
def test_P6_more_than_the_limit_in_24_hours_trips_the_breaker(due: int, reaped: int, holds: bool) -> None:
    assert inactivity.breaker_trips(due=due, reaped=reaped, limit=1000) is holds


@pytest.mark.parametrize(
    ("active", "limit"), [(0, 1000), (20_000, 1000), (20_019, 1000), (20_020, 1001), (10**6, 50_000)]
)
def test_P6_the_limit_is_5_percent_and_at_least_1000(active: int, limit: int) -> None:
    assert ReaperBreaker().limit(active) == limit


def test_P6_the_limit_is_the_apps() -> None:
    assert ReaperBreaker(percent=50, minimum=2).limit(100) == 50
    assert ReaperBreaker(percent=0, minimum=0).limit(100) == 0


@pytest.mark.parametrize(
    ("ahead", "jumped"),
    [(-days(400), False), (days(0), False), (days(7), False), (days(7) + INSTANT, True), (days(365), True)],
)
def test_P6_a_clock_more_than_7_days_ahead_has_jumped(ahead: timedelta, jumped: bool) -> None:
    assert inactivity.clock_jumped(T0 + ahead, T0) is jumped


def test_P6_a_first_pass_over_an_empty_store_has_nothing_to_compare() -> None:
    assert not inactivity.clock_jumped(T0, None)


# --- P9 ---


@pytest.mark.parametrize(
    ("settings", "heartbeat", "expires"),
    [
        (DEFAULT, None, None),
        (DEFAULT, T0, T0 + days(40)),
        (WITH_TTL, None, T0 + days(90)),
        (WITH_TTL, T0, T0 + days(40)),
    ],
)
def test_P9_H1_the_expire_time_leaves_out_the_granularity(
    settings: AppSettings, heartbeat: datetime | None, expires: datetime | None
) -> None:
    assert inactivity.expire_time(heartbeat, T0 - days(10), settings) == expires


@pytest.mark.parametrize(("after", "expired"), [(days(40), False), (days(40) + INSTANT, True)])
def test_P9_reads_decide_by_the_clock(after: timedelta, expired: bool) -> None:
    assert inactivity.expired(T0, T0, DEFAULT, T0 + after) is expired


def test_P9_an_exempt_profile_never_expires() -> None:
    assert not inactivity.expired(None, T0, DEFAULT, T0 + days(10_000))


@pytest.mark.parametrize("settings", [DEFAULT, WITH_TTL])
@pytest.mark.parametrize("heartbeat", [None, T0])
def test_P9_what_may_be_reaped_has_expired(settings: AppSettings, heartbeat: datetime | None) -> None:
    for after in (days(n) / 4 for n in range(440)):
        now = T0 + after
        before = inactivity.register_cutoff(settings, now)
        due = (
            heartbeat < inactivity.heartbeat_cutoff(settings, now) if heartbeat else before is not None and before > T0
        )
        assert inactivity.expired(heartbeat, T0, settings, now) or not due


# --- P5 ---


def test_P5_the_day_of_the_cutoff_is_read_twice_what_is_deleted_from_it_at_most() -> None:
    """A pass each five minutes, one profile due in each minute of the day: what is left of the day is read."""
    last, left, read = T0.replace(hour=0, minute=0) - INSTANT, 24 * 60, 0
    for minute in range(0, 24 * 60, 5):
        cutoff = T0.replace(hour=0, minute=0) + minutes(minute)
        if inactivity.is_scan_due(last, cutoff, days(40)):
            last, read, left = cutoff, read + left, 24 * 60 - minute
    assert read <= 2 * 24 * 60
    assert left <= 30, "and hardly anything is left for the next day"
    assert inactivity.is_scan_due(None, T0, days(40)), "at first whatever there is"


def test_P5_a_short_period_is_kept_more_exactly() -> None:
    assert not inactivity.is_scan_due(T0, T0 + minutes(44), days(1))
    assert inactivity.is_scan_due(T0, T0 + minutes(45), days(1))
    assert inactivity.is_scan_due(T0, T0 - INSTANT, days(40)), "the clock was set back, or the period made longer"
