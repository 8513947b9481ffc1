"""What a filter can compare of customers: in listings of customers, and of the customers behind profiles (T3, C2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import Customer, Value
from profile_grpc.domain.filtering.expressions import AllOf, AnyOf, Comparison, Expression, Filter, comparisons
from profile_grpc.domain.filtering.fields import PROFILE_FIELDS, Field, Fields, Kind, declare
from profile_grpc.domain.filtering.judging import matches

_KINDS: Mapping[AttributeType, Kind] = {
    AttributeType.STRING: Kind.TEXT,
    AttributeType.INT64: Kind.INTEGER,
    AttributeType.DOUBLE: Kind.NUMBER,
    AttributeType.BOOL: Kind.FLAG,
    AttributeType.DATE: Kind.DAY,
    AttributeType.TIMESTAMP: Kind.TIME,
}
_NAME = "customer"


def profile_fields(schema: CustomerSchema) -> Fields:
    """The fields of a profile, and `customer.NAME` for each attribute of the tenant's customers."""
    return MappingProxyType({**PROFILE_FIELDS, _NAME: _group(_NAME, schema, of_customer=True)})


def customer_fields(schema: CustomerSchema) -> Fields:
    return declare(
        Field("customer_id", Kind.TEXT, lambda customer: customer.key.customer_id),
        Field("name", Kind.TEXT, lambda customer: customer.content.name),
        Field("email", Kind.TEXT, lambda customer: customer.content.email),
        Field("msisdn", Kind.TEXT, lambda customer: customer.content.msisdn),
        Field("create_time", Kind.TIME, lambda customer: customer.create_time),
        Field("update_time", Kind.TIME, lambda customer: customer.update_time),
        _group("attributes", schema, of_customer=False),
    )


def _group(name: str, schema: CustomerSchema, *, of_customer: bool) -> Field:
    members = [_member(name, attribute, of_customer=of_customer) for attribute in schema.attributes]
    by_name = {attribute.name: member for attribute, member in zip(schema.attributes, members, strict=True)}
    return Field(name, Kind.TEXT, lambda _: None, members=MappingProxyType(by_name))


def _member(group: str, attribute: SchemaAttribute, *, of_customer: bool) -> Field:
    name = attribute.name

    def read(customer: Customer) -> Value | None:
        return customer.content.attributes.get(name)

    return Field(f"{group}.{name}", _KINDS[attribute.type], read, of_customer=of_customer)


Decide: TypeAlias = Callable[[str, Customer | None], bool]


class Parts(NamedTuple):
    """A filter of profiles, by what it reads.

    Profiles and customers are on different shards, so a filter on both is answered in two steps: the profiles that
    `needed` holds for are read, each with the truth of every `own`; then their customers, and `decide` decides.
    """

    needed: Expression | None
    """What the fields of a profile must fulfil, whoever its customer is. None: nothing."""
    own: tuple[Expression, ...] = ()
    """Conditions on the fields of a profile that decide only together with its customer."""
    decide: Decide | None = None
    """Whether a profile fits that fulfils `needed`, from the truths of `own` ("1" or "0" for each) and the customer, as
    the filter's schema shows it. None: it does."""


@lru_cache(256)
def parts_of(wanted: Filter) -> Parts:
    """Takes a filter of profiles apart."""
    expression = wanted.expression
    if wanted.schema is None or not _reads_customer(expression):
        return Parts(expression)
    own: list[Expression] = []
    conjuncts = expression.parts if isinstance(expression, AllOf) else (expression,)
    decide = _decide(AllOf(tuple([one for one in conjuncts if _reads_customer(one)])), own)
    return Parts(_weakened(expression), tuple(own), decide)


def names_read(expression: Expression) -> frozenset[str]:
    """The names of the attributes of customers that a filter of profiles reads."""
    read = [one.field.name for one in comparisons(expression) if one.field.of_customer]
    return frozenset([name.removeprefix(f"{_NAME}.") for name in read])


def _reads_customer(expression: Expression) -> bool:
    return any(one.field.of_customer for one in comparisons(expression))


def _weakened(expression: Expression) -> Expression | None:
    """What is true wherever the expression is, without customers; None: nothing but `true` is.

    It takes every comparison of a customer as true. An expression has no NOT, so that makes nothing false.
    """
    match expression:
        case Comparison():
            return None if expression.field.of_customer else expression
        case AllOf(parts):
            known = [part for one in parts if (part := _weakened(one)) is not None]
            return AllOf(tuple(known)) if known else None
        case AnyOf(parts):
            some = [_weakened(one) for one in parts]
            known = [part for part in some if part is not None]
            return AnyOf(tuple(known)) if len(known) == len(some) else None


def _decide(expression: Expression, own: list[Expression]) -> Decide:
    """Decides the expression. What needs no customer is appended to `own`."""
    if not _reads_customer(expression):
        number = len(own)
        own.append(expression)
        return lambda truths, _customer: truths[number] == "1"
    match expression:
        case Comparison():
            return lambda _truths, customer: matches(expression, None, customer)
        case AllOf(parts):
            every = [_decide(part, own) for part in parts]
            return lambda truths, customer: all(decide(truths, customer) for decide in every)
        case AnyOf(parts):
            some = [_decide(part, own) for part in parts]
            return lambda truths, customer: any(decide(truths, customer) for decide in some)
