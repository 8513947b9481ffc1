"""The defaults and the valid values of an app's settings."""

from dataclasses import replace
from typing import Any

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.profile import Channel, Platform
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.settings import (
    AccountRemovalAction,
    AppSettings,
    BridgeParameters,
    DeviceAttributeMonitor,
    FeedbackBreaker,
    InAppSettings,
    InAppTransport,
    MonitorKind,
    PushApp,
    ReaperBreaker,
    check,
)
from tests.support.domain import INSTANT, days, hours

BATTERY = DeviceAttributeMonitor(Platform.IOS, "battery_level", MonitorKind.EVENT)


def test_the_defaults_are_the_documented_ones_and_valid() -> None:
    settings = AppSettings()
    check(settings)
    assert settings.inactivity_period == days(40)
    assert settings.heartbeat_interval == days(15)
    assert settings.heartbeat_granularity == hours(1)
    assert settings.never_heartbeat_ttl is None
    assert not settings.register_counts_as_heartbeat
    assert settings.channels == {Channel.PUSH, Channel.IN_APP, Channel.LIVE_CHAT}
    assert not settings.multi_user_per_device
    assert not settings.single_device_per_user
    assert settings.unregistered_retention == days(30)
    assert settings.reaper_breaker == ReaperBreaker(percent=5, minimum=1000)
    assert settings.feedback_breaker == FeedbackBreaker(percent=10, minimum=1000)
    assert settings.account_removal_action is AccountRemovalAction.UNREGISTER
    assert not settings.server_side_inbox
    assert settings.in_app.use_secured_port
    assert not settings.in_app.payload_encryption


VALID: list[dict[str, Any]] = [
    {"inactivity_period": days(365)},
    {"inactivity_period": days(15) + INSTANT},
    {"inactivity_period": hours(2), "heartbeat_interval": hours(1.5)},
    {"heartbeat_granularity": days(0)},
    {"heartbeat_granularity": days(1)},
    {"never_heartbeat_ttl": INSTANT},
    {"never_heartbeat_ttl": days(36_500)},
    {"channels": frozenset({Channel.LIVE_CHAT})},
    {"unregistered_retention": days(0)},
    {"unregistered_retention": days(3650)},
    {"reaper_breaker": ReaperBreaker(0, 0)},
    {"reaper_breaker": ReaperBreaker(100, 10**9)},
    {"in_app": InAppSettings(InAppTransport.WEB_SOCKET, InAppTransport.MQTT)},
    {"push_app_ids": (PushApp("a", PushProvider.FCM), PushApp("b", PushProvider.FCM))},
    {"bridge_parameters": BridgeParameters(username=("a", "/9"), selector=("b.c",))},
    {"bridge_parameters": BridgeParameters(token_calls=("selector",))},
    {"device_attribute_monitors": (BATTERY, replace(BATTERY, platform=Platform.ANDROID))},
    {"device_attribute_monitors": (replace(BATTERY, kind=MonitorKind.INTERVAL, interval=hours(1)),)},
]
INVALID: list[tuple[str, dict[str, Any]]] = [
    ("inactivity_period", {"inactivity_period": days(365) + INSTANT}),
    ("inactivity_period", {"inactivity_period": days(0)}),
    ("inactivity_period", {"inactivity_period": days(15)}),
    ("inactivity_period", {"inactivity_period": days(30), "heartbeat_interval": days(40)}),
    ("heartbeat_interval", {"heartbeat_interval": days(0)}),
    ("heartbeat_interval", {"heartbeat_interval": days(-1)}),
    ("heartbeat_granularity", {"heartbeat_granularity": -INSTANT}),
    ("heartbeat_granularity", {"heartbeat_granularity": days(1) + INSTANT}),
    ("heartbeat_granularity", {"heartbeat_granularity": hours(3), "heartbeat_interval": hours(3)}),
    ("never_heartbeat_ttl", {"never_heartbeat_ttl": days(0)}),
    ("never_heartbeat_ttl", {"never_heartbeat_ttl": days(36_500) + INSTANT}),
    ("channels", {"channels": frozenset()}),
    ("unregistered_retention", {"unregistered_retention": -INSTANT}),
    ("unregistered_retention", {"unregistered_retention": days(3650) + INSTANT}),
    ("reaper_breaker.percent", {"reaper_breaker": ReaperBreaker(percent=100.1)}),
    ("reaper_breaker.percent", {"reaper_breaker": ReaperBreaker(percent=-1)}),
    ("reaper_breaker.percent", {"reaper_breaker": ReaperBreaker(percent=float("nan"))}),
    ("reaper_breaker.minimum", {"reaper_breaker": ReaperBreaker(minimum=-1)}),
    ("feedback_breaker.percent", {"feedback_breaker": FeedbackBreaker(percent=100.1)}),
    ("feedback_breaker.minimum", {"feedback_breaker": FeedbackBreaker(minimum=-1)}),
    ("in_app.secondary_transport", {"in_app": InAppSettings(InAppTransport.MQTT, InAppTransport.MQTT)}),
    ("bridge_parameters.username", {"bridge_parameters": BridgeParameters(username=())}),
    ("bridge_parameters.username", {"bridge_parameters": BridgeParameters(username=tuple("abcdefghi"))}),
    ("bridge_parameters.username", {"bridge_parameters": BridgeParameters(username=("/0",))}),
    ("bridge_parameters.username", {"bridge_parameters": BridgeParameters(username=("/10",))}),
    ("bridge_parameters.selector", {"bridge_parameters": BridgeParameters(username=("a",), selector=("A",))}),
    ("push_app_ids", {"push_app_ids": (PushApp("a", PushProvider.FCM), PushApp("a", PushProvider.APNS))}),
    (
        "device_attribute_monitors",
        {"device_attribute_monitors": (BATTERY, replace(BATTERY, kind=MonitorKind.ONE_TIME))},
    ),
    ("device_attribute_monitors", {"device_attribute_monitors": (replace(BATTERY, attribute="imei"),)}),
    ("device_attribute_monitors", {"device_attribute_monitors": (replace(BATTERY, platform=Platform.WEB),)}),
    ("device_attribute_monitors", {"device_attribute_monitors": (replace(BATTERY, kind=MonitorKind.INTERVAL),)}),
    ("device_attribute_monitors", {"device_attribute_monitors": (replace(BATTERY, interval=hours(1)),)}),
    *(
        (
            "device_attribute_monitors",
            {"device_attribute_monitors": (replace(BATTERY, kind=MonitorKind.INTERVAL, interval=interval),)},
        )
        for interval in (hours(0), -INSTANT)
    ),
]


@pytest.mark.parametrize("settings", VALID)
def test_P1_what_is_within_the_limits_is_accepted(settings: dict[str, Any]) -> None:
    check(AppSettings(**settings))


@pytest.mark.parametrize(("field", "settings"), INVALID)
def test_P1_what_is_not_is_refused_by_the_name_of_the_field(field: str, settings: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        check(AppSettings(**settings))
    assert caught.value.reason is Reason.INVALID_SETTINGS
    assert f"app.settings.{field}" in {v.field for v in caught.value.violations}
    assert f"app.settings.{field}" in caught.value.metadata["fields"]


def test_every_violation_is_named_at_once() -> None:
    with pytest.raises(Refused) as caught:
        check(AppSettings(inactivity_period=days(400), channels=frozenset(), unregistered_retention=-INSTANT))
    fields = {v.field for v in caught.value.violations}
    assert fields == {"app.settings.inactivity_period", "app.settings.channels", "app.settings.unregistered_retention"}


def test_U4_a_monitor_is_found_by_platform_and_attribute() -> None:
    settings = AppSettings(device_attribute_monitors=(BATTERY,))
    assert settings.monitor(Platform.IOS, "battery_level") is BATTERY
    assert settings.monitor(Platform.ANDROID, "battery_level") is None
    assert settings.monitor(Platform.IOS, "telco") is None
