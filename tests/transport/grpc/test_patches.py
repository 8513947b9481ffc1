"""Requests as patches and commands: what is given, what is named, what is refused (R1, R3, U1, U5)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.commands import NewEndpoint, ProfilePatch
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Attributes, Channel, Platform, PushPermission
from profile_grpc.domain.push_endpoints import PushProvider, PushPurpose, WebPushKeys
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.settings import AccountRemovalAction
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.transport.grpc import patches, requests
from tests.transport.grpc.support import APP, fcm, key

ANN = ProfileKey(APP, "ann", "phone")
OPENED = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
OPENED_ON_THE_WIRE = Timestamp(seconds=1_767_323_045, nanos=678_000_000)


def register(**given: Any) -> ProfilePatch:
    command = requests.register(ps.RegisterRequest(key=key(), **given))
    assert command.key == ANN
    return command.patch


def update(*paths: str, **given: Any) -> ProfilePatch:
    """The patch of an update with this mask."""
    profile = pb.Profile(key=key(), **given)
    return patches.update(ps.UpdateProfileDataRequest(profile=profile, update_mask=FieldMask(paths=paths)))


def test_no_attribute_is_forgotten() -> None:
    names = set(Attributes._fields)
    assert names == patches._ATTRIBUTES | set(patches._MAPS)
    registered = {field.name for field in ps.RegisterRequest.DESCRIPTOR.fields}
    assert registered == patches._WRITABLE | {"key", "sequence"}


def test_R1_what_is_absent_is_left_alone() -> None:
    assert register() == ProfilePatch()
    assert update() == ProfilePatch()


def test_R1_what_is_given_is_written() -> None:
    given: dict[str, Any] = {
        "platform": pb.PLATFORM_IOS,
        "channels": [pb.CHANNEL_PUSH, pb.CHANNEL_IN_APP],
        "push_endpoints": [fcm("Token"), pb.PushEndpoint(provider=pb.PUSH_PROVIDER_APNS_VOIP, token="ABCD", purpose=2)],  # type: ignore[arg-type]  # the number
        "customer_id": "c",
        "rtm_id": "r",
        "account_selector": "s",
        "verified": False,
        "guest": True,
        "foreground": True,
        "language": "de",
        "time_zone": "Europe/Berlin",
        "os_version": "18",
        "sdk_version": "2.12",
        "device_model": "Phone",
        "last_opened_time": OPENED_ON_THE_WIRE,
        "device_attributes": {"ram": "8"},
        "custom_attributes": {"tier": "gold"},
    }
    expected = ProfilePatch(
        platform=Platform.IOS,
        channels=frozenset({Channel.PUSH, Channel.IN_APP}),
        push_endpoints=(
            NewEndpoint(PushProvider.FCM, "Token", "com.shop", PushPurpose.DEFAULT),
            NewEndpoint(PushProvider.APNS_VOIP, "abcd", "", PushPurpose.INCOMING_CALL),
        ),
        attributes={
            "customer_id": "c",
            "rtm_id": "r",
            "account_selector": "s",
            "verified": False,
            "guest": True,
            "foreground": True,
            "language": "de",
            "time_zone": "Europe/Berlin",
            "os_version": "18",
            "sdk_version": "2.12",
            "device_model": "Phone",
            "last_opened_time": OPENED,
        },
        device_attributes={"ram": "8"},
        custom_attributes={"tier": "gold"},
    )
    assert register(**given) == expected
    assert update(**given) == expected


def test_U1_an_empty_text_removes() -> None:
    assert register(language="", rtm_id="").attributes == {"language": None, "rtm_id": None}
    assert update(customer_id="").attributes == {"customer_id": None}


@pytest.mark.parametrize("name", sorted(patches._ATTRIBUTES))
def test_U1_an_attribute_named_without_a_value_is_removed(name: str) -> None:
    assert update(name) == ProfilePatch(attributes={name: None})


def test_U1_only_what_is_named_is_written() -> None:
    given: dict[str, Any] = {
        "language": "de",
        "rtm_id": "r",
        "platform": pb.PLATFORM_WEB,
        "channels": [pb.CHANNEL_PUSH],
        "push_endpoints": [fcm("t")],
        "custom_attributes": {"tier": "gold"},
    }
    assert update("language", **given) == ProfilePatch(attributes={"language": "de"})
    assert update("platform", **given) == ProfilePatch(platform=Platform.WEB)
    assert update("channels", **given) == ProfilePatch(channels=frozenset({Channel.PUSH}))


def test_U1_named_without_a_value() -> None:
    assert update("platform") == ProfilePatch(platform=Platform.UNSPECIFIED)
    assert update("channels") == ProfilePatch(channels=frozenset())
    assert update("push_endpoints") == ProfilePatch(replace_push_endpoints=True)


def test_R3_endpoints_that_are_named_replace_all() -> None:
    patch = update("push_endpoints", push_endpoints=[fcm("t")])
    given = (NewEndpoint(PushProvider.FCM, "t", "com.shop"),)
    assert patch == ProfilePatch(push_endpoints=given, replace_push_endpoints=True)


def test_U5_the_custom_attributes_as_a_whole_replace() -> None:
    patch = update("custom_attributes", custom_attributes={"tier": "gold"})
    assert patch == ProfilePatch(custom_attributes={"tier": "gold"}, replace_custom_attributes=True)
    assert update("custom_attributes") == ProfilePatch(replace_custom_attributes=True)


def test_U4_the_device_attributes_as_a_whole_merge() -> None:
    patch = update("device_attributes", device_attributes={"ram": "8"})
    assert patch == ProfilePatch(device_attributes={"ram": "8"})


def test_U1_single_entries_are_set_or_removed() -> None:
    given = {
        "custom_attributes": {"tier": "gold", "a.b": "1", "other": "x"},
        "device_attributes": {"ram": "8", "mcc": "1"},
    }
    patch = update("custom_attributes.tier", "custom_attributes.a.b", "device_attributes.ram", **given)
    assert patch == ProfilePatch(device_attributes={"ram": "8"}, custom_attributes={"tier": "gold", "a.b": "1"})
    patch = update("custom_attributes.gone", "device_attributes.mnc", **given)
    assert patch == ProfilePatch(
        remove_device_attributes=frozenset({"mnc"}), remove_custom_attributes=frozenset({"gone"})
    )


def test_U1_attributes_are_removed_by_name() -> None:
    request = ps.UpdateProfileDataRequest(
        profile=pb.Profile(key=key(), language="de"),
        remove_device_attributes=["ram"],
        remove_custom_attributes=["tier", "a.b"],
        etag="1f",
    )
    assert requests.update_profile_data(request) == UpdateProfileData(
        ANN,
        ProfilePatch(
            attributes={"language": "de"},
            remove_device_attributes=frozenset({"ram"}),
            remove_custom_attributes=frozenset({"tier", "a.b"}),
        ),
        "1f",
    )
    request.update_mask.paths.append("custom_attributes.other")
    assert patches.update(request).remove_custom_attributes == {"tier", "a.b", "other"}


@pytest.mark.parametrize(
    "path",
    ["*", "", "langauge", "profile.language", "key.user_id", "custom_attributes.", "push_endpoints.token", "Language"],
)
def test_U1_an_unknown_path_is_refused(path: str) -> None:
    with pytest.raises(Refused) as raised:
        update("language", path)
    assert raised.value.reason is Reason.UNKNOWN_FIELD
    assert [(v.field, v.description) for v in raised.value.violations] == [(path, "is not a field of a profile")]


def test_U1_every_read_only_path_is_refused() -> None:
    names = ["create_time", "etag", "expire_time", "key", "last_heartbeat_time", "register_time", "status"]
    names += ["update_time", "user_state"]
    with pytest.raises(Refused) as raised:
        update(*names)
    assert raised.value.reason is Reason.UNKNOWN_FIELD
    assert {v.field: v.description for v in raised.value.violations} == dict.fromkeys(names, "is read-only")


def test_a_mask_without_end_is_refused() -> None:
    with pytest.raises(Refused) as raised:
        update(*(f"custom_attributes.{number}" for number in range(257)))
    assert raised.value.reason is Reason.INVALID_REQUEST
    assert [v.field for v in raised.value.violations] == ["update_mask"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda at: register(last_opened_time=at), "last_opened_time"),
        (lambda at: update(last_opened_time=at), "profile.last_opened_time"),
        (
            lambda at: requests.remove_account(ps.RemoveAccountRequest(app_id=APP, username="a", report_time=at)),
            "report_time",
        ),
    ],
)
def test_an_instant_out_of_range_is_refused_by_its_name(call: Any, field: str) -> None:
    with pytest.raises(Refused) as raised:
        call(Timestamp(seconds=2**62))
    assert raised.value.reason is Reason.INVALID_REQUEST
    assert [v.field for v in raised.value.violations] == [field]


def test_feedback_items_are_read() -> None:
    request = ps.ReportPushFeedbackRequest(
        app_id=APP,
        feedback=[
            ps.PushFeedback(
                provider=pb.PUSH_PROVIDER_APNS,
                token="ABCD",
                push_app_id="com.shop",
                error_code="Unregistered",
                http_status=410,
                error_message="gone",
                provider_time=OPENED_ON_THE_WIRE,
            ),
            ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, key=key(), sent_at=OPENED_ON_THE_WIRE),
        ],
    )
    assert requests.report_push_feedback(request) == ReportPushFeedback(
        APP,
        (
            PushFeedback(
                PushProvider.APNS, "abcd", None, "com.shop", "Unregistered", 410, "gone", provider_time=OPENED
            ),
            PushFeedback(PushProvider.FCM, key=ANN, sent_at=OPENED),
        ),
    )


@pytest.mark.parametrize(
    ("item", "invalid"),
    [
        (ps.PushFeedback(token="secret"), "provider is required"),
        (ps.PushFeedback(provider=9, token="secret"), "provider must be a value of the enumeration"),  # type: ignore[arg-type]
        (ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token="secret" * 1000), "token must be at most 4096 bytes"),
        (
            ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, key=pb.ProfileKey(app_id=APP)),
            "key.user_id must not be empty or contain control characters",
        ),
        (
            ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token="secret", sent_at=Timestamp(seconds=2**62)),
            "sent_at must be 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z",
        ),
    ],
)
def test_F1_a_broken_feedback_item_is_invalid_on_its_own(item: ps.PushFeedback, invalid: str) -> None:
    sound = ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token="t")
    command = requests.report_push_feedback(ps.ReportPushFeedbackRequest(app_id=APP, feedback=[sound, item, sound]))
    expected = PushFeedback(PushProvider.FCM, "t")
    assert command.feedback == (expected, PushFeedback(invalid=invalid), expected)


def refused(call: Any) -> tuple[Reason, list[str]]:
    with pytest.raises(Refused) as raised:
        call()
    return raised.value.reason, [v.field for v in raised.value.violations]


def test_a_placeholder_token_is_refused_by_its_name() -> None:
    endpoints = [fcm("t"), fcm("(null)")]
    expected = Reason.PLACEHOLDER_TOKEN
    assert refused(lambda: register(push_endpoints=endpoints)) == (expected, ["push_endpoints[1].token"])
    assert refused(lambda: update(push_endpoints=endpoints)) == (expected, ["profile.push_endpoints[1].token"])


def test_F1_a_placeholder_token_fails_its_item_alone() -> None:
    feedback = [ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token=text) for text in ("null", "t")]
    command = requests.report_push_feedback(ps.ReportPushFeedbackRequest(app_id=APP, feedback=feedback))
    assert [bool(item.invalid) for item in command.feedback] == [True, False]


def test_X3_a_report_needs_one_token_that_is_one() -> None:
    def report(*tokens: str) -> ps.RemoveAccountRequest:
        reported = [ps.ReportedToken(token=token) for token in tokens]
        return ps.RemoveAccountRequest(app_id=APP, username="ann", tokens=reported)

    assert requests.remove_account(report("(null)", "t")).username == "ann"
    assert refused(lambda: requests.remove_account(report("(null)", "0"))) == (Reason.PLACEHOLDER_TOKEN, ["tokens"])


PUSH_URL = "https://push.example/a"


def web_push(token: str = PUSH_URL, **keys: Any) -> pb.PushEndpoint:
    endpoint = pb.PushEndpoint(provider=pb.PUSH_PROVIDER_WEB_PUSH, token=token)
    if keys:
        endpoint.web_push.CopyFrom(pb.WebPushKeys(**keys))
    return endpoint


G = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""The generator of P-256: a point on it."""


def test_R10_a_subscription_is_read() -> None:
    patch = register(push_endpoints=[web_push(p256dh=G, auth=bytes(16), vapid_key_id="v")])
    keys = WebPushKeys(G, bytes(16), "v")
    assert patch.push_endpoints == (NewEndpoint(PushProvider.WEB_PUSH, "https://push.example/a", web_push=keys),)
    [bare] = register(push_endpoints=[web_push(" https://push.example/a\n")]).push_endpoints
    assert (bare.token, bare.web_push) == ("https://push.example/a", None)


def test_R10_what_is_no_subscription_is_refused() -> None:
    wrong = Reason.INVALID_REQUEST
    off_curve = web_push(p256dh=G[:-1] + b"\0", auth=bytes(16), vapid_key_id="v")
    assert refused(lambda: register(push_endpoints=[off_curve])) == (wrong, ["push_endpoints[0].web_push.p256dh"])
    plain = web_push("http://push.example/a")
    assert refused(lambda: update(push_endpoints=[plain])) == (wrong, ["profile.push_endpoints[0].token"])


def test_R12_a_permission_is_read() -> None:
    assert register(push_permission=pb.PUSH_PERMISSION_DENIED).push_permission is PushPermission.DENIED
    assert update(push_permission=pb.PUSH_PERMISSION_DENIED).push_permission is PushPermission.DENIED
    assert update("push_permission") == ProfilePatch(push_permission=PushPermission.UNSPECIFIED)
    assert update("language").push_permission is None


def test_X3_a_removal_keeps_tokens_as_received() -> None:
    request = ps.RemoveAccountRequest(
        app_id=APP,
        username="ann",
        account_selector="s",
        tokens=[ps.ReportedToken(push_app_id="com.shop", token="ABCD")],
        report_time=OPENED_ON_THE_WIRE,
        action=pb.ACCOUNT_REMOVAL_ACTION_DELETE,
    )
    assert requests.remove_account(request) == RemoveAccount(
        APP,
        (ReportedToken("ABCD", "com.shop"),),
        "ann",
        "s",
        OPENED,
        AccountRemovalAction.DELETE,
    )
    assert requests.remove_account(ps.RemoveAccountRequest(app_id=APP)).action is None


def test_D2_a_deletion_names_owner_and_scope() -> None:
    one = ps.DeleteDeviceProfileRequest(app_id=APP, user_id="ann", device_id="phone", allow_missing=True)
    assert requests.delete_device_profile(one) == DeleteDeviceProfile(
        APP, user_id="ann", device_id="phone", allow_missing=True
    )
    everywhere = ps.DeleteDeviceProfileRequest(app_id=APP, customer_id="c", all_devices=True)
    assert requests.delete_device_profile(everywhere) == DeleteDeviceProfile(APP, customer_id="c")


def test_a_filter_that_is_not_given_matches_all() -> None:
    assert requests.profile_filter(ps.ListProfilesRequest(app_id=APP), None) == ProfileFilter(APP)


@pytest.mark.parametrize("given", [None, 0, 7])
def test_R13_the_number_of_a_call_is_read(given: int | None) -> None:
    """Zero is a number."""
    number: dict[str, Any] = {} if given is None else {"sequence": given}
    commands: list[Register | UpdateProfileData | Unregister | RemoveAccount] = [
        requests.register(ps.RegisterRequest(key=key(), **number)),
        requests.update_profile_data(ps.UpdateProfileDataRequest(profile=pb.Profile(key=key()), **number)),
        requests.unregister(ps.UnregisterRequest(key=key(), **number)),
        requests.remove_account(ps.RemoveAccountRequest(app_id=APP, username="a", **number)),
    ]
    assert [command.sequence for command in commands] == [given] * 4
