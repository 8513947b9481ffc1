"""Judges an expression on a profile, a customer or an event, without a database (T3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any

from profile_grpc.domain.filtering.expressions import AllOf, AnyOf, Comparison, Expression, Operator
from profile_grpc.domain.filtering.fields import Kind
from profile_grpc.domain.filtering.values import is_in_language, is_version, number

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: eq,
    Operator.LESS: lt,
    Operator.LESS_OR_EQUAL: le,
    Operator.GREATER: gt,
    Operator.GREATER_OR_EQUAL: ge,
}


def matches(expression: Expression, subject: object, customer: object = None) -> bool:
    """Whether the expression is true of the subject, whose fields it must have.

    Args:
        expression: what to judge.
        subject: a profile, a customer or an event.
        customer: the customer that the profile is linked with, as its schema shows it; None: there is none.
    """
    match expression:
        case Comparison():
            of = customer if expression.field.of_customer else subject
            return (of is not None and _is_true(expression, of)) is not expression.negated
        case AllOf(parts):
            return all(matches(part, subject, customer) for part in parts)
        case AnyOf(parts):
            return any(matches(part, subject, customer) for part in parts)


def _is_true(comparison: Comparison, subject: object) -> bool:
    """Whether it is true without the negation."""
    stored = comparison.field.read(subject)
    if comparison.field.is_map:
        stored = stored.get(comparison.name)
    if comparison.field.is_many:
        return any(_fits(comparison, one) for one in stored)
    return stored is not None and _fits(comparison, stored)


def _fits(comparison: Comparison, stored: Any) -> bool:  # noqa: ANN401 - of the field's kind
    operator, kind, value = comparison.operator, comparison.field.kind, comparison.value
    if operator is Operator.PRESENT:
        return True
    if operator is Operator.HAS:
        return is_in_language(stored, str(value)) if kind is Kind.LANGUAGE else bool(stored == value)
    if operator is not Operator.EQUAL:
        if kind is Kind.VERSION and not is_version(stored):
            return False
        if kind is Kind.ATTRIBUTE:
            stored = number(stored)
            if stored is None:
                return False
    return _COMPARE[operator](stored, value)
