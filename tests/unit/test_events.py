"""Which changes leave events (E1), and the versions that they lead to (E2)."""

import random
from collections import defaultdict

import pytest

from profile_grpc.domain.commands import AnyCommand, ProfilePatch
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import PushPermission
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import ANN, ANN_TABLET, APP, BOB, HASHER, T0, Scene, dead, fcm, given, key, patch, seconds


def left(scene: Scene, of: ProfileKey = ANN) -> list[tuple[str, str, str, int]]:
    """The events of a profile: type, reason, customer and version."""
    return [
        (event.type.value, event.reason, event.customer_id, event.version)
        for event in scene.world.events
        if (event.app_id, event.user_id, event.device_id) == of
    ]


def test_E1_a_registration_says_what_it_brought_the_profile_back_from() -> None:
    scene = given(multi_user_per_device=True, single_device_per_user=True)
    scene.register(ANN)
    scene.unregister(ANN)
    scene.register(ANN)
    scene.register(BOB)
    scene.register(ANN)
    scene.register(ANN_TABLET)
    scene.register(ANN)
    scene.register(ANN)
    assert left(scene) == [
        ("PROFILE_CREATED", "", "", 1),
        ("PROFILE_UNREGISTERED", "CLIENT", "", 2),
        ("PROFILE_REACTIVATED", "UNREGISTERED", "", 3),
        ("USER_DEACTIVATED", "", "", 4),
        ("PROFILE_REACTIVATED", "INACTIVE", "", 5),
        ("PUSH_SUPERSEDED", "", "", 6),
        ("PROFILE_REACTIVATED", "SUPERSEDED", "", 7),
    ], "and a repeated registration leaves nothing"


def test_E1_every_change_of_a_customer_link_is_an_event() -> None:
    scene = given()
    scene.register(ANN, patch(customer_id="c1"))
    scene.register(ANN, patch(customer_id="c1"))
    scene.update(ANN, patch(customer_id="c2"))
    scene.update(ANN, ProfilePatch(attributes={"customer_id": None}))
    scene.register(ANN, patch(customer_id="c3"))
    assert left(scene) == [
        ("PROFILE_CREATED", "", "c1", 1),
        ("CUSTOMER_LINKED", "", "c1", 2),
        ("CUSTOMER_UNLINKED", "", "c1", 3),
        ("CUSTOMER_LINKED", "", "c2", 4),
        ("CUSTOMER_UNLINKED", "", "c2", 5),
        ("CUSTOMER_LINKED", "", "c3", 6),
    ]


def test_E1_endpoints_and_permission_are_events_heartbeats_and_attributes_are_not() -> None:
    scene = given()
    scene.register(ANN, patch(fcm("T")))
    scene.heartbeat(ANN)
    scene.update(ANN, patch(language="de"))
    scene.update(ANN, patch(fcm("U")))
    scene.update(ANN, ProfilePatch(push_permission=PushPermission.DENIED))
    scene.later(seconds(1))
    scene.feedback(PushFeedback(token="U", error_code="SENDER_ID_MISMATCH", sent_at=scene.now))
    scene.feedback(dead("U", scene.now))
    assert [what for what, *_ in left(scene)] == [
        "PROFILE_CREATED",
        "PUSH_TOKEN_CHANGED",
        "PUSH_PERMISSION_CHANGED",
        "PUSH_ENDPOINT_SUSPECT",
        "PUSH_ENDPOINT_INVALIDATED",
    ]
    assert scene.profile(ANN).version == 5
    assert not any("U" in event.reason or event.reason == "T" for event in scene.world.events)


def test_E2_a_version_goes_on_after_a_deletion_also_within_a_batch() -> None:
    scene = given()
    remove = DeleteDeviceProfile(APP, "ann", device_id="phone")
    scene.batch(Register(ANN), remove, Register(ANN), remove)
    scene.batch(Register(ANN))
    assert [version for *_, version in left(scene)] == [1, 2, 3, 4, 5]
    assert scene.profile(ANN).version == 5
    scene.batch(remove)
    tombstone = scene.world.tombstones[APP, HASHER.profile(ANN)]
    assert tombstone.version == 6


def test_E2_without_a_tombstone_versions_begin_again() -> None:
    scene = given(at=T0)
    answer = scene.register(ANN)
    assert answer.profile.version == 1


def test_E2_an_answer_has_the_version_that_is_stored() -> None:
    scene = given()
    assert scene.register(ANN, patch(customer_id="c")).profile.version == 2
    assert scene.update(ANN, patch(customer_id="d")).profile.version == 4
    assert scene.update(ANN, patch(language="de")).profile.version == 4
    assert scene.profile(ANN).version == 4


@pytest.mark.parametrize("seed", range(20))
def test_E2_versions_have_no_gaps_in_any_history(seed: int) -> None:
    chance = random.Random(seed)
    scene = given(multi_user_per_device=chance.random() < 0.5, single_device_per_user=chance.random() < 0.5)
    keys = [key(user, device) for user in ("ann", "bob") for device in ("phone", "tablet")]

    def command() -> AnyCommand:
        of, token = chance.choice(keys), chance.choice("TUV")
        return chance.choice(
            [
                Register(of, patch(fcm(token), customer_id=chance.choice(["c", "d"]))),
                Register(of),
                UpdateProfileData(of, patch(fcm(token))),
                UpdateProfileData(of, patch(customer_id=chance.choice(["c", "d"]))),
                Heartbeat(of),
                Unregister(of),
                DeleteDeviceProfile(of.app_id, of.user_id, device_id=of.device_id),
                ReportPushFeedback(APP, (dead(token, scene.now),)),
            ]
        )

    for _ in range(60):
        for answer in scene.later(seconds(1)).batch(*(command() for _ in range(chance.randint(1, 4)))):
            assert not isinstance(answer, Refused) or answer.reason
    versions: defaultdict[ProfileKey, list[Event]] = defaultdict(list)
    for event in scene.world.events:
        if event.type is not EventType.FEEDBACK_HELD and event.user_id:
            versions[ProfileKey(event.app_id, event.user_id, event.device_id)].append(event)
    for of, events in versions.items():
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        if scene.has(of):
            assert scene.profile(of).version == len(events)
