"""Register: R1-R3 and R9, H4, and what a registration is for billing and events."""

import pytest

from profile_grpc.domain.commands import NewEndpoint, ProfilePatch
from profile_grpc.domain.errors import Reason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.inactivity import ReapInactive, SeenProfile
from profile_grpc.domain.keys import Token
from profile_grpc.domain.profile import (
    Attributes,
    Channel,
    Platform,
    Profile,
    ProfileStatus,
    PushPermission,
    UnregisterReason,
    UserState,
)
from profile_grpc.domain.push_endpoints import (
    ApnsEnvironment,
    PushEndpointState,
    PushProvider,
    PushPurpose,
    WebPushKeys,
)
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile
from profile_grpc.domain.results import Deleted
from profile_grpc.domain.settings import PushApp
from tests.support.domain import ANN, APP, T0, apns, days, fcm, given, hours, key, patch, profile, stored

DELETE_ANN = DeleteDeviceProfile(APP, user_id="ann", device_id="phone")
CALL = PushPurpose.INCOMING_CALL


# --- R1 ---


def test_R1_a_first_registration_creates_the_profile_and_says_so() -> None:
    scene = given(at=T0)
    answer = scene.register(ANN, patch(fcm("T"), language="en"))
    assert answer.created
    assert answer.profile == scene.profile(ANN)
    assert answer.profile == Profile(
        key=ANN,
        create_time=T0,
        register_time=T0,
        update_time=T0,
        mad=answer.profile.mad,
        channels=frozenset(Channel),
        status=ProfileStatus.ACTIVE,
        user_state=UserState.ACTIVE,
        push_endpoints=(stored(fcm("T"), T0),),
        attributes=Attributes(language="en"),
        revision=answer.profile.revision,
        version=1,
    )
    assert set(scene.world.guards) == {ANN.device.guard, Token(APP, "T").guard}
    assert len(scene.events(EventType.PROFILE_CREATED)) == 1


def test_R1_a_second_registration_creates_nothing() -> None:
    scene = given(profile(ANN))
    assert not scene.register(ANN).created
    assert list(scene.world.profiles) == [ANN]
    assert not scene.events(EventType.PROFILE_CREATED)


def test_R1_a_repeated_identical_call_changes_times_and_etag_only() -> None:
    scene = given()
    call = ProfilePatch(
        platform=Platform.ANDROID,
        channels=frozenset({Channel.PUSH}),
        push_endpoints=(fcm("T"),),
        attributes={"language": "en", "customer_id": "c"},
        custom_attributes={"tier": "gold"},
    )
    before = scene.register(ANN, call).profile
    scene.later(hours(3)).register(ANN, call)
    after = scene.profile(ANN)
    assert after.etag != before.etag
    assert after == before._replace(
        register_time=scene.now,
        update_time=scene.now,
        push_endpoints=(stored(fcm("T"), scene.now),),
        revision=after.revision,
    )
    assert scene.counted(ANN) == [T0]


def test_R1_a_repeated_call_keeps_the_creation_time() -> None:
    scene = given(profile(ANN), at=T0 + days(2))
    scene.register(ANN)
    assert scene.profile(ANN).create_time == T0
    assert scene.profile(ANN).register_time == T0 + days(2)


def test_R1_absent_fields_keep_what_is_stored() -> None:
    known = profile(
        ANN,
        fcm("T"),
        channels={Channel.IN_APP},
        platform=Platform.IOS,
        attributes=Attributes(language="en", verified=True, customer_id="c"),
    )
    scene = given(known)
    scene.later(days(1)).register(ANN, patch(language="de"))
    after = scene.profile(ANN)
    assert after.attributes == Attributes(language="de", verified=True, customer_id="c")
    assert after.platform is Platform.IOS
    assert after.channels == {Channel.IN_APP}
    assert after.push_endpoints == (stored(fcm("T"), T0),)


def test_R1_maps_merge() -> None:
    scene = given(profile(ANN, attributes=Attributes(custom_attributes={"a": "1", "b": "2"})))
    scene.register(ANN, ProfilePatch(custom_attributes={"b": "3", "c": "4"}))
    assert scene.profile(ANN).attributes.custom_attributes == {"a": "1", "b": "3", "c": "4"}


# --- R2 ---


def test_R2_registering_an_unregistered_profile_makes_it_active_and_keeps_its_creation_time() -> None:
    scene = given(profile(ANN, attributes=Attributes(language="en")))
    scene.later(days(1)).unregister(ANN)
    answer = scene.later(days(1)).register(ANN, patch(fcm("T")))
    assert not answer.created
    after = scene.profile(ANN)
    assert (after.status, after.user_state) == (ProfileStatus.ACTIVE, UserState.ACTIVE)
    assert after.create_time == T0
    assert after.register_time == T0 + days(2)
    assert (after.unregister_time, after.unregister_reason) == (None, None)
    assert after.attributes.language == "en"
    assert len(scene.events(EventType.PROFILE_REACTIVATED)) == 1


def test_R2_a_deleted_profile_registers_anew_at_once() -> None:
    scene = given(profile(ANN, fcm("T"), attributes=Attributes(language="en")))
    scene.later(days(1)).do(DELETE_ANN, Deleted)
    answer = scene.register(ANN)
    assert answer.created
    assert answer.profile.create_time == T0 + days(1)
    assert answer.profile.attributes == Attributes()
    assert answer.profile.push_endpoints == ()
    assert answer.profile.last_heartbeat_time is None


def test_R2_a_registration_after_a_deletion_in_one_batch_creates_a_profile() -> None:
    scene = given(profile(ANN, fcm("T"), last_heartbeat_time=T0))
    scene.later(hours(1)).batch(DELETE_ANN, Register(ANN, patch(fcm("T"))))
    assert scene.profile(ANN).create_time == T0 + hours(1)
    assert scene.profile(ANN).last_heartbeat_time is None
    assert scene.world.tombstone(ANN) is not None
    assert len(scene.events(EventType.PROFILE_DELETED)) == 1


# --- R3 ---


def test_R3_an_endpoint_replaces_those_of_its_purpose_whatever_their_provider() -> None:
    """An app that moves from APNs to FCM must not get every push twice."""
    scene = given(profile(ANN, fcm("OLD"), fcm("CALLS", purpose=CALL), apns("aa")))
    scene.later(hours(1)).register(ANN, patch(fcm("NEW", "com.other")))
    assert set(scene.profile(ANN).push_endpoints) == {
        stored(fcm("NEW", "com.other"), scene.now),
        stored(fcm("CALLS", purpose=CALL), T0),
    }
    assert scene.owner(fcm("OLD")) is None
    assert scene.owner(apns("aa")) is None
    assert len(scene.events(EventType.PUSH_TOKEN_CHANGED)) == 1


def test_R3_two_providers_of_one_purpose_come_in_one_call() -> None:
    scene = given(profile(ANN, fcm("OLD")))
    hms = NewEndpoint(PushProvider.HMS, "H", "com.app")
    scene.register(ANN, patch(fcm("NEW"), hms))
    assert scene.tokens(ANN) == ["NEW", "H"]
    scene.register(ANN, patch(hms))
    assert scene.tokens(ANN) == ["H"]


def test_R3_an_invalid_endpoint_goes_with_its_purpose() -> None:
    scene = given(profile(ANN, stored(apns(""), T0, PushEndpointState.INVALID)))
    scene.register(ANN, patch(fcm("NEW")))
    assert [e.token for e in scene.profile(ANN).push_endpoints] == ["NEW"]


def test_R3_no_endpoints_keep_what_is_there() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.later(hours(1)).register(ANN, patch())
    assert scene.profile(ANN).push_endpoints == (stored(fcm("T"), T0),)
    assert not scene.events(EventType.PUSH_TOKEN_CHANGED)


def test_R3_the_confirmed_time_is_the_last_register_or_update_that_carried_the_endpoint() -> None:
    scene = given()
    scene.register(ANN, patch(fcm("T"), apns("aa", purpose=CALL)))
    scene.later(hours(1)).register(ANN, patch(fcm("T")))
    scene.later(hours(1)).update(ANN, patch(apns("aa", purpose=CALL)))
    scene.later(hours(1)).heartbeat(ANN)
    scene.later(hours(1)).update(ANN, patch(language="en"))
    confirmed = {e.token: e.confirm_time for e in scene.profile(ANN).push_endpoints}
    assert confirmed == {"T": T0 + hours(1), "aa": T0 + hours(2)}


@pytest.mark.parametrize("state", [PushEndpointState.SUSPECT, PushEndpointState.INVALID])
def test_R3_a_registered_endpoint_is_deliverable_again(state: PushEndpointState) -> None:
    scene = given(profile(ANN, stored(fcm("T" if state is PushEndpointState.SUSPECT else ""), T0, state)))
    scene.register(ANN, patch(fcm("T")))
    assert scene.profile(ANN).push_endpoints == (stored(fcm("T"), T0),)


# --- R9 ---


def test_R9_channels_default_to_the_apps() -> None:
    assert given().register(ANN).profile.channels == {Channel.PUSH, Channel.IN_APP, Channel.LIVE_CHAT}
    assert given(channels=frozenset({Channel.IN_APP})).register(ANN).profile.channels == {Channel.IN_APP}


def test_R9_asking_for_no_channel_asks_for_the_apps() -> None:
    scene = given(profile(ANN, channels={Channel.PUSH}), channels=frozenset({Channel.PUSH, Channel.IN_APP}))
    scene.update(ANN, patch(channels=[]))
    assert scene.profile(ANN).channels == {Channel.PUSH, Channel.IN_APP}


@pytest.mark.parametrize("known", [False, True])
def test_R9_channels_must_be_among_the_apps(known: bool) -> None:
    scene = given(*[profile(ANN)] * known, channels=frozenset({Channel.PUSH}))
    refusal = scene.refused(Register(ANN, patch(fcm("T"), channels=[Channel.PUSH, Channel.LIVE_CHAT])))
    assert refusal.reason is Reason.CHANNEL_NOT_ENABLED
    assert refusal.metadata["channel"] == "LIVE_CHAT"
    assert [v.field for v in refusal.violations] == ["channels"]


def test_R9_a_subset_is_stored() -> None:
    assert given().register(ANN, patch(channels=[Channel.PUSH])).profile.channels == {Channel.PUSH}


# --- H4 ---


def test_H4_a_registration_is_no_heartbeat() -> None:
    assert given().register(ANN).profile.last_heartbeat_time is None


def test_H4_unless_the_app_says_so() -> None:
    scene = given(register_counts_as_heartbeat=True)
    scene.register(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0
    scene.later(days(3)).register(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0 + days(3)


def test_H4_H1_and_even_then_never_backwards() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0 + hours(1)), register_counts_as_heartbeat=True)
    scene.register(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0 + hours(1)


# --- P9 ---


def test_P9_registering_an_expired_profile_revives_it() -> None:
    """The old heartbeat must not doom the new registration."""
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(40) + hours(0.5))
    answer = scene.register(ANN)
    assert not answer.created
    assert scene.profile(ANN).last_heartbeat_time == scene.now


def test_H4_a_registration_after_a_heartbeat_counts_as_one() -> None:
    """A user who signed in yesterday must not be reaped today for a heartbeat of last month."""
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(30))
    scene.register(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0 + days(30)
    scene.later(days(11)).do(ReapInactive(APP, (SeenProfile(ANN, T0), SeenProfile(ANN, T0 + days(30)))), Deleted)
    assert scene.has(ANN)


def test_H4_also_of_a_user_who_had_signed_out() -> None:
    scene = given(profile(ANN, last_heartbeat_time=T0), at=T0 + days(20))
    scene.unregister(ANN)
    scene.later(days(10)).register(ANN)
    assert scene.profile(ANN).last_heartbeat_time == T0 + days(30)


def test_H4_a_registration_without_a_heartbeat_before_is_none() -> None:
    scene = given(profile(ANN), at=T0 + days(30))
    scene.register(ANN)
    assert scene.profile(ANN).last_heartbeat_time is None


# --- placeholder ids ---


@pytest.mark.parametrize(
    ("user", "device", "named"),
    [("ann", "phone", ()), ("null", "phone", ("user_id",)), ("(null)", "-1", ("user_id", "device_id"))],
)
def test_placeholder_ids_are_accepted_and_reported(user: str, device: str, named: tuple[str, ...]) -> None:
    answer = given().register(key(user, device))
    assert answer.created
    assert answer.placeholder_ids == named


# --- R10, R11, R12 ---

KEYS = WebPushKeys(b"\x04" + bytes(64), bytes(16), "vapid-1")
PUSH_URL = "https://push.example/abc"


def web(token: str = PUSH_URL, keys: WebPushKeys | None = None) -> NewEndpoint:
    return NewEndpoint(PushProvider.WEB_PUSH, token, web_push=keys)


def test_R10_the_same_token_without_keys_keeps_the_stored_keys() -> None:
    scene = given()
    scene.register(ANN, patch(web(keys=KEYS)))
    scene.register(ANN, patch(web()))
    assert scene.profile(ANN).push_endpoints[0].web_push == KEYS
    scene.update(ANN, ProfilePatch(push_endpoints=(web(),), replace_push_endpoints=True))
    assert scene.profile(ANN).push_endpoints[0].web_push == KEYS
    other = KEYS._replace(vapid_key_id="vapid-2")
    scene.update(ANN, patch(web(keys=other)))
    assert scene.profile(ANN).push_endpoints[0].web_push == other


def test_R10_another_token_without_keys_has_none() -> None:
    scene = given()
    scene.register(ANN, patch(web(keys=KEYS)))
    scene.register(ANN, patch(web(f"{PUSH_URL}d")))
    assert scene.profile(ANN).push_endpoints[0].web_push is None


@pytest.mark.parametrize(
    ("said", "push_app_id", "expected"),
    [
        (ApnsEnvironment.UNSPECIFIED, "com.app", ApnsEnvironment.PRODUCTION),
        (ApnsEnvironment.UNSPECIFIED, "com.app.beta", ApnsEnvironment.SANDBOX),
        (ApnsEnvironment.PRODUCTION, "com.app.beta", ApnsEnvironment.PRODUCTION),
        (ApnsEnvironment.SANDBOX, "com.app", ApnsEnvironment.SANDBOX),
        (ApnsEnvironment.UNSPECIFIED, "com.old", ApnsEnvironment.PRODUCTION),
    ],
)
@pytest.mark.parametrize("provider", [PushProvider.APNS, PushProvider.APNS_VOIP])
def test_R11_the_environment_is_the_calls_else_the_apps_else_production(
    provider: PushProvider, said: ApnsEnvironment, push_app_id: str, expected: ApnsEnvironment
) -> None:
    beta = PushApp("com.app.beta", PushProvider.APNS, apns_environment=ApnsEnvironment.SANDBOX)
    scene = given(push_app_ids=(beta, PushApp("com.old", PushProvider.APNS)))
    scene.register(ANN, patch(NewEndpoint(provider, "aa", push_app_id, apns_environment=said)))
    assert scene.profile(ANN).push_endpoints[0].apns_environment is expected


def test_R11_other_providers_have_no_environment() -> None:
    scene = given()
    scene.register(ANN, patch(fcm("T")))
    assert scene.profile(ANN).push_endpoints[0].apns_environment is ApnsEnvironment.UNSPECIFIED


def test_R12_a_registration_without_a_permission_keeps_it_and_changes_are_events() -> None:
    scene = given()
    scene.register(ANN, ProfilePatch(push_endpoints=(fcm("T"),), push_permission=PushPermission.GRANTED))
    assert scene.events(EventType.PUSH_PERMISSION_CHANGED) == [], "told with the creation"
    scene.update(ANN, ProfilePatch(push_permission=PushPermission.DENIED))
    scene.register(ANN)
    assert scene.profile(ANN).push_permission is PushPermission.DENIED
    assert [e.state for e in scene.profile(ANN).push_endpoints] == [PushEndpointState.DELIVERABLE]
    assert [e.reason for e in scene.events(EventType.PUSH_PERMISSION_CHANGED)] == ["DENIED"]
    scene.register(ANN, ProfilePatch(push_permission=PushPermission.PROVISIONAL))
    assert [e.reason for e in scene.events(EventType.PUSH_PERMISSION_CHANGED)] == ["DENIED", "PROVISIONAL"]


def test_R2_an_unregistered_profile_keeps_the_reason() -> None:
    scene = given(profile(ANN))
    scene.unregister(ANN)
    assert scene.profile(ANN).unregister_reason is UnregisterReason.CLIENT
