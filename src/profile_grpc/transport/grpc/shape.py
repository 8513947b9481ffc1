"""Shape rules: checks the protovalidate annotations of the contract. Rules about state are in the domain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, cast

import protovalidate
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2
from profile_grpc.domain.errors import FieldViolation, Reason, Refused
from profile_grpc.transport.grpc.acceptance import accepts

if TYPE_CHECKING:
    from protovalidate import FieldPathElementPb, Violation

_MAX_KEY = 64
_PATTERNS: Mapping[str, str] = {
    r"^[a-z0-9][a-z0-9._-]*$": "must be 1 or more of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
    r"^([a-z0-9][a-z0-9._-]*)?$": "must be of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
    r"^[^\p{Cc}]+$": "must not be empty or contain control characters",
    r"^[^\p{Cc}]*$": "must not contain control characters",
    r"^[a-z][a-z0-9_]*$": "must be a name in snake_case",
    r"^[a-z0-9]+$": "must be 1 or more of a-z, 0-9",
    r"^[a-z0-9]*$": "must be of a-z, 0-9",
    r"^[A-Za-z0-9.-]+$": "must be 1 or more of A-Z, a-z, 0-9, '.', '-'",
    r"^[A-Za-z0-9.-]*$": "must be of A-Z, a-z, 0-9, '.', '-'",
    r"^[A-Za-z0-9@._-]+$": "must be 1 or more of A-Z, a-z, 0-9, '@', '.', '_', '-'",
    r"^https://[^\s\p{Cc}]+$": "must be an https URL",
    r"^(https://[^\s\p{Cc}]+)?$": "must be an https URL",
    r"^(mailto:[^\s\p{Cc}@]+@[^\s\p{Cc}@]+|https://[^\s\p{Cc}]+)$": "must be a mailto: or https URL",
}
_WORDS: Mapping[str, str] = {
    "must not be in list [0]": "is required",
    "value is required": "is required",
    "value must be one of the defined enum values": "must be a value of the enumeration",
    "must be at least 1 bytes": "must not be empty",
    "repeated value must contain unique items": "must not contain duplicates",
}
_ONE_OF = "exactly one field is required in oneof"
_VALIDATOR = protovalidate.Validator()


def check(message: Message) -> None:
    """Checks a request.

    Raises:
        Refused: INVALID_REQUEST, with the fields and what is expected of them, never a value.
    """
    if accepts(message):
        return
    violations = _too_long(message) or [_describe(v, message) for v in _VALIDATOR.collect_violations(message)]
    if violations:
        text = "; ".join(f"{v.field or 'the request'}: {v.description}" for v in violations)
        raise Refused.for_fields(Reason.INVALID_REQUEST, f"The request is not valid: {text}.", violations)


def refused_item(message: Message) -> Refused | None:
    """The refusal of one item of a batch, with its first violation, or None."""
    violation = _first(message)
    if violation is None:
        return None
    text = f"The request is not valid: {violation.field or 'the request'}: {violation.description}."
    return Refused.for_fields(Reason.INVALID_REQUEST, text, [violation])


def problem(message: Message) -> str:
    """What is wrong with one item of a batch, or an empty string."""
    violation = _first(message)
    return "" if violation is None else f"{violation.field} {violation.description}".strip()


def _first(message: Message) -> FieldViolation | None:
    if accepts(message):
        return None
    found = _VALIDATOR.collect_violations(message, fail_fast=True)
    return _describe(found[0], message) if found else None


def prepare(message: type[Message]) -> None:
    """Compiles the rules of a message type, so that a faulty rule stops the start and no call waits for it."""
    empty = message()
    accepts(empty)
    _bounded_lists(message.DESCRIPTOR)
    _VALIDATOR.collect_violations(empty)


def _too_long(message: Message) -> Sequence[FieldViolation]:
    """The lists with too many items.

    Checked before all other rules, which are evaluated for each item: a large request has millions of items.
    """
    found: list[FieldViolation] = []
    for prefix, holder, lists in _bounded_lists(message.DESCRIPTOR):
        held = holder(message)
        for name, limit in lists:
            if len(getattr(held, name)) > limit:
                found.append(FieldViolation(prefix + name, f"must have at most {limit} items"))
    return found


@cache
def _bounded_lists(
    message: Descriptor,
) -> Sequence[tuple[str, Callable[[Message], Message], Sequence[tuple[str, int]]]]:
    """The lists and maps of a message and of its nested messages, by the message that contains them.

    For each such message: its path, a getter, and the names of its lists with their limits.
    """
    return [(prefix, attrgetter(prefix[:-1]) if prefix else _itself, lists) for prefix, lists in _bounds(message, "")]


def _itself(message: Message) -> Message:
    return message


def _bounds(message: Descriptor, prefix: str) -> Iterator[tuple[str, Sequence[tuple[str, int]]]]:
    limits = [(field.name, _limit(field)) for field in message.fields if field.is_repeated]
    lists = [(name, limit) for name, limit in limits if limit]
    if lists:
        yield prefix, lists
    for field in message.fields:
        if field.message_type is not None and not field.is_repeated:
            yield from _bounds(field.message_type, f"{prefix}{field.name}.")


def _limit(field: FieldDescriptor) -> int:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    limit: int = rules.map.max_pairs or rules.repeated.max_items
    return limit


def _describe(violation: Violation, message: Message) -> FieldViolation:
    """The field of the message and what is expected of it.

    Contains no values, because `debug_redact` fields could be among them.
    """
    proto = violation.proto
    elements = proto.field.elements if proto.field is not None else ()
    path = ".".join(_step(element) for element in elements)
    description = _WORDS.get(proto.message, proto.message)
    if proto.rule_id == "string.pattern":
        description = _PATTERNS.get(violation.rule_value, description)
    elif proto.message == _ONE_OF:
        description = (
            f"exactly one of {', '.join(_alternatives(cast('Descriptor', message.DESCRIPTOR), elements))} is required"
        )
    return FieldViolation(path, f"its key {description}" if proto.for_key else description)


def _alternatives(message: Descriptor, path: Sequence[FieldPathElementPb]) -> Sequence[str]:
    """The fields of the oneof at the end of the path."""
    for element in path[:-1]:
        inner = cast("Descriptor", message.fields_by_name[element.field_name].message_type)
        if inner.GetOptions().map_entry:
            inner = cast("Descriptor", inner.fields_by_name["value"].message_type)
        message = inner
    return [field.name for field in message.oneofs_by_name[path[-1].field_name].fields]


def _step(element: FieldPathElementPb) -> str:
    subscript = element.subscript
    if subscript is None:
        return element.field_name
    if subscript.field == "index":
        return f"{element.field_name}[{subscript.value}]"
    return f"{element.field_name}[{json.dumps(str(subscript.value)[:_MAX_KEY])}]"
