"""Recipients over the wire (T1-T6)."""

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1 import recipient_pb2 as rc
from tests.transport.grpc.support import APP, Served, fcm, key, refused

POINT = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
KEYS = pb.WebPushKeys(p256dh=POINT, auth=b"a" * 16, vapid_key_id="v1")


async def register(served: Served, user: str, *endpoints: pb.PushEndpoint, **given: object) -> None:
    request = ps.RegisterRequest(key=key(user, f"{user}'s"), push_endpoints=endpoints, **given)  # type: ignore[arg-type]
    await served.profiles.Register(request, metadata=served.admin)


def everyone(**given: object) -> rc.ResolveRecipientsRequest:
    request = rc.ResolveRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH, everyone=True)
    request.MergeFrom(rc.ResolveRecipientsRequest(**given))  # type: ignore[arg-type]
    return request


async def resolved(served: Served, request: rc.ResolveRecipientsRequest) -> list[rc.ResolveRecipientsResponse]:
    return [one async for one in served.profiles.ResolveRecipients(request, metadata=served.admin)]


async def test_T1_recipients_carry_what_a_sender_needs(served: Served) -> None:
    browser = pb.PushEndpoint(provider=pb.PUSH_PROVIDER_WEB_PUSH, token="https://push.example/1", web_push=KEYS)
    phone = pb.PushEndpoint(
        provider=pb.PUSH_PROVIDER_APNS,
        token="ab" * 32,
        push_app_id="com.shop",
        apns_environment=pb.APNS_ENVIRONMENT_SANDBOX,
    )
    await register(served, "ann", browser, platform=pb.PLATFORM_WEB, language="en_US", time_zone="Europe/Berlin")
    await register(served, "bob", phone, platform=pb.PLATFORM_IOS)
    await register(served, "cy", fcm("t"), push_permission=pb.PUSH_PERMISSION_DENIED)
    [message] = await resolved(served, everyone())
    ann, bob = message.recipients
    assert (ann.key.user_id, ann.platform, ann.language, ann.time_zone) == (
        "ann",
        pb.PLATFORM_WEB,
        "en_US",
        "Europe/Berlin",
    )
    assert ann.endpoints[0].web_push == KEYS
    assert ann.endpoints[0].HasField("confirm_time")
    assert (bob.endpoints[0].token, bob.endpoints[0].apns_environment) == ("ab" * 32, pb.APNS_ENVIRONMENT_SANDBOX)
    assert await resolved(served, everyone(resume_token=message.resume_token)) == []


@pytest.mark.parametrize(
    "nobody",
    [
        rc.ResolveRecipientsRequest(user_ids=rc.UserIds()),
        rc.ResolveRecipientsRequest(customer_ids=rc.CustomerIds()),
        rc.ResolveRecipientsRequest(everyone=False),
        rc.ResolveRecipientsRequest(),
    ],
    ids=["empty list of users", "empty list of customers", "everyone is false", "no target"],
)
async def test_T2_everyone_must_be_said(served: Served, nobody: rc.ResolveRecipientsRequest) -> None:
    """An empty list, an absent target and a forgotten field are refused, with a filter and without one."""
    await register(served, "ann", fcm("t"))
    for text in ("", 'language:"en"'):
        asked = rc.ResolveRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH, filter=text)
        asked.MergeFrom(nobody)
        told = await refused(anext(aiter(served.profiles.ResolveRecipients(asked, metadata=served.admin))))
        assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
        count = rc.CountRecipientsRequest.FromString(asked.SerializeToString())
        assert (
            await refused(served.profiles.CountRecipients(count, metadata=served.admin))
        ).reason == "INVALID_REQUEST"


async def test_T2_a_filter_of_blanks_is_refused(served: Served) -> None:
    told = await refused(anext(aiter(served.profiles.ResolveRecipients(everyone(filter="  "), metadata=served.admin))))
    assert told.reason == "INVALID_FILTER"


async def test_T2_ids_that_reach_nobody_are_named(served: Served) -> None:
    await register(served, "ann", fcm("t"), customer_id="c1")
    asked = rc.ResolveRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH)
    asked.user_ids.user_ids.extend(["zoe", "ann", "zoe"])
    messages = await resolved(served, asked)
    assert [r.key.user_id for m in messages for r in m.recipients] == ["ann"]
    assert [one.user_id for m in messages for one in m.unreachable] == ["zoe"]
    asked.customer_ids.customer_ids.extend(["c2", "c1"])
    messages = await resolved(served, asked)
    assert [r.customer_id for m in messages for r in m.recipients] == ["c1"]
    assert [one.customer_id for m in messages for one in m.unreachable] == ["c2"]


async def test_tokens_are_for_admin_and_profile_keys_only(served: Served) -> None:
    """The methods that answer tokens, or say who is there, are closed to keys of one app."""
    await register(served, "ann", fcm("t"))
    count = rc.CountRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH, everyone=True)
    explain = rc.ExplainReachRequest(app_id=APP, channel=pb.CHANNEL_PUSH, user_id="ann")
    resolve = served.profiles.ResolveRecipients(everyone(), metadata=served.client)
    for call in (
        anext(aiter(resolve)),
        served.profiles.CountRecipients(count, metadata=served.client),
        served.profiles.ExplainReach(explain, metadata=served.client),
    ):
        assert (await refused(call)).reason == "METHOD_NOT_ALLOWED"


async def test_T5_T6_counts_and_reasons(served: Served) -> None:
    await register(served, "ann", fcm("t"), platform=pb.PLATFORM_ANDROID)
    await register(served, "bob", platform=pb.PLATFORM_IOS)
    count = rc.CountRecipientsRequest(app_id=APP, channel=pb.CHANNEL_PUSH, everyone=True)
    counted = await served.profiles.CountRecipients(count, metadata=served.admin)
    assert (counted.recipients, counted.endpoints) == (1, 1)
    assert [(one.platform, one.recipients) for one in counted.by_platform] == [(pb.PLATFORM_ANDROID, 1)]
    assert [(one.provider, one.recipients) for one in counted.by_provider] == [(pb.PUSH_PROVIDER_FCM, 1)]
    assert "t" not in {value for _, value in counted.ListFields() if isinstance(value, str)}
    asked = rc.ExplainReachRequest(app_id=APP, channel=pb.CHANNEL_PUSH, user_id="bob")
    [verdict] = (await served.profiles.ExplainReach(asked, metadata=served.admin)).verdicts
    assert (verdict.reachable, list(verdict.reasons)) == (False, [rc.REACH_REASON_NO_ENDPOINT])
    await served.profiles.DeleteDeviceProfile(
        ps.DeleteDeviceProfileRequest(app_id=APP, user_id="bob", all_devices=True), metadata=served.admin
    )
    asked.device_id = "bob's"
    [verdict] = (await served.profiles.ExplainReach(asked, metadata=served.admin)).verdicts
    assert (list(verdict.reasons), verdict.cause) == ([rc.REACH_REASON_GONE], "DELETED")
    assert verdict.time != Timestamp()
