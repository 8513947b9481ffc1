"""Converts the rows of customers to records of the domain, and back.

The values of attributes are JSON that tells their types, so that they can be read whatever the schema is: texts,
numbers and flags as they are (a number with a point or an exponent is a DOUBLE), a day as `{"d": "2001-02-03"}`, an
instant as `{"t": 981173106000000}`, in microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from profile_grpc.domain.customer_schema import AttributeType, Change, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import (
    NO_VALUES,
    Content,
    Customer,
    CustomerEnd,
    CustomerId,
    CustomerTombstone,
    TombstoneKey,
    Value,
)
from profile_grpc.store.engine import Found, Row
from profile_grpc.store.times import instant, maybe_instant, maybe_micros, micros

DAY_VALUE = "d"
"""The member of a stored day."""
INSTANT_VALUE = "t"
"""The member of a stored instant."""


def customer_values(customer: Customer) -> Row:
    """The row of a customer."""
    content = customer.content
    return (
        *customer.key,
        micros(customer.create_time),
        micros(customer.update_time),
        content.name,
        content.email,
        content.msisdn,
        _values_text(content.attributes),
        customer.schema_version,
        customer.version,
        customer.revision,
    )


def read_customer(row: Found) -> Customer:
    """The customer of a row."""
    tenant_id, customer_id, created, updated, name, email, msisdn, attributes, schema_version, version, revision = row
    return Customer(
        CustomerId(tenant_id, customer_id),
        create_time=instant(created),
        update_time=instant(updated),
        content=Content(name, email, msisdn, _read_values(attributes)),
        schema_version=schema_version,
        version=version,
        revision=revision,
    )


def schema_values(schema: CustomerSchema) -> Row:
    """The row of a schema."""
    change = schema.change
    return (
        schema.tenant_id,
        schema.version,
        _attributes_text(schema.attributes),
        maybe_micros(schema.update_time),
        None if change is None else _attributes_text(change.attributes),
        None if change is None else micros(change.begin_time),
        schema.revision,
    )


def read_schema(row: Found) -> CustomerSchema:
    """The schema of a row."""
    tenant_id, version, attributes, update_time, changed, change_time, revision = row
    return CustomerSchema(
        tenant_id,
        version,
        _read_attributes(attributes),
        maybe_instant(update_time),
        None if changed is None else Change(_read_attributes(changed), instant(change_time)),
        revision,
    )


def tombstone_values(tombstone: CustomerTombstone) -> Row:
    """The row of what remains of a customer."""
    return (
        *tombstone.key,
        tombstone.reason.value,
        micros(tombstone.delete_time),
        tombstone.version,
        tombstone.target_id,
        tombstone.revision,
    )


def read_tombstone(row: Found) -> CustomerTombstone:
    """What remains of a customer."""
    tenant_id, customer_hash, reason, delete_time, version, target_id, revision = row
    key = TombstoneKey(tenant_id, customer_hash)
    return CustomerTombstone(key, CustomerEnd(reason), instant(delete_time), version, target_id, revision)


def _values_text(values: Mapping[str, Value]) -> str | None:
    if not values:
        return None
    stored = {name: _stored(value) for name, value in values.items()}
    return json.dumps(stored, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _stored(value: Value) -> object:
    if isinstance(value, datetime):
        return {INSTANT_VALUE: micros(value)}
    return {DAY_VALUE: value.isoformat()} if isinstance(value, date) else value


def _read_values(text: str | None) -> Mapping[str, Value]:
    if text is None:
        return NO_VALUES
    return MappingProxyType({name: _read_value(value) for name, value in json.loads(text).items()})


def _read_value(value: Any) -> Value:  # noqa: ANN401 - as JSON has it
    if isinstance(value, dict):
        return instant(value[INSTANT_VALUE]) if INSTANT_VALUE in value else date.fromisoformat(value[DAY_VALUE])
    read: Value = value
    return read


def _attributes_text(attributes: Iterable[SchemaAttribute]) -> str:
    return json.dumps([attribute._asdict() for attribute in attributes], separators=(",", ":"))


def _read_attributes(text: str) -> tuple[SchemaAttribute, ...]:
    return tuple(
        SchemaAttribute(
            name=one["name"],
            type=AttributeType(one["type"]),
            description=one["description"],
            max_bytes=one["max_bytes"],
            allowed_values=tuple(one["allowed_values"]),
            since=one["since"],
        )
        for one in json.loads(text)
    )
