"""Apps and their settings on the wire, and what a mask changes of them."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from appprofile.v1 import app_pb2
from appprofile.v1 import app_service_pb2 as pb
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.profile import Channel, Platform
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.settings import (
    MEMORY,
    AccountRemovalAction,
    App,
    AppSettings,
    BridgeParameters,
    DeviceAttributeMonitor,
    FeedbackBreaker,
    InAppSettings,
    InAppTransport,
    MonitorKind,
    PushApp,
    ReaperBreaker,
)
from profile_grpc.transport.grpc import settings
from profile_grpc.transport.grpc.sdk_config import sdk_config
from tests.support.domain import T0, days, hours

PERIODS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650))
NAMES = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3, unique=True).map(tuple)
SETTINGS = st.builds(
    AppSettings,
    push_app_ids=st.lists(st.builds(PushApp, push_app_id=st.text(min_size=1))).map(tuple),
    inactivity_period=PERIODS,
    heartbeat_interval=PERIODS,
    heartbeat_granularity=PERIODS,
    never_heartbeat_ttl=st.none() | PERIODS,
    register_counts_as_heartbeat=st.booleans(),
    channels=st.sets(st.sampled_from(Channel), min_size=1).map(frozenset),
    multi_user_per_device=st.booleans(),
    single_device_per_user=st.booleans(),
    unregistered_retention=PERIODS,
    reaper_breaker=st.builds(ReaperBreaker, percent=st.floats(0, 100), minimum=st.integers(0, 10**9)),
    feedback_breaker=st.builds(FeedbackBreaker, percent=st.floats(0, 100), minimum=st.integers(0, 10**9)),
    account_removal_action=st.sampled_from(AccountRemovalAction),
    server_side_inbox=st.booleans(),
    in_app=st.builds(InAppSettings),
    device_attribute_monitors=st.lists(
        st.builds(
            DeviceAttributeMonitor,
            platform=st.sampled_from([Platform.ANDROID, Platform.IOS]),
            attribute=st.text(min_size=1),
            interval=st.none() | PERIODS,
        )
    ).map(tuple),
    bridge_parameters=st.builds(BridgeParameters, **{field.name: NAMES for field in fields(BridgeParameters)}),
)
STORED = App(
    "shop",
    "acme",
    T0,
    T0,
    "Shop",
    AppSettings(
        push_app_ids=(PushApp("com.shop", PushProvider.FCM, Platform.ANDROID),),
        inactivity_period=days(50),
        never_heartbeat_ttl=days(7),
        channels=frozenset({Channel.PUSH}),
        multi_user_per_device=True,
        in_app=InAppSettings(InAppTransport.WEB_SOCKET, InAppTransport.MQTT, use_secured_port=False),
        reaper_breaker=ReaperBreaker(10.0, 5),
        feedback_breaker=FeedbackBreaker(20.0, 6),
        account_removal_action=AccountRemovalAction.DELETE,
    ),
    revision=31,
)


def updated(app: app_pb2.App, *paths: str) -> tuple[str, AppSettings]:
    return settings.updated(pb.UpdateAppRequest(app=app, update_mask=FieldMask(paths=paths)), STORED)


def changed(app: app_pb2.App, *paths: str) -> AppSettings:
    return updated(app, *paths)[1]


def asked(**given: Any) -> app_pb2.App:
    return app_pb2.App(app_id="shop", settings=app_pb2.AppSettings(**given))


@given(SETTINGS)
def test_settings_survive_the_wire(chosen: AppSettings) -> None:
    message = settings.app(replace(STORED, settings=chosen))
    assert settings.settings(message.settings) == chosen


SHOWN = [field.name for field in fields(AppSettings) if MEMORY not in field.metadata]


def test_no_setting_is_forgotten() -> None:
    names = set(SHOWN)
    assert names == {field.name for field in app_pb2.AppSettings.DESCRIPTOR.fields}
    told = {field.name for field, _ in settings.app(STORED).settings.ListFields()}
    assert told == names - {"device_attribute_monitors"}


def test_an_app_is_told_whole() -> None:
    message = settings.app(STORED)
    assert (message.app_id, message.tenant_id, message.display_name, message.etag) == ("shop", "acme", "Shop", "1f")
    assert message.HasField("create_time")
    assert message.HasField("update_time")


def test_absent_settings_have_their_defaults() -> None:
    assert settings.settings(app_pb2.AppSettings()) == AppSettings()


def test_the_second_transport_is_by_default_the_other_one() -> None:
    chosen = app_pb2.AppSettings(in_app=app_pb2.InAppSettings(primary_transport=app_pb2.IN_APP_TRANSPORT_WEB_SOCKET))
    assert settings.settings(chosen).in_app.secondary_transport is InAppTransport.MQTT


def test_without_a_mask_what_is_given_changes() -> None:
    name, chosen = updated(asked(inactivity_period=Duration(seconds=86400 * 60), multi_user_per_device=False))
    assert name == "Shop"
    assert chosen == replace(STORED.settings, inactivity_period=days(60), multi_user_per_device=False)
    assert updated(app_pb2.App(app_id="shop", display_name="New", tenant_id="acme", etag="1f")) == (
        "New",
        STORED.settings,
    )


def test_without_a_mask_a_group_merges_and_a_list_replaces() -> None:
    chosen = changed(
        asked(
            reaper_breaker=app_pb2.ReaperBreaker(minimum=7),
            feedback_breaker=app_pb2.FeedbackBreaker(minimum=9),
            push_app_ids=[app_pb2.PushApp(push_app_id="other", provider=1)],  # type: ignore[arg-type]  # the number
            bridge_parameters=app_pb2.BridgeParameters(username=["login"]),
        )
    )
    assert chosen.reaper_breaker == ReaperBreaker(10.0, 7)
    assert chosen.feedback_breaker == FeedbackBreaker(20.0, 9)
    assert [push_app.push_app_id for push_app in chosen.push_app_ids] == ["other"]
    assert chosen.bridge_parameters == BridgeParameters(username=("login",))


def test_with_a_mask_only_what_is_named_changes() -> None:
    given = asked(inactivity_period=Duration(seconds=86400 * 60), heartbeat_interval=Duration(seconds=3600))
    assert changed(given, "settings.heartbeat_interval") == replace(STORED.settings, heartbeat_interval=hours(1))


@pytest.mark.parametrize("name", SHOWN)
def test_a_setting_named_without_a_value_returns_to_its_default(name: str) -> None:
    default = getattr(AppSettings(), name)
    expected = replace(STORED.settings, **{name: default})
    assert changed(asked(), f"settings.{name}") == expected
    assert changed(app_pb2.App(app_id="shop"), f"settings.{name}") == expected


def test_settings_as_a_whole_replace() -> None:
    given = asked(single_device_per_user=True)
    assert changed(given, "settings") == AppSettings(single_device_per_user=True)
    assert updated(given, "display_name") == ("", STORED.settings)


def test_single_fields_of_a_group_are_named() -> None:
    chosen = changed(asked(), "settings.reaper_breaker.percent", "settings.in_app.use_secured_port")
    assert chosen.reaper_breaker == ReaperBreaker(5.0, 5)
    assert chosen.in_app == InAppSettings(InAppTransport.WEB_SOCKET, InAppTransport.MQTT, use_secured_port=True)


@pytest.mark.parametrize(
    ("path", "description"),
    [
        ("*", "is not a field of an app"),
        ("inactivity_period", "is not a field of an app"),
        ("settings.*", "is not a field of an app"),
        ("settings.inactivity_perod", "is not a field of an app"),
        ("settings.inactivity_period.seconds", "is not a field of an app"),
        ("settings.push_app_ids.provider", "is not a field of an app"),
        ("app_id", "is read-only"),
        ("tenant_id", "is read-only"),
        ("create_time", "is read-only"),
        ("update_time", "is read-only"),
        ("etag", "is read-only"),
    ],
)
def test_other_paths_are_refused(path: str, description: str) -> None:
    with pytest.raises(Refused) as raised:
        changed(asked(), "display_name", path)
    assert raised.value.reason is Reason.UNKNOWN_FIELD
    assert [(v.field, v.description) for v in raised.value.violations] == [(path, description)]


def test_a_duration_out_of_range_is_refused_by_its_name() -> None:
    with pytest.raises(Refused) as raised:
        changed(asked(never_heartbeat_ttl=Duration(seconds=2**62)))
    assert raised.value.reason is Reason.INVALID_REQUEST
    assert [v.field for v in raised.value.violations] == ["app.settings.never_heartbeat_ttl"]


@pytest.mark.parametrize(("secured", "ports"), [(True, [8884, 8883]), (False, [0, 0])])
def test_the_sdk_is_told_transports_in_their_order_with_ports(secured: bool, ports: list[int]) -> None:
    in_app = replace(STORED.settings.in_app, use_secured_port=secured)
    config = sdk_config(replace(STORED, settings=replace(STORED.settings, in_app=in_app)), None)
    assert [t.transport for t in config.in_app_transports] == [
        app_pb2.IN_APP_TRANSPORT_WEB_SOCKET,
        app_pb2.IN_APP_TRANSPORT_MQTT,
    ]
    assert [t.port for t in config.in_app_transports] == ports


def test_the_sdk_is_told_the_policies() -> None:
    monitor = DeviceAttributeMonitor(Platform.IOS, "ram", MonitorKind.INTERVAL, hours(1))
    chosen = replace(
        STORED.settings, device_attribute_monitors=(monitor,), server_side_inbox=True, single_device_per_user=True
    )
    config = sdk_config(replace(STORED, settings=chosen), None)
    assert config.app_id == "shop"
    assert config.heartbeat_interval.ToTimedelta() == days(15)
    assert config.channels == [1]
    assert (config.multi_user_per_device, config.single_device_per_user, config.server_side_inbox) == (True, True, True)
    assert not config.payload_encryption
    assert [(m.attribute, m.interval.seconds) for m in config.device_attribute_monitors] == [("ram", 3600)]
    assert [p.push_app_id for p in config.push_app_ids] == ["com.shop"]
