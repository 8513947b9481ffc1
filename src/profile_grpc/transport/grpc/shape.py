"""Shape rules: checks the protovalidate annotations of the contract. Rules about state are in the domain."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import protovalidate
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from profile_grpc.domain.errors import FieldViolation, Reason, Refused, invalid
from profile_grpc.transport.grpc.acceptance import accepts
from profile_grpc.transport.grpc.wire import most_items

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
    return None if violation is None else invalid(violation.field, violation.description)


def refuse_paths(wrong: Iterable[str], read_only: Collection[str], of: str) -> None:
    """Refuses these paths of the mask of a message (`of`: "an app"), if there are any.

    Raises:
        Refused: UNKNOWN_FIELD.
    """
    paths = sorted(wrong)
    if paths:
        unknown = f"is not a field of {of}"
        violations = [FieldViolation(path, "is read-only" if path in read_only else unknown) for path in paths]
        message = f"The update_mask names fields that cannot be written: {', '.join(paths)}."
        raise Refused.for_fields(Reason.UNKNOWN_FIELD, message, violations)


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
    _VALIDATOR.collect_violations(empty)


def _too_long(message: Message, prefix: str = "") -> Sequence[FieldViolation]:
    """The lists and maps with too many items, in the message and in the messages in it.

    Checked before all other rules, which are evaluated for each item: a large request has millions of items.
    """
    given = message.ListFields()
    found = [
        FieldViolation(prefix + field.name, f"must have at most {limit} items")
        for field, value in given
        if field.is_repeated and 0 < (limit := most_items(field)) < len(value)
    ]
    for field, value in given:
        if field.message_type is not None and not field.is_repeated:
            found += _too_long(value, f"{prefix}{field.name}.")
    return found


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
