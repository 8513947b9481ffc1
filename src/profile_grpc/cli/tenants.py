"""`profile-grpc tenant`: the companies that use the service."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output, shapes
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.opening import administer, with_tenant
from profile_grpc.cli.options import DatabaseUrl, Json
from profile_grpc.service.directory_ports import Tenant
from profile_grpc.service.ports import Conflict

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

_EMAIL = re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\Z")

app = typer.Typer(help="The companies that use the service.", no_args_is_help=True)


@app.command()
def create(
    tenant_id: Annotated[str, typer.Argument(metavar="NAME", help="The tenant's id: a-z, 0-9, '.', '_', '-'.")],
    *,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a tenant. JSON: {tenant_id, create_time}."""
    if not tenant_id:
        raise typer.BadParameter("must not be empty", param_hint="NAME")
    from appprofile.v1 import app_pb2

    shapes.check(app_pb2.App(app_id="any", tenant_id=tenant_id))

    async def work(admin: Application) -> Tenant:
        tenant = Tenant(tenant_id, admin.clock.now())
        try:
            await admin.store.directory.add_tenant(tenant)
        except Conflict:
            raise CommandFailed(f"the tenant {tenant_id!r} already exists; choose another name") from None
        return tenant

    tenant = administer(database_url, work)
    output.result(_structured(tenant), f"created tenant {tenant_id}", as_json=as_json)
    if not as_json:
        output.note(f"next: profile-grpc app create APP --tenant {tenant_id}")


@app.command("list")
def list_(*, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List the tenants. JSON: {tenants: [{tenant_id, create_time}]}."""
    tenants = administer(database_url, lambda admin: admin.store.directory.tenants())
    if as_json:
        output.document({"tenants": [_structured(tenant) for tenant in tenants]})
    else:
        output.table(("tenant", "created"), [(t.tenant_id, t.create_time) for t in tenants], empty="no tenants yet")


class ContactsAction(StrEnum):
    """What to do with the contacts of a tenant."""

    ADD = "add"
    REMOVE = "remove"
    LIST = "list"


@app.command()
def contacts(
    tenant_id: Annotated[str, typer.Argument(metavar="TENANT", help="The tenant.")],
    action: Annotated[ContactsAction, typer.Argument(help="What to do.")] = ContactsAction.LIST,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address, to add or remove.")] = "",
    *,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Who gets an e-mail when a push credential expires (`serve --smtp-url`). JSON: {contacts: [email]}."""
    if (action is ContactsAction.LIST) == bool(email):
        raise typer.BadParameter("give an address to add or remove", param_hint="EMAIL")
    if action is ContactsAction.ADD and not _EMAIL.match(email):
        raise typer.BadParameter(f"{email!r} is no e-mail address", param_hint="EMAIL")

    async def work(admin: Application) -> Sequence[str]:
        known = admin.store.contacts
        if action is ContactsAction.ADD:
            await known.add(tenant_id, email, admin.clock.now())
        elif action is ContactsAction.REMOVE and not await known.remove(tenant_id, email):
            raise CommandFailed(f"the tenant {tenant_id!r} has no contact {email!r}")
        return await known.of_tenant(tenant_id)

    found = with_tenant(database_url, tenant_id, work)
    if as_json:
        output.document({"contacts": list(found)})
    else:
        output.table(("contact",), [(one,) for one in found], empty="no contacts yet")


def _structured(tenant: Tenant) -> dict[str, object]:
    return {"tenant_id": tenant.tenant_id, "create_time": tenant.create_time}
