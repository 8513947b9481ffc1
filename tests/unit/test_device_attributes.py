"""Monitored device attributes (U4)."""

import pytest

from profile_grpc.domain import device_attributes
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.errors import Reason
from profile_grpc.domain.profile import Attributes, DeviceAttribute, Platform, Profile
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import IgnoredReason, IgnoredValue
from profile_grpc.domain.settings import DeviceAttributeMonitor, MonitorKind
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import ANN, INSTANT, T0, Scene, days, given, hours, profile

BOTH_PLATFORMS = [
    "telco",
    "time_zone",
    "location",
    "language",
    "geofence",
    "resolution",
    "internal_storage",
    "ram",
    "bluetooth_support",
    "user_agent",
    "foreground_app",
    "mcc",
    "roaming",
    "connect_type",
    "mnc",
    "device_ip",
    "time_spent",
    "battery_level",
]
ANDROID_ONLY = [
    "idle_screen",
    "foreground",
    "email_id",
    "wifi_mac_address",
    "list_account",
    "imei",
    "external_storage",
    "serial_number",
    "nfc_support",
    "imsi",
    "cell_id",
    "phone_mode",
    "signal_strength",
]


def monitored(kind: MonitorKind, *profiles: Profile) -> Scene:
    interval = hours(6) if kind is MonitorKind.INTERVAL else None
    monitor = DeviceAttributeMonitor(Platform.ANDROID, "battery_level", kind, interval)
    return given(*profiles, device_attribute_monitors=(monitor,))


def android(**values: DeviceAttribute) -> Profile:
    return profile(ANN, platform=Platform.ANDROID, attributes=Attributes(device_attributes=values))


def report(scene: Scene, value: str = "80", name: str = "battery_level") -> tuple[IgnoredValue, ...]:
    return scene.update(ANN, ProfilePatch(device_attributes={name: value})).ignored


def level(scene: Scene) -> str:
    return scene.profile(ANN).attributes.device_attributes["battery_level"].value


def test_U4_the_catalogue_is_the_table_of_both_sdk_generations() -> None:
    assert {
        Platform.IOS: frozenset(BOTH_PLATFORMS),
        Platform.ANDROID: frozenset(BOTH_PLATFORMS + ANDROID_ONLY),
    } == device_attributes.CATALOGUE


def test_U4_one_time_keeps_the_first_value_after_a_registration() -> None:
    scene = monitored(MonitorKind.ONE_TIME, android())
    assert report(scene, "80") == ()
    scene.later(days(9))
    assert report(scene, "50") == (IgnoredValue("device_attributes.battery_level", IgnoredReason.ALREADY_SET),)
    assert level(scene) == "80"
    scene.later(days(1)).register(ANN)
    assert report(scene, "30") == ()
    assert level(scene) == "30"


def test_U4_event_stores_each_value() -> None:
    scene = monitored(MonitorKind.EVENT, android())
    report(scene, "80")
    assert report(scene, "79") == ()
    assert level(scene) == "79"


def test_U4_interval_stores_when_the_interval_has_passed() -> None:
    scene = monitored(MonitorKind.INTERVAL, android())
    assert report(scene, "80") == ()
    scene.at(T0 + hours(6) - INSTANT)
    assert report(scene, "70") == (IgnoredValue("device_attributes.battery_level", IgnoredReason.TOO_SOON),)
    assert level(scene) == "80"
    scene.at(T0 + hours(6))
    assert report(scene, "60") == ()
    assert level(scene) == "60"


def test_U4_known_but_not_enabled_is_ignored() -> None:
    scene = monitored(MonitorKind.EVENT, android())
    ignored = report(scene, "vodafone", "telco")
    assert ignored == (IgnoredValue("device_attributes.telco", IgnoredReason.NOT_ENABLED),)
    assert scene.profile(ANN).attributes.device_attributes == {}


def test_U4_a_registration_names_the_values_that_it_ignored() -> None:
    scene = monitored(MonitorKind.EVENT)
    values = ProfilePatch(Platform.ANDROID, device_attributes={"telco": "vodafone", "battery_level": "80"})
    registered = scene.register(ANN, values)
    assert registered.ignored == (IgnoredValue("device_attributes.telco", IgnoredReason.NOT_ENABLED),)
    assert scene.register(ANN).ignored == ()
    assert level(scene) == "80"


def test_U4_a_monitor_is_for_one_platform() -> None:
    scene = monitored(MonitorKind.EVENT, profile(ANN, platform=Platform.IOS))
    assert [i.reason for i in report(scene)] == [IgnoredReason.NOT_ENABLED]


@pytest.mark.parametrize("command", [Register, UpdateProfileData])
@pytest.mark.parametrize(
    ("platform", "name"),
    [(Platform.ANDROID, "shoe_size"), (Platform.IOS, "imei"), (Platform.WEB, "language"), (None, "language")],
)
def test_U4_an_attribute_that_the_platform_does_not_have_is_refused(
    command: type[Register | UpdateProfileData], platform: Platform | None, name: str
) -> None:
    scene = given(profile(ANN))
    refusal = scene.refused(command(ANN, ProfilePatch(platform=platform, device_attributes={name: "1"})))
    assert refusal.reason is Reason.INVALID_ATTRIBUTE
    assert [v.field for v in refusal.violations] == [f"device_attributes.{name}"]
    assert refusal.metadata["platform"] in refusal.message


def test_U4_a_new_value_of_what_another_platform_had_is_refused() -> None:
    scene = given(android(imei=DeviceAttribute("1", T0)))
    refusal = scene.refused(UpdateProfileData(ANN, ProfilePatch(Platform.IOS, device_attributes={"imei": "2"})))
    assert refusal.reason is Reason.INVALID_ATTRIBUTE


def test_U4_stored_values_are_removed_by_name() -> None:
    scene = given(android(battery_level=DeviceAttribute("80", T0), telco=DeviceAttribute("x", T0)))
    scene.update(ANN, ProfilePatch(remove_device_attributes=frozenset({"telco", "ram"})))
    assert set(scene.profile(ANN).attributes.device_attributes) == {"battery_level"}


def test_U4_what_is_stored_can_be_removed_after_a_change_of_platform() -> None:
    scene = given(android(imei=DeviceAttribute("1", T0)))
    scene.update(ANN, ProfilePatch(platform=Platform.WEB))
    scene.update(ANN, ProfilePatch(remove_device_attributes=frozenset({"imei"})))
    assert scene.profile(ANN).attributes.device_attributes == {}


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("battery_level", "85", "85"),
        ("battery_level", " 0.85 ", "0.85"),
        ("battery_level", "-1", "-1"),
        ("location", "48.137,11.575", "48.137,11.575"),
        ("location", "-90, 180.0 ,0", "-90,180.0,0"),
        ("location", '{"longitude": 11.575, "latitude": 48.137}', "48.137,11.575"),
        ("location", '{"latitude": 48.10, "longitude": -11, "accuracy": 2e1}', "48.10,-11,2e1"),
        ("telco", " any text ", " any text "),
    ],
)
def test_U4_a_value_of_a_type_is_stored_in_one_form(name: str, given: str, stored: str) -> None:
    assert device_attributes.typed(name, given) == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("battery_level", value) for value in ("", "full", "85%", "nan", "inf", "1e999", "0x10", "1_0", "8 5", "٨")),
        *(
            ("location", value)
            for value in (
                "",
                "Munich",
                "48.137",
                "48.137;11.575",
                "1,2,3,4",
                "90.1,0",
                "0,-180.1",
                "1,2,-1",
                "nan,0",
                "1e999,0",
                "{}",
                "{",
                '{"latitude": 48.137}',
                '{"latitude": "48.137", "longitude": "11.575"}',
                '{"latitude": 1, "longitude": 2, "altitude": 3}',
                '{"latitude": true, "longitude": 2}',
                '{"latitude": NaN, "longitude": 2}',
                "{" * 1000,
            )
        ),
    ],
)
def test_U4_a_value_of_another_type_is_refused(name: str, value: str) -> None:
    with pytest.raises(device_attributes.WrongType):
        device_attributes.typed(name, value)


def test_U4_nothing_is_written_when_a_value_is_not_of_its_type() -> None:
    monitors = tuple(
        DeviceAttributeMonitor(Platform.ANDROID, name, MonitorKind.EVENT) for name in ("battery_level", "location")
    )
    scene = given(android(), device_attribute_monitors=monitors)
    patch = ProfilePatch(device_attributes={"battery_level": "low", "location": "48.137,11.575"})
    refused = scene.refused(UpdateProfileData(ANN, patch))
    assert refused.reason is Reason.INVALID_ATTRIBUTE
    assert [violation.field for violation in refused.violations] == ["device_attributes.battery_level"]
    assert "low" not in refused.message.split()
    assert not scene.profile(ANN).attributes.device_attributes
    scene.update(ANN, ProfilePatch(device_attributes={"location": '{"latitude": 48.137, "longitude": 11.575}'}))
    assert scene.profile(ANN).attributes.device_attributes["location"].value == "48.137,11.575"


def test_U4_a_value_of_another_type_is_refused_in_a_registration_and_unmonitored_too() -> None:
    patch = ProfilePatch(platform=Platform.IOS, device_attributes={"location": "here"})
    refused = given().refused(Register(ANN, patch))
    assert (refused.reason, refused.violations[0].field) == (Reason.INVALID_ATTRIBUTE, "device_attributes.location")
