"""Expressions of the filter language, with fields and values resolved (T3).

An expression has no NOT: a negation is pushed down to the comparisons (`negated`), which are then either true or false.
A comparison with a field that has no value is false, so its negation is true: `language != "en"` holds for a profile
without a language.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.filtering.fields import Field, Value

MAX_BYTES = 2048
MAX_DEPTH = 16
"""Parentheses that may be open at once."""
MAX_COMPARISONS = 100


class Operator(enum.StrEnum):
    """What a comparison does. `!=` is a negated EQUAL."""

    EQUAL = "="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    HAS = ":"
    PRESENT = ":*"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field compared with one value."""

    field: Field
    operator: Operator
    value: Value = ""
    """As the field's kind compares it."""
    name: str = ""
    """Of the attribute, where the field is a map."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if every part is."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if any part is."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Comparison | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as it was written, and what it says."""

    text: str
    expression: Expression
    schema: CustomerSchema | None = None
    """By which it reads the attributes of customers; None: it reads none."""


def negation(expression: Expression) -> Expression:
    """What is true exactly where the expression is false."""
    match expression:
        case Comparison():
            return replace(expression, negated=not expression.negated)
        case AllOf(parts):
            return AnyOf(tuple([negation(part) for part in parts]))
        case AnyOf(parts):
            return AllOf(tuple([negation(part) for part in parts]))


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """Every comparison, from left to right."""
    if isinstance(expression, Comparison):
        yield expression
    else:
        for part in expression.parts:
            yield from comparisons(part)
