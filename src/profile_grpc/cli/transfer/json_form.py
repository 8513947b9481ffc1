"""The JSON form of records, several times faster than the protobuf library, which converts field by field in Python.

Both directions are compiled from the descriptors. What is read in an unusual form (snake_case names, numbers for
enumerations, null) and messages with fields of other kinds are left to the library, which also describes what is wrong.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

MessageT = TypeVar("MessageT", bound=Message)
_Show: TypeAlias = Callable[[Any], Any]
"""The JSON form of a field's value."""
_Put: TypeAlias = Callable[[Any, Any], None]
"""Sets a field of a message to a value in its JSON form."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - with a zone, `isoformat` would add it
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_DAY = 86_400
_NANOS = 1_000_000_000


class _Other(Exception):  # noqa: N818 - no failure: it is left to the library
    """A field of another kind, or a value in another form."""


def shown(message: Message) -> dict[str, Any]:
    """What MessageToDict returns."""
    try:
        plain: dict[str, Any] = _shown_as(message.DESCRIPTOR)(message)
    except (_Other, ValueError, OverflowError):
        return MessageToDict(message)
    return plain


def read(plain: Mapping[str, object], into: type[MessageT]) -> MessageT:
    """The message of the type, as ParseDict makes it.

    Raises:
        ParseError, ValueError, TypeError, AttributeError, RecursionError: it is none.
    """
    made = into()
    try:
        _reader(made.DESCRIPTOR)(made, plain)
    except (_Other, ValueError, TypeError):
        return ParseDict(dict(plain), into())
    return made


# --- messages to JSON ---


@cache
def _shown_as(message: Descriptor) -> _Show:
    fields = {field.number: (field.json_name, _field_shown(field)) for field in message.fields}

    def show(given: Message) -> dict[str, Any]:
        plain = {}
        for field, value in given.ListFields():
            name, show_value = fields[field.number]
            plain[name] = value if show_value is None else show_value(value)
        return plain

    return show


def _field_shown(field: FieldDescriptor) -> _Show | None:
    """None: the value is its own JSON form."""
    if _is_text_map(field):
        return dict
    if not field.is_repeated:
        return _value_shown(field)
    of_one = _value_shown(field)
    return list if of_one is None else lambda values: [of_one(value) for value in values]


def _value_shown(field: FieldDescriptor) -> _Show | None:
    if field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BOOL}:
        return None
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode()
    if field.enum_type is not None:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda number: names.get(number, number)
    return _other if (inner := _part(field)) is None else _instant_shown if inner is _TIMESTAMP else _shown_as(inner)


def _instant_shown(value: Timestamp) -> str:
    text, nanos = (_EPOCH + timedelta(0, value.seconds)).isoformat(), value.nanos
    if not nanos:
        return f"{text}Z"
    if not 0 < nanos < _NANOS:
        raise _Other
    if nanos % 1000:
        return f"{text}.{nanos:09}Z"
    return f"{text}.{nanos // 1000:06}Z" if nanos % 1_000_000 else f"{text}.{nanos // 1_000_000:03}Z"


# --- JSON to messages ---


@cache
def _reader(message: Descriptor) -> _Put:
    if any(len(oneof.fields) > 1 for oneof in message.oneofs):
        return _other
    fields = {field.json_name: _field_reader(field) for field in message.fields}

    def put(target: Message, plain: object) -> None:
        if type(plain) is not dict:
            raise _Other
        for name, value in plain.items():
            reader = fields.get(name)
            if reader is None:
                raise _Other
            reader(target, value)

    return put


def _field_reader(field: FieldDescriptor) -> _Put:
    name = field.name
    if _is_text_map(field):

        def put_map(target: Message, pairs: object) -> None:
            _check(pairs, dict)
            written = getattr(target, name)
            for key, value in pairs.items():  # type: ignore[attr-defined]
                _check(value, str)  # bytes, as of a Parquet column, would be taken for text
                written[key] = value

        return put_map
    if _is_map(field):
        return _other
    inner = _part(field)
    if field.is_repeated:
        return _list_reader(field, inner)
    if inner is None:
        value_of = _value_reader(field)
        return lambda target, value: setattr(target, name, value_of(value))
    read_inner = _put_instant if inner is _TIMESTAMP else _reader(inner)

    def put_message(target: Message, value: object) -> None:
        held = getattr(target, name)
        held.SetInParent()
        read_inner(held, value)

    return put_message


def _list_reader(field: FieldDescriptor, inner: Descriptor | None) -> _Put:
    name = field.name
    value_of = _value_reader(field) if inner is None else None

    def put(target: Message, values: object) -> None:
        _check(values, list)
        held = getattr(target, name)
        for value in values:  # type: ignore[attr-defined]
            if value_of is not None:
                held.append(value_of(value))
            elif inner is not None:
                _reader(inner)(held.add(), value)

    return put


def _value_reader(field: FieldDescriptor) -> _Show:
    if field.type == FieldDescriptor.TYPE_STRING:
        return lambda value: _check(value, str)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return lambda value: _check(value, bool)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64decode(_check(value, str), validate=True)
    if field.enum_type is not None:
        numbers = {name: value.number for name, value in field.enum_type.values_by_name.items()}
        return lambda name: numbers[name] if type(name) is str and name in numbers else _other(name)
    return _other


def _put_instant(target: Timestamp, text: object) -> None:
    found = _INSTANT.fullmatch(_check(text, str))
    if found is None:
        raise _Other
    since = datetime.fromisoformat(found[1]) - _EPOCH
    target.seconds = since.days * _DAY + since.seconds
    if found[2]:
        target.nanos = int(found[2].ljust(9, "0"))


# --- both ---

_TIMESTAMP = Timestamp.DESCRIPTOR


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _is_text_map(field: FieldDescriptor) -> bool:
    entry = field.message_type
    return (
        entry is not None and _is_map(field) and all(part.type == FieldDescriptor.TYPE_STRING for part in entry.fields)
    )


def _part(field: FieldDescriptor) -> Descriptor | None:
    """The type of a field that holds messages which have the general form in JSON."""
    inner = field.message_type
    is_special = inner is not None and (_is_map(field) or inner.file.package == "google.protobuf")
    if is_special and inner is not _TIMESTAMP:
        return None
    return inner


def _check(value: object, kind: type) -> Any:  # noqa: ANN401 - of that type
    if type(value) is not kind:
        raise _Other
    return value


def _other(*_: object) -> Any:  # noqa: ANN401 - nothing is returned
    raise _Other
