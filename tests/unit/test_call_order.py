"""R13: the order of a phone's calls."""

from dataclasses import replace
from itertools import permutations
from typing import TypeAlias

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import ORDERS
from profile_grpc.domain.ordered_calls import CallMethod
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.results import (
    AccountRemovalOutcome,
    AccountRemoved,
    Deleted,
    Registered,
    Unregistered,
    Updated,
)
from profile_grpc.domain.settings import AccountRemovalAction
from profile_grpc.domain.slices import Slice
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import ANN, APP, T0, Scene, fcm, given, hours, key, minutes, patch

BOB, T = key("bob"), "T"
Call: TypeAlias = Register | Unregister | UpdateProfileData | RemoveAccount


def register(sequence: int | None, of: ProfileKey = ANN, push_token: str = T) -> Register:
    return Register(of, patch(fcm(push_token)), sequence)


def update(sequence: int | None, language: str = "en") -> UpdateProfileData:
    return UpdateProfileData(ANN, patch(language=language), sequence=sequence)


def unregister(sequence: int | None, of: ProfileKey = ANN, allow_missing: bool = True) -> Unregister:
    return Unregister(of, allow_missing, sequence)


def removal(sequence: int | None) -> RemoveAccount:
    return RemoveAccount(APP, (ReportedToken(T),), username="ann", sequence=sequence)


def too_late(scene: Scene, command: Call, highest: int) -> None:
    before = scene.stored()
    refused = scene.later(hours(1)).refused(command)
    assert refused.reason is Reason.OUT_OF_ORDER
    assert refused.metadata == {
        "app_id": APP,
        "sequence": str(command.sequence),
        "highest": str(highest),
    }
    assert scene.stored() == before


def test_R13_a_registration_after_the_logout_does_not_sign_the_user_in_again() -> None:
    scene = given()
    scene.do(register(1), Registered)
    scene.do(unregister(2), Unregistered)
    too_late(scene, register(1), 2)
    assert scene.profile(ANN).status is ProfileStatus.UNREGISTERED
    scene.do(register(3), Registered)
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE


def test_R13_also_where_the_logout_came_first_of_all() -> None:
    scene = given()
    assert scene.do(unregister(2), Unregistered).profile is None
    too_late(scene, register(1), 2)
    assert scene.do(unregister(2), Unregistered).profile is None, "a repetition"
    assert scene.do(register(3), Registered).created
    [order] = scene.world.rows[ORDERS].values()
    assert order.forget_time is None, "now it goes with the profile"


def test_R13_a_logout_that_is_refused_is_not_applied() -> None:
    scene = given()
    assert scene.refused(unregister(2, allow_missing=False)).reason is Reason.PROFILE_NOT_FOUND
    assert scene.do(register(1), Registered).created


def test_R13_a_repetition_is_answered_as_applied_and_changes_nothing() -> None:
    scene = given()
    first = scene.do(register(5), Registered)
    again = scene.later(hours(1)).do(register(5), Registered)
    assert (again.created, again.profile) == (True, first.profile)
    scene.do(register(6), Registered)
    assert not scene.do(register(6), Registered).created
    scene.do(update(7, "de"), Updated)
    updated = scene.later(hours(1)).do(update(7, "fr"), Updated)
    assert updated.profile.attributes.language == "de"
    scene.do(unregister(8), Unregistered)
    etag = scene.profile(ANN).etag
    assert scene.do(unregister(8), Unregistered).profile == scene.profile(ANN)
    assert scene.profile(ANN).etag == etag


def test_R13_the_highest_number_of_another_method_is_no_repetition() -> None:
    scene = given()
    scene.do(register(5), Registered)
    too_late(scene, unregister(5), 5)
    too_late(scene, update(5), 5)
    too_late(scene, register(5, BOB), 5)


def test_R13_calls_of_a_device_are_compared_whoever_they_are_of() -> None:
    scene = given(multi_user_per_device=True)
    scene.do(register(1), Registered)
    scene.do(register(3, BOB), Registered)
    too_late(scene, register(2), 3)
    too_late(scene, unregister(2), 3)
    assert scene.do(register(2, key("ann", "tablet"), "U"), Registered).created, "another device"


def test_R13_a_repetition_after_a_higher_call_of_another_user_comes_too_late() -> None:
    scene = given(multi_user_per_device=True)
    scene.do(register(5), Registered)
    scene.do(register(6, BOB, "U"), Registered)
    too_late(scene, register(5), 6)


def test_R13_a_second_logout_raises_the_number() -> None:
    scene = given()
    scene.do(register(1), Registered)
    scene.do(unregister(2), Unregistered)
    scene.do(unregister(3), Unregistered)
    assert scene.profile(ANN).last_call == (3, CallMethod.UNREGISTER)
    assert scene.do(unregister(3), Unregistered).profile == scene.profile(ANN), "a repetition"


def test_R13_an_update_without_a_number_keeps_that_of_its_profile() -> None:
    scene = given()
    scene.do(register(5), Registered)
    scene.do(update(None, "de"), Updated)
    too_late(scene, update(4), 5)


def test_R13_an_update_is_compared_with_its_profile() -> None:
    scene = given(multi_user_per_device=True)
    scene.do(register(1), Registered)
    scene.do(register(3, BOB, "U"), Registered)
    scene.do(update(2, "de"), Updated)
    too_late(scene, update(1), 2)
    scene.do(update(5, "fr"), Updated)
    too_late(scene, register(4), 5)
    assert scene.profile(ANN).attributes.language == "fr"
    scene.do(register(4, key("carl"), "V"), Registered)  # says nothing of ann's patch


def test_R13_a_late_account_removal_does_not_sign_out() -> None:
    scene = given()
    scene.do(register(4), Registered)
    too_late(scene, removal(3), 4)
    assert scene.do(removal(5), AccountRemoved).removed == (ANN,)
    too_late(scene, register(4), 5)
    scene.do(register(6), Registered)
    assert scene.profile(ANN).last_call == (6, CallMethod.REGISTER)


def test_R13_a_removal_of_a_profile_without_a_number_meets_the_devices() -> None:
    scene = given(multi_user_per_device=True)
    scene.register(ANN, patch(fcm("T")))
    scene.do(register(7, BOB), Registered)
    too_late(scene, removal(6), 7)


def test_R13_without_a_sequence_the_order_of_arrival_decides() -> None:
    scene = given()
    scene.do(register(5), Registered)
    scene.do(unregister(None), Unregistered)
    scene.do(register(None), Registered)
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE
    too_late(scene, unregister(4), 5)


def test_R13_a_deletion_forgets_it() -> None:
    scene = given()
    scene.do(register(5), Registered)
    scene.do(DeleteDeviceProfile(APP, user_id="ann"), Deleted)
    assert scene.world.rows[ORDERS] == {}
    assert scene.do(register(1), Registered).created
    scene.do(DeleteDeviceProfile(APP, user_id="ann", device_id="phone"), Deleted)
    assert scene.world.rows[ORDERS] == {}


def test_R13_zero_is_a_number() -> None:
    scene = given()
    scene.do(register(0), Registered)
    too_late(scene, unregister(0), 0)


@pytest.mark.parametrize("action", AccountRemovalAction)
def test_R13_a_repeated_account_removal_is_answered_as_applied(action: AccountRemovalAction) -> None:
    """The tokens are gone, and with them the way to the device: the report itself is remembered."""
    scene = given(account_removal_action=action)
    scene.do(register(4), Registered)
    assert scene.do(removal(5), AccountRemoved).removed == (ANN,)
    before = scene.stored()
    again = scene.later(hours(1)).do(removal(5), AccountRemoved)
    assert again == AccountRemoved((), AccountRemovalOutcome.REMOVED)
    assert scene.stored() == before
    assert scene.do(removal(6), AccountRemoved).outcome is AccountRemovalOutcome.NO_MATCH, "a new call"
    assert scene.do(removal(None), AccountRemoved).outcome is AccountRemovalOutcome.NO_MATCH


def test_R13_a_repeated_account_removal_is_the_same_report() -> None:
    scene = given()
    scene.do(register(4), Registered)
    scene.do(removal(5), AccountRemoved)
    for other in (
        replace(removal(5), username="bob"),
        replace(removal(5), account_selector="home"),
        replace(removal(5), tokens=(ReportedToken("U"),)),
        replace(removal(5), tokens=(ReportedToken(T, "com.app"),)),
    ):
        assert scene.do(other, AccountRemoved).outcome is AccountRemovalOutcome.NO_MATCH
    twice = replace(removal(5), tokens=(ReportedToken(T), ReportedToken(T)))
    assert scene.do(twice, AccountRemoved).outcome is AccountRemovalOutcome.REMOVED


def test_R13_an_earlier_account_removal_comes_too_late() -> None:
    scene = given()
    scene.do(register(4), Registered)
    scene.do(removal(5), AccountRemoved)
    too_late(scene, removal(3), 5)
    scene.do(register(6), Registered)
    too_late(scene, removal(5), 6)
    scene.do(removal(7), AccountRemoved)
    too_late(scene, removal(5), 7)


def test_R13_a_repetition_after_a_registration_without_a_number_removes_nothing() -> None:
    scene = given()
    scene.do(register(4), Registered)
    reported = replace(removal(5), report_time=scene.now)
    scene.do(reported, AccountRemoved)
    scene.later(hours(1)).do(register(None), Registered)
    before = scene.stored()
    for again in (reported, removal(5)):
        assert scene.later(hours(1)).do(again, AccountRemoved).outcome is AccountRemovalOutcome.REMOVED
    assert scene.stored() == before
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE


def test_R13_R14_slices_of_an_account_removal_are_one_call() -> None:
    scene = given(multi_user_per_device=True)
    selector = patch(fcm(T), account_selector="desk")
    scene.do(Register(ANN, selector, 3), Registered)
    scene.do(Register(BOB, selector, 4), Registered)
    whole = replace(removal(5), username="", account_selector="desk")
    for of in (ANN, BOB):
        assert scene.later(hours(1)).do(Slice(whole, (of,)), AccountRemoved).removed == (of,)
    scene.at(T0 + minutes(90)).do(Register(BOB, selector), Registered)
    assert scene.do(Slice(whole, (BOB,)), AccountRemoved).outcome is AccountRemovalOutcome.REMOVED
    assert scene.profile(BOB).status is ProfileStatus.ACTIVE, "registered after the removal"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_R13_in_whatever_order_calls_arrive_the_last_one_decides(order: tuple[int, ...]) -> None:
    calls: list[Call] = [register(1, push_token="A"), unregister(2), register(3, push_token="B"), unregister(4)]
    scene = given()
    for number in order:
        scene.later(hours(1)).batch(calls[number])
    found = scene.world.profiles.get(ANN)
    assert found is None or found.status is ProfileStatus.UNREGISTERED


def test_R13_a_batch_is_decided_in_the_order_of_arrival() -> None:
    scene = given()
    answers = scene.batch(register(1), unregister(3), register(2))
    assert [isinstance(answer, Refused) for answer in answers] == [False, False, True]
