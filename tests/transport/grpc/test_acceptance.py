"""The fast check of records agrees with protovalidate, whatever a record holds (I1)."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1.transfer_pb2 import ProfileRecord
from buf.validate.validate_pb2 import StringRules
from profile_grpc.transport.grpc import acceptance, shape
from tests.transport.grpc.support import fcm, key

LENGTHS = (0, 1, 15, 16, 17, 63, 64, 65, 128, 129, 256, 257, 512, 513, 1024, 1025, 4096, 4097)
TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "shop", "Shop", "-a", "a\n", "\n", "a\x00b", "\x7f", "\x85", "\x9f", "\xa0", "\u2028", "_a", "a_1"]
    ),
    st.builds(lambda character, number: character * number, st.sampled_from("aé漢🙂"), st.sampled_from(LENGTHS)),
    st.text(max_size=70),
)
VALID = ProfileRecord(
    profile=profile_pb2.Profile(
        key=key(),
        platform=profile_pb2.PLATFORM_IOS,
        push_endpoints=[fcm("a"), fcm("b", purpose=profile_pb2.PUSH_PURPOSE_INCOMING_CALL)],
        channels=[profile_pb2.CHANNEL_PUSH],
        custom_attributes={"tier": "gold"},
        device_attributes={"battery_level": "85"},
        language="",
    )
)


def value(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    """Values on both sides of each limit."""
    if field.message_type is not None:
        return message(field.message_type)
    if field.enum_type is not None:
        return st.integers(-1, 6)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.builds(lambda number: b"x" * number, st.sampled_from(LENGTHS))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type == FieldDescriptor.TYPE_STRING:
        return TEXTS
    return st.integers(-5, 5)


def several(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if not field.is_repeated:
        return value(field)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        parts = field.message_type.fields_by_name
        few = st.dictionaries(value(parts["key"]), value(parts["value"]), max_size=4)
        return few | st.builds(lambda number: {f"a{n}": "" for n in range(number)}, st.integers(62, 66))
    return st.lists(value(field), max_size=4) | st.lists(value(field), min_size=11, max_size=13)


@st.composite
def message(draw: st.DrawFn, of: Descriptor) -> Message:
    """A message in which few fields are set, often one with a required field or none."""
    made = GetMessageClass(of)()
    for field in draw(st.lists(st.sampled_from(list(of.fields)), max_size=3, unique_by=lambda field: field.name)):
        put(made, field, draw(several(field)))
    return made


def fields_of(holder: Message) -> Sequence[FieldDescriptor]:
    """The fields of its type."""
    return cast("Sequence[FieldDescriptor]", holder.DESCRIPTOR.fields)


def put(holder: Message, field: FieldDescriptor, given: Any) -> None:
    if not field.is_repeated:
        if field.message_type is not None:
            getattr(holder, field.name).CopyFrom(given)
        else:
            setattr(holder, field.name, given)
        return
    holder.ClearField(field.name)
    held = getattr(holder, field.name)
    held.update(given) if isinstance(given, dict) else held.extend(given)


@st.composite
def nearly_valid(draw: st.DrawFn) -> ProfileRecord:
    """A valid record in which one to three fields at any depth have other values."""
    made = ProfileRecord()
    made.CopyFrom(VALID)
    for _ in range(draw(st.integers(0, 3))):
        holder: Message = draw(
            st.sampled_from([made.profile, made.profile, made.profile.key, *made.profile.push_endpoints])
        )
        field = draw(st.sampled_from(list(fields_of(holder))))
        put(holder, field, draw(several(field)))
    return made


@settings(max_examples=1500, deadline=None)
@given(nearly_valid())
def test_I1_a_record_is_accepted_exactly_if_protovalidate_finds_nothing(record: ProfileRecord) -> None:
    found = shape.problem(record)
    accepted = acceptance.accepts(record)
    assert not (accepted and found), found
    with_keys = any(e.HasField("web_push") or e.apns_environment for e in record.profile.push_endpoints)
    if with_keys or not str(record).isascii() or "\\" in str(record):
        return  # it may be left to protovalidate
    assert accepted == (not found), found


@settings(max_examples=500, deadline=None)
@given(message(ProfileRecord.DESCRIPTOR))
def test_I1_a_record_of_any_content_is_accepted_only_if_protovalidate_finds_nothing(record: ProfileRecord) -> None:
    assert not (acceptance.accepts(record) and shape.problem(record))


@pytest.mark.parametrize("record", [VALID, ProfileRecord(profile=profile_pb2.Profile(key=key()))])
def test_the_usual_record_needs_no_second_check(record: ProfileRecord) -> None:
    assert acceptance.accepts(record)


def test_rules_of_other_kinds_are_left_to_protovalidate() -> None:
    """PushFeedback has a required oneof and a range of numbers."""
    sound = ps.PushFeedback(provider=profile_pb2.PUSH_PROVIDER_FCM, token="t")
    assert shape.problem(sound) == ""
    assert not acceptance.accepts(sound)


@pytest.mark.parametrize("character", ["a", "é", "漢", "🙂"], ids=["one", "two", "three", "four"])
@pytest.mark.parametrize(("name", "most"), [("language", 64), ("device_model", 128), ("rtm_id", 256)])
def test_a_text_beyond_its_limit_in_bytes_is_not_accepted(name: str, most: int, character: str) -> None:
    record = ProfileRecord()
    record.CopyFrom(VALID)
    for length in range(1, most + 2):
        setattr(record.profile, name, character * length)
        if len((character * length).encode()) > most:
            assert not acceptance.accepts(record)
        elif length <= most // 4 or character == "a":
            assert acceptance.accepts(record)


@pytest.mark.parametrize("control", ["\x00", "\n", "\x1f", "\x7f", "\x80", "\x9f"], ids=ascii)
def test_a_control_character_is_not_accepted(control: str) -> None:
    for name in ("user_id", "device_id"):
        for text in (control, f"a{control}", f"{control}a"):
            record = ProfileRecord()
            record.CopyFrom(VALID)
            setattr(record.profile.key, name, text)
            assert not acceptance.accepts(record)


def test_what_is_required_is_not_accepted_without() -> None:
    for holder, names in (("key", ("app_id", "user_id", "device_id")), ("push_endpoints", ("provider", "token"))):
        for name in names:
            record = ProfileRecord()
            record.CopyFrom(VALID)
            held: Message = record.profile.key if holder == "key" else record.profile.push_endpoints[0]
            held.ClearField(name)
            assert not acceptance.accepts(record)
    assert not acceptance.accepts(ProfileRecord())


@pytest.mark.parametrize(
    ("rules", "valid", "invalid"),
    [
        (StringRules(max_bytes=2, pattern="^a+$|^b+$"), ["a"], ["bbb", "aaa"]),
        (StringRules(pattern="^.+$"), ["a"], ["\n", "a\nb"]),
        (StringRules(max_bytes=0), [""], ["a"]),
        (StringRules(max_len=0), [""], ["a"]),
        (StringRules(max_bytes=2), ["\n"], ["a\nb"]),
    ],
    ids=["alternatives", "any character", "no bytes", "no characters", "lines"],
)
def test_a_text_is_checked_as_RE2_would(rules: StringRules, valid: Sequence[str], invalid: Sequence[str]) -> None:
    check = acceptance._text(rules)
    assert check is not None
    assert all(check(text) for text in valid)
    assert not any(check(text) for text in invalid)


@pytest.mark.parametrize("pattern", ["^[[:alpha:]]$", "^(?i)a$", r"^\s$", "a"])
def test_a_pattern_that_RE2_may_read_differently_is_left_to_protovalidate(pattern: str) -> None:
    with pytest.raises(acceptance._Unknown):
        acceptance._text(StringRules(pattern=pattern))
