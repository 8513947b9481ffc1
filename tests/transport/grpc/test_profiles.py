"""ProfileService over the wire: each method once, and what is bad about bad input."""

from datetime import UTC, timedelta

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.profile import Channel
from profile_grpc.service.directory_ports import KeyKind
from tests.support.domain import ManualClock, days, hours
from tests.transport.grpc.support import (
    APP,
    FOREIGN_APP,
    Served,
    fcm,
    key,
    refusal,
    refused,
)

BROKEN = pb.ProfileKey(app_id=APP, user_id="a\nb", device_id="phone")


async def register(served: Served, user: str = "ann", device: str = "phone", token: str = "") -> ps.RegisterResponse:
    request = ps.RegisterRequest(key=key(user, device), push_endpoints=[fcm(token)] if token else [])
    return await served.profiles.Register(request, metadata=served.admin)


def at(clock: ManualClock, later: timedelta = timedelta(0)) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(clock.now() + later)
    return message


# --- registration and liveness ---


async def test_R1_registering_again_is_no_new_profile(served: Served) -> None:
    first = await register(served, token="t")
    again = await register(served)
    assert (first.created, again.created) == (True, False)
    assert again.profile.push_endpoints[0].token == "t"
    assert again.profile.etag != first.profile.etag
    assert again.heartbeat_interval.ToTimedelta() == days(15)


async def test_R4_R8_a_token_that_moves_is_told(served: Served) -> None:
    await register(served, token="t")
    moved = await register(served, "bob", "tablet", "t")
    [displaced] = moved.displaced
    assert (displaced.key, displaced.effect) == (key(), ps.DISPLACEMENT_EFFECT_TOKEN_MOVED)


async def test_H1_a_heartbeat_tells_the_times(served: Served, clock: ManualClock) -> None:
    await register(served)
    clock.advance(hours(5))
    beat = await served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()), metadata=served.key(KeyKind.BRIDGE))
    assert beat.last_heartbeat_time.ToDatetime(UTC) == clock.now()
    assert beat.expire_time.ToDatetime(UTC) == clock.now() + days(40)
    assert beat.next_heartbeat_after.ToTimedelta() == days(15)


async def test_each_key_of_a_batch_is_answered_on_its_own(served: Served) -> None:
    """Also one that breaks a shape rule, or of an app that the caller does not reach."""
    await register(served)
    keys = [key(), BROKEN, key(app=FOREIGN_APP), key(app="missing"), key("nobody"), key(), pb.ProfileKey()]
    answer = await served.profiles.BatchHeartbeat(
        ps.BatchHeartbeatRequest(keys=keys), metadata=served.key(KeyKind.PROFILE)
    )
    assert [result.index for result in answer.results] == list(range(7))
    told = ["" if result.HasField("heartbeat") else refusal(result.status).reason for result in answer.results]
    assert told == [
        "",
        "INVALID_REQUEST",
        "APP_NOT_ALLOWED",
        "APP_NOT_ALLOWED",
        "REREGISTER_REQUIRED",
        "",
        "INVALID_REQUEST",
    ]
    shape = refusal(answer.results[1].status)
    assert shape.code is grpc.StatusCode.INVALID_ARGUMENT
    assert shape.fields == {"user_id": "must not be empty or contain control characters"}
    assert refusal(answer.results[4].status).metadata == {"app_id": APP, "cause": "UNKNOWN"}


async def test_a_batch_of_refused_keys_only_is_answered(served: Served) -> None:
    answer = await served.profiles.BatchHeartbeat(ps.BatchHeartbeatRequest(keys=[BROKEN]), metadata=served.admin)
    assert len(answer.results) == 1


@pytest.mark.parametrize("number", [0, 1001])
async def test_a_batch_has_1_to_1000_keys(served: Served, number: int) -> None:
    request = ps.BatchHeartbeatRequest(keys=[key()] * number)
    told = await refused(served.profiles.BatchHeartbeat(request, metadata=served.admin))
    assert (told.reason, list(told.fields)) == ("INVALID_REQUEST", ["keys"])


# --- updates ---


async def test_U1_an_update_changes_what_its_mask_names(served: Served) -> None:
    await register(served)
    request = ps.UpdateProfileDataRequest(
        profile=pb.Profile(key=key(), language="de", rtm_id="r", custom_attributes={"tier": "gold"}),
        update_mask=FieldMask(paths=["language", "custom_attributes.tier"]),
    )
    updated = await served.profiles.UpdateProfileData(request, metadata=served.client)
    assert (updated.profile.language, updated.profile.HasField("rtm_id")) == ("de", False)
    assert dict(updated.profile.custom_attributes) == {"tier": "gold"}


async def test_U1_an_unknown_path_changes_nothing(served: Served) -> None:
    await register(served)
    request = ps.UpdateProfileDataRequest(
        profile=pb.Profile(key=key(), language="de"), update_mask=FieldMask(paths=["language", "langauge", "status"])
    )
    told = await refused(served.profiles.UpdateProfileData(request, metadata=served.client))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_FIELD")
    assert told.fields == {"langauge": "is not a field of a profile", "status": "is read-only"}
    stored = await served.profiles.GetProfile(ps.GetProfileRequest(key=key()), metadata=served.client)
    assert not stored.profile.HasField("language")


async def test_U3_another_etag_is_aborted(served: Served) -> None:
    first = await register(served)
    request = ps.UpdateProfileDataRequest(profile=pb.Profile(key=key(), language="de"), etag=first.profile.etag)
    assert (await served.profiles.UpdateProfileData(request, metadata=served.admin)).profile.language == "de"
    told = await refused(served.profiles.UpdateProfileData(request, metadata=served.admin))
    assert (told.code, told.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")


async def test_U4_what_is_not_stored_is_told(served: Served) -> None:
    await register(served)
    request = ps.UpdateProfileDataRequest(
        profile=pb.Profile(key=key(), platform=pb.PLATFORM_IOS, device_attributes={"ram": "8"})
    )
    updated = await served.profiles.UpdateProfileData(request, metadata=served.admin)
    assert [(i.path, i.reason) for i in updated.ignored] == [("device_attributes.ram", ps.IGNORED_REASON_NOT_ENABLED)]
    request.profile.device_attributes["rma"] = "8"
    told = await refused(served.profiles.UpdateProfileData(request, metadata=served.admin))
    assert (told.reason, list(told.fields)) == ("INVALID_ATTRIBUTE", ["device_attributes.rma"])


async def test_R9_a_channel_that_the_app_lacks_is_refused(served: Served) -> None:
    await served.backend.set(channels=frozenset({Channel.PUSH}))
    request = ps.RegisterRequest(key=key(), channels=[pb.CHANNEL_IN_APP])
    told = await refused(served.profiles.Register(request, metadata=served.client))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "CHANNEL_NOT_ENABLED")
    assert (list(told.fields), told.metadata["channel"]) == (["channels"], "IN_APP")


# --- removal ---


async def test_D1_H2_an_unregistered_profile_says_so(served: Served) -> None:
    await register(served, token="t")
    request = ps.UnregisterRequest(key=key())
    gone = await served.profiles.Unregister(request, metadata=served.client)
    assert gone.profile.status == pb.PROFILE_STATUS_UNREGISTERED
    assert not gone.profile.push_endpoints
    told = await refused(served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()), metadata=served.client))
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PROFILE_UNREGISTERED")


async def test_D1_a_missing_profile_is_told_unless_allowed(served: Served) -> None:
    request = ps.UnregisterRequest(key=key())
    told = await refused(served.profiles.Unregister(request, metadata=served.client))
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")
    request.allow_missing = True
    assert not (await served.profiles.Unregister(request, metadata=served.client)).HasField("profile")


async def test_D2_every_device_of_a_user_is_deleted(served: Served) -> None:
    await register(served)
    await register(served, device="tablet")
    request = ps.DeleteDeviceProfileRequest(app_id=APP, user_id="ann", all_devices=True)
    deleted = (await served.profiles.DeleteDeviceProfile(request, metadata=served.admin)).deleted
    assert sorted(k.device_id for k in deleted) == ["phone", "tablet"]
    told = await refused(served.profiles.GetProfile(ps.GetProfileRequest(key=key()), metadata=served.admin))
    assert told.reason == "PROFILE_NOT_FOUND"


async def test_X3_an_account_removal_unregisters_the_holder(served: Served) -> None:
    await register(served, token="t")
    request = ps.RemoveAccountRequest(app_id=APP, username="ann", tokens=[ps.ReportedToken(token="t")])
    removed = await served.profiles.RemoveAccount(request, metadata=served.key(KeyKind.BRIDGE))
    assert (list(removed.removed), removed.outcome) == ([key()], ps.ACCOUNT_REMOVAL_OUTCOME_REMOVED)


# --- feedback ---


async def test_F1_each_feedback_item_is_answered_on_its_own(served: Served, clock: ManualClock) -> None:
    await served.backend.set(channels=frozenset({Channel.PUSH}))
    await register(served, token="dead")
    await register(served, "bob", "tablet", "alive")
    later = at(clock, hours(1))
    clock.advance(hours(2))

    def item(token: str, error_code: str = "UNREGISTERED", sent_at: Timestamp | None = later) -> ps.PushFeedback:
        return ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token=token, error_code=error_code, sent_at=sent_at)

    feedback = [
        item("x" * 5000),
        ps.PushFeedback(token="dead", sent_at=later),
        item("dead"),
        item("alive", sent_at=None),
        item("alive", sent_at=Timestamp(seconds=2**62)),
        item("alive", "INTERNAL"),
        item("stranger"),
        item("alive", "SomethingNew"),
        item("alive", "messaging/mismatched-credential"),
        item("alive", "OK"),
    ]
    request = ps.ReportPushFeedbackRequest(app_id=APP, feedback=feedback)
    answer = await served.profiles.ReportPushFeedback(request, metadata=served.admin)
    assert [result.index for result in answer.results] == list(range(10))
    assert [ps.PushFeedbackOutcome.Name(result.outcome)[22:] for result in answer.results] == [
        "INVALID",
        "INVALID",
        "PROFILE_DELETED",
        "INVALID",
        "INVALID",
        "TRANSIENT",
        "UNKNOWN_TOKEN",
        "UNRECOGNIZED",
        "ENDPOINT_SUSPECT",
        "CONFIRMED",
    ]
    assert "SomethingNew" in answer.results[7].detail
    assert [result.detail for result in answer.results[:2]] == [
        "token must be at most 4096 bytes",
        "provider is required",
    ]
    assert list(answer.results[2].affected) == [key()]
    assert "xxx" not in str(answer)


@pytest.mark.parametrize("number", [0, 1001])
async def test_F1_a_report_has_1_to_1000_items(served: Served, number: int) -> None:
    request = ps.ReportPushFeedbackRequest(app_id=APP, feedback=[ps.PushFeedback()] * number)
    told = await refused(served.profiles.ReportPushFeedback(request, metadata=served.admin))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert list(told.fields) == ["feedback"]


# --- reading ---


async def test_tokens_are_hidden_from_client_and_bridge_keys(served: Served) -> None:
    await register(served, token="t")
    shown = {}
    for kind in (KeyKind.ADMIN, KeyKind.PROFILE, KeyKind.CLIENT):
        answer = await served.profiles.GetProfile(ps.GetProfileRequest(key=key()), metadata=served.key(kind))
        shown[kind.name] = answer.profile.push_endpoints[0].token
    answered = await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.key(KeyKind.BRIDGE))
    shown["BRIDGE"] = answered.profile.push_endpoints[0].token
    assert shown == {"ADMIN": "t", "PROFILE": "t", "CLIENT": "", "BRIDGE": ""}


async def test_a_page_of_large_profiles_is_what_any_client_takes(served: Served) -> None:
    """GRPC clients refuse messages beyond 4 MiB, unless they are told; and nobody else waits while one is written."""
    large = {f"note-{number}": "x" * 1000 for number in range(64)}
    for number in range(40):
        request = ps.RegisterRequest(key=key(f"user-{number:02}", f"device-{number}"), custom_attributes=large)
        await served.profiles.Register(request, metadata=served.admin)
    asked = ps.ListProfilesRequest(app_id=APP, page_size=1000)
    users: list[str] = []
    while True:
        page = await served.profiles.ListProfiles(asked, metadata=served.admin)
        assert 0 < page.ByteSize() < 2**21
        users += [profile.key.user_id for profile in page.profiles]
        if not page.next_page_token:
            break
        asked.page_token = page.next_page_token
    assert users == [f"user-{number:02}" for number in range(40)]


async def test_a_page_is_read_in_parts(served: Served) -> None:
    """The first tell how large the others may be; none is left out between them."""
    for number in range(230):
        await register(served, f"user-{number:03}", f"device-{number}")
    asked = ps.ListProfilesRequest(app_id=APP, page_size=220)
    page = await served.profiles.ListProfiles(asked, metadata=served.admin)
    assert [profile.key.user_id for profile in page.profiles] == [f"user-{number:03}" for number in range(220)]
    asked.page_token = page.next_page_token
    page = await served.profiles.ListProfiles(asked, metadata=served.admin)
    assert len(page.profiles) == 10
    assert not page.next_page_token


async def test_profiles_are_listed_in_pages(served: Served) -> None:
    for number in range(5):
        await register(served, f"user-{number}", f"device-{number}")
    request = ps.ListProfilesRequest(app_id=APP, page_size=2)
    users, pages = [], 0
    while True:
        page = await served.profiles.ListProfiles(request, metadata=served.admin)
        users += [profile.key.user_id for profile in page.profiles]
        pages += 1
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert (users, pages) == ([f"user-{number}" for number in range(5)], 3)
    request.device_id = "device-1"
    told = await refused(served.profiles.ListProfiles(request, metadata=served.admin))
    assert (told.reason, list(told.fields)) == ("INVALID_PAGE_TOKEN", ["page_token"])
    request.page_token = ""
    assert len((await served.profiles.ListProfiles(request, metadata=served.admin)).profiles) == 1


async def test_T3_profiles_are_listed_by_a_filter(served: Served) -> None:
    for number, language in enumerate(["en", "de", "en-US", "en_GB"]):
        request = ps.RegisterRequest(key=key(f"user-{number}", f"device-{number}"), language=language)
        await served.profiles.Register(request, metadata=served.admin)
    asked = ps.ListProfilesRequest(app_id=APP, page_size=2, filter='language:"en"')
    first = await served.profiles.ListProfiles(asked, metadata=served.admin)
    assert [profile.key.user_id for profile in first.profiles] == ["user-0", "user-2"]
    asked.page_token = first.next_page_token
    assert [p.key.user_id for p in (await served.profiles.ListProfiles(asked, metadata=served.admin)).profiles] == [
        "user-3"
    ]
    asked.filter = 'language:"de"'  # the token is bound to the filter
    assert (await refused(served.profiles.ListProfiles(asked, metadata=served.admin))).reason == "INVALID_PAGE_TOKEN"
    asked.filter = "colour = red"
    told = await refused(served.profiles.ListProfiles(asked, metadata=served.admin))
    assert (told.code, told.reason, list(told.fields)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FILTER",
        ["filter"],
    )
    assert told.metadata["expected"].endswith(", customer.NAME")  # all the fields, none cut off


# --- bad input: the documented code, nothing written, the server lives ---


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (ps.RegisterRequest(key=key(user="u" * 257)), "key.user_id"),
        (ps.RegisterRequest(key=key(device="a\x00b")), "key.device_id"),
        (ps.RegisterRequest(key=key(user="a\x7fb")), "key.user_id"),
        (ps.RegisterRequest(key=key(app="a" * 65)), "key.app_id"),
        (ps.RegisterRequest(key=key(), push_endpoints=[fcm("t" * 4097)]), "push_endpoints[0].token"),
        (ps.RegisterRequest(key=key(), last_opened_time=Timestamp(seconds=2**62)), "last_opened_time"),
        (ps.RegisterRequest(key=key(), custom_attributes={str(n): "" for n in range(65)}), "custom_attributes"),
    ],
)
async def test_bad_input_is_refused_and_writes_nothing(served: Served, bad: ps.RegisterRequest, field: str) -> None:
    told = await refused(served.profiles.Register(bad, metadata=served.client))
    assert (told.code, told.reason, list(told.fields)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        [field],
    )
    listed = await served.profiles.ListProfiles(ps.ListProfilesRequest(app_id=APP), metadata=served.admin)
    assert not listed.profiles


async def test_a_key_of_another_tenant_reaches_nothing(served: Served) -> None:
    await register(served)
    told = await refused(served.profiles.GetProfile(ps.GetProfileRequest(key=key()), metadata=served.foreign))
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "APP_NOT_ALLOWED")


async def test_a_client_key_reaches_its_own_app_only(served: Served) -> None:
    await served.backend.apps.create("second", "acme", "", (await served.backend.apps.get(APP)).settings)
    request = ps.RegisterRequest(key=key(app="second"))
    told = await refused(served.profiles.Register(request, metadata=served.client))
    assert told.reason == "APP_NOT_ALLOWED"
    assert (await served.profiles.Register(request, metadata=served.key(KeyKind.PROFILE))).created


@pytest.mark.parametrize(("size", "code"), [(3, "INVALID_ARGUMENT"), (5, "RESOURCE_EXHAUSTED")])
async def test_messages_up_to_4_mib_are_read(served: Served, size: int, code: str) -> None:
    big = ps.RegisterRequest(key=key(), language="x" * (size * 1024 * 1024))
    told = await refused(served.profiles.Register(big, metadata=served.client))
    assert told.code.name == code
    assert (await register(served)).created


async def test_a_full_report_of_the_longest_tokens_fits_in_a_message(served: Served) -> None:
    item = ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token="t" * 4096, error_code="UNREGISTERED")
    request = ps.ReportPushFeedbackRequest(app_id=APP, feedback=[item] * 1000)
    answer = await served.profiles.ReportPushFeedback(request, metadata=served.admin)
    assert len(answer.results) == 1000
