"""Unregister and delete (D1-D3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.errors import Reason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.inactivity import PurgeUnregistered
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Attributes, ProfileStatus, UnregisterReason, UserState
from profile_grpc.domain.removal import DeleteDeviceProfile, EraseApp, Unregister
from profile_grpc.domain.results import AccountRemovalOutcome, Deleted, Unregistered
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import (
    ANN,
    ANN_TABLET,
    APP,
    BOB,
    INSTANT,
    apns,
    days,
    fcm,
    given,
    hours,
    key,
    patch,
    profile,
)

REMOVED, NO_MATCH, STALE = AccountRemovalOutcome
ANN_PHONE = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")


# --- D1 ---


def test_D1_unregister_signs_out_and_removes_the_endpoints() -> None:
    scene = given(profile(ANN, fcm("T"), apns("aa")))
    answer = scene.later(hours(1)).do(Unregister(ANN), Unregistered)
    ann = scene.profile(ANN)
    assert answer.profile == ann
    assert (ann.status, ann.user_state) == (ProfileStatus.UNREGISTERED, UserState.INACTIVE)
    assert (ann.unregister_time, ann.unregister_reason) == (scene.now, UnregisterReason.CLIENT)
    assert ann.push_endpoints == ()
    assert not scene.world.tokens
    assert len(scene.events(EventType.PROFILE_UNREGISTERED)) == 1


def test_D1_repeating_it_succeeds_and_changes_nothing() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    before = scene.profile(ANN)
    answer = scene.later(days(1)).do(Unregister(ANN), Unregistered)
    assert answer.profile == before == scene.profile(ANN)
    assert len(scene.events(EventType.PROFILE_UNREGISTERED)) == 1


def test_D1_an_unknown_profile_is_not_found_unless_it_may_be_missing() -> None:
    scene = given()
    assert scene.refused(Unregister(ANN)).reason is Reason.PROFILE_NOT_FOUND
    assert scene.do(Unregister(ANN, allow_missing=True), Unregistered).profile is None


@pytest.mark.parametrize(
    ("after", "gone"), [(days(30) - INSTANT, False), (days(30), False), (days(30) + INSTANT, True)]
)
def test_D1_P8_the_row_stays_for_the_retention(after: timedelta, gone: bool) -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    purged = scene.later(after).do(PurgeUnregistered(APP, (ANN,)), Deleted)
    assert purged.keys == ((ANN,) if gone else ())
    assert scene.has(ANN) is not gone
    if gone:
        tombstone = scene.world.tombstone(ANN)
        assert tombstone
        assert tombstone.reason is DeletionReason.UNREGISTERED


def test_D1_the_retention_is_the_apps() -> None:
    scene = given(profile(ANN), unregistered_retention=days(2))
    scene.unregister(ANN)
    assert scene.later(days(2) + INSTANT).do(PurgeUnregistered(APP, (ANN,)), Deleted).keys == (ANN,)


def test_D1_what_registered_again_is_not_purged() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    scene.later(days(29)).register(ANN)
    assert scene.later(days(5)).do(PurgeUnregistered(APP, (ANN, BOB)), Deleted).keys == ()


def test_D1_the_retention_begins_anew_with_each_signing_out() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    scene.later(days(20)).register(ANN)
    scene.unregister(ANN)
    assert scene.later(days(20)).do(PurgeUnregistered(APP, (ANN,)), Deleted).keys == ()


# --- D2 ---


def test_D2_delete_removes_the_row_at_once() -> None:
    scene = given(profile(ANN, fcm("T")), profile(BOB))
    assert scene.do(ANN_PHONE, Deleted).keys == (ANN,)
    assert list(scene.world.profiles) == [BOB]


def test_D2_an_unregistered_profile_too() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    assert scene.do(ANN_PHONE, Deleted).keys == (ANN,)


@pytest.mark.parametrize(
    ("command", "deleted"),
    [
        (DeleteDeviceProfile(APP, user_id="ann"), (ANN, ANN_TABLET)),
        (DeleteDeviceProfile(APP, customer_id="c"), (ANN, BOB)),
        (DeleteDeviceProfile(APP, customer_id="c", device_id="phone"), (ANN, BOB)),
        (DeleteDeviceProfile(APP, user_id="ann", device_id="tablet"), (ANN_TABLET,)),
    ],
)
def test_D2_by_user_or_customer_on_one_device_or_all(
    command: DeleteDeviceProfile, deleted: tuple[ProfileKey, ...]
) -> None:
    linked = Attributes(customer_id="c")
    everyone = [profile(ANN, attributes=linked), profile(ANN_TABLET), profile(BOB, attributes=linked)]
    foreign = profile(key(app="other"), attributes=linked)
    scene = given(*everyone, foreign)
    assert scene.do(command, Deleted).keys == deleted
    assert set(scene.world.profiles) == {p.key for p in [*everyone, foreign]} - set(deleted)


def test_D2_by_customer_on_a_device_that_is_not_the_customers_finds_nothing() -> None:
    scene = given(profile(ANN, attributes=Attributes(customer_id="c")))
    command = DeleteDeviceProfile(APP, customer_id="c", device_id="tablet")
    assert scene.refused(command).reason is Reason.PROFILE_NOT_FOUND


@pytest.mark.parametrize(
    "command",
    [DeleteDeviceProfile(APP, user_id="ann"), ANN_PHONE, DeleteDeviceProfile(APP, customer_id="c")],
)
def test_D2_an_unknown_profile_is_not_found_unless_it_may_be_missing(command: DeleteDeviceProfile) -> None:
    scene = given(profile(BOB))
    assert scene.refused(command).reason is Reason.PROFILE_NOT_FOUND
    assert scene.do(replace(command, allow_missing=True), Deleted).keys == ()


def test_D2_a_link_made_earlier_in_the_batch_counts() -> None:
    scene = given(profile(ANN), profile(BOB, attributes=Attributes(customer_id="c")))
    scene.batch(
        UpdateProfileData(ANN, patch(customer_id="c")),
        UpdateProfileData(BOB, patch(customer_id=None)),
        DeleteDeviceProfile(APP, customer_id="c"),
    )
    assert list(scene.world.profiles) == [BOB]


def test_D2_other_customers_and_apps_that_share_the_batch_are_left_alone() -> None:
    linked, elsewhere = Attributes(customer_id="c"), key(app="other")
    scene = given(
        profile(ANN, attributes=linked),
        profile(BOB, attributes=Attributes(customer_id="d")),
        profile(elsewhere, attributes=linked),
    )
    scene.batch(
        UpdateProfileData(BOB, patch(language="en")),
        UpdateProfileData(elsewhere, patch(language="en")),
        DeleteDeviceProfile(APP, customer_id="c"),
    )
    assert set(scene.world.profiles) == {BOB, elsewhere}


# --- D3 ---


def test_D3_a_deletion_leaves_a_tombstone_and_an_event() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.later(hours(1)).do(ANN_PHONE, Deleted)
    [tombstone] = scene.world.tombstones.values()
    assert (tombstone.app_id, tombstone.reason, tombstone.delete_time) == (APP, DeletionReason.DELETED, scene.now)
    [event] = scene.events(EventType.PROFILE_DELETED)
    assert (event.user_id, event.device_id, event.reason, event.time) == ("ann", "phone", "DELETED", scene.now)


def test_D3_a_tombstone_holds_no_personal_data() -> None:
    scene = given(profile(key("ann@example.com", "device-77"), fcm("TOKEN")))
    scene.do(DeleteDeviceProfile(APP, user_id="ann@example.com"), Deleted)
    text = repr(list(scene.world.tombstones.values()))
    assert not any(secret in text for secret in ("ann@example.com", "device-77", "TOKEN"))


def test_D3_guard_rows_go_with_their_last_profile() -> None:
    """Those that belong to profiles: a token's owner. The guards of devices and users name nobody."""
    scene = given(profile(ANN, fcm("T")), profile(BOB, fcm("T")), multi_user_per_device=True)
    scene.do(ANN_PHONE, Deleted)
    assert scene.owner(fcm("T")) == "phone"
    scene.do(DeleteDeviceProfile(APP, user_id="bob"), Deleted)
    assert not scene.world.tokens


def test_D3_erasing_an_app_leaves_tombstones_and_events_too() -> None:
    scene = given(profile(ANN), profile(BOB))
    assert scene.do(EraseApp(APP, (ANN, BOB, key("nobody"))), Deleted).keys == (ANN, BOB)
    assert len(scene.world.tombstones) == len(scene.events(EventType.PROFILE_DELETED)) == 2
