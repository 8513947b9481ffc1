"""The fast conversions to and from JSON agree with those of the protobuf library (I1, I3)."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from google.protobuf.json_format import Error, MessageToDict, ParseDict
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from appprofile.v1 import transfer_pb2
from profile_grpc.cli.transfer import json_form
from tests.transport.grpc.test_acceptance import VALID, message

RECORDS: tuple[Any, ...] = (transfer_pb2.ProfileRecord, transfer_pb2.CustomerRecord)
USUAL: Mapping[str, Any] = {
    "registerTime": "2026-01-02T03:04:05.678Z",
    "profile": {
        "key": {"userId": "ann", "deviceId": "phone"},
        "platform": "PLATFORM_IOS",
        "pushEndpoints": [
            {
                "provider": "PUSH_PROVIDER_WEB_PUSH",
                "token": "https://push.example.com/1",
                "webPush": {"p256dh": "BAEC", "auth": "AAEC", "vapidKeyId": "one"},
                "confirmTime": "2026-01-02T03:04:05Z",
            }
        ],
        "channels": ["CHANNEL_PUSH", "CHANNEL_IN_APP"],
        "guest": True,
        "language": "é",
        "customAttributes": {"tier": "gold"},
        "updateTime": "1969-12-31T23:59:59.000000001Z",
    },
}
INSTANTS = (
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.6Z",
    "2026-01-02T03:04:05.678901Z",
    "2026-01-02T03:04:05.123456789Z",
    "2026-01-02T03:04:05.1234567891Z",
    "2026-01-02T03:04:05+02:00",
    "2026-01-02T03:04:05",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05z",
    "2026-01-02T23:59:60Z",
    "2026-02-30T00:00:00Z",
    "2026-01-02T24:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "٢026-01-02T03:04:05Z",
    "",
)
OTHER: tuple[object, ...] = (
    None, True, False, 0, 1, 99, -1, 1.0, 1.5, b"a", "", "a", "1", "true", "CHANNEL_PUSH", "PLATFORM_IOS", "AAE=",
    "AAE", "A-E_", "not base64!", [], [None], ["a"], ["CHANNEL_PUSH", 1], [{}], [[]], {}, {"a": 1}, {"a": None},
    {"userId": "a", "user_id": "b"}, *INSTANTS,
)  # fmt: skip


def outcome(convert: Callable[[], object]) -> object:
    """The result, serialised if it is a message, or the kind of the error."""
    try:
        found = convert()
    except (Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        return type(error)
    return found.SerializeToString(deterministic=True) if isinstance(found, Message) else found


def places(plain: Any) -> Iterator[tuple[Any, Any]]:
    """The holders of all values, and their names or numbers."""
    for name, value in list(plain.items() if isinstance(plain, dict) else enumerate(plain)):
        yield plain, name
        if isinstance(value, dict | list):
            yield from places(value)


@st.composite
def changed(draw: st.DrawFn) -> tuple[type[Message], dict[str, Any]]:
    """A record in JSON in which some values or names are others."""
    of = draw(st.sampled_from(RECORDS))
    usual = copy.deepcopy(dict(USUAL)) if of is RECORDS[0] else {}
    plain: dict[str, Any] = usual or _plain(draw(message(of.DESCRIPTOR)))
    for _ in range(draw(st.integers(0, 3))):
        holder, name = draw(st.sampled_from([(plain, "profile"), *places(plain)]))
        if isinstance(holder, dict) and name in holder and draw(st.booleans()):
            holder[draw(st.sampled_from(["user_id", "register_time", "a", "", name]))] = holder.pop(name)
        else:
            holder[name] = copy.deepcopy(draw(st.sampled_from(OTHER)))
    return of, plain


def _plain(given: Message) -> dict[str, Any]:
    try:
        return MessageToDict(given)
    except Error:  # a time that is none
        return {}


@pytest.mark.parametrize("of", RECORDS, ids=lambda of: of.DESCRIPTOR.name)
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_I3_a_record_is_shown_as_by_the_library(of: Any, data: st.DataObject) -> None:
    record = data.draw(message(of.DESCRIPTOR))
    assert outcome(lambda: json_form.shown(record)) == outcome(lambda: MessageToDict(record))


@settings(max_examples=1500, deadline=None)
@given(changed())
def test_I1_a_record_is_read_as_by_the_library(given: tuple[type[Message], dict[str, Any]]) -> None:
    of, plain = given
    assert outcome(lambda: json_form.read(plain, of)) == outcome(lambda: ParseDict(plain, of()))


@pytest.mark.parametrize("text", INSTANTS, ids=ascii)
def test_I1_times_are_read_as_by_the_library(text: str) -> None:
    plain = {"registerTime": text}
    of = transfer_pb2.ProfileRecord
    assert outcome(lambda: json_form.read(plain, of)) == outcome(lambda: ParseDict(plain, of()))


@pytest.mark.parametrize("nanos", [0, 1, 999, 1000, 1_000_000, 123_000_000, 123_456_000, 999_999_999, -1, 10**9])
@pytest.mark.parametrize("seconds", [0, -1, 1_790_000_000, -62_135_596_800, 253_402_300_799, 253_402_300_800, -(2**62)])
def test_I3_times_are_shown_as_by_the_library(seconds: int, nanos: int) -> None:
    record = transfer_pb2.ProfileRecord()
    record.register_time.seconds, record.register_time.nanos = seconds, nanos
    assert outcome(lambda: json_form.shown(record)) == outcome(lambda: MessageToDict(record))


def test_the_usual_record_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the library is asked")

    monkeypatch.setattr(json_form, "ParseDict", refuse)
    monkeypatch.setattr(json_form, "MessageToDict", refuse)
    record = json_form.read(USUAL, transfer_pb2.ProfileRecord)
    assert json_form.shown(record) == USUAL
    assert json_form.shown(VALID)["profile"]["platform"] == "PLATFORM_IOS"
