"""App settings as they are typed and shown."""

import re
from dataclasses import fields
from datetime import timedelta

import pytest

from profile_grpc.cli import settings
from profile_grpc.cli.settings import SettingError
from profile_grpc.domain.profile import Channel, Platform
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider, PushPurpose
from profile_grpc.domain.settings import (
    MEMORY,
    AppSettings,
    DeviceAttributeMonitor,
    InAppTransport,
    MonitorKind,
    PushApp,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40d", timedelta(days=40)),
        ("15d12h", timedelta(days=15, hours=12)),
        ("90s", timedelta(seconds=90)),
        ("2w", timedelta(days=14)),
        ("1.5h", timedelta(minutes=90)),
        ("0", timedelta()),
        ("3456000s", timedelta(days=40)),
    ],
)
def test_durations_are_read_in_every_unit(text: str, expected: timedelta) -> None:
    assert settings.duration(text) == expected


@pytest.mark.parametrize("text", ["", "40", "d", "-1d", "40d!", "1e3s", "40 d", "99999999999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        settings.duration(text)


@pytest.mark.parametrize(
    "value",
    [
        timedelta(),
        timedelta(seconds=90),
        timedelta(days=40),
        timedelta(days=15, hours=12),
        timedelta(hours=1, seconds=1, microseconds=250_000),
        timedelta(microseconds=1),
    ],
)
def test_a_duration_that_is_shown_is_read_as_the_same(value: timedelta) -> None:
    assert settings.duration(settings.duration_text(value)) == value
    assert settings.duration(settings.structured(value)) == value


CHANGED = AppSettings(
    push_app_ids=(
        PushApp("com.example.app", PushProvider.FCM, Platform.ANDROID),
        PushApp(
            "com.example.app.voip",
            PushProvider.APNS_VOIP,
            Platform.IOS,
            PushPurpose.INCOMING_CALL,
            ApnsEnvironment.SANDBOX,
        ),
        PushApp("https://example.com:8443", PushProvider.WEB_PUSH),
        PushApp("odd", PushProvider.HMS, Platform.UNSPECIFIED, PushPurpose.INCOMING_CALL),
    ),
    inactivity_period=timedelta(days=60),
    never_heartbeat_ttl=timedelta(days=90),
    register_counts_as_heartbeat=True,
    channels=frozenset({Channel.IN_APP, Channel.PUSH}),
    device_attribute_monitors=(
        DeviceAttributeMonitor(Platform.ANDROID, "battery_level", MonitorKind.INTERVAL, timedelta(hours=6)),
        DeviceAttributeMonitor(Platform.IOS, "telco", MonitorKind.ONE_TIME),
    ),
)


@pytest.mark.parametrize("shown", [AppSettings(), CHANGED])
def test_every_setting_that_is_shown_is_read_as_the_same(shown: AppSettings) -> None:
    typed = [f"{name}={value}" for name, value in settings.flat(shown).items()]
    assert settings.apply(AppSettings(), typed) == shown


def test_every_setting_has_a_name() -> None:
    """A setting that is added to the domain can be set and is shown; a memory is neither."""
    outer = {name.partition(".")[0] for name in settings.PARSERS}
    assert outer == {f.name for f in fields(AppSettings) if MEMORY not in f.metadata}
    assert outer == settings.structured(AppSettings()).keys()


def test_a_nested_setting_leaves_its_neighbours() -> None:
    changed = settings.apply(AppSettings(), ["in_app.use_secured_port=off", "reaper_breaker.percent=2.5"])
    assert not changed.in_app.use_secured_port
    assert changed.in_app.primary_transport is InAppTransport.MQTT
    assert changed.reaper_breaker.percent == 2.5
    assert changed.reaper_breaker.minimum == 1000


def test_default_returns_to_the_default() -> None:
    assert settings.apply(CHANGED, [f"{name}=default" for name in settings.PARSERS]) == AppSettings()


def test_an_empty_list_is_a_value() -> None:
    assert settings.apply(CHANGED, ["push_app_ids=", "device_attribute_monitors="]).push_app_ids == ()


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("inactivity=40d", "there is no setting 'inactivity'"),
        ("inactivity_period", "inactivity_period=value"),
        ("inactivity_period=off", "inactivity_period: 'off' is not a duration"),
        ("multi_user_per_device=maybe", "neither true nor false"),
        ("channels=PUSH,FAX", "'FAX' is not one of PUSH, IN_APP, LIVE_CHAT"),
        ("reaper_breaker.percent=much", "not a number"),
        ("reaper_breaker.minimum=1.5", "not a whole number"),
        ("push_app_ids=com.example", "id:PROVIDER"),
        ("push_app_ids=:FCM", "id:PROVIDER"),
        ("push_app_ids=com.example:FCM:ATARI", "id:PROVIDER"),
        ("device_attribute_monitors=ANDROID:battery_level", "PLATFORM:attribute:KIND"),
        ("device_attribute_monitors=ANDROID:battery_level:OFTEN", "'OFTEN' is not one of"),
    ],
)
def test_a_setting_that_cannot_be_read_says_what_can(assignment: str, says: str) -> None:
    with pytest.raises(SettingError, match=re.escape(says)):
        settings.apply(AppSettings(), [assignment])


def test_an_unknown_setting_lists_the_names() -> None:
    with pytest.raises(SettingError) as refused:
        settings.apply(AppSettings(), ["nonsense=1"])
    assert all(name in str(refused.value) for name in settings.PARSERS)


def test_structured_settings_are_nested_as_in_the_contract() -> None:
    shown = settings.structured(CHANGED)
    assert shown["inactivity_period"] == "5184000s"
    assert shown["channels"] == ["PUSH", "IN_APP"]
    assert shown["in_app"]["primary_transport"] == "MQTT"
    assert shown["push_app_ids"][1] == {
        "push_app_id": "com.example.app.voip",
        "provider": "APNS_VOIP",
        "platform": "IOS",
        "purpose": "INCOMING_CALL",
        "apns_environment": "SANDBOX",
    }
    assert shown["device_attribute_monitors"][1]["interval"] is None
