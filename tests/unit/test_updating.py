"""UpdateProfileData: U1-U3 and U5, as far as the domain does them (shape and masks are the transport's)."""

from datetime import datetime

import pytest

from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.errors import Reason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.patching import MAX_CUSTOM_ATTRIBUTES
from profile_grpc.domain.profile import Attributes, Channel, Platform
from profile_grpc.domain.registration import Register
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import ANN, T0, days, fcm, given, hours, patch, profile, stored

ATTRIBUTES: dict[str, str | bool | datetime] = {
    "customer_id": "c-1",
    "rtm_id": "r-1",
    "account_selector": "12869E:7C3A",
    "verified": True,
    "guest": False,
    "foreground": True,
    "language": "en",
    "time_zone": "Europe/Prague",
    "os_version": "17.2",
    "sdk_version": "3.0.0",
    "device_model": "iPhone16,2",
    "last_opened_time": T0,
}


# --- U1 ---


def test_U1_a_patch_writes_what_it_names_and_leaves_the_rest() -> None:
    before = profile(ANN, fcm("T"), attributes=Attributes(language="en", guest=True), last_heartbeat_time=T0)
    scene = given(before, at=T0 + hours(1))
    answer = scene.update(ANN, patch(language="de"))
    after = scene.profile(ANN)
    assert answer.profile == after
    assert after == before._replace(
        attributes=Attributes(language="de", guest=True), update_time=scene.now, revision=after.revision
    )


def test_U1_attributes_are_removed_by_name() -> None:
    custom = {"tier": "gold", "seat": "4A"}
    scene = given(profile(ANN, attributes=Attributes(language="en", custom_attributes=custom)))
    scene.update(ANN, ProfilePatch(attributes={"language": None}, remove_custom_attributes=frozenset({"seat", "none"})))
    assert scene.profile(ANN).attributes == Attributes(custom_attributes={"tier": "gold"})


def test_U1_endpoints_can_be_cleared() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.update(ANN, ProfilePatch(replace_push_endpoints=True))
    assert scene.profile(ANN).push_endpoints == ()
    assert scene.owner(fcm("T")) is None
    assert len(scene.events(EventType.PUSH_TOKEN_CHANGED)) == 1


def test_U1_endpoints_can_be_replaced_as_a_whole() -> None:
    scene = given(profile(ANN, fcm("T")))
    scene.update(ANN, ProfilePatch(replace_push_endpoints=True, push_endpoints=(fcm("U"),)))
    assert scene.profile(ANN).push_endpoints == (stored(fcm("U"), T0),)


def test_U1_what_is_wrong_writes_nothing() -> None:
    scene = given(profile(ANN, attributes=Attributes(language="en")))
    wrong = ProfilePatch(attributes={"language": "de"}, device_attributes={"no_such_thing": "1"})
    refusal = scene.refused(UpdateProfileData(ANN, wrong))
    assert refusal.reason is Reason.INVALID_ATTRIBUTE
    assert [v.field for v in refusal.violations] == ["device_attributes.no_such_thing"]


# --- U2 ---


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("command", [Register, UpdateProfileData])
def test_U2_every_attribute_is_stored(command: type[Register | UpdateProfileData], name: str) -> None:
    scene = given(profile(ANN))
    scene.do(command(ANN, ProfilePatch(attributes={name: ATTRIBUTES[name]})), object)
    assert getattr(scene.profile(ANN).attributes, name) == ATTRIBUTES[name]


def test_U2_platform_channels_and_endpoints_too() -> None:
    scene = given(profile(ANN, platform=Platform.ANDROID))
    update = ProfilePatch(Platform.IOS, frozenset({Channel.IN_APP}), (fcm("T"),))
    scene.update(ANN, update)
    after = scene.profile(ANN)
    assert (after.platform, after.channels) == (Platform.IOS, frozenset({Channel.IN_APP}))
    assert scene.tokens(ANN) == ["T"]


def test_U2_a_customer_finds_its_profiles_by_the_link() -> None:
    scene = given(profile(ANN))
    assert scene.update(ANN, patch(customer_id="c")).profile.attributes.customer_id == "c"
    assert scene.update(ANN, patch(customer_id=None)).profile.attributes.customer_id is None


# --- U3 ---


def test_U3_the_present_etag_lets_the_patch_through() -> None:
    scene = given(profile(ANN))
    etag = scene.register(ANN).profile.etag
    scene.update(ANN, patch(language="en"), etag=etag)
    assert scene.profile(ANN).attributes.language == "en"


def test_U3_another_etag_is_aborted_and_writes_nothing() -> None:
    scene = given(profile(ANN))
    etag = scene.register(ANN).profile.etag
    scene.update(ANN, patch(language="en"))
    refusal = scene.later(days(45)).refused(UpdateProfileData(ANN, patch(fcm("T"), language="de"), etag=etag))
    assert refusal.reason is Reason.ETAG_MISMATCH
    assert scene.counted(ANN) == [T0]


def test_U3_also_against_a_change_earlier_in_the_batch() -> None:
    scene = given(profile(ANN))
    etag = scene.profile(ANN).etag
    [first, second] = scene.batch(
        UpdateProfileData(ANN, patch(language="en"), etag), UpdateProfileData(ANN, patch(language="de"), etag)
    )
    assert scene.profile(ANN).attributes.language == "en"
    assert getattr(second, "reason", None) is Reason.ETAG_MISMATCH
    assert first is not None


def test_U3_the_etag_changes_with_every_write() -> None:
    scene = given()
    etags = {
        scene.register(ANN).profile.etag,
        scene.update(ANN, patch(language="en")).profile.etag,
        scene.update(ANN, patch(language="en")).profile.etag,
    }
    scene.heartbeat(ANN)
    assert len(etags | {scene.profile(ANN).etag}) == 4


# --- U5 ---


def many(number: int) -> dict[str, str]:
    return {f"name{n}": "v" for n in range(number)}


def test_U5_custom_attributes_merge() -> None:
    scene = given(profile(ANN, attributes=Attributes(custom_attributes={"a": "1"})))
    scene.update(ANN, ProfilePatch(custom_attributes={"a": "2", "b": "3"}))
    assert scene.profile(ANN).attributes.custom_attributes == {"a": "2", "b": "3"}


def test_U5_as_a_whole_they_replace() -> None:
    scene = given(profile(ANN, attributes=Attributes(custom_attributes={"a": "1"})))
    scene.update(ANN, ProfilePatch(custom_attributes={"b": "3"}, replace_custom_attributes=True))
    assert scene.profile(ANN).attributes.custom_attributes == {"b": "3"}


@pytest.mark.parametrize("command", [Register, UpdateProfileData])
def test_U5_up_to_64_are_kept(command: type[Register | UpdateProfileData]) -> None:
    assert MAX_CUSTOM_ATTRIBUTES == 64
    scene = given(profile(ANN, attributes=Attributes(custom_attributes=many(63))))
    scene.do(command(ANN, ProfilePatch(custom_attributes={"one": "more"})), object)
    assert len(scene.profile(ANN).attributes.custom_attributes) == 64
    refusal = scene.refused(command(ANN, ProfilePatch(custom_attributes={"and": "another"})))
    assert refusal.reason is Reason.INVALID_ATTRIBUTE
    assert [v.field for v in refusal.violations] == ["custom_attributes"]
    assert refusal.metadata["entries"] == "65"


def test_U5_removing_makes_room_in_the_same_patch() -> None:
    scene = given(profile(ANN, attributes=Attributes(custom_attributes=many(64))))
    swap = ProfilePatch(custom_attributes={"new": "v"}, remove_custom_attributes=frozenset({"name0"}))
    scene.update(ANN, swap)
    assert len(scene.profile(ANN).attributes.custom_attributes) == 64
