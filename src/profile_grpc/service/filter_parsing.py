"""Parses the filter language, a subset of AIP-160, and resolves its fields and values (T3).

The parser keeps its state on a stack of its own and counts parentheses and comparisons as it reads them, so that no
filter is deep or long enough to exhaust the interpreter's stack.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.filtering import values
from profile_grpc.domain.filtering.expressions import (
    MAX_BYTES,
    MAX_COMPARISONS,
    MAX_DEPTH,
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Filter,
    Operator,
    negation,
)
from profile_grpc.domain.filtering.fields import EVENT_FIELDS, Field, Fields, Kind, Value
from profile_grpc.domain.filtering.of_customers import customer_fields, profile_fields

# OR binds tighter than AND, as in AIP-160. A bare value ends at white space, a parenthesis, a quote, a comma, a `*` or
# an operator; `AND`, `OR` and `NOT` are no values unless quoted.
_GRAMMAR = r"""
start: expression
expression: factor (_AND factor)*
factor: _term (_OR _term)*
_term: negation | _simple
negation: (_NOT | _MINUS) _simple
_simple: comparison | _OPEN expression _CLOSE
comparison: member (COMPARATOR _value | HAS (_value | STAR))
member: NAME (_DOT (NAME | QUOTED))*
_value: BARE | QUOTED

_AND: /AND(?=[\s(-]|\Z)/
_OR: /OR(?=[\s(-]|\Z)/
_NOT: /NOT(?=[\s(]|\Z)/
_MINUS: "-"
_OPEN: "("
_CLOSE: ")"
_DOT: "."
COMPARATOR: /<=|>=|!=|=|<|>/
HAS: ":"
STAR: "*"
NAME.-1: /(?!(?:AND|OR|NOT)(?![\w-]))[A-Za-z0-9_][A-Za-z0-9_-]*/
BARE.-1: /(?!(?:AND|OR|NOT)(?![^\s()]))[^\s()"'=<>!:*,][^\s()"'=<>!*,]*/
QUOTED: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
%ignore /\s+/
"""

_Node: TypeAlias = "Tree[Token]"

# What the parser expects, by a terminal that it would take. The first that fits is told.
_EXPECTED: tuple[tuple[str, str], ...] = (
    ("_OPEN", "a field, NOT, - or ("),
    ("STAR", "a value or *"),
    ("BARE", "a value"),
    ("COMPARATOR", "one of = != < <= > >= :"),
    ("_AND", "AND, OR or the end"),
    ("$END", "AND, OR or the end"),
    ("NAME", "the name of an attribute"),
)
_ORDERED = frozenset(Kind) - {Kind.FLAG, Kind.CHOICE}
_CUSTOMERS = re.compile(r"customer\s*\.")
_NO_CUSTOMERS = CustomerSchema("")
_MAX_NAMED = 10
"""Attributes that an error names."""
_ORDER = frozenset({Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL})


def parse(text: str, fields: Fields) -> Expression:
    """The expression that the text says.

    Raises:
        Refused: INVALID_FILTER, with the column (1: the first character) and what was expected there.
    """
    _check_text(text)
    return _resolve(_tree(text), fields)


@lru_cache(512)
def profile_filter(text: str, schema: CustomerSchema = _NO_CUSTOMERS) -> Filter | None:
    """A filter of profiles; None: the text is empty. `schema`: of the tenant's customers, if it `may_name_customers`.

    Raises:
        Refused: INVALID_FILTER.
    """
    if not text:
        return None
    expression = parse(text, profile_fields(schema))
    return Filter(text, expression, schema if schema.attributes else None)


def may_name_customers(text: str) -> bool:
    """Whether a filter of profiles may compare `customer.NAME`."""
    return _CUSTOMERS.search(text) is not None


@lru_cache(512)
def customer_filter(text: str, schema: CustomerSchema) -> Filter | None:
    """A filter of the customers of a tenant, with its schema; None: the text is empty.

    Raises:
        Refused: INVALID_FILTER.
    """
    return Filter(text, parse(text, customer_fields(schema)), schema) if text else None


@lru_cache(512)
def event_filter(text: str) -> Filter | None:
    """A filter of events; None: the text is empty.

    Raises:
        Refused: INVALID_FILTER.
    """
    return Filter(text, parse(text, EVENT_FIELDS)) if text else None


def _invalid(at: int, expected: str) -> Refused:
    column = str(at + 1)
    message = f"The filter is not valid at column {column}: expected {expected}."
    description = f"column {column}: expected {expected}"
    return Refused.for_field(Reason.INVALID_FILTER, message, "filter", description, column=column, expected=expected)


def _check_text(text: str) -> None:
    """Before anything is parsed."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise _invalid(0, f"at most {MAX_BYTES} bytes")
    for at, character in enumerate(text):
        if (character < " " and character not in "\t\r\n") or "\ud800" <= character <= "\udfff":
            raise _invalid(at, "no control character")


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=False, maybe_placeholders=False)


def _tree(text: str) -> _Node:
    """The syntax tree. Chains of AND and OR are flat, and its depth is limited."""
    parser = _parser().parse_interactive(text)
    depth = compared = 0
    try:
        for token in parser.iter_parse():
            depth += _DEPTH.get(token.type, 0)
            compared += token.type in _COMPARATORS
            if depth > MAX_DEPTH:
                raise _invalid(_at(token), f"at most {MAX_DEPTH} open parentheses")
            if compared > MAX_COMPARISONS:
                raise _invalid(_at(token), f"at most {MAX_COMPARISONS} comparisons")
        tree: _Node = parser.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedInput as error:
        raise _unexpected(error, text, is_open=depth > 0) from None
    return tree


_DEPTH: Mapping[str, int] = {"_OPEN": 1, "_CLOSE": -1}
_COMPARATORS = frozenset({"COMPARATOR", "HAS"})


def _unexpected(error: UnexpectedInput, text: str, *, is_open: bool) -> Refused:
    at: int | None = getattr(error, "pos_in_stream", None)
    if isinstance(error, UnexpectedCharacters):
        takes: Collection[str] = error.allowed or ()
        if at is not None and text[at] in "\"'" and "QUOTED" in takes:
            return _invalid(len(text), f"the closing {text[at]}")
    else:
        takes = error.expected if isinstance(error, UnexpectedToken) else ()
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            at = len(text)
    expected = next((told for terminal, told in _EXPECTED if terminal in takes), "another character")
    if "_OPEN" in takes and "_NOT" not in takes:
        expected = "a field or ("  # after a negation
    if is_open and "_CLOSE" in takes:
        expected = "AND, OR or )"
    return _invalid(len(text) if at is None else at, expected)


def _resolve(node: _Node, fields: Fields) -> Expression:
    """The expression of a part of the tree, at most MAX_DEPTH parentheses deep."""
    if node.data == "comparison":
        return _comparison(node, fields)
    if node.data == "negation":
        return negation(_resolve(_child(node, 0), fields))
    parts = tuple([_resolve(_child(node, at), fields) for at in range(len(node.children))])
    if len(parts) == 1:
        return parts[0]
    return AnyOf(parts) if node.data == "factor" else AllOf(parts)


def _child(node: _Node, at: int) -> _Node:
    child = node.children[at]
    if isinstance(child, Token):
        raise TypeError(child.type)
    return child


def _token(node: _Node, at: int) -> Token:
    child = node.children[at]
    if not isinstance(child, Token):
        raise TypeError(child.data)
    return child


def _at(token: Token) -> int:
    return token.start_pos or 0


def _comparison(node: _Node, fields: Fields) -> Comparison:
    member = _child(node, 0)
    comparator, right = _token(node, 1), _token(node, 2)
    field, name = _field([_token(member, at) for at in range(len(member.children))], fields)
    if comparator == ":":
        operator = Operator.PRESENT if right.type == "STAR" else Operator.HAS
    else:
        operator = Operator.EQUAL if comparator == "!=" else Operator(str(comparator))
    _check_operator(field, operator, comparator, right)
    value = "" if operator is Operator.PRESENT else _value(field, operator, right)
    return Comparison(field, operator, value, name, negated=comparator == "!=")


def _field(names: list[Token], fields: Fields) -> tuple[Field, str]:
    """The field, and the name after it if it is a map."""
    texts = [_text(name) for name in names]
    field = fields.get(texts[0])
    if field is None:
        known = [f"{name}.NAME" if one.is_map or one.members is not None else name for name, one in fields.items()]
        raise _invalid(_at(names[0]), f"one of the fields {', '.join(known)}")
    if field.members is not None:
        return _member(field, field.members, names), ""
    if not field.is_map:
        if len(names) > 1:
            raise _invalid(_at(names[1]), f"no . after {field.name}")
        return field, ""
    return field, _text(_name_after(field, names))


def _name_after(field: Field, names: list[Token]) -> Token:
    if len(names) != 2:  # noqa: PLR2004 - the field and the name
        at = _at(names[-1]) if len(names) > 1 else names[0].end_pos or 0
        raise _invalid(at, f"{field.name}.NAME")
    return names[1]


def _member(field: Field, members: Fields, names: list[Token]) -> Field:
    named = _name_after(field, names)
    member = members.get(_text(named))
    if member is None:
        some = ", ".join(list(members)[:_MAX_NAMED]) + (", ..." if len(members) > _MAX_NAMED else "")
        expected = (
            f"one of the attributes of customers: {some}"
            if members
            else "an attribute of customers: their schema has none"
        )
        raise _invalid(_at(named), expected)
    return member


def _check_operator(field: Field, operator: Operator, comparator: Token, right: Token) -> None:
    if operator in _ORDER and (field.kind not in _ORDERED or field.is_many):
        raise _invalid(_at(comparator), f"= or != or :* for {field.name}")
    if operator is Operator.HAS and field.kind is not Kind.LANGUAGE and not field.is_many:
        raise _invalid(_at(right), "* after :")


def _value(field: Field, operator: Operator, token: Token) -> Value:
    """The value as the field compares it."""
    text = _text(token)
    value: Value | None = text
    expected = "a value"
    match field.kind:
        case Kind.LANGUAGE:
            value = values.language_key(text)
        case Kind.VERSION:
            value = values.version_key(text)
            if operator in _ORDER and not values.is_version(value):
                value, expected = None, "a version such as 2.11.0"
        case Kind.TIME:
            value, expected = values.instant(text), "a time such as 2026-03-14T15:09:26Z or 2026-03-14"
        case Kind.FLAG:
            value, expected = _FLAGS.get(text), "true or false"
        case Kind.INTEGER:
            value, expected = values.integer(text), "a whole number"
        case Kind.NUMBER:
            value, expected = values.real(text), "a number"
        case Kind.DAY:
            value, expected = values.day(text), "a day such as 2026-03-14"
        case Kind.CHOICE:
            value, expected = field.names.get(text), f"one of {', '.join(field.names)}"
        case Kind.ATTRIBUTE if operator in _ORDER:
            value, expected = values.number(text), "a number"
    if value is None:
        raise _invalid(_at(token), expected)
    return value


_FLAGS: Mapping[str, bool] = {"true": True, "false": False}


def _text(token: Token) -> str:
    """The text of a name or a value, without quotes. After a backslash, a character stands for itself."""
    if token.type != "QUOTED":
        return str(token)
    parts = iter(token[1:-1])
    return "".join([next(parts) if part == "\\" else part for part in parts])
