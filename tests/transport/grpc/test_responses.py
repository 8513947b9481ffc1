"""Results as responses: everything that is known is told, tokens to those who may see them."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from types import MappingProxyType

import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from appprofile.v1 import access_pb2, app_pb2
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain import results, settings
from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.profile import (
    Attributes,
    Channel,
    DeviceAttribute,
    Platform,
    Profile,
    ProfileStatus,
    PushPermission,
    UserState,
)
from profile_grpc.domain.push_endpoints import (
    ApnsEnvironment,
    PushEndpoint,
    PushEndpointState,
    PushProvider,
    PushPurpose,
    WebPushKeys,
)
from profile_grpc.domain.results import Beat, Displacement, IgnoredReason, IgnoredValue, Registered, Updated
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service import directory_ports, ports
from profile_grpc.service.credentials import Caller
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.transport.grpc import responses
from profile_grpc.transport.grpc.call import Call
from tests.support.domain import ANN, BOB, T0, days
from tests.transport.grpc.support import refusal

EVERYTHING = Attributes(
    customer_id="c",
    rtm_id="r",
    account_selector="s",
    verified=False,
    guest=True,
    foreground=False,
    language="de",
    time_zone="Europe/Berlin",
    os_version="18",
    sdk_version="2.12",
    device_model="Phone",
    last_opened_time=T0 + days(3),
    device_attributes=MappingProxyType({"ram": DeviceAttribute("8", T0)}),
    custom_attributes=MappingProxyType({"tier": "gold"}),
)
BARE = Profile(ANN, T0, T0, T0, MadRecord(T0, 1), frozenset({Channel.PUSH}), revision=1)
PROFILE = BARE._replace(
    platform=Platform.IOS,
    channels=frozenset({Channel.IN_APP, Channel.PUSH}),
    register_time=T0 + days(1),
    update_time=T0 + days(2),
    last_heartbeat_time=T0 + days(4),
    attributes=EVERYTHING,
    push_permission=PushPermission.PROVISIONAL,
    push_endpoints=(
        PushEndpoint(PushProvider.APNS, "ab12", "com.app", PushPurpose.DEFAULT, T0),
        PushEndpoint(PushProvider.APNS_VOIP, "", "com.app", PushPurpose.INCOMING_CALL, T0, PushEndpointState.INVALID),
    ),
    revision=31,
    version=3,
)


def call(kind: KeyKind = KeyKind.ADMIN, **chosen: object) -> Call:
    made = Call()
    made.caller = Caller(kind, "acme")
    made.app = App("app", "acme", T0, T0, settings=replace(AppSettings(), **chosen))  # type: ignore[arg-type]
    return made


def shown(profile: Profile, to: Call | None = None) -> pb.Profile:
    return responses.get_profile(profile, to or call()).profile


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Platform, pb.Platform),
        (ProfileStatus, pb.ProfileStatus),
        (UserState, pb.UserState),
        (Channel, pb.Channel),
        (PushProvider, pb.PushProvider),
        (PushPurpose, pb.PushPurpose),
        (PushEndpointState, pb.PushEndpointState),
        (ApnsEnvironment, pb.ApnsEnvironment),
        (PushPermission, pb.PushPermission),
        (results.DisplacementEffect, ps.DisplacementEffect),
        (results.IgnoredReason, ps.IgnoredReason),
        (results.PushFeedbackOutcome, ps.PushFeedbackOutcome),
        (results.AccountRemovalOutcome, ps.AccountRemovalOutcome),
        (settings.AccountRemovalAction, pb.AccountRemovalAction),
        (settings.InAppTransport, app_pb2.InAppTransport),
        (settings.MonitorKind, app_pb2.MonitorKind),
        (directory_ports.KeyKind, access_pb2.KeyKind),
    ],
)
def test_enumerations_have_the_contracts_numbers(ours: type[Platform], theirs: EnumTypeWrapper) -> None:
    named = {name: value.number for name, value in theirs.DESCRIPTOR.values_by_name.items() if value.number}
    prefix = theirs.DESCRIPTOR.values_by_number[0].name.removesuffix("UNSPECIFIED")
    assert {prefix + value.name: value.value for value in ours if value.value} == named


def test_a_profile_is_told_whole() -> None:
    message = shown(PROFILE)
    assert (message.key.app_id, message.key.user_id, message.key.device_id) == ANN
    assert message.platform == pb.PLATFORM_IOS
    assert message.status == pb.PROFILE_STATUS_ACTIVE
    assert message.user_state == pb.USER_STATE_ACTIVE
    assert message.channels == [pb.CHANNEL_PUSH, pb.CHANNEL_IN_APP]
    for attribute in Attributes._fields:
        if attribute not in {"last_opened_time", "device_attributes", "custom_attributes"}:
            assert message.HasField(attribute)  # type: ignore[arg-type]
            assert getattr(message, attribute) == getattr(EVERYTHING, attribute)
    assert dict(message.device_attributes) == {"ram": "8"}
    assert dict(message.custom_attributes) == {"tier": "gold"}
    assert message.create_time.ToDatetime(UTC) == PROFILE.create_time
    assert message.register_time.ToDatetime(UTC) == T0 + days(1)
    assert message.update_time.ToDatetime(UTC) == T0 + days(2)
    assert message.last_opened_time.ToDatetime(UTC) == T0 + days(3)
    assert message.last_heartbeat_time.ToDatetime(UTC) == T0 + days(4)
    assert message.etag == "1f"
    assert message.version == 3
    told = {field.name for field, _ in message.ListFields()}
    assert told == {field.name for field in pb.Profile.DESCRIPTOR.fields}


def test_what_is_not_known_is_absent() -> None:
    told = {field.name for field, _ in shown(BARE).ListFields()}
    always = {"key", "status", "user_state", "channels", "create_time", "register_time", "update_time", "etag"}
    assert told - {"platform"} == always


@pytest.mark.parametrize("kind", KeyKind)
def test_tokens_are_shown_to_admin_and_profile_keys_only(kind: KeyKind) -> None:
    first, second = shown(PROFILE, call(kind)).push_endpoints
    assert first.token == ("ab12" if kind in {KeyKind.ADMIN, KeyKind.PROFILE} else "")
    assert second.token == ""
    assert (first.provider, first.push_app_id, first.purpose) == (pb.PUSH_PROVIDER_APNS, "com.app", 1)
    assert (first.state, second.state) == (pb.PUSH_ENDPOINT_STATE_DELIVERABLE, pb.PUSH_ENDPOINT_STATE_INVALID)
    assert first.confirm_time.ToDatetime(UTC) == T0


@pytest.mark.parametrize("kind", [KeyKind.BRIDGE, KeyKind.CLIENT])
def test_no_answer_shows_a_token_to_bridge_and_client_keys(kind: KeyKind) -> None:
    to = call(kind)
    answers = [
        responses.register(Registered(PROFILE, True, (), 1), to),
        responses.update_profile_data(Updated(PROFILE, (), ()), to),
        responses.unregister(results.Unregistered(PROFILE), to),
        responses.get_profile(PROFILE, to),
        responses.list_profiles(([PROFILE], ""), to),
    ]
    assert all(b"ab12" not in answer.SerializeToString() for answer in answers)


def test_R7_endpoints_of_a_superseded_profile_are_superseded() -> None:
    states = [endpoint.state for endpoint in shown(PROFILE._replace(push_superseded=True)).push_endpoints]
    assert states == [pb.PUSH_ENDPOINT_STATE_SUPERSEDED, pb.PUSH_ENDPOINT_STATE_INVALID]


def test_P1_P3_the_expire_time_follows_the_apps_period() -> None:
    assert shown(PROFILE).expire_time.ToDatetime(UTC) == T0 + days(44)
    shorter = call(inactivity_period=days(20))
    assert shown(PROFILE, shorter).expire_time.ToDatetime(UTC) == T0 + days(24)


def test_P2_the_expire_time_is_absent_while_the_profile_is_exempt() -> None:
    silent = PROFILE._replace(last_heartbeat_time=None)
    assert not shown(silent).HasField("expire_time")
    assert shown(silent, call(never_heartbeat_ttl=days(7))).expire_time.ToDatetime(UTC) == T0 + days(8)


def test_the_expire_time_of_an_unregistered_profile_is_absent() -> None:
    gone = PROFILE._replace(status=ProfileStatus.UNREGISTERED, user_state=UserState.INACTIVE, push_endpoints=())
    assert not shown(gone).HasField("expire_time")


def test_R8_a_client_key_is_told_effects_and_counts() -> None:
    """Never another user's ids."""
    effect = results.DisplacementEffect
    displaced = (
        Displacement(BOB, effect.DEACTIVATED),
        Displacement(BOB._replace(user_id="carl"), effect.DEACTIVATED),
        Displacement(BOB._replace(device_id="tablet"), effect.TOKEN_MOVED),
    )
    registered = responses.register(Registered(PROFILE, True, displaced, 1), call(KeyKind.CLIENT))
    updated = responses.update_profile_data(Updated(PROFILE, (), displaced), call(KeyKind.CLIENT))
    for response in (registered, updated):
        assert [(d.effect, d.count, d.HasField("key")) for d in response.displaced] == [
            (ps.DISPLACEMENT_EFFECT_DEACTIVATED, 2, False),
            (ps.DISPLACEMENT_EFFECT_TOKEN_MOVED, 1, False),
        ]
        assert b"carl" not in response.SerializeToString()
    for kind in (KeyKind.ADMIN, KeyKind.PROFILE, KeyKind.BRIDGE):
        told = responses.register(Registered(PROFILE, True, displaced, 1), call(kind)).displaced
        assert [(d.key.user_id, d.count) for d in told] == [("bob", 1), ("carl", 1), ("bob", 1)]


@pytest.mark.parametrize("kind", KeyKind)
def test_R10_keys_are_shown_with_the_token(kind: KeyKind) -> None:
    keys = WebPushKeys(b"\x04" + bytes(64), bytes(16), "vapid-1")
    endpoint = PushEndpoint(PushProvider.WEB_PUSH, "https://h/a", "", PushPurpose.DEFAULT, T0, web_push=keys)
    [told] = shown(PROFILE._replace(push_endpoints=(endpoint,)), call(kind)).push_endpoints
    assert told.HasField("web_push") == (kind in {KeyKind.ADMIN, KeyKind.PROFILE})
    if told.HasField("web_push"):
        assert (told.web_push.p256dh, told.web_push.auth, told.web_push.vapid_key_id) == keys


def test_R11_the_environment_is_told() -> None:
    sandbox = PushEndpoint(
        PushProvider.APNS, "aa", "", PushPurpose.DEFAULT, T0, apns_environment=ApnsEnvironment.SANDBOX
    )
    [told] = shown(PROFILE._replace(push_endpoints=(sandbox,))).push_endpoints
    assert told.apns_environment == pb.APNS_ENVIRONMENT_SANDBOX


def test_placeholder_ids_are_warned_of() -> None:
    response = responses.register(Registered(PROFILE, True, (), 1, ("user_id", "device_id")), call())
    assert [warning.split()[0] for warning in response.warnings] == ["user_id", "device_id"]


def test_R8_displaced_profiles_are_told_with_the_effect() -> None:
    displaced = (Displacement(BOB, results.DisplacementEffect.REPLACED),)
    ignored = (IgnoredValue("device_attributes.ram", IgnoredReason.NOT_ENABLED),)
    registered = responses.register(Registered(PROFILE, True, displaced, 1, ignored=ignored), call())
    assert registered.created
    assert registered.heartbeat_interval.ToTimedelta() == days(15)
    assert [(d.key.user_id, d.effect) for d in registered.displaced] == [("bob", ps.DISPLACEMENT_EFFECT_REPLACED)]
    updated = responses.update_profile_data(Updated(PROFILE, ignored, displaced), call())
    assert [(i.path, i.reason) for i in updated.ignored] == [("device_attributes.ram", ps.IGNORED_REASON_NOT_ENABLED)]
    assert (updated.displaced, updated.ignored) == (registered.displaced, registered.ignored)


@pytest.mark.parametrize(("users", "warned"), [(100, False), (101, True)])
def test_R5_a_crowded_device_is_warned_of(users: int, warned: bool) -> None:
    warnings = responses.register(Registered(PROFILE, False, (), users), call()).warnings
    assert bool(warnings) is warned
    assert all(str(users) in warning for warning in warnings)


def test_batch_heartbeats_answer_each_key() -> None:
    beat = Beat(T0, T0 + days(40), timedelta(days=15))
    refused = Refused(Reason.REREGISTER_REQUIRED, "Register.", metadata={"cause": "INACTIVE"})
    first, second = responses.batch_heartbeat([refused, beat]).results
    assert (first.index, second.index) == (0, 1)
    told = refusal(first.status)
    assert (told.code.name, told.reason, told.metadata) == ("NOT_FOUND", "REREGISTER_REQUIRED", {"cause": "INACTIVE"})
    assert second.heartbeat == responses.heartbeat(beat)
    assert second.heartbeat.expire_time.ToDatetime(UTC) == T0 + days(40)


def test_M4_each_number_of_the_usage_has_its_field() -> None:
    response = responses.mad_usage(ports.MadUsage({date(2026, 3, 1): 5}, distinct=6, rolling=7))
    assert [(day.date.day, day.counted) for day in response.days] == [(1, 5)]
    assert (response.distinct, response.rolling_30_days) == (6, 7)
