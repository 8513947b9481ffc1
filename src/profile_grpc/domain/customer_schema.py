"""The schema of a tenant's customers: which attributes they may have, and of which types (C2, C3).

A stored customer can always be read. Its values are shown as far as they fit the present schema. They are stored with
the version of the schema by which they were written; an attribute has the version `since` which its values count, so
that a value of a removed attribute does not come back with a later attribute of the same name.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from profile_grpc.domain.customers import Customer, Value
from profile_grpc.domain.errors import FieldViolation, Reason, Refused, invalid

MAX_BYTES = 4096
CHANGE_LIMIT = timedelta(minutes=10)
"""How long a change may take that is checked against stored customers. After that, it is given up."""
_INT64 = 1 << 63
_UNKNOWN = "is not in the tenant's schema"


class AttributeType(enum.IntEnum):
    """The type of an attribute; the contract's numbers."""

    STRING = 1
    INT64 = 2
    DOUBLE = 3
    BOOL = 4
    DATE = 5
    TIMESTAMP = 6


class SchemaAttribute(NamedTuple):
    """An attribute that customers may have."""

    name: str
    type: AttributeType
    description: str = ""
    max_bytes: int = 0
    """Of a STRING. 0: MAX_BYTES."""
    allowed_values: tuple[str, ...] = ()
    """Of a STRING. Empty: any."""
    since: int = 0
    """The version of the schema since which its values count."""

    def problem(self, value: Value) -> str:
        """Why the value does not fit; empty: it fits."""
        if not _is_of(self.type, value):
            return f"must be of the type {self.type.name}"
        if isinstance(value, str):
            limit = self.max_bytes or MAX_BYTES
            if len(value.encode()) > limit:
                return f"must have at most {limit} bytes"
            if "\0" in value:
                return "must not contain the character U+0000"
            if self.allowed_values and value not in self.allowed_values:
                return "must be one of the allowed values"
        return ""


class Change(NamedTuple):
    """A change of a schema that is being checked against the stored customers. Until it is decided, nobody writes what
    would not fit it.
    """

    attributes: tuple[SchemaAttribute, ...]
    begin_time: datetime


class CustomerSchema(NamedTuple):
    """The attributes that a tenant's customers may have."""

    tenant_id: str
    version: int = 0
    attributes: tuple[SchemaAttribute, ...] = ()
    update_time: datetime | None = None
    change: Change | None = None
    revision: int = 0

    @property
    def key(self) -> str:
        return self.tenant_id

    @property
    def by_name(self) -> Mapping[str, SchemaAttribute]:
        return {attribute.name: attribute for attribute in self.attributes}


def shown(schema: CustomerSchema, customer: Customer) -> Customer:
    """The customer with the values that the schema has."""
    values = kept(schema.by_name, customer)
    if len(values) == len(customer.content.attributes):
        return customer
    return customer._replace(content=customer.content._replace(attributes=MappingProxyType(values)))


def kept(attributes: Mapping[str, SchemaAttribute], customer: Customer) -> dict[str, Value]:
    """The values of the customer that fit the attributes."""
    return {
        name: value
        for name, value in customer.content.attributes.items()
        if (attribute := attributes.get(name)) is not None
        and attribute.since <= customer.schema_version
        and not attribute.problem(value)
    }


def check_values(schema: CustomerSchema, values: Mapping[str, Value], now: datetime) -> None:
    """Refuses values that the schema does not have (C3).

    Raises:
        Refused: INVALID_ATTRIBUTE, naming each; CONFLICT: they do not fit a change of the schema that is being checked.
    """
    by_name = schema.by_name
    _refuse({name: by_name[name].problem(one) if name in by_name else _UNKNOWN for name, one in values.items()})
    change = pending(schema, now)
    if change is None:
        return
    following = {attribute.name: attribute for attribute in change.attributes}
    if any(name not in following or following[name].problem(value) for name, value in values.items()):
        raise Refused(Reason.CONFLICT, "The tenant's schema is being changed; try again in a few seconds.")


def check_names(schema: CustomerSchema, names: Iterable[str]) -> None:
    """Refuses attributes that the schema does not know (C3).

    Raises:
        Refused: INVALID_ATTRIBUTE, naming each.
    """
    known = schema.by_name
    _refuse({name: _UNKNOWN for name in sorted(names) if name not in known})


def _refuse(problems: Mapping[str, str]) -> None:
    """Refuses attributes, if any has a problem; `problems`: by name, empty where there is none."""
    violations = [FieldViolation(f"customer.attributes.{name}", told) for name, told in problems.items() if told]
    if not violations:
        return
    named = "; ".join(f"{v.field}: {v.description}" for v in violations)
    raise Refused.for_fields(Reason.INVALID_ATTRIBUTE, f"The attributes are not valid: {named}.", violations)


def pending(schema: CustomerSchema, now: datetime) -> Change | None:
    """The change that is being checked, unless it was given up."""
    change = schema.change
    return change if change is not None and abs(now - change.begin_time) < CHANGE_LIMIT else None


def check(attributes: Sequence[SchemaAttribute]) -> None:
    """Refuses attributes that make no schema (C2).

    Raises:
        Refused: INVALID_REQUEST, naming the field.
    """
    names: set[str] = set()
    for number, attribute in enumerate(attributes):
        field = f"schema.attributes[{number}]"
        if attribute.name in names:
            raise invalid(f"{field}.name", "is the name of another attribute too")
        names.add(attribute.name)
        if attribute.type is AttributeType.STRING:
            for value in attribute.allowed_values:
                if problem := attribute._replace(allowed_values=()).problem(value):
                    raise invalid(f"{field}.allowed_values", problem)
        elif attribute.max_bytes or attribute.allowed_values:
            raise invalid(field, "max_bytes and allowed_values are for the type STRING only")


def succeed(before: CustomerSchema, wanted: Sequence[SchemaAttribute]) -> tuple[SchemaAttribute, ...]:
    """The wanted attributes, each with the version since which its values count: the earlier one while name and type
    stay.
    """
    known = before.by_name
    return tuple(
        attribute._replace(
            since=known[attribute.name].since
            if attribute.name in known and known[attribute.name].type is attribute.type
            else before.version + 1
        )
        for attribute in wanted
    )


def same(before: CustomerSchema, wanted: Sequence[SchemaAttribute]) -> bool:
    """Whether the change changes nothing."""
    return [a._replace(since=0) for a in before.attributes] == [a._replace(since=0) for a in wanted]


def narrowed(before: CustomerSchema, after: Sequence[SchemaAttribute]) -> frozenset[str]:
    """The names of the attributes of which a stored value may not fit any more."""
    new = {attribute.name: attribute for attribute in after}
    return frozenset(old.name for old in before.attributes if _is_narrower(old, new.get(old.name)))


def widened(before: CustomerSchema, after: Sequence[SchemaAttribute]) -> bool:
    """Whether an attribute that stays takes values that it did not take."""
    new = {attribute.name: attribute for attribute in after}
    stays = [(old, new[old.name]) for old in before.attributes if old.name in new and new[old.name].since == old.since]
    return any(_is_narrower(other, old) for old, other in stays)


def broken(before: CustomerSchema, after: Sequence[SchemaAttribute], customer: Customer) -> Iterator[str]:
    """The names of the customer's attributes that have a value now, and would not have it any more."""
    stays = kept({attribute.name: attribute for attribute in after}, customer)
    return (name for name in kept(before.by_name, customer) if name not in stays)


def _is_narrower(old: SchemaAttribute, new: SchemaAttribute | None) -> bool:
    if new is None or new.since != old.since:
        return True
    if (new.max_bytes or MAX_BYTES) < (old.max_bytes or MAX_BYTES):
        return True
    return bool(new.allowed_values) and (
        not old.allowed_values or not set(old.allowed_values) <= set(new.allowed_values)
    )


def _is_of(type_: AttributeType, value: Value) -> bool:
    match type_:
        case AttributeType.STRING:
            return isinstance(value, str)
        case AttributeType.INT64:
            return isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
        case AttributeType.DOUBLE:
            return isinstance(value, float) and math.isfinite(value)
        case AttributeType.BOOL:
            return isinstance(value, bool)
        case AttributeType.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
        case AttributeType.TIMESTAMP:
            return isinstance(value, datetime)
