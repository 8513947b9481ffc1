"""Who owns a token (R4), who is current on a device (R5, R6) and for a user (R7), and what callers learn (R8)."""

import pytest

from profile_grpc.domain.model import (
    DisplacementEffect,
    EventType,
    ProfileStatus,
    PushEndpointState,
    PushPurpose,
    UnregisterReason,
    UserState,
)
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import Displacement, Registered, Updated
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
    scene = given(profile(ANN, fcm("T"), fcm("CALLS", purpose=CALL)), profile(BOB_TABLET))
    answer = scene.later(hours(1)).do(command(BOB_TABLET, patch(fcm("T"))), object)
    assert scene.tokens(ANN) == ["CALLS"]
    assert scene.profile(ANN).status is ProfileStatus.ACTIVE
    assert scene.tokens(BOB_TABLET) == ["T"]
    assert scene.owner(fcm("T")) == "tablet"
    assert isinstance(answer, Registered | Updated)
    assert answer.displaced == (Displacement(ANN, DisplacementEffect.TOKEN_MOVED),)
    assert [e.user_id for e in scene.events(EventType.PUSH_TOKEN_MOVED)] == ["ann"]


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
    [guard] = scene.world.tokens.values()
    assert (guard.device_id, guard.holders) == ("phone", 2)


@pytest.mark.parametrize("other", [apns("T"), fcm("T", "com.other")])
def test_R4_another_provider_or_push_app_id_is_another_token(other: object) -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.register(BOB_TABLET, patch(other))  # type: ignore[arg-type]
    assert scene.tokens(ANN) == scene.tokens(BOB_TABLET) == ["T"]


def test_R4_holds_within_an_app_only() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.register(key("bob", "tablet", app="other"), patch(fcm("T")))
    assert scene.tokens(ANN) == ["T"]


def test_R4_a_token_that_nobody_holds_any_more_can_be_claimed() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.unregister(ANN)
    assert scene.owner(fcm("T")) is None
    assert scene.register(BOB_TABLET, patch(fcm("T"))).displaced == ()
    assert scene.owner(fcm("T")) == "tablet"


def test_R4_a_claim_that_moves_on_within_a_batch_has_one_owner() -> None:
    scene = given(profile(ANN, fcm("T")), profile(BOB_TABLET), profile(key("cid", "watch")))
    scene.batch(
        UpdateProfileData(BOB_TABLET, patch(fcm("T"))),
        Register(key("cid", "watch"), patch(fcm("T"))),
        UpdateProfileData(ANN, patch(fcm("T"))),
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


def test_R5_nobody_is_promoted_when_the_active_user_leaves() -> None:
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
    assert (answer.device_users, answer.crowded) == (100, False)
    answer = scene.register(BOB)
    assert (answer.device_users, answer.crowded) == (101, True)
    scene.unregister(key("user1"))
    assert not scene.register(BOB).crowded


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
