"""The owner of a token (R4), the current user of a device (R5, R6), the newest device of a user (R7), and R8."""

import pytest

from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.events import EventType
from profile_grpc.domain.kinds import ENDPOINTS
from profile_grpc.domain.profile import ProfileStatus, UnregisterReason, UserState
from profile_grpc.domain.push_endpoints import PushEndpointState, PushPurpose
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import (
    Displacement,
    DisplacementEffect,
    IgnoredReason,
    IgnoredValue,
    Registered,
    Updated,
)
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import (
    ANN,
    ANN_TABLET,
    BOB,
    T0,
    Scene,
    apns,
    days,
    fcm,
    given,
    hours,
    key,
    patch,
    profile,
    seconds,
    stored,
)

BOB_TABLET = key("bob", "tablet")
CALL = PushPurpose.INCOMING_CALL


def superseded(scene: Scene, *keys_: object) -> bool:
    """Whether none of the profile's tokens can be delivered to."""
    profiles = [p for p in scene.world.profiles.values() if p.key in keys_]
    states = {p.endpoint_state(e) for p in profiles for e in p.push_endpoints}
    return states == {PushEndpointState.SUPERSEDED}


# --- R4 ---


@pytest.mark.parametrize("command", [Register, UpdateProfileData])
def test_R4_a_token_moves_to_the_newest_device_and_the_older_profile_stays(
    command: type[Register | UpdateProfileData],
) -> None:
    newer = profile(BOB_TABLET, register_time=T0 + seconds(1))
    scene = given(profile(ANN, fcm("T"), fcm("CALLS", purpose=CALL)), newer)
    answer = scene.later(hours(1)).do(command(BOB_TABLET, patch(fcm("T"))), object)
    assert scene.tokens(ANN) == ["CALLS"]
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE
    assert scene.tokens(BOB_TABLET) == ["T"]
    assert scene.owner(fcm("T")) == "tablet"
    assert isinstance(answer, Registered | Updated)
    assert answer.displaced == (Displacement(ANN, DisplacementEffect.TOKEN_MOVED),)
    assert [e.user_id for e in scene.events(EventType.PUSH_TOKEN_MOVED)] == ["ann"]


def test_R3_a_token_that_two_purposes_share_is_confirmed_for_the_one_that_carries_it() -> None:
    scene = given(profile(ANN, fcm("T"), fcm("T", purpose=CALL)))
    scene.later(hours(1)).do(Register(ANN, patch(fcm("T"))), Registered)
    confirmed = {e.purpose: e.confirm_time for e in scene.profile(ANN).push_endpoints}
    assert confirmed == {PushPurpose.DEFAULT: T0 + hours(1), CALL: T0}


def test_R4_a_token_is_stripped_from_every_profile_of_the_older_device() -> None:
    scene = given(profile(ANN, fcm("T")), profile(BOB, fcm("T")), multi_user_per_device=True)
    answer = scene.register(key("cid", "tablet"), patch(fcm("T")))
    assert scene.tokens(ANN) == scene.tokens(BOB) == []
    assert answer.displaced == (
        Displacement(ANN, DisplacementEffect.TOKEN_MOVED),
        Displacement(BOB, DisplacementEffect.TOKEN_MOVED),
    )


def test_R4_the_same_user_can_move_a_token_to_a_new_device() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.register(ANN_TABLET, patch(fcm("T")))
    assert (scene.tokens(ANN), scene.tokens(ANN_TABLET)) == ([], ["T"])


def test_R4_users_of_the_same_device_share_the_token() -> None:
    scene = given(profile(ANN, fcm("T")), multi_user_per_device=True)
    scene.register(BOB, patch(fcm("T")))
    assert scene.tokens(ANN) == scene.tokens(BOB) == ["T"]
    assert scene.owner(fcm("T")) == "phone"


def test_R4_another_provider_is_another_token() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.register(BOB_TABLET, patch(apns("T")))
    assert scene.tokens(ANN) == scene.tokens(BOB_TABLET) == ["T"]


@pytest.mark.parametrize("label", ["com.other", ""])
def test_R4_the_push_app_id_is_a_label(label: str) -> None:
    """Old SDKs leave it out: one token under two labels had two owners."""
    scene = given(profile(ANN, fcm("T")))
    [displaced] = scene.register(BOB_TABLET, patch(fcm("T", label))).displaced
    assert displaced == Displacement(ANN, DisplacementEffect.TOKEN_MOVED)
    assert (scene.tokens(ANN), scene.tokens(BOB_TABLET)) == ([], ["T"])
    assert scene.owner(fcm("T")) == "tablet"


def test_R4_one_token_for_two_purposes_is_held_once() -> None:
    scene = given()
    scene.register(ANN, patch(fcm("T"), fcm("T", "com.calls", PushPurpose.INCOMING_CALL)))
    assert scene.world.tallies[ENDPOINTS][ANN.app_id] == 1
    scene.register(BOB_TABLET, patch(fcm("T")))
    assert scene.tokens(ANN) == []


def test_R4_an_old_phones_update_does_not_take_the_token_back() -> None:
    scene = given(profile(ANN, fcm("OLD")))
    scene.later(hours(1)).register(BOB_TABLET, patch(fcm("T")))
    answer = scene.later(hours(1)).update(ANN, patch(apns("aa", purpose=PushPurpose.INCOMING_CALL), fcm("T")))
    assert answer.ignored == (IgnoredValue("push_endpoints[1]", IgnoredReason.TOKEN_OWNED),)
    assert answer.displaced == ()
    assert scene.tokens(ANN) == ["OLD", "aa"], "and what it had of that purpose stays"
    assert scene.tokens(BOB_TABLET) == ["T"]
    scene.register(ANN, patch(fcm("T")))
    assert scene.owner(fcm("T")) == "phone", "the next registration takes it"


def test_R4_an_update_takes_the_token_of_a_device_that_registered_earlier() -> None:
    scene = given(profile(BOB_TABLET, fcm("T")))
    scene.later(hours(1)).register(ANN)
    answer = scene.update(ANN, patch(fcm("T")))
    assert answer.ignored == ()
    assert answer.displaced == (Displacement(BOB_TABLET, DisplacementEffect.TOKEN_MOVED),)
    assert scene.owner(fcm("T")) == "phone"


def test_R4_a_tie_keeps_the_owner() -> None:
    scene = given(profile(BOB_TABLET, fcm("T")), profile(ANN))
    assert scene.update(ANN, patch(fcm("T"))).ignored[0].reason is IgnoredReason.TOKEN_OWNED


def test_R4_a_mask_whose_tokens_are_all_owned_leaves_what_is_there() -> None:
    scene = given(profile(ANN, fcm("OLD")))
    scene.later(hours(1)).register(BOB_TABLET, patch(fcm("T")))
    scene.update(ANN, ProfilePatch(push_endpoints=(fcm("T"),), replace_push_endpoints=True))
    assert scene.tokens(ANN) == ["OLD"]


def test_R5_an_unregistered_profile_is_inactive_and_never_displaced_again() -> None:
    scene = given(profile(ANN, fcm("T")), multi_user_per_device=True, single_device_per_user=True)
    scene.unregister(ANN)
    etag = scene.profile(ANN).etag
    assert scene.profile(ANN).user_state is UserState.INACTIVE
    assert scene.register(key("bob"), patch(fcm("T"))).displaced == ()
    assert scene.register(key("ann", "tablet")).displaced == ()
    assert scene.profile(ANN).etag == etag


def test_R7_neither_a_heartbeat_nor_a_token_restores_push_on_the_older_device() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    scene.later(hours(1)).register(key("ann", "tablet"), patch(fcm("U")))
    scene.later(hours(2)).heartbeat(ANN)
    scene.update(ANN, patch(fcm("NEW")))
    older = scene.profile(ANN)
    assert [older.endpoint_state(e) for e in older.push_endpoints] == [PushEndpointState.SUPERSEDED]
    scene.register(ANN)
    newest = scene.profile(ANN)
    assert [newest.endpoint_state(e) for e in newest.push_endpoints] == [PushEndpointState.DELIVERABLE]


def test_R4_holds_within_an_app_only() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.register(key("bob", "tablet", app="other"), patch(fcm("T")))
    assert scene.tokens(ANN) == ["T"]


def test_R4_a_token_without_a_holder_can_be_claimed() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.unregister(ANN)
    assert scene.owner(fcm("T")) is None
    assert scene.register(BOB_TABLET, patch(fcm("T"))).displaced == ()
    assert scene.owner(fcm("T")) == "tablet"


def test_R4_a_claim_that_moves_on_within_a_batch_has_one_owner() -> None:
    scene = given(profile(ANN, fcm("T")), profile(BOB_TABLET), profile(key("cid", "watch")))
    scene.batch(
        Register(BOB_TABLET, patch(fcm("T"))),
        Register(key("cid", "watch"), patch(fcm("T"))),
        Register(ANN, patch(fcm("T"))),
    )
    assert scene.tokens(ANN) == ["T"]
    assert scene.tokens(BOB_TABLET) == scene.tokens(key("cid", "watch")) == []
    assert scene.owner(fcm("T")) == "phone"


# --- R5 ---


def test_R5_the_newest_user_is_active_and_the_others_inactive() -> None:
    scene = given(profile(ANN, fcm("T")), multi_user_per_device=True)
    answer = scene.register(BOB)
    assert scene.profile(BOB).user_state is UserState.ACTIVE
    assert scene.profile(ANN).user_state is UserState.INACTIVE
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE
    assert answer.displaced == (Displacement(ANN, DisplacementEffect.DEACTIVATED),)
    assert len(scene.events(EventType.USER_DEACTIVATED)) == 1


def test_R5_inactive_users_still_receive_push() -> None:
    scene = given(profile(ANN, fcm("T")), multi_user_per_device=True)
    scene.register(BOB)
    [endpoint] = scene.profile(ANN).push_endpoints
    assert scene.profile(ANN).endpoint_state(endpoint) is PushEndpointState.DELIVERABLE


def test_R5_whoever_registers_again_is_active_again() -> None:
    scene = given(profile(ANN, user_state=UserState.INACTIVE), profile(BOB), multi_user_per_device=True)
    scene.register(ANN)
    assert scene.profile(ANN).user_state is UserState.ACTIVE
    assert scene.profile(BOB).user_state is UserState.INACTIVE


def test_R5_an_already_inactive_user_is_not_displaced_again() -> None:
    scene = given(profile(ANN, user_state=UserState.INACTIVE), profile(BOB), multi_user_per_device=True)
    answer = scene.register(key("cid"))
    assert answer.displaced == (Displacement(BOB, DisplacementEffect.DEACTIVATED),)


def test_R5_no_other_user_becomes_active_when_the_active_user_leaves() -> None:
    scene = given(profile(ANN, user_state=UserState.INACTIVE), profile(BOB), multi_user_per_device=True)
    scene.unregister(BOB)
    scene.later(days(1)).heartbeat(ANN)
    scene.update(ANN, patch(fcm("T")))
    assert scene.profile(ANN).user_state is UserState.INACTIVE


def test_R5_an_unregistered_user_is_inactive_and_never_displaced_again() -> None:
    scene = given(profile(ANN), multi_user_per_device=True)
    scene.unregister(ANN)
    assert scene.profile(ANN).user_state is UserState.INACTIVE
    before = scene.profile(ANN)
    assert scene.register(BOB).displaced == ()
    assert scene.profile(ANN) == before


def test_R5_other_devices_are_left_alone() -> None:
    scene = given(profile(BOB_TABLET), multi_user_per_device=True)
    scene.register(ANN)
    assert scene.profile(BOB_TABLET).user_state is UserState.ACTIVE


def test_R5_above_100_users_the_answer_carries_a_warning() -> None:
    scene = given(*[profile(key(f"user{n}")) for n in range(99)], multi_user_per_device=True)
    answer = scene.register(ANN)
    assert (answer.device_users, answer.too_many_users) == (100, False)
    answer = scene.register(BOB)
    assert (answer.device_users, answer.too_many_users) == (101, True)
    scene.unregister(key("user1"))
    assert not scene.register(BOB).too_many_users


# --- R6 ---


def test_R6_the_former_user_is_signed_out_and_loses_the_endpoints() -> None:
    scene = given(profile(ANN, fcm("T"), apns("aa")))
    answer = scene.later(hours(1)).register(BOB, patch(fcm("T")))
    ann = scene.profile(ANN)
    assert (ann.status, ann.user_state) == (ProfileStatus.UNREGISTERED, UserState.INACTIVE)
    assert (ann.unregister_reason, ann.unregister_time) == (UnregisterReason.REPLACED, scene.now)
    assert ann.push_endpoints == ()
    assert answer.displaced == (Displacement(ANN, DisplacementEffect.REPLACED),)
    [event] = scene.events(EventType.PROFILE_UNREGISTERED)
    assert (event.user_id, event.reason) == ("ann", "REPLACED")


def test_R6_every_former_user_goes_also_those_from_when_users_were_many() -> None:
    scene = given(profile(ANN, fcm("T"), user_state=UserState.INACTIVE), profile(BOB))
    scene.register(key("cid"))
    assert scene.profile(ANN).status is scene.profile(BOB).status is ProfileStatus.UNREGISTERED
    assert scene.tokens(ANN) == []


def test_R6_a_former_user_who_left_already_keeps_time_and_reason() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    answer = scene.later(days(1)).register(BOB)
    assert answer.displaced == ()
    assert scene.profile(ANN).unregister_time == T0
    assert scene.profile(ANN).unregister_reason is UnregisterReason.CLIENT


# --- R7 ---


def test_R7_the_older_device_keeps_in_app_but_no_push() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    answer = scene.register(ANN_TABLET, patch(fcm("U")))
    assert superseded(scene, ANN)
    assert not superseded(scene, ANN_TABLET)
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE
    assert scene.profile(ANN).user_state is UserState.ACTIVE
    assert scene.tokens(ANN) == ["T"]
    assert answer.displaced == (Displacement(ANN, DisplacementEffect.PUSH_SUPERSEDED),)
    assert len(scene.events(EventType.PUSH_SUPERSEDED)) == 1


def test_R7_the_roles_swap_when_the_older_device_registers_again() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    scene.register(ANN_TABLET, patch(fcm("U")))
    answer = scene.register(ANN)
    assert superseded(scene, ANN_TABLET)
    assert not superseded(scene, ANN)
    assert answer.displaced == (Displacement(ANN_TABLET, DisplacementEffect.PUSH_SUPERSEDED),)


def test_R7_a_device_that_was_displaced_is_not_displaced_again() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    scene.register(ANN_TABLET)
    before = scene.profile(ANN)
    answer = scene.register(key("ann", "watch"))
    assert answer.displaced == (Displacement(ANN_TABLET, DisplacementEffect.PUSH_SUPERSEDED),)
    assert scene.profile(ANN) == before


def test_R7_neither_heartbeat_nor_token_update_restores_push() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    scene.register(ANN_TABLET, patch(fcm("U")))
    scene.later(days(1)).heartbeat(ANN)
    scene.update(ANN, patch(fcm("V"), apns("aa")))
    assert superseded(scene, ANN)
    assert not superseded(scene, ANN_TABLET)


def test_R7_is_the_apps_choice() -> None:
    scene = given(profile(ANN, fcm("T")))
    assert scene.register(ANN_TABLET, patch(fcm("U"))).displaced == ()
    assert not superseded(scene, ANN)
    assert ANN.user.guard not in scene.world.guards


def test_R7_concerns_one_user_of_one_app() -> None:
    other_app = key("ann", "phone", app="other")
    scene = given(profile(BOB, fcm("B")), profile(other_app, fcm("O")), single_device_per_user=True)
    scene.register(ANN_TABLET, patch(fcm("U")))
    assert not superseded(scene, BOB)
    assert not superseded(scene, other_app)


def test_R7_an_unregistered_device_is_not_displaced() -> None:
    scene = given(profile(ANN), single_device_per_user=True)
    scene.unregister(ANN)
    assert scene.register(ANN_TABLET).displaced == ()


def test_R7_a_signed_out_older_device_that_registers_is_the_newest() -> None:
    scene = given(profile(ANN, fcm("T")), single_device_per_user=True)
    scene.register(ANN_TABLET, patch(fcm("U")))
    scene.unregister(ANN)
    scene.register(ANN, patch(fcm("T")))
    assert superseded(scene, ANN_TABLET)
    assert not superseded(scene, ANN)


def test_R7_an_invalid_endpoint_of_the_older_device_stays_invalid() -> None:
    invalid = stored(fcm(""), T0, PushEndpointState.INVALID)
    ann = profile(ANN, invalid, push_superseded=True)
    assert ann.endpoint_state(invalid) is PushEndpointState.INVALID


# --- R8 ---


def test_R8_the_answer_lists_every_profile_that_changed() -> None:
    cid = key("cid", "watch")
    scene = given(
        profile(cid, fcm("T")),
        profile(BOB, fcm("B")),
        profile(ANN_TABLET, fcm("A")),
        multi_user_per_device=True,
        single_device_per_user=True,
    )
    answer = scene.register(ANN, patch(fcm("T")))
    assert set(answer.displaced) == {
        Displacement(cid, DisplacementEffect.TOKEN_MOVED),
        Displacement(BOB, DisplacementEffect.DEACTIVATED),
        Displacement(ANN_TABLET, DisplacementEffect.PUSH_SUPERSEDED),
    }


def test_R8_a_profile_that_changed_in_two_ways_is_listed_for_each() -> None:
    scene = given(profile(ANN_TABLET, fcm("T")), single_device_per_user=True)
    assert set(scene.register(ANN, patch(fcm("T"))).displaced) == {
        Displacement(ANN_TABLET, DisplacementEffect.TOKEN_MOVED),
        Displacement(ANN_TABLET, DisplacementEffect.PUSH_SUPERSEDED),
    }


def test_R8_a_profile_that_loses_two_tokens_is_listed_once() -> None:
    scene = given(profile(ANN, fcm("T"), fcm("CALLS", purpose=CALL)))
    answer = scene.register(BOB_TABLET, patch(fcm("T"), fcm("CALLS", purpose=CALL)))
    assert scene.tokens(ANN) == []
    assert answer.displaced == (Displacement(ANN, DisplacementEffect.TOKEN_MOVED),)
    assert len(scene.events(EventType.PUSH_TOKEN_MOVED)) == 1


def test_R8_nothing_is_listed_when_nothing_else_changed() -> None:
    scene = given(profile(ANN, fcm("T")))
    assert scene.register(ANN, patch(fcm("T"))).displaced == ()
