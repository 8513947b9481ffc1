"""Counts list items in the bytes of a large message before it is parsed, and refuses lists that are too long.

Four megabytes can contain two million empty items. Parsing them takes half a gigabyte and a second, in which no other
call is answered.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2
from profile_grpc.domain.errors import invalid

SMALL = 16 * 1024
"""Bytes. A message up to this size cannot contain many items."""
_SMALL_PART = 256
"""Bytes. Nested messages up to this size are skipped."""
_MOST_FIELDS = 200_000
"""Fields of one request, including unknown ones."""
_DEFAULT_LIMIT = 1000
"""Items of a list for which the contract has no limit of its own."""
_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = range(6)
_CONTINUED = bytes(range(0x80, 0x100))
_MOST_NESTED = 100
_MORE = 0x80
"""The continuation bit of a varint."""
_LONGEST_SHIFT = 63


@dataclass(slots=True)
class _Known:
    """The fields of a message type, by number."""

    names: dict[int, str] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)
    """Of lists and maps."""
    packed: set[int] = field(default_factory=set)
    """Lists of varints, which may be packed into bytes."""
    parts: dict[int, Descriptor] = field(default_factory=dict)


def check(message: type[Message], raw: bytes) -> None:
    """Refuses a message with a longer list than the contract allows, or with more fields than any request has.

    Bytes that are not a message at all are left to the parser.

    Raises:
        Refused: INVALID_REQUEST.
    """
    if len(raw) > SMALL:
        _Reader(raw).read(cast("Descriptor", message.DESCRIPTOR))


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._fields = 0

    def read(self, message: Descriptor) -> None:
        try:
            self._message(message, 0, len(self._raw), "", 0)
        except (IndexError, _Malformed):
            return

    def _message(self, message: Descriptor, at: int, end: int, path: str, depth: int) -> None:
        known = _known(message)
        counts: Counter[int] = Counter()
        groups = 0
        while at < end:
            self._fields += 1
            if self._fields > _MOST_FIELDS:
                raise invalid("", f"must have at most {_MOST_FIELDS} fields in all")
            tag, at = self._varint(at)
            number, kind = tag >> 3, tag & 7
            start = at
            if kind == _BYTES:
                length, start = self._varint(at)
                at = start + length
                if at > end:
                    raise _Malformed
            elif kind in (_GROUP, _END_GROUP):
                groups += 1 if kind == _GROUP else -1
            else:
                at = self._skip(kind, at)
            if groups or number not in known.names:
                continue
            limit = known.limits.get(number)
            if limit is not None:
                counts[number] += self._items(known, number, kind, start, at)
                if counts[number] > limit:
                    raise invalid(path + known.names[number], f"must have at most {limit} items")
            part = known.parts.get(number)
            if part is not None and kind == _BYTES and at - start > _SMALL_PART and depth < _MOST_NESTED:
                self._message(part, start, at, f"{path}{known.names[number]}.", depth + 1)

    def _items(self, known: _Known, number: int, kind: int, start: int, end: int) -> int:
        """How many items of a list the field contains: more than one if they are packed."""
        if kind != _BYTES or number not in known.packed:
            return 1
        return len(self._raw[start:end].translate(None, _CONTINUED))

    def _varint(self, at: int) -> tuple[int, int]:
        raw, byte = self._raw, self._raw[at]
        if byte < _MORE:
            return byte, at + 1
        value, shift = byte & 127, 7
        while True:
            at += 1
            byte = raw[at]
            value |= (byte & 127) << shift
            if byte < _MORE:
                return value, at + 1
            shift += 7
            if shift > _LONGEST_SHIFT:
                raise _Malformed

    def _skip(self, kind: int, at: int) -> int:
        if kind == _VARINT:
            return self._varint(at)[1]
        if kind == _FIXED64:
            return at + 8
        if kind == _FIXED32:
            return at + 4
        raise _Malformed


class _Malformed(Exception):  # noqa: N818 - nothing is wrong with this program
    """The bytes are not a message."""


@cache
def _known(message: Descriptor) -> _Known:
    known = _Known()
    for each in message.fields:
        known.names[each.number] = each.name
        if each.message_type is not None:
            known.parts[each.number] = each.message_type
        if each.is_repeated:
            known.limits[each.number] = most_items(each) or _DEFAULT_LIMIT
            if each.type in _VARINTS:
                known.packed.add(each.number)
    return known


_VARINTS = frozenset(
    {
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_ENUM,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_SINT32,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
    }
)


def most_items(each: FieldDescriptor) -> int:
    """How many items a list or map may have by the contract; 0: it has no limit of its own."""
    rules = each.GetOptions().Extensions[validate_pb2.field]
    limit: int = rules.map.max_pairs or rules.repeated.max_items
    return limit
