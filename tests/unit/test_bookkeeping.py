"""What every change writes, whichever rule made it: guards and counts, and the conflicts of simultaneous writers.

Two writers that load before either writes stand for two processes. A second that does not notice the first breaks the
invariant that the test names.
"""

import pytest

from profile_grpc.domain import kinds
from profile_grpc.domain.changes import NOTHING
from profile_grpc.domain.commands import AnyCommand
from profile_grpc.domain.deletion_records import History
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.feedback import ReportPushFeedback
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.keys import SHARED_GUARDS, GuardKey, ProfileKey, Token
from profile_grpc.domain.kinds import TOMBSTONES
from profile_grpc.domain.profile import Channel, CountKey, Platform, ProfileStatus, UserState
from profile_grpc.domain.push_endpoints import PushEndpointState
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.ports import Conflict
from tests.support.domain import (
    ANN,
    ANN_TABLET,
    APP,
    BOB,
    T0,
    Scene,
    days,
    dead,
    fcm,
    given,
    hours,
    key,
    patch,
    profile,
    seconds,
)

BOB_TABLET = key("bob", "tablet")
DELETE_ANN = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")


def race(scene: Scene, first: AnyCommand, second: AnyCommand) -> bool:
    """Both load, both decide, both write. Returns whether the second got a Conflict; if so it decides again."""
    states = [scene.state(first), scene.state(second)]
    for state, command in zip(states, (first, second), strict=True):
        command.decide(state, scene.settings)
    scene.world.apply(states[0].changes())
    try:
        scene.world.apply(states[1].changes())
    except Conflict:
        scene.batch(second)
        return True
    return False


def current_users(scene: Scene, device: str = "phone") -> list[str]:
    active = [p for p in scene.world.profiles.values() if p.user_state is UserState.ACTIVE]
    return [p.key.user_id for p in active if p.key.device_id == device]


def push_devices(scene: Scene, user: str = "ann") -> list[str]:
    """The user's devices that receive push."""
    return [
        p.key.device_id
        for p in scene.world.profiles.values()
        if p.key.user_id == user and any(p.endpoint_state(e) is PushEndpointState.DELIVERABLE for e in p.push_endpoints)
    ]


# --- races ---


@pytest.mark.parametrize("multi", [False, True])
def test_R5_R6_two_new_users_of_a_device_conflict(multi: bool) -> None:
    scene = given(multi_user_per_device=multi)
    assert race(scene, Register(ANN), Register(BOB))
    assert current_users(scene) == ["bob"]


@pytest.mark.parametrize("multi", [False, True])
def test_R5_R6_two_users_who_return_to_a_device_conflict(multi: bool) -> None:
    scene = given(profile(ANN), profile(BOB, user_state=UserState.INACTIVE), multi_user_per_device=multi)
    scene.unregister(ANN)
    scene.unregister(BOB)
    assert race(scene, Register(ANN), Register(BOB))
    assert current_users(scene) == ["bob"]


def test_R5_an_inactive_user_who_returns_conflicts_with_a_new_user() -> None:
    scene = given(profile(ANN, user_state=UserState.INACTIVE), multi_user_per_device=True)
    assert race(scene, Register(ANN), Register(BOB))
    assert current_users(scene) == ["bob"]


def test_R1_the_same_profile_is_created_once() -> None:
    scene = given()
    assert race(scene, Register(ANN), Register(ANN))
    assert scene.counted(ANN) == [T0]


def test_R7_two_new_devices_of_a_user_conflict() -> None:
    scene = given(single_device_per_user=True)
    assert race(scene, Register(ANN, patch(fcm("T"))), Register(ANN_TABLET, patch(fcm("U"))))
    assert push_devices(scene) == ["tablet"]


def test_R7_two_known_devices_of_a_user_conflict() -> None:
    scene = given(profile(ANN, fcm("T")), profile(ANN_TABLET, fcm("U"), push_superseded=True))
    scene.set(single_device_per_user=True)
    assert race(scene, Register(ANN), Register(ANN_TABLET))
    assert push_devices(scene) == ["tablet"]


@pytest.mark.parametrize("other", [ANN_TABLET, key("ann", "watch")])
def test_R7_a_signed_out_device_comes_back_while_another_registers(other: ProfileKey) -> None:
    scene = given(profile(ANN), profile(ANN_TABLET), single_device_per_user=True)
    scene.unregister(ANN)
    scene.unregister(ANN_TABLET)
    assert race(scene, Register(ANN, patch(fcm("T"))), Register(other, patch(fcm("U"))))
    assert push_devices(scene) == [other.device_id]


@pytest.mark.parametrize("command", [Register, UpdateProfileData])
def test_R4_two_devices_that_claim_a_free_token_conflict(command: type[Register | UpdateProfileData]) -> None:
    scene = given(profile(ANN), profile(BOB_TABLET, register_time=T0 + seconds(1)))
    assert race(scene, command(ANN, patch(fcm("T"))), command(BOB_TABLET, patch(fcm("T"))))
    assert (scene.tokens(ANN), scene.tokens(BOB_TABLET)) == ([], ["T"])


def test_R4_a_token_is_claimed_while_another_user_of_the_device_joins() -> None:
    scene = given(profile(ANN, fcm("T")), profile(BOB), multi_user_per_device=True)
    cid = key("cid", "tablet")
    assert race(scene, UpdateProfileData(BOB, patch(fcm("T"))), Register(cid, patch(fcm("T"))))
    assert scene.tokens(ANN) == scene.tokens(BOB) == []
    assert scene.tokens(cid) == ["T"]


@pytest.mark.parametrize("command", [Register, UpdateProfileData])
def test_F2_a_confirmation_wins_over_feedback_in_flight(command: type[Register | UpdateProfileData]) -> None:
    scene = given(profile(ANN, fcm("T"), channels={Channel.PUSH}), at=T0 + hours(1))
    feedback = ReportPushFeedback(APP, (dead("T", T0 + hours(0.5)),))
    assert race(scene, command(ANN, patch(fcm("T"))), feedback)
    assert scene.tokens(ANN) == ["T"]


def test_P4_a_heartbeat_wins_over_the_reaper() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(41))
    assert race(scene, Heartbeat(ANN), ReapInactive(APP, (SeenProfile(ANN, T0),)))
    assert scene.has(ANN)


def test_P8_a_registration_wins_over_the_purge() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    scene.later(days(31))
    assert race(scene, Register(ANN), PurgeUnregistered(APP, (ANN,)))
    assert scene.has(ANN)


def test_M4_two_counts_at_once_are_one() -> None:
    scene = given(profile(ANN), at=T0 + days(31))
    assert race(scene, Heartbeat(ANN), UpdateProfileData(ANN, patch()))
    assert scene.counted(ANN) == [T0, T0 + days(31)]


def test_M4_not_even_when_the_row_was_deleted_and_made_again() -> None:
    scene = given()
    state = scene.state(Register(ANN))
    Register(ANN).decide(state, scene.settings)
    scene.batch(Register(ANN), DELETE_ANN)
    with pytest.raises(Conflict):
        scene.world.apply(state.changes())


def test_writers_of_different_devices_do_not_meet() -> None:
    scene = given(profile(ANN), multi_user_per_device=True, single_device_per_user=True)
    assert not race(scene, Register(BOB_TABLET, patch(fcm("B"))), Heartbeat(ANN))
    assert not race(scene, Register(key("cid", "watch"), patch(fcm("C"))), Unregister(ANN))


# --- guards and counts ---


def bumped(scene: Scene, *commands: AnyCommand) -> set[GuardKey]:
    return {write.row.key for write in scene.changes(*commands).rows.get(kinds.GUARDS, NOTHING).writes}


@pytest.mark.parametrize("single", [False, True])
def test_R5_R7_whoever_becomes_current_bumps_the_guards(single: bool) -> None:
    scene = given(profile(BOB, user_state=UserState.INACTIVE), single_device_per_user=single)
    of_user: set[GuardKey] = {ANN.user.guard} if single else set()
    assert bumped(scene, Register(ANN)) == {ANN.device.guard} | of_user
    assert bumped(scene, Register(BOB)) == {BOB.device.guard}, "it was the user's newest device before"


def test_a_current_user_and_a_leaving_one_bump_no_guard() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    stays = (Register(ANN, patch(fcm("T"))), Heartbeat(ANN), UpdateProfileData(ANN, patch()))
    for command in (*stays, Unregister(ANN), DELETE_ANN):
        assert bumped(scene, command) == set()


@pytest.mark.parametrize("command", [Register, UpdateProfileData])
def test_R4_whoever_takes_a_token_bumps_its_guard(command: type[Register | UpdateProfileData]) -> None:
    scene = given(profile(ANN, fcm("T")))
    assert bumped(scene, command(ANN, patch(fcm("U")))) == {Token(APP, "U").guard}


def test_devices_and_users_have_guards_of_their_own() -> None:
    names = [str(number) for number in range(1000)]
    devices = {key("u", name).device.guard for name in names}
    users = {key(name, "d").user.guard for name in names}
    assert len(devices) > 990
    assert len(devices | users) > 1980
    assert all(0 <= guard.number < SHARED_GUARDS for guard in devices | users)


def test_a_rule_that_forgets_to_ask_for_a_guard_is_a_fault() -> None:
    state = given().state(Register(ANN))
    state._needs.of(kinds.GUARDS).clear()
    with pytest.raises(LookupError):
        Register(ANN).decide(state, AppSettings())


def test_a_rule_that_forgets_to_ask_for_a_profile_gets_no_empty_history() -> None:
    """H2, E2: it would find neither the cause of a deletion nor the version to go on with."""
    state = given().state(Register(ANN))
    assert state.history(ANN) == History()
    with pytest.raises(LookupError):
        state.history(BOB)


def test_counts_follow_status_and_platform() -> None:
    scene = given(profile(ANN), profile(BOB_TABLET))
    scene.update(ANN, patch())
    scene.unregister(BOB_TABLET)
    assert +scene.world.counts == {
        CountKey(APP, ProfileStatus.ACTIVE, Platform.UNSPECIFIED): 1,
        CountKey(APP, ProfileStatus.UNREGISTERED, Platform.UNSPECIFIED): 1,
    }
    scene.do(DeleteDeviceProfile(APP, user_id="bob"), object)
    scene.register(BOB)
    assert +scene.world.counts == {
        CountKey(APP, ProfileStatus.ACTIVE, Platform.UNSPECIFIED): 1,
        CountKey(APP, ProfileStatus.UNREGISTERED, Platform.UNSPECIFIED): 1,
    }


def test_a_profile_created_and_deleted_in_one_batch_leaves_no_row() -> None:
    scene = given()
    changes = scene.changes(Register(ANN, patch(fcm("T"))), DELETE_ANN)
    assert changes.rows.keys() == {kinds.GUARDS}
    assert not changes.tallies
    assert len(changes.records_of(TOMBSTONES)) == 1


def test_a_rule_that_reads_what_its_command_did_not_ask_for_is_a_fault() -> None:
    state = given(profile(ANN)).state(Heartbeat(ANN))
    with pytest.raises(LookupError):
        state.profile(BOB)


def test_a_refused_command_leaves_no_trace_in_its_batch() -> None:
    scene = given()
    [refused, _] = scene.batch(Heartbeat(ANN), Register(ANN))
    assert isinstance(refused, Refused)
    assert scene.counted(ANN) == [T0]
