"""Customers and their schema on the wire (C1-C7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from appprofile.v1 import customer_pb2
from appprofile.v1 import customer_service_pb2 as pb
from profile_grpc.domain import customers as rules
from profile_grpc.domain.customer_changes import CustomerPatch
from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import TEXTS, Content, Customer, Value
from profile_grpc.domain.errors import invalid
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.service import phone
from profile_grpc.service.customer_ports import CustomerFilter
from profile_grpc.service.exporting import Part
from profile_grpc.transport.grpc.patches import MAX_PATHS
from profile_grpc.transport.grpc.shape import refuse_paths
from profile_grpc.transport.grpc.times import to_date, to_instant, write_date, write_instant

_ATTRIBUTES = "attributes"
_WRITABLE = frozenset({*TEXTS, _ATTRIBUTES})
_READ_ONLY = frozenset(field.name for field in customer_pb2.Customer.DESCRIPTOR.fields) - _WRITABLE
_PREFIX = "attributes."


def content(given: customer_pb2.Customer) -> Content:
    """What a request says of a customer, normalised.

    Raises:
        Refused: INVALID_REQUEST.
    """
    return Content(**_texts(given, TEXTS), attributes=_values(given))


def patch(request: pb.UpdateCustomerRequest) -> CustomerPatch:
    """The patch of an update: by its mask or, without one, of every field that is set.

    Raises:
        Refused: UNKNOWN_FIELD: the mask names what is unknown or read-only; INVALID_REQUEST.
    """
    given, paths = request.customer, frozenset(request.update_mask.paths)
    if not paths:
        named = [name for name in TEXTS if getattr(given, name)]
        return CustomerPatch(_texts(given, named), _values(given))
    _check_paths(paths)
    values = _values(given)
    names = {path.removeprefix(_PREFIX) for path in paths if path.startswith(_PREFIX)}
    whole = _ATTRIBUTES in paths
    return CustomerPatch(
        texts=_texts(given, [name for name in TEXTS if name in paths]),
        attributes=values if whole else {name: value for name, value in values.items() if name in names},
        remove_attributes=frozenset(names - values.keys()),
        replace_attributes=whole,
    )


def customer_filter(request: pb.ListCustomersRequest, tenant_id: str, filter_: Filter | None) -> CustomerFilter:
    """Which customers to list.

    Raises:
        Refused: INVALID_REQUEST.
    """
    return CustomerFilter(
        tenant_id,
        email=rules.email(request.email, "email") if request.HasField("email") else None,
        msisdn=phone.msisdn(request.msisdn, "msisdn") if request.HasField("msisdn") else None,
        filter=filter_,
    )


def customer(stored: Customer) -> customer_pb2.Customer:
    message = customer_pb2.Customer(
        customer_id=stored.key.customer_id,
        schema_version=stored.schema_version,
        etag=stored.etag,
        version=stored.version,
        **{name: value for name in TEXTS if (value := getattr(stored.content, name)) is not None},
    )
    for name, value in stored.content.attributes.items():
        _write_value(message.attributes[name], value)
    write_instant(message.create_time, stored.create_time)
    write_instant(message.update_time, stored.update_time)
    return message


def list_customers(page: tuple[Sequence[Customer], str]) -> pb.ListCustomersResponse:
    found, token = page
    return pb.ListCustomersResponse(customers=[customer(one) for one in found], next_page_token=token)


def export_customers(part: Part[Customer]) -> pb.ExportCustomersResponse:
    """What identifies the stored row is left out: it is no part of the customer."""
    response = pb.ExportCustomersResponse(resume_token=part.resume_token)
    for one in part.rows:
        message = customer(one)
        for name in ("schema_version", "etag", "version"):
            message.ClearField(name)
        response.customers.append(message)
    return response


def attributes(given: customer_pb2.CustomerSchema) -> tuple[SchemaAttribute, ...]:
    return tuple(
        SchemaAttribute(
            name=one.name,
            type=AttributeType(one.type),
            description=one.description,
            max_bytes=one.max_bytes,
            allowed_values=tuple(one.allowed_values),
        )
        for one in given.attributes
    )


def schema(stored: CustomerSchema) -> customer_pb2.CustomerSchema:
    message = customer_pb2.CustomerSchema(version=stored.version)
    for one in stored.attributes:
        message.attributes.add(
            name=one.name,
            type=customer_pb2.CustomerAttributeType.ValueType(one.type),
            description=one.description,
            max_bytes=one.max_bytes,
            allowed_values=one.allowed_values,
        )
    write_instant(message.update_time, stored.update_time)
    return message


def _texts(given: customer_pb2.Customer, names: Iterable[str]) -> dict[str, str | None]:
    return {name: _text(given, name) for name in names}


def _text(given: customer_pb2.Customer, name: str) -> str | None:
    text: str = getattr(given, name)
    if not text:
        return None
    field = f"customer.{name}"
    match name:
        case "email":
            return rules.email(text, field)
        case "msisdn":
            return phone.msisdn(text, field)
        case _:
            return text


def _values(given: customer_pb2.Customer) -> Mapping[str, Value]:
    return {name: _value(value, f"customer.attributes.{name}") for name, value in given.attributes.items()}


def _value(given: customer_pb2.CustomerAttributeValue, field: str) -> Value:
    kind = given.WhichOneof("kind")
    if kind == "date_value":
        return to_date(given.date_value, field)
    if kind == "timestamp_value":
        return to_instant(given.timestamp_value, field)
    if kind is None:
        raise invalid(field, "must have a value")
    value: str | int | float | bool = getattr(given, kind)
    return value


def _write_value(target: customer_pb2.CustomerAttributeValue, value: Value) -> None:
    match value:
        case bool():
            target.bool_value = value
        case str():
            target.string_value = value
        case int():
            target.int64_value = value
        case float():
            target.double_value = value
        case datetime():
            write_instant(target.timestamp_value, value)
        case date():
            write_date(target.date_value, value)


def _check_paths(paths: frozenset[str]) -> None:
    if len(paths) > MAX_PATHS:
        raise invalid("update_mask", f"must name at most {MAX_PATHS} fields")
    refuse_paths(
        (path for path in paths - _WRITABLE if not (path.startswith(_PREFIX) and path.removeprefix(_PREFIX))),
        _READ_ONLY,
        "a customer",
    )
