"""Imports of profiles (I1, I2): what a record does to the profiles that are stored."""

import random
from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import NamedTuple

import pytest

from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.erasure import RememberErasure
from profile_grpc.domain.events import EventType
from profile_grpc.domain.import_start import ImportKey
from profile_grpc.domain.importing import BeginImport, ImportProfile, SourceState
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import ProfileStatus, UnregisterReason, UserState
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.results import Deleted, Imported, ImportOutcome, Unregistered
from tests.support.domain import ANN, APP, BOB, T0, Scene, days, fcm, given, hours, key, patch

NOW = T0 + days(100)
OUT, IN = SourceState(signed_out=True), SourceState()
DEVICE_RULES = [
    pytest.param({"multi_user_per_device": multi}, id="several users" if multi else "one user")
    for multi in (False, True)
]


def record(
    of: ProfileKey = ANN, at: datetime | None = None, *tokens: str, source: SourceState = IN, start: datetime = NOW
) -> ImportProfile:
    """A record of a profile that was registered elsewhere at this time."""
    return ImportProfile(of, patch(*[fcm(token) for token in tokens]), start, at, source=source)


def bring(scene: Scene, *records: ImportProfile) -> list[ImportOutcome]:
    """Imports the records, each in a batch of its own."""
    return [scene.do(one, Imported).outcome for one in records]


def active(scene: Scene) -> list[ProfileKey]:
    return [one.key for one in scene.world.profiles.values() if one.status is ProfileStatus.ACTIVE]


# --- what happened here since ---


@pytest.mark.parametrize("imported", [True, False], ids=["imported", "registered here"])
@pytest.mark.parametrize("with_time", [True, False], ids=["with its time", "without a time"])
def test_I1_a_user_who_signed_out_here_after_the_registration_stays_signed_out(imported: bool, with_time: bool) -> None:
    scene = given(at=T0)
    if imported:
        bring(scene, record(ANN, T0, "t", start=T0))
    else:
        scene.register(ANN, patch(fcm("t")))
    scene.later(days(10)).do(Unregister(ANN), Unregistered)
    scene.at(NOW)
    assert bring(scene, record(ANN, T0 + days(5) if with_time else None, "t")) == [ImportOutcome.UNCHANGED]
    assert active(scene) == []
    assert scene.owner(fcm("t")) is None


def test_I1_a_registration_after_the_sign_out_here_signs_the_user_in() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    scene.later(days(10)).do(Unregister(ANN), Unregistered)
    scene.at(NOW)
    assert bring(scene, record(ANN, T0 + days(11), "t")) == [ImportOutcome.UPDATED]
    assert active(scene) == [ANN]


def test_I1_a_user_who_was_replaced_here_stays_signed_out_when_the_device_is_left() -> None:
    """Pushes of the earlier user must not reach a device that another user has left (R6)."""
    scene = given(at=T0)
    scene.register(ANN, patch(fcm("t")))
    scene.later(days(10)).register(BOB, patch(fcm("t")))
    scene.later(days(1)).do(Unregister(BOB), Unregistered)
    scene.at(NOW)
    assert bring(scene, record(ANN, T0 + days(5), "t")) == [ImportOutcome.UNCHANGED]
    assert scene.owner(fcm("t")) is None


@pytest.mark.parametrize("with_time", [True, False], ids=["with its time", "without a time"])
def test_I1_a_profile_that_was_deleted_here_after_the_registration_stays_deleted(with_time: bool) -> None:
    """An account that was removed here is not brought back by the next export of the old system."""
    scene = given(at=T0)
    scene.register(ANN)
    scene.later(days(20)).do(DeleteDeviceProfile(APP, user_id=ANN.user_id, device_id=ANN.device_id), Deleted)
    scene.later(days(1))
    assert bring(scene, record(ANN, T0 + days(5) if with_time else None, start=scene.now)) == [ImportOutcome.UNCHANGED]
    assert not scene.has(ANN)


def test_I1_a_registration_after_the_deletion_creates_the_profile() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    scene.later(days(20)).do(DeleteDeviceProfile(APP, user_id=ANN.user_id, device_id=ANN.device_id), Deleted)
    scene.later(days(10))
    assert bring(scene, record(ANN, T0 + days(21), start=scene.now)) == [ImportOutcome.CREATED]


def test_D4_what_was_deleted_with_an_earlier_app_is_imported_again() -> None:
    """A trial: the app is deleted and created again before the real import."""
    scene = given(at=T0)
    bring(scene, record(ANN, T0 - days(9), start=T0))
    scene.later(hours(1)).do(DeleteDeviceProfile(APP, user_id=ANN.user_id, device_id=ANN.device_id), Deleted)
    again = record(ANN, T0 - days(9), start=T0 + days(1))
    scene.later(hours(23))
    assert bring(scene, again) == [ImportOutcome.UNCHANGED]
    assert bring(scene, replace(again, app_time=T0 + hours(2))) == [ImportOutcome.CREATED]


def test_C8_no_registration_of_an_import_brings_an_erased_person_back() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    scene.later(days(20))
    state = scene.state(record(ANN))
    ann = state.profile(ANN)
    assert ann is not None
    state.delete(ann, DeletionReason.ERASED)
    scene.world.apply(state.changes())
    scene.later(days(10))
    assert bring(scene, record(ANN, T0 + days(25), start=scene.now)) == [ImportOutcome.UNCHANGED]


def test_C8_an_erased_user_comes_back_on_no_device_that_was_never_here() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    scene.later(days(1)).do(RememberErasure(ANN.user), type(None))
    scene.later(days(1))
    new = key(ANN.user_id, "never here")
    assert bring(scene, record(new, scene.now, start=scene.now), record(new)) == [ImportOutcome.UNCHANGED] * 2
    assert not scene.has(new)
    assert bring(scene, record(key(BOB.user_id, "never here"))) == [ImportOutcome.CREATED]


def test_C8_an_import_does_not_fill_the_profile_of_a_person_who_registered_again_after_an_erasure() -> None:
    scene = given(at=T0)
    scene.do(RememberErasure(ANN.user), type(None))
    scene.later(days(1)).register(ANN)
    assert bring(scene, record(ANN, T0 - days(1), "t", start=scene.now)) == [ImportOutcome.UNCHANGED]
    assert scene.owner(fcm("t")) is None


# --- signed out there ---


def test_I1_a_later_record_signs_a_user_in_whom_an_earlier_one_signs_out() -> None:
    for records in permutations([record(ANN, T0, source=OUT), record(ANN, T0 + days(1), "t")]):
        scene = given(at=NOW)
        bring(scene, *records)
        assert scene.profile(ANN).status is ProfileStatus.ACTIVE
        assert scene.owner(fcm("t")) == ANN.device_id


def test_E1_a_record_that_signs_a_user_out_leaves_an_event() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    scene.at(NOW)
    bring(scene, record(ANN, T0 + days(1), source=OUT))
    [event] = scene.events(EventType.PROFILE_UNREGISTERED)
    assert event.reason == UnregisterReason.CLIENT


# --- users of one device ---


def test_R6_a_device_with_one_user_has_one_though_a_record_calls_the_later_one_inactive() -> None:
    """Of an app with several users on a device, imported into one with one."""
    ann, bob = record(ANN, T0, "t"), record(BOB, T0 + days(1), "t", source=SourceState(inactive=True))
    for records in permutations([ann, bob]):
        scene = given(at=NOW)
        bring(scene, *records)
        assert active(scene) == [BOB]


@pytest.mark.parametrize("settings", DEVICE_RULES)
@pytest.mark.parametrize("at", [None, T0], ids=["without times", "at one time"])
def test_I1_users_who_registered_at_one_time_have_the_same_winner_in_any_order(
    settings: dict[str, bool], at: datetime | None
) -> None:
    winners = set()
    for records in permutations([record(ANN, at, "t"), record(BOB, at, "t")]):
        scene = given(at=NOW, **settings)
        bring(scene, *records, *records)
        winners.add(tuple(one.key for one in scene.world.profiles.values() if one.user_state is UserState.ACTIVE))
    assert len(winners) == 1


@pytest.mark.parametrize("at", [None, T0], ids=["without times", "at one time"])
def test_I1_devices_that_registered_one_token_at_one_time_have_the_same_owner_in_any_order(at: datetime | None) -> None:
    owners = set()
    for records in permutations([record(key("ann", device), at, "t") for device in ("d1", "d2", "d3")]):
        scene = given(at=NOW)
        bring(scene, *records, *records)
        owners.add(scene.owner(fcm("t")))
    assert len(owners) == 1


class Kept(NamedTuple):
    """What an import makes of a profile, besides the time of its last change."""

    key: ProfileKey
    status: ProfileStatus
    user_state: UserState
    superseded: bool
    tokens: tuple[str, ...]
    register_time: datetime
    create_time: datetime


def kept(scene: Scene) -> list[Kept]:
    found = [
        Kept(
            one.key,
            one.status,
            one.user_state,
            one.push_superseded,
            tuple(scene.tokens(one.key)),
            one.register_time,
            one.create_time,
        )
        for one in scene.world.profiles.values()
    ]
    return sorted(found)


def a_file(numbers: random.Random, *, shared: bool) -> list[ImportProfile]:
    """Records of a few users and devices, many at the same time. The token is the device's or, if shared, one of a few
    that devices took over from each other.
    """
    keys = [key(user, device) for user in ("u1", "u2", "u3") for device in ("d1", "d2", "d3")]
    if shared:  # one user on each device
        keys = [key(numbers.choice(["u1", "u2"]), f"d{number}") for number in range(6)]
    return [
        ImportProfile(
            of,
            patch(fcm(f"t{numbers.randint(1, 3)}" if shared else f"t-{of.device_id}")),
            NOW,
            numbers.choice([None, *[T0 + days(day) for day in range(4)]]),
            create_time=numbers.choice([None, T0]),
            source=numbers.choice([IN, IN, IN, OUT, SourceState(inactive=True), SourceState(superseded=True)]),
        )
        for of in numbers.sample(keys, 5)
    ]


@pytest.mark.parametrize("shared", [False, True], ids=["tokens of devices", "tokens that move"])
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="one user"),
        pytest.param({"multi_user_per_device": True}, id="several users"),
        pytest.param({"multi_user_per_device": True, "single_device_per_user": True}, id="several users, one device"),
    ],
)
def test_I1_any_order_and_repetition_of_the_records_of_a_file_gives_the_same_profiles(
    settings: dict[str, bool], shared: bool
) -> None:
    for seed in range(10):
        numbers = random.Random(seed)
        records = a_file(numbers, shared=shared)
        scene = given(at=NOW, **settings)
        bring(scene, *records)
        expected = kept(scene)
        scene.later(hours(1))
        assert set(bring(scene, *records)) == {ImportOutcome.UNCHANGED}, seed
        assert kept(scene) == expected, seed
        for _ in range(6):
            other = given(at=NOW, **settings)
            shuffled = numbers.sample(records, len(records))
            bring(other, *shuffled, *numbers.sample(shuffled, 3))
            assert kept(other) == expected, seed


# --- the import itself ---


def test_I1_the_start_of_an_import_under_a_clock_that_was_ahead_is_corrected() -> None:
    """Else the push tokens of the import would be deaf to feedback for a year (Terms: stamps ahead)."""
    scene = given(at=NOW)
    begin = BeginImport(ImportKey(APP, "i1"))
    ahead = scene.later(days(365)).do(begin, datetime)
    assert scene.at(NOW).do(begin, datetime) == NOW < ahead
    assert scene.later(hours(5)).do(begin, datetime) == NOW
