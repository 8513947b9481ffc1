"""Requests are checked before they are parsed, so that very long lists cost little."""

import pytest
from google.protobuf.message import Message

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.transport.grpc import wire
from tests.transport.grpc.support import VALID, key

ROOM = 4 * 1024 * 1024
"""The largest message that is taken."""
EMPTY_KEYS = b"\x0a\x00" * (ROOM // 2)


def varint(number: int) -> bytes:
    low, more = number & 127, number >> 7
    return bytes([low | 128]) + varint(more) if more else bytes([low])


def part(number: int, body: bytes) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def field(message: type[Message], name: str) -> int:
    number: int = message.DESCRIPTOR.fields_by_name[name].number
    return number


def refused(message: type[Message], raw: bytes) -> dict[str, str]:
    with pytest.raises(Refused) as raised:
        wire.check(message, raw)
    assert raised.value.reason is Reason.INVALID_REQUEST
    return {v.field: v.description for v in raised.value.violations}


def test_the_items_of_a_list_are_counted_before_they_are_parsed() -> None:
    assert refused(ps.BatchHeartbeatRequest, EMPTY_KEYS) == {"keys": "must have at most 1000 items"}


def test_items_are_counted_in_parts_of_a_message() -> None:
    attributes = part(field(pb.Profile, "custom_attributes"), b"") * 100_000
    raw = part(field(ps.UpdateProfileDataRequest, "profile"), attributes)
    assert refused(ps.UpdateProfileDataRequest, raw) == {"profile.custom_attributes": "must have at most 64 items"}


def test_packed_numbers_are_items() -> None:
    channels = part(field(ps.RegisterRequest, "channels"), b"\x01" * ROOM)
    assert refused(ps.RegisterRequest, channels) == {"channels": "must have at most 3 items"}


def test_a_list_without_a_limit_in_the_contract_has_one() -> None:
    mask = part(1, b"") * 50_000
    raw = part(field(ps.UpdateProfileDataRequest, "update_mask"), mask)
    assert refused(ps.UpdateProfileDataRequest, raw) == {"update_mask.paths": "must have at most 1000 items"}


@pytest.mark.parametrize(
    "unknown", [b"\xc0\x3e\x01", b"\xc3\x3e\xc4\x3e", b"\xc2\x3e\x00"], ids=["number", "group", "bytes"]
)
def test_unknown_fields_are_counted(unknown: bytes) -> None:
    assert refused(ps.HeartbeatRequest, unknown * (ROOM // len(unknown))) == {
        "": "must have at most 200000 fields in all"
    }


def test_what_is_allowed_passes() -> None:
    for request in VALID.values():
        wire.check(type(request), request.SerializeToString())
    large = pb.ProfileKey(app_id="shop", user_id="u" * 256, device_id="d" * 256)
    batch = ps.BatchHeartbeatRequest(keys=[large] * 1000)
    wire.check(ps.BatchHeartbeatRequest, batch.SerializeToString())
    attributes = {f"name-{n}": "x" * 1024 for n in range(64)}
    register = ps.RegisterRequest(key=key(), custom_attributes=attributes)
    wire.check(ps.RegisterRequest, register.SerializeToString())


@pytest.mark.parametrize("raw", [b"\xff" * 20_000, b"\x0a" + b"\xff" * 8 + b"\x01" + bytes(20_000), b"\x0f" * 20_000])
def test_bytes_that_are_no_message_are_left_to_the_parser(raw: bytes) -> None:
    wire.check(ps.HeartbeatRequest, raw)
