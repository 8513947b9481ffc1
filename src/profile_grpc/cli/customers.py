"""`profile-grpc customer`: the people behind the profiles of a tenant's apps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc.cli import output, shapes
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.opening import first, with_tenant
from profile_grpc.cli.options import DatabaseUrl, Json, Limit, Yes, command_option, confirm
from profile_grpc.domain.customer_changes import CustomerPatch
from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import TEXTS, Customer, Value
from profile_grpc.service import paging
from profile_grpc.service.customer_ports import CustomerFilter

if TYPE_CHECKING:
    from appprofile.v1.customer_pb2 import CustomerSchema as SchemaMessage
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.service.customers import LinkedProfile

app = typer.Typer(help="Customers: the people behind the profiles of a tenant's apps.", no_args_is_help=True)
schema = typer.Typer(help="The attributes that a tenant's customers may have.", no_args_is_help=True)
app.add_typer(schema, name="schema")

CustomerArgument = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")]
TenantOption = Annotated[str, command_option("--tenant", "The customer's tenant.")]


@app.command()
def show(
    customer_id: CustomerArgument,
    *,
    tenant: TenantOption,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a customer and the linked profiles of every app.

    JSON: {customer_id, name, email, msisdn, attributes: {name: value}, schema_version, version, create_time,
    update_time, etag, profiles: [{app_id, user_id, device_id, status}]}.
    """
    _check_id(customer_id)

    async def work(admin: Application) -> tuple[Customer, Sequence[LinkedProfile]]:
        found = await admin.customers.get(tenant, customer_id)
        return found, (await admin.customers.linked(tenant, customer_id)).profiles

    found, linked = with_tenant(database_url, tenant, work)
    profiles = [{**one.profile.key._asdict(), "status": one.profile.status.name} for one in linked]
    if as_json:
        output.document(_structured(found) | {"profiles": profiles})
        return
    facts = _structured(found)
    attributes: Mapping[str, Value] = facts.pop("attributes")
    output.facts(facts | {f"attribute {name}": value for name, value in attributes.items()})
    columns = ("app", "user", "device", "status")
    output.table(columns, [tuple(one.values()) for one in profiles], empty="no linked profiles")


@app.command("list")
def list_(
    *,
    tenant: TenantOption,
    email: Annotated[str | None, command_option("--email", "Only those with this e-mail address.")] = None,
    msisdn: Annotated[str | None, command_option("--msisdn", "Only those with this number, as +44….")] = None,
    filter_: Annotated[
        str,
        command_option("--filter", "A filter (docs/filters.md), such as: 'attributes.tier = gold AND email:*'."),
    ] = "",
    limit: Limit = paging.DEFAULT_SIZE,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List customers, ordered by id.

    JSON: {customers: [as in `customer show`, without profiles], more: whether there are more than --limit}.
    """
    from profile_grpc.domain import customers
    from profile_grpc.service import phone

    wanted = CustomerFilter(
        tenant,
        customers.email(email, "--email") if email else None,
        phone.msisdn(msisdn, "--msisdn") if msisdn else None,
    )

    async def work(admin: Application) -> list[Customer]:
        filtered = wanted._replace(filter=await admin.filters.of_customers(tenant, filter_))
        return await first(limit, lambda size, token: admin.customers.list(filtered, size, token))

    found = with_tenant(database_url, tenant, work)
    shown, more = found[:limit], len(found) > limit
    if as_json:
        output.document({"customers": [_structured(one) for one in shown], "more": more})
        return
    columns = ("customer", "name", "e-mail", "number", "attributes", "updated")
    output.table(columns, [_row(one) for one in shown], empty="no such customers")
    if more:
        output.note(f"the first {limit}; more with --limit")


@app.command("set")
def set_(
    customer_id: CustomerArgument,
    *,
    tenant: TenantOption,
    values: Annotated[
        list[str] | None,
        command_option(
            "--set",
            "name, email, msisdn or an attribute of the schema; repeatable. Empty: removes.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Change a customer, or create it.

    Days are written 2026-01-31, instants 2026-01-31T12:00:00Z, flags true or false.

    JSON: as in `customer show`, without profiles.
    """
    _check_id(customer_id)
    pairs = [text.partition("=") for text in values or ()]
    if any(not equals for _, equals, _ in pairs):
        raise typer.BadParameter("write --set NAME=VALUE")

    async def work(admin: Application) -> Customer:
        known = await admin.customer_schemas.get(tenant)
        patch = _patch({name: text for name, _, text in pairs}, known)
        return await admin.customers.update(tenant, customer_id, patch, allow_missing=True)

    stored = with_tenant(database_url, tenant, work)
    output.result(_structured(stored), f"stored customer {stored.key.customer_id}", as_json=as_json)


@app.command()
def merge(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The customer that is deleted.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The customer that remains.")],
    *,
    tenant: TenantOption,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Merge SOURCE into TARGET, whose values win; the links move. Repeat it if it was interrupted.

    On a terminal: asks first, unless --yes.

    JSON: {customer: as in `customer show`, moved}.
    """
    _check_id(source, target)
    if source == target:
        raise typer.BadParameter("a customer cannot be merged into itself")
    confirm(f"Delete customer {source}, and link its profiles with {target}?", yes=yes)
    merged, moved = with_tenant(database_url, tenant, lambda admin: admin.customers.merge(tenant, source, target))
    text = f"merged {source} into {target}; profiles moved: {moved}"
    output.result({"customer": _structured(merged), "moved": moved}, text, as_json=as_json)


@app.command()
def delete(
    customer_id: CustomerArgument,
    *,
    tenant: TenantOption,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a customer. Its profiles are unlinked and kept; `erase customer` removes the person.

    On a terminal: asks first, unless --yes.

    JSON: {unlinked}.
    """
    _check_id(customer_id)
    confirm(f"Delete customer {customer_id}? Its profiles stay.", yes=yes)
    unlinked = with_tenant(database_url, tenant, lambda admin: admin.customers.delete(tenant, customer_id))
    text = f"deleted customer {customer_id}; profiles unlinked: {unlinked}"
    output.result({"unlinked": unlinked}, text, as_json=as_json)


@schema.command("show")
def schema_show(*, tenant: TenantOption, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show the schema. JSON: the contract's CustomerSchema, which `customer schema set` reads."""
    stored = with_tenant(database_url, tenant, lambda admin: admin.customer_schemas.get(tenant))
    _print_schema(stored, as_json=as_json)


@schema.command("set")
def schema_set(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The schema, in the form of `schema show --json`.")],
    *,
    tenant: TenantOption,
    dry_run: Annotated[
        bool, command_option("--dry-run", "Only count the customers that do not fit; change nothing.")
    ] = False,
    drop_values: Annotated[bool, command_option("--drop-values", "Remove the stored values that do not fit.")] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Replace the schema. A change that stored customers do not fit is refused, unless --drop-values.

    JSON: as in `schema show`, with `affected_customers`.
    """
    message = _read_schema(file)
    shapes.check(message)
    from profile_grpc.transport.grpc import customers as wire

    changed = with_tenant(
        database_url,
        tenant,
        lambda admin: admin.customer_schemas.change(
            tenant, wire.attributes(message), message.version, dry_run=dry_run, drop_values=drop_values
        ),
    )
    _print_schema(changed.schema, as_json=as_json, more={"affected_customers": changed.affected})
    if not as_json:
        output.note(f"customers {'that would lose' if dry_run else 'that lost'} values: {changed.affected}")


def _read_schema(file: Path) -> SchemaMessage:
    from google.protobuf import json_format

    from appprofile.v1 import customer_pb2

    try:
        return json_format.Parse(file.read_text("utf-8"), customer_pb2.CustomerSchema())
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file} cannot be read: {error}") from None
    except json_format.ParseError as error:
        raise CommandFailed(f"{file} is no schema: {error}") from None


def _print_schema(stored: CustomerSchema, *, as_json: bool, more: Mapping[str, object] | None = None) -> None:
    if as_json:
        from google.protobuf.json_format import MessageToDict

        from profile_grpc.transport.grpc import customers as wire

        message = MessageToDict(wire.schema(stored), preserving_proto_field_name=True)
        output.document(message | dict(more or {}))
        return
    output.facts({"version": stored.version, "changed": stored.update_time})
    columns = ("attribute", "type", "limits", "description")
    rows = [(one.name, one.type.name, _limits(one), one.description or None) for one in stored.attributes]
    output.table(columns, rows, empty="no attributes yet")


def _limits(attribute: SchemaAttribute) -> str | None:
    size = f"{attribute.max_bytes} bytes" if attribute.max_bytes else ""
    one_of = f"one of {', '.join(attribute.allowed_values)}" if attribute.allowed_values else ""
    return ", ".join(filter(None, (size, one_of))) or None


def _check_id(*customer_ids: str) -> None:
    from appprofile.v1 import customer_service_pb2

    for customer_id in customer_ids:
        shapes.check(customer_service_pb2.GetCustomerRequest(customer_id=customer_id))


def _patch(given: Mapping[str, str], known: CustomerSchema) -> CustomerPatch:
    """The patch of what was written on the command line.

    Raises:
        typer.BadParameter: a value cannot be read as the attribute's type.
        Refused: INVALID_REQUEST.
    """
    from appprofile.v1 import customer_pb2
    from profile_grpc.transport.grpc import customers as wire

    texts = {name: text for name, text in given.items() if name in TEXTS}
    message = customer_pb2.Customer(customer_id="any")
    for name, text in texts.items():
        setattr(message, name, text)
    shapes.check(message)
    content = wire.content(message)
    by_name = known.by_name
    attributes: dict[str, Value] = {}
    for name, text in given.items():
        if name in TEXTS or not text:
            continue
        if name not in by_name:
            raise typer.BadParameter(f"{name} is not in the schema; see: profile-grpc customer schema show")
        attributes[name] = _value(by_name[name], text)
    removed = frozenset(name for name, text in given.items() if name not in TEXTS and not text)
    return CustomerPatch({name: getattr(content, name) for name in texts}, attributes, removed)


def _value(attribute: SchemaAttribute, text: str) -> Value:
    from datetime import UTC, date, datetime

    flags = {"true": True, "false": False}
    try:
        match attribute.type:
            case AttributeType.STRING:
                return text
            case AttributeType.INT64:
                return int(text)
            case AttributeType.DOUBLE:
                return float(text)
            case AttributeType.BOOL:
                return flags[text.lower()]
            case AttributeType.DATE:
                return date.fromisoformat(text)
            case AttributeType.TIMESTAMP:
                instant = datetime.fromisoformat(text)
                return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (KeyError, ValueError):
        raise typer.BadParameter(f"{attribute.name}: {text!r} is no {attribute.type.name}") from None


def _structured(stored: Customer) -> dict[str, Any]:
    return {
        "customer_id": stored.key.customer_id,
        **{name: getattr(stored.content, name) for name in TEXTS},
        "attributes": dict(stored.content.attributes),
        "schema_version": stored.schema_version,
        "version": stored.version,
        "create_time": stored.create_time,
        "update_time": stored.update_time,
        "etag": stored.etag,
    }


def _row(stored: Customer) -> tuple[object, ...]:
    attributes = ", ".join(f"{name}={output.human(value)}" for name, value in stored.content.attributes.items())
    return (
        stored.key.customer_id,
        *(getattr(stored.content, name) for name in TEXTS),
        attributes or None,
        stored.update_time,
    )
