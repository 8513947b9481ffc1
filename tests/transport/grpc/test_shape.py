"""Shape rules in words: what is told of a broken one."""

import re
from collections.abc import Iterator
from pathlib import Path
from time import thread_time
from typing import Any, cast

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from appprofile.v1 import customer_pb2, customer_service_pb2
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.transport.grpc import shape
from profile_grpc.transport.grpc.wire import most_items
from tests.transport.grpc.support import APP, VALID, fcm, key

PROTOS = Path(__file__).parents[3] / "protos/appprofile/v1"


def violations(message: Message) -> dict[str, str]:
    with pytest.raises(Refused) as raised:
        shape.check(message)
    assert raised.value.reason is Reason.INVALID_REQUEST
    assert raised.value.metadata["fields"] == ",".join(v.field for v in raised.value.violations)
    return {v.field: v.description for v in raised.value.violations}


@pytest.mark.parametrize("name", VALID)
def test_valid_requests_pass(name: str) -> None:
    shape.check(VALID[name])


def test_every_pattern_of_the_contract_is_told_in_words() -> None:
    written = {
        pattern.replace(r"\\", "\\")
        for proto in PROTOS.glob("*.proto")
        for pattern in re.findall(r'pattern: "(.*)"', proto.read_text())
    }
    assert written == set(shape._PATTERNS)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (ps.HeartbeatRequest(), {"key": "is required"}),
        (ps.HeartbeatRequest(key=key(user="u" * 257)), {"key.user_id": "must be at most 256 bytes"}),
        (ps.HeartbeatRequest(key=key(user="é" * 129)), {"key.user_id": "must be at most 256 bytes"}),
        (
            ps.HeartbeatRequest(key=key(device="a\nb")),
            {"key.device_id": "must not be empty or contain control characters"},
        ),
        (
            ps.HeartbeatRequest(key=key(device="a\x85b")),
            {"key.device_id": "must not be empty or contain control characters"},
        ),
        (
            ps.HeartbeatRequest(key=key(app="Shop")),
            {"key.app_id": "must be 1 or more of a-z, 0-9, '.', '_', '-', beginning with a letter or digit"},
        ),
        (
            ps.RegisterRequest(key=key(), push_endpoints=[pb.PushEndpoint()]),
            {"push_endpoints[0].provider": "is required", "push_endpoints[0].token": "must not be empty"},
        ),
        (
            ps.RegisterRequest(key=key(), push_endpoints=[fcm("a"), fcm("b", purpose=pb.PUSH_PURPOSE_DEFAULT)]),
            {"push_endpoints": "at most one push endpoint of each (provider, purpose)"},
        ),
        (ps.RegisterRequest(key=key(), channels=[1, 1]), {"channels": "must not contain duplicates"}),  # type: ignore[list-item]
        (ps.RegisterRequest(key=key(), platform=9), {"platform": "must be a value of the enumeration"}),  # type: ignore[arg-type]
        (
            ps.RegisterRequest(key=key(), custom_attributes={"tier": "x" * 1025}),
            {'custom_attributes["tier"]': "must be at most 1024 bytes"},
        ),
        (
            ps.RegisterRequest(key=key(), custom_attributes={"": "x"}),
            {'custom_attributes[""]': "its key must not be empty or contain control characters"},
        ),
        (
            ps.DeleteDeviceProfileRequest(app_id=APP, user_id="ann"),
            {"scope": "exactly one of device_id, all_devices is required"},
        ),
        (
            customer_service_pb2.CreateCustomerRequest(
                customer=customer_pb2.Customer(
                    customer_id="c", attributes={"tier": customer_pb2.CustomerAttributeValue()}
                )
            ),
            {
                'customer.attributes["tier"].kind': "exactly one of string_value, int64_value, double_value, "
                "bool_value, date_value, timestamp_value is required"
            },
        ),
        (
            ps.RemoveAccountRequest(app_id=APP, tokens=[ps.ReportedToken(token="t")]),
            {"": "username or account_selector is required"},
        ),
    ],
)
def test_a_broken_rule_names_the_field_and_what_is_expected(message: Message, told: dict[str, str]) -> None:
    assert violations(message) == told


def test_no_value_is_echoed() -> None:
    secret = "s3cret" * 800
    request = ps.RegisterRequest(
        key=key(user="ann\n" + secret),
        push_endpoints=[fcm(secret), fcm(secret)],
        language=secret,
        custom_attributes={"tier": secret},
    )
    with pytest.raises(Refused) as raised:
        shape.check(request)
    assert len(raised.value.violations) == 7
    assert "s3cret" not in repr((raised.value.message, raised.value.violations, raised.value.metadata))


def test_long_and_odd_map_keys_are_cut_and_quoted() -> None:
    [field] = violations(ps.RegisterRequest(key=key(), custom_attributes={'a"\n' + "x" * 1000: ""}))
    assert field == 'custom_attributes["a\\"\\n' + "x" * 61 + '"]'


ENDLESS = 2_000_000


@pytest.mark.parametrize(
    ("message", "field", "limit"),
    [
        (ps.RegisterRequest(key=key(), channels=[9] * ENDLESS), "channels", 3),  # type: ignore[list-item]
        (ps.RegisterRequest(key=key(), push_endpoints=[pb.PushEndpoint()] * 100_000), "push_endpoints", 12),
        (ps.RegisterRequest(key=key(), custom_attributes={str(n): "" for n in range(65)}), "custom_attributes", 64),
        (
            ps.UpdateProfileDataRequest(profile=pb.Profile(key=key(), channels=[9] * ENDLESS)),  # type: ignore[list-item]
            "profile.channels",
            3,
        ),
        (
            ps.UpdateProfileDataRequest(profile=pb.Profile(key=key()), remove_custom_attributes=[""] * ENDLESS),
            "remove_custom_attributes",
            64,
        ),
        (ps.BatchHeartbeatRequest(keys=[key()] * 1001), "keys", 1000),
    ],
)
def test_the_items_of_a_list_without_end_are_not_looked_at(message: Message, field: str, limit: int) -> None:
    begun = thread_time()
    assert violations(message) == {field: f"must have at most {limit} items"}
    assert thread_time() - begun < 20, "seconds of CPU; to look at each takes minutes"


def lists(message: Descriptor, prefix: str = "") -> Iterator[tuple[str, int]]:
    for field in message.fields:
        if field.is_repeated:
            yield prefix + field.name, most_items(field)
        elif field.message_type is not None:
            yield from lists(field.message_type, f"{prefix}{field.name}.")


def test_every_list_whose_items_have_rules_is_bounded() -> None:
    """Else a request of some megabytes is looked at for minutes."""
    for name, request in VALID.items():
        unbounded = {path for path, limit in lists(cast("Descriptor", request.DESCRIPTOR)) if not limit}
        assert unbounded <= {"update_mask.paths"}, name


def test_an_item_of_a_batch_tells_its_first_problem() -> None:
    assert shape.problem(ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token="t")) == ""
    assert shape.problem(ps.PushFeedback(token="t")) == "provider is required"
    assert shape.problem(ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM)) == (
        "target exactly one of token, key is required"
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (
            {"provider": 1, "web_push": {"p256dh": bytes(65), "auth": bytes(16), "vapid_key_id": "v"}},
            "push_endpoints[0]",
        ),
        (
            {"provider": 4, "web_push": {"p256dh": bytes(64), "auth": bytes(16), "vapid_key_id": "v"}},
            "push_endpoints[0].web_push.p256dh",
        ),
        (
            {"provider": 4, "web_push": {"p256dh": bytes(65), "auth": bytes(15), "vapid_key_id": "v"}},
            "push_endpoints[0].web_push.auth",
        ),
        (
            {"provider": 4, "web_push": {"p256dh": bytes(65), "auth": bytes(16)}},
            "push_endpoints[0].web_push.vapid_key_id",
        ),
        ({"provider": 1, "apns_environment": 2}, "push_endpoints[0]"),
        ({"provider": 2, "apns_environment": 3}, "push_endpoints[0].apns_environment"),
    ],
)
def test_R10_R11_endpoints_have_what_their_provider_has(given: dict[str, Any], field: str) -> None:
    request = ps.RegisterRequest(key=key(), push_endpoints=[pb.PushEndpoint(token="https://h/a", **given)])
    with pytest.raises(Refused) as raised:
        shape.check(request)
    assert [v.field for v in raised.value.violations] == [field]


def test_R10_keys_without_a_token_are_refused() -> None:
    keys = pb.WebPushKeys(p256dh=bytes(65), auth=bytes(16), vapid_key_id="v")
    request = ps.RegisterRequest(key=key(), push_endpoints=[pb.PushEndpoint(provider=4, web_push=keys)])  # type: ignore[arg-type]  # the number
    with pytest.raises(Refused) as raised:
        shape.check(request)
    assert [v.field for v in raised.value.violations] == ["push_endpoints[0].token"]
