"""Filters as SQL (T3): an allow-list of fields, each with its column or expression. Values are always bound.

The text of a condition depends on the shape of the filter alone, so filters that differ in their values share a
statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, case, func, literal_column, not_, or_, true
from sqlalchemy.types import BigInteger, Double, SmallInteger, Text, TypeEngine

from profile_grpc.domain.filtering.expressions import AllOf, AnyOf, Comparison, Expression, Operator, comparisons
from profile_grpc.domain.filtering.fields import Kind
from profile_grpc.domain.filtering.of_customers import Parts
from profile_grpc.domain.filtering.values import NO_VERSION
from profile_grpc.store import tables
from profile_grpc.store.engine import Engine
from profile_grpc.store.times import micros

Shape: TypeAlias = tuple[Any, ...]
"""What two filters have in common that differ only in their values."""

_COMPARE: Mapping[Operator, Callable[[Any, Any], ColumnElement[bool]]] = {
    Operator.EQUAL: eq,
    Operator.LESS: lt,
    Operator.LESS_OR_EQUAL: le,
    Operator.GREATER: gt,
    Operator.GREATER_OR_EQUAL: ge,
}
_COLUMNS = frozenset(
    {
        "platform",
        "language",
        "time_zone",
        "sdk_version",
        "os_version",
        "user_state",
        "push_permission",
        "create_time",
        "register_time",
        "last_heartbeat_time",
        "last_opened_time",
        "customer_id",
    }
)
"""Columns of the same name."""
_MEMBERS = frozenset({"device_model", "guest", "verified"})
"""Members of the column `attributes`. Reading them is slower."""
_ENTRIES: Mapping[str, tuple[str, bool]] = {
    "custom_attributes": ("custom", False),
    "device_attributes": ("device", True),
}
"""Objects in the column `attributes`, and whether their entries are arrays that begin with the text."""
_ENDPOINT_MEMBERS: Mapping[str, str] = {"provider": "p", "push_app_id": "a"}
"""Members of each element of the column `push_endpoints`."""
FIELDS = frozenset({*_COLUMNS, *_MEMBERS, *_ENTRIES, *_ENDPOINT_MEMBERS})
"""The fields that have an SQL form: a test compares them with those of the language."""
READ = (*sorted(_COLUMNS), "attributes", "push_endpoints")
"""The columns that a condition reads."""
INDEXED = frozenset({"language", "time_zone", "customer_id"})
"""The fields with an index. It is used where all profiles found must equal one value."""
SORTED = frozenset({"customer_id"})
"""Those of them whose index does not have the order of keys, and finds few profiles."""
_TYPES: Mapping[Kind, TypeEngine[Any]] = {Kind.TIME: BigInteger(), Kind.CHOICE: SmallInteger()}


NO_FILTER = Parts(None)


def shape(wanted: Parts) -> Shape:
    """The shape of the filter."""
    return (_shape(wanted.needed), wanted.decide is None, *map(_shape, wanted.own))


def _shape(expression: Expression | None) -> Shape:
    match expression:
        case None:
            return ()
        case Comparison(field, operator, negated=negated):
            return (field.name, operator.value, negated)
        case AllOf(parts):
            return ("and", *map(_shape, parts))
        case AnyOf(parts):
            return ("or", *map(_shape, parts))


def indexed(expression: Expression | None) -> Mapping[str, ColumnElement[bool]]:
    """The conditions on indexed fields that every profile found must fulfil, by field."""
    needed = {id(one) for one in (expression.parts if isinstance(expression, AllOf) else [expression])}
    return {
        one.field.name: tables.profile.c[one.field.name] == bindparam(f"filter_{number}", type_=Text())
        for number, one in enumerate(_compared(expression))
        if id(one) in needed and one.operator is Operator.EQUAL and not one.negated and one.field.name in INDEXED
    }


def bound(wanted: Parts, engine: Engine) -> dict[str, object]:
    """The values of `condition` and `truths`, by the names of their parameters."""
    values: dict[str, object] = {}
    for number, one in enumerate(chain(_compared(wanted.needed), *map(comparisons, wanted.own))):
        if one.field.is_map:
            values[f"name_{number}"] = one.name
        if one.operator is Operator.PRESENT:
            continue
        value = one.value
        if one.operator is Operator.HAS and one.field.kind is Kind.LANGUAGE:
            # A hyphen and the character after it: the tags that begin with this one.
            values |= {f"first_{number}": f"{value}-", f"end_{number}": f"{value}."}
        if isinstance(value, datetime):
            value = micros(value)
        elif isinstance(value, bool):
            value = engine.json_flags[value]
        elif one.field.name in _ENDPOINT_MEMBERS:
            value = str(value)
        values[f"filter_{number}"] = value
    return values


def _compared(expression: Expression | None) -> Iterable[Comparison]:
    return () if expression is None else comparisons(expression)


def condition(wanted: Parts, engine: Engine, profile: FromClause) -> ColumnElement[bool]:
    """The condition in SQL on rows with the columns READ. It is true where `needed` is; elsewhere it is false or
    NULL.
    """
    return true() if wanted.needed is None else _Conditions(engine, profile, 0).of(wanted.needed)


def truths(wanted: Parts, engine: Engine, profile: FromClause) -> ColumnElement[str]:
    """A text with a 1 for each expression of `own` that is true, and a 0 for each other."""
    conditions = _Conditions(engine, profile, sum(1 for _ in _compared(wanted.needed)))
    text: ColumnElement[str] = literal_column("''", Text())
    for one in wanted.own:
        text = text.concat(case((conditions.of(one), literal_column("'1'", Text())), else_=literal_column("'0'")))
    return text


class _Conditions:
    """Numbers the comparisons from left to right, as `bound` does, from the number `first`."""

    def __init__(self, engine: Engine, profile: FromClause, first: int) -> None:
        self._engine = engine
        self._profile = profile
        self._number = first - 1

    def of(self, expression: Expression) -> ColumnElement[bool]:
        match expression:
            case AllOf(parts):
                return and_(*[self.of(part) for part in parts])
            case AnyOf(parts):
                return or_(*[self.of(part) for part in parts])
            case Comparison():
                self._number += 1
                positive = self._comparison(expression)
                # A comparison with NULL is NULL, and so would be its negation.
                return not_(func.coalesce(positive, _FALSE)) if expression.negated else positive

    def _comparison(self, one: Comparison) -> ColumnElement[bool]:
        if one.field.name in _ENDPOINT_MEMBERS:
            endpoints = self._profile.c.push_endpoints
            return self._engine.json_any(endpoints, lambda element: self._of_endpoint(one, element))
        return self._fits(one, self._stored(one))

    def _stored(self, one: Comparison) -> ColumnElement[Any]:
        name, engine, attributes = one.field.name, self._engine, self._profile.c.attributes
        if name in _MEMBERS:
            return engine.json_member(attributes, name)
        if name in _ENTRIES:
            member, first = _ENTRIES[name]
            entry = bindparam(f"name_{self._number}", type_=Text())
            return engine.json_entry(attributes, member, entry, first=first)
        column: ColumnElement[Any] = self._profile.c[name]
        return func.nullif(column, literal_column("0")) if name == "platform" else column

    def _of_endpoint(self, one: Comparison, element: ColumnElement[str]) -> ColumnElement[bool]:
        """An endpoint without a token is not one that a filter finds."""
        token = self._engine.json_member(element, "t")
        return and_(
            token != literal_column("''"),
            self._fits(one, self._engine.json_member(element, _ENDPOINT_MEMBERS[one.field.name])),
        )

    def _fits(self, one: Comparison, stored: ColumnElement[Any]) -> ColumnElement[bool]:
        operator, kind = one.operator, one.field.kind
        if operator is Operator.PRESENT:
            return stored.is_not(None)
        is_text = kind not in _TYPES or one.field.is_many
        type_: TypeEngine[Any] = Text() if is_text else _TYPES[kind]
        if kind is Kind.ATTRIBUTE and operator is not Operator.EQUAL:
            stored, type_ = self._engine.number(stored), Double()
        value = bindparam(f"filter_{self._number}", type_=type_)
        if operator is Operator.HAS:
            if kind is not Kind.LANGUAGE:
                return stored == value
            first, end = (bindparam(f"{name}_{self._number}", type_=Text()) for name in ("first", "end"))
            return or_(stored == value, and_(stored >= first, stored < end))
        compared = _COMPARE[operator](stored, value)
        if kind is Kind.VERSION and operator in {Operator.GREATER, Operator.GREATER_OR_EQUAL}:
            return and_(compared, stored < literal_column(f"'{NO_VERSION}'"))
        return compared


_FALSE: ColumnElement[bool] = literal_column("false")
