"""The fast check of messages agrees with protovalidate, whatever a message holds."""

from collections.abc import Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, cast

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1 import recipient_pb2 as rp
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


REQUESTS: Sequence[Descriptor] = sorted(
    {
        method.input_type
        for name in ("profile", "app", "customer", "credential", "usage", "webhook")
        for service in import_module(f"appprofile.v1.{name}_service_pb2").DESCRIPTOR.services_by_name.values()
        for method in service.methods
    },
    key=attrgetter("name"),
)
USUAL: Sequence[Message] = (
    ps.RegisterRequest(key=key(), sequence=1, push_endpoints=[fcm("a")], channels=[profile_pb2.CHANNEL_PUSH]),
    ps.HeartbeatRequest(key=key()),
    ps.BatchHeartbeatRequest(keys=[key()]),
    ps.GetProfileRequest(key=key()),
    ps.UpdateProfileDataRequest(profile=profile_pb2.Profile(key=key()), remove_custom_attributes=["tier"]),
    ps.ListProfilesRequest(app_id="shop", page_size=10),
    ps.UnregisterRequest(key=key(), sequence=1),
    ps.ReportPushFeedbackRequest(app_id="shop", feedback=[ps.PushFeedback()]),
    ps.PushFeedback(provider=profile_pb2.PUSH_PROVIDER_FCM, token="a", http_status=404),
    rp.ResolveRecipientsRequest(
        app_id="shop", channel=profile_pb2.CHANNEL_PUSH, user_ids=rp.UserIds(user_ids=["ann"]), filter='guest = "a"'
    ),
    rp.CountRecipientsRequest(app_id="shop", channel=profile_pb2.CHANNEL_PUSH, everyone=True),
    ps.ExportProfilesRequest(app_id="shop"),
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
    if field.type in {FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64}:
        return st.integers(0, 5)
    return st.sampled_from([-1, 0, 1, 99, 100, 599, 600])


def several(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if not field.is_repeated:
        return value(field)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        parts = field.message_type.fields_by_name
        few = st.dictionaries(value(parts["key"]), value(parts["value"]), max_size=4)
        if parts["value"].message_type is not None:
            return few
        return few | st.builds(lambda number: {f"a{n}": "" for n in range(number)}, st.integers(62, 66))
    return st.lists(value(field), max_size=4) | st.lists(value(field), min_size=11, max_size=13)


@st.composite
def message(draw: st.DrawFn, of: Descriptor, *, few: bool = True) -> Message:
    """A message in which few fields are set, often one with a required field or none; or often all of them."""
    made = GetMessageClass(of)()
    fields = list(of.fields)
    if not fields:
        return made
    chosen = st.lists(st.sampled_from(fields), max_size=3, unique_by=lambda field: field.name)
    for field in draw(chosen if few else chosen | st.just(fields)):
        put(made, field, draw(several(field)))
    return made


def wrong(given: Message) -> bool:
    """Whether protovalidate finds anything."""
    return bool(shape._VALIDATOR.collect_violations(given))


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
    if not isinstance(given, dict):
        held.extend(given)
        return
    for name, part in given.items():
        if isinstance(part, Message):
            held[name].CopyFrom(part)
        else:
            held[name] = part


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


@st.composite
def changed(draw: st.DrawFn, usual: Message) -> Message:
    """The message, in which one or two fields of it or of the messages in it have other values or none."""
    made = type(usual)()
    made.CopyFrom(usual)
    for _ in range(draw(st.integers(1, 2))):
        holders = [made, *(given for field, given in made.ListFields() if isinstance(given, Message))]
        holder = draw(st.sampled_from(holders))
        field = draw(st.sampled_from(list(fields_of(holder))))
        holder.ClearField(field.name)
        if draw(st.booleans()):
            put(holder, field, draw(several(field)))
    return made


@settings(max_examples=1500, deadline=None)
@given(nearly_valid())
def test_I1_a_record_is_accepted_exactly_if_protovalidate_finds_nothing(record: ProfileRecord) -> None:
    found = wrong(record)
    accepted = acceptance.accepts(record)
    assert not (accepted and found), found
    with_keys = any(e.HasField("web_push") or e.apns_environment for e in record.profile.push_endpoints)
    if with_keys or not str(record).isascii() or "\\" in str(record):
        return  # it may be left to protovalidate
    assert accepted == (not found), found


@settings(max_examples=500, deadline=None)
@given(message(ProfileRecord.DESCRIPTOR))
def test_I1_a_record_of_any_content_is_accepted_only_if_protovalidate_finds_nothing(record: ProfileRecord) -> None:
    assert not (acceptance.accepts(record) and wrong(record))


@pytest.mark.parametrize("of", REQUESTS, ids=lambda of: of.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_request_is_accepted_only_if_protovalidate_finds_nothing(of: Descriptor, data: st.DataObject) -> None:
    given = data.draw(message(of, few=False))
    assert not (acceptance.accepts(given) and wrong(given))


@pytest.mark.parametrize("usual", USUAL, ids=lambda usual: usual.DESCRIPTOR.name)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_nearly_valid_request_is_accepted_only_if_protovalidate_finds_nothing(
    usual: Message, data: st.DataObject
) -> None:
    made = data.draw(changed(usual))
    assert not (acceptance.accepts(made) and wrong(made))


@pytest.mark.parametrize("given", USUAL, ids=lambda given: given.DESCRIPTOR.name)
def test_the_usual_requests_need_no_second_check(given: Message) -> None:
    assert acceptance.accepts(given)
    assert not wrong(given)


@pytest.mark.parametrize("record", [VALID, ProfileRecord(profile=profile_pb2.Profile(key=key()))])
def test_the_usual_record_needs_no_second_check(record: ProfileRecord) -> None:
    assert acceptance.accepts(record)


def test_rules_of_other_kinds_are_left_to_protovalidate() -> None:
    """RemoveAccountRequest has an expression over two fields."""
    sound = ps.RemoveAccountRequest(app_id="shop", username="ann", tokens=[ps.ReportedToken(token="t")])
    shape.check(sound)
    assert not wrong(sound)
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
