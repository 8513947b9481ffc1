"""The entries of a file of records: JSON Lines, or what a reader of another format makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple, TypeAlias, TypeVar

import msgspec
from google.protobuf.json_format import ParseError
from google.protobuf.message import Message

from profile_grpc.cli.transfer import json_form
from profile_grpc.converters.outcomes import Refused
from profile_grpc.converters.reading import lines

MALFORMED = "MALFORMED"
LONGEST_LINE = 4 << 20
"""Bytes. A message may have so many."""
MessageT = TypeVar("MessageT", bound=Message)
decode = msgspec.json.Decoder().decode
"""What a JSON text holds. Unlike the standard library it refuses half a surrogate pair, on which protobuf's fails.

Raises:
    ValueError, RecursionError.
"""
_FIELD = re.compile(r"Failed to parse (\w+) field|no field named \"(\w{1,64})\"")


class Entry(NamedTuple):
    """One line, row or element of a file, from 1."""

    number: int
    record: Mapping[str, object] | None
    """In the JSON form of the contract's record; None: there is none, for the reason."""
    reason: str = ""
    description: str = ""
    """Holds nothing of the entry."""
    notes: tuple[str, ...] = ()
    """What of the entry had no place."""
    skipped: bool = False
    """Whether it is sound, and no record all the same."""


Entries: TypeAlias = Iterator[Entry]


def json_lines(stream: BinaryIO) -> Entries:
    """The JSON object of each line. Empty lines are passed over. The stream may be compressed, and may be UTF-16."""
    for line in lines(stream, LONGEST_LINE):
        if isinstance(line, Refused):
            yield Entry(line.number, None, line.reason.value, line.description)
        else:
            yield _read(line.number, line.content)


def _read(number: int, line: bytes) -> Entry:
    try:
        found = decode(line)
    except (ValueError, RecursionError):
        return Entry(number, None, MALFORMED, "is not JSON in UTF-8")
    if not isinstance(found, dict):
        return Entry(number, None, MALFORMED, "is not a JSON object")
    return Entry(number, found)


def message(entry: Entry, into: type[MessageT]) -> MessageT | Entry:
    """The record as a message, or why it is none. No value of the entry is repeated: it may be a token."""
    if entry.record is None:
        return entry
    try:
        return json_form.read(entry.record, into)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        fields = [one or other for one, other in _FIELD.findall(str(error))]
        why = f"has an unknown field or a wrong value: {'.'.join(fields)}" if fields else "is not a record"
        return Entry(entry.number, None, MALFORMED, f"{why}; docs/import-export.md shows a record")
