"""Imports of profiles (I1, I2): what of a record is stored, and what it leaves to others."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.errors import Reason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.importing import REGISTERED, ImportProfile, SourceState
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import TOMBSTONES
from profile_grpc.domain.patching import MAX_CUSTOM_ATTRIBUTES
from profile_grpc.domain.profile import Platform, ProfileStatus
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider, PushPurpose
from profile_grpc.domain.removal import DeleteDeviceProfile
from profile_grpc.domain.results import Deleted, Imported, ImportOutcome
from tests.support.domain import ANN, APP, BOB, T0, Scene, days, fcm, given, hours, key, patch

NOW = T0 + days(100)
OUT = SourceState(signed_out=True)
CALL = PushPurpose.INCOMING_CALL


def record(
    of: ProfileKey, at: datetime | None, *endpoints: Any, source: SourceState = REGISTERED, **attributes: Any
) -> ImportProfile:
    """A record of a profile that was registered elsewhere at this time."""
    return ImportProfile(of, patch(*endpoints, **attributes), NOW, at, source=source)


def bring(scene: Scene, *records: ImportProfile) -> list[ImportOutcome]:
    """Imports the records, each in a batch of its own."""
    return [scene.do(one, Imported).outcome for one in records]


def test_I1_no_profile_is_created_after_its_registration() -> None:
    scene = given(at=NOW)
    bring(scene, replace(record(ANN, T0), create_time=T0 + days(1)))
    assert scene.profile().create_time == T0


@pytest.mark.parametrize("first_created", [0, 1])
def test_I1_the_earliest_creation_counts(first_created: int) -> None:
    """In any order of the records, and whichever of them names it."""
    created = [T0 + days(first_created), T0 + days(1 - first_created)]
    earlier = replace(record(ANN, T0 + days(5)), create_time=created[0])
    later = replace(record(ANN, T0 + days(9)), create_time=created[1])
    for records in permutations([earlier, later]):
        scene = given(at=NOW)
        bring(scene, *records)
        assert (scene.profile().create_time, scene.profile().register_time) == (T0, T0 + days(9))


def test_I1_a_record_without_a_time_takes_nothing_from_a_profile_that_was_active_here() -> None:
    scene = given(at=T0)
    scene.register(ANN, patch(fcm("t")))
    scene.at(NOW)
    assert bring(scene, record(BOB._replace(device_id="other"), None, fcm("t"))) == [ImportOutcome.CREATED]
    assert scene.owner(fcm("t")) == ANN.device_id


def test_R3_a_token_that_the_app_confirmed_here_after_the_registration_stays() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    scene.later(days(10)).update(ANN, patch(fcm("new")))
    scene.at(NOW)
    bring(scene, record(ANN, T0 + days(5), fcm("old"), fcm("call", purpose=CALL)))
    assert sorted(scene.tokens()) == ["call", "new"]


def test_P2_a_record_that_the_reaper_would_delete_at_once_is_refused() -> None:
    scene = given(at=NOW, never_heartbeat_ttl=days(30))
    assert scene.refused(record(ANN, T0)).reason is Reason.RECORD_EXPIRED
    assert bring(scene, record(ANN, NOW - days(29))) == [ImportOutcome.CREATED]


def test_M1_a_profile_that_was_counted_before_its_deletion_is_not_counted_anew() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    state = scene.state(record(ANN, NOW))
    stored = state.profile(ANN)
    assert stored is not None
    state.delete(stored, DeletionReason.DELETED)
    scene.world.apply(state.changes())
    scene.at(NOW)
    bring(scene, record(ANN, NOW))
    assert scene.profile().mad.deletion_time == T0


def test_M2_an_import_long_after_a_deletion_opens_no_window_without_a_count() -> None:
    """The tombstone is purged after 90 days; the ledger still has the count."""
    scene = given(at=T0)
    scene.register(ANN)
    scene.do(DeleteDeviceProfile(APP, user_id=ANN.user_id, device_id=ANN.device_id), Deleted)
    scene.world.records[TOMBSTONES].clear()
    scene.at(NOW)
    assert bring(scene, record(ANN, NOW)) == [ImportOutcome.CREATED]
    scene.do(DeleteDeviceProfile(APP, user_id=ANN.user_id, device_id=ANN.device_id), Deleted)
    scene.later(days(1)).register(ANN)
    assert scene.counted(ANN) == [T0, NOW + days(1)]


def test_F6_a_suspect_endpoint_stays_suspect() -> None:
    scene = given(at=NOW)
    source = SourceState(suspect=frozenset({(PushProvider.FCM, "t")}))
    bring(scene, record(ANN, T0, fcm("t"), fcm("u", purpose=CALL), source=source))
    states = {one.token: one.state for one in scene.profile().push_endpoints}
    assert states == {"t": PushEndpointState.SUSPECT, "u": PushEndpointState.DELIVERABLE}


def test_F4_a_dead_endpoint_replaces_an_older_token_of_its_purpose() -> None:
    scene = given(at=NOW)
    dead = PushEndpoint(
        provider=PushProvider.FCM,
        token="",
        push_app_id="com.app",
        purpose=PushPurpose.DEFAULT,
        confirm_time=NOW,
        state=PushEndpointState.INVALID,
    )
    bring(scene, record(ANN, T0, fcm("t")), record(ANN, T0 + days(1), source=SourceState(invalid=(dead,))))
    assert scene.tokens() == []
    assert [one.state for one in scene.profile().push_endpoints] == [PushEndpointState.INVALID]


@pytest.mark.parametrize("out_is_later", [True, False])
def test_I1_no_token_of_an_earlier_registration_comes_by_or_to_a_user_who_is_signed_out(out_is_later: bool) -> None:
    """A push must not reach somebody who has left."""
    scene = given(at=NOW)
    first, then = (REGISTERED, OUT) if out_is_later else (OUT, REGISTERED)
    bring(scene, record(ANN, T0 + days(5), source=then), record(ANN, T0, fcm("t"), source=first))
    assert scene.owner(fcm("t")) is None


def test_R1_a_registration_leaves_the_values_of_an_earlier_one_that_it_does_not_name() -> None:
    earlier = record(ANN, T0, fcm("t"))
    earlier = replace(
        earlier,
        patch=earlier.patch._replace(
            platform=Platform.IOS, attributes={"language": "de"}, custom_attributes={"a": "1", "b": "1"}
        ),
    )
    later = record(ANN, T0 + days(1), language="fr")
    later = replace(later, patch=later.patch._replace(custom_attributes={"b": "2"}))
    for records in permutations([earlier, later]):
        scene = given(at=NOW)
        bring(scene, *records, *records)
        found = scene.profile()
        assert (found.platform, found.attributes.language) == (Platform.IOS, "fr")
        assert found.attributes.custom_attributes == {"a": "1", "b": "2"}
        assert scene.tokens() == ["t"]


def test_U5_values_of_an_earlier_registration_are_added_up_to_the_limit() -> None:
    def with_(at: datetime, name: str, number: int) -> ImportProfile:
        one = record(ANN, at)
        custom = {f"{name}{place:02}": "1" for place in range(number)}
        return replace(one, patch=one.patch._replace(custom_attributes=custom))

    scene = given(at=NOW)
    bring(scene, with_(T0 + days(1), "late", 40), with_(T0, "early", 40))
    names = list(scene.profile().attributes.custom_attributes)
    assert len(names) == MAX_CUSTOM_ATTRIBUTES
    assert sum(name.startswith("late") for name in names) == 40


def test_R4_a_token_that_another_device_took_since_is_not_taken_back_by_an_earlier_registration() -> None:
    scene = given(at=NOW)
    bring(
        scene,
        record(ANN, T0 + days(5)),
        record(key("bob", "other"), T0 + days(3), fcm("t")),
        record(ANN, T0, fcm("t")),
    )
    assert scene.owner(fcm("t")) == "other"


def test_D1_a_user_who_is_signed_out_is_not_signed_out_again() -> None:
    scene = given(at=NOW)
    bring(scene, record(ANN, T0, source=OUT))
    scene.later(hours(1))
    bring(scene, record(ANN, T0 + days(1), source=OUT))
    assert scene.profile().status is ProfileStatus.UNREGISTERED
    assert scene.profile().unregister_time == NOW
    assert len(scene.events(EventType.PROFILE_UNREGISTERED)) == 1


def test_E1_a_record_of_a_user_who_is_inactive_in_the_source_leaves_an_event() -> None:
    scene = given(at=NOW, multi_user_per_device=True)
    bring(scene, record(ANN, T0), record(ANN, T0 + days(1), source=SourceState(inactive=True)))
    [event] = scene.events(EventType.USER_DEACTIVATED)
    assert event.user_id == ANN.user_id


def test_E1_a_record_of_a_device_that_is_superseded_in_the_source_leaves_an_event() -> None:
    scene = given(at=NOW, single_device_per_user=True)
    bring(scene, record(ANN, T0, fcm("t")), record(ANN, T0 + days(1), fcm("t"), source=SourceState(superseded=True)))
    assert scene.profile().push_superseded
    assert len(scene.events(EventType.PUSH_SUPERSEDED)) == 1


def test_R7_a_device_that_is_superseded_in_the_source_supersedes_no_other() -> None:
    scene = given(at=NOW, single_device_per_user=True)
    other = key("ann", "other")
    superseded = SourceState(superseded=True)
    bring(scene, record(other, T0), record(ANN, T0 + days(1), source=superseded))
    assert not scene.profile(other).push_superseded


def test_R7_the_earlier_of_two_devices_is_superseded_in_any_order() -> None:
    other = key("ann", "other")
    for records in permutations([record(ANN, T0), record(other, T0 + days(1))]):
        scene = given(at=NOW, single_device_per_user=True)
        bring(scene, *records)
        assert (scene.profile(ANN).push_superseded, scene.profile(other).push_superseded) == (True, False)


def test_I1_of_a_deletion_and_a_registration_at_the_same_time_the_deletion_wins() -> None:
    scene = given(at=T0)
    scene.register(ANN)
    state = scene.state(record(ANN, T0))
    stored = state.profile(ANN)
    assert stored is not None
    state.delete(stored, DeletionReason.DELETED)
    scene.world.apply(state.changes())
    scene.later(timedelta(days=1))
    assert bring(scene, record(ANN, T0)) == [ImportOutcome.UNCHANGED]
