"""A check that accepts valid messages several times faster than protovalidate does.

It is compiled from the annotations of the contract, so that no rule is written twice. It only accepts: what it does
not accept, protovalidate decides and describes. Messages with a rule of another kind are all left to protovalidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2

Check: TypeAlias = Callable[[Any], bool]
"""Whether a value obeys the rules."""

_CONTROL = r"\x00-\x1f\x7f-\x9f"
"""The characters of the category Cc, in a set of a pattern."""
_DIFFERS = re.compile(r"\\|\[:|\(\?")
"""What Python and RE2 may read differently: classes such as \\s and [:alpha:], and flags."""
_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64"})
_SCALARS = frozenset({"string", "bytes", "enum", "bool", *_INTEGERS})
_WIDEST = 4
"""Bytes of a character in UTF-8, at most. A text that is not ASCII and long is left to protovalidate."""
_UNSET: Mapping[str, str] = {
    "!has(this.web_push) || this.provider == 4": "web_push",
    "this.apns_environment == 0 || this.provider == 2 || this.provider == 3": "apns_environment",
}
"""For expressions of messages: a field without which they are true. A message with it is left to protovalidate."""
_IMPLIED: Mapping[str, Check] = {
    "this == 0 || (this >= 100 && this <= 599)": lambda number: number == 0 or 100 <= number <= 599,  # noqa: PLR2004
    "this.size() < 2 || this.map(e, int(e.provider) * 10 + (int(e.purpose) == 0 ? 1 : int(e.purpose))).unique()": (
        lambda endpoints: (
            len(endpoints) == 1 or len({(e.provider, e.purpose or 1) for e in endpoints}) == len(endpoints)
        )
    ),
}
"""For expressions of fields: a condition that implies them."""


class _Unknown(Exception):  # noqa: N818 - no failure: the messages are left to protovalidate
    """A rule of a kind that is not known here."""


def accepts(message: Message) -> bool:
    """Whether the message is certainly valid."""
    return _compiled(message.DESCRIPTOR)(message)


@cache
def _compiled(message: Descriptor) -> Check:
    try:
        return _message(message) or _anything
    except _Unknown:
        return _nothing


def _anything(_: object) -> bool:
    return True


def _nothing(_: object) -> bool:
    return False


def _message(message: Descriptor) -> Check | None:
    """The check of a message; None: it has no rules."""
    alternatives = [oneof.name for oneof in message.oneofs if _is_required(oneof)]
    unset = _unset(message)
    of_fields: dict[int, tuple[Check, bool]] = {}
    for field in message.fields:
        check, needed = (_nothing, False) if field.name in unset else _field(field)
        if check is not None or needed:
            of_fields[field.number] = (check or _anything, needed)
    if not of_fields and not alternatives:
        return None
    required = sum([needed for _, needed in of_fields.values()])

    def obeys(given: Message) -> bool:
        missing = required
        for field, value in given.ListFields():
            known = of_fields.get(field.number)
            if known is not None:
                if not known[0](value):
                    return False
                missing -= known[1]
        return not missing and (not alternatives or all(map(given.WhichOneof, alternatives)))

    return obeys


def _is_required(oneof: OneofDescriptor) -> bool:
    if not oneof.has_options:
        return False
    rules = oneof.GetOptions().Extensions[validate_pb2.oneof]
    _only(rules, {"required"})
    return rules.required


def _unset(message: Descriptor) -> Container[str]:
    """The fields that must not be set."""
    rules = message.GetOptions().Extensions[validate_pb2.message]
    _only(rules, {"cel"})
    if any(rule.expression not in _UNSET for rule in rules.cel):
        raise _Unknown
    return {_UNSET[rule.expression] for rule in rules.cel}


def _field(field: FieldDescriptor) -> tuple[Check | None, bool]:
    """The check of the field's value where it is set, and whether it must be set."""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    if rules.ignore == validate_pb2.IGNORE_ALWAYS:
        return None, False
    check = _value(field, rules)
    if rules.repeated.items.ignore == validate_pb2.IGNORE_ALWAYS:
        pass  # each item is checked where it is used
    elif field.is_repeated and not _is_map(field) and field.message_type is not None:
        check = _all([check, _each(_message(field.message_type))])
    elif field.message_type is not None and not field.is_repeated:
        check = _all([check, _message(field.message_type)])
    checks_zero = not field.has_presence and rules.ignore == validate_pb2.IGNORE_UNSPECIFIED
    zero: Any = () if field.is_repeated else field.default_value
    return check, rules.required or (checks_zero and check is not None and not check({} if _is_map(field) else zero))


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _part(field: FieldDescriptor, name: str) -> FieldDescriptor:
    """The key or the value of a map, which is no message."""
    entry = field.message_type
    if entry is None or (found := entry.fields_by_name[name]).message_type is not None:
        raise _Unknown
    return found


def _value(field: FieldDescriptor, rules: validate_pb2.FieldRules) -> Check | None:
    """The check by the rules of the field itself."""
    _only(rules, {"required", "ignore", "cel", "repeated", "map", *_SCALARS})
    checks: list[Check | None] = [_expression(rule) for rule in rules.cel]
    if rules.HasField("map"):
        checks.append(_pairs(field, rules.map))
    elif _is_map(field):
        _part(field, "value")
    elif rules.HasField("repeated"):
        checks.append(_items(field, rules.repeated))
    else:
        checks.append(_scalar(field, rules))
    return _all(checks)


def _scalar(field: FieldDescriptor, rules: validate_pb2.FieldRules) -> Check | None:
    if rules.HasField("string"):
        return _text(rules.string)
    if rules.HasField("bytes"):
        _only(rules.bytes, {"len"})
        length = rules.bytes.len
        return lambda value: len(value) == length
    if rules.HasField("bool"):
        _only(rules.bool, {"const"})
        wanted = rules.bool.const
        return lambda value: value is wanted
    if rules.HasField("enum"):
        _only(rules.enum, {"defined_only", "not_in"})
        if not rules.enum.defined_only or field.enum_type is None:
            raise _Unknown
        numbers = frozenset(field.enum_type.values_by_number) - frozenset(rules.enum.not_in)
        return numbers.__contains__
    kind = rules.WhichOneof("type")
    if kind in _INTEGERS:
        limits = getattr(rules, kind)
        _only(limits, {"gte"})
        least = limits.gte
        return lambda number: number >= least
    return None


def _text(rules: validate_pb2.StringRules) -> Check | None:
    """One regular expression for all rules: most of the time goes into calls."""
    _only(rules, {"min_bytes", "min_len", "max_bytes", "max_len", "pattern"})
    ahead = ""
    if rules.min_bytes or rules.min_len:
        if rules.min_bytes > 1 or rules.min_len > 1:
            raise _Unknown
        ahead += "(?=.)"
    if rules.HasField("max_bytes"):
        ahead += rf"(?=[\x00-\x7f]{{0,{rules.max_bytes}}}\Z|.{{0,{rules.max_bytes // _WIDEST}}}\Z)"
    if rules.HasField("max_len"):
        ahead += rf"(?=.{{0,{rules.max_len}}}\Z)"
    if not ahead and not rules.pattern:
        return None
    pattern = _plain(rules.pattern) if rules.pattern else "(?s:.*)"
    return re.compile(f"(?s:{ahead})(?:{pattern})").fullmatch  # type: ignore[return-value] # a match is true


def _plain(pattern: str) -> str:
    """The pattern for Python."""
    plain = pattern.replace(r"\p{Cc}", _CONTROL)
    if not (plain.startswith("^") and plain.endswith("$")) or _DIFFERS.search(plain.replace(_CONTROL, "")):
        raise _Unknown
    return plain.removeprefix("^").removesuffix("$")


def _items(field: FieldDescriptor, rules: validate_pb2.RepeatedRules) -> Check | None:
    _only(rules, {"min_items", "max_items", "unique", "items"})
    checks: list[Check | None] = []
    if rules.HasField("max_items"):
        least, most = rules.min_items, rules.max_items
        checks.append(lambda values: least <= len(values) <= most)
    elif rules.min_items:
        raise _Unknown
    if rules.unique:
        checks.append(lambda values: len(set(values)) == len(values))
    if rules.items.ignore == validate_pb2.IGNORE_UNSPECIFIED:
        _only(rules.items, _SCALARS)
        checks.append(_each(_scalar(field, rules.items)))
    elif rules.items.ignore != validate_pb2.IGNORE_ALWAYS:
        raise _Unknown
    return _all(checks)


def _pairs(field: FieldDescriptor, rules: validate_pb2.MapRules) -> Check | None:
    _only(rules, {"max_pairs", "keys", "values"})
    checks: list[Check | None] = []
    if rules.HasField("max_pairs"):
        most = rules.max_pairs
        checks.append(lambda pairs: len(pairs) <= most)
    for part in (rules.keys, rules.values):
        _only(part, _SCALARS)
    checks.append(_of_keys(_each(_scalar(_part(field, "key"), rules.keys))))
    checks.append(_of_values(_each(_scalar(_part(field, "value"), rules.values))))
    return _all(checks)


def _of_keys(check: Check | None) -> Check | None:
    return None if check is None else lambda pairs: check(pairs.keys())


def _of_values(check: Check | None) -> Check | None:
    return None if check is None else lambda pairs: check(pairs.values())


def _each(check: Check | None) -> Check | None:
    if check is None:
        return None
    return lambda values: all(map(check, values))


def _expression(rule: validate_pb2.Rule) -> Check:
    if rule.expression not in _IMPLIED:
        raise _Unknown
    return _IMPLIED[rule.expression]


def _only(rules: Message, names: Iterable[str]) -> None:
    if not {field.name for field, _ in rules.ListFields()} <= set(names):
        raise _Unknown


def _all(checks: Iterable[Check | None]) -> Check | None:
    """All of the checks as one; None: there are none."""
    given = tuple([check for check in checks if check is not None])
    if len(given) < 2:  # noqa: PLR2004 - none or one
        return given[0] if given else None

    def obeys(value: object) -> bool:
        for check in given:  # noqa: SIM110 - all() takes twice as long
            if not check(value):
                return False
        return True

    return obeys
