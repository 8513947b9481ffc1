"""`profile-grpc tenant`: the companies that use the service."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from profile_grpc.cli import output, shapes
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.opening import administration
from profile_grpc.cli.options import DatabaseUrl, Json, database
from profile_grpc.service.ports import Conflict, Tenant

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

    async def run() -> Tenant:
        async with administration(database(database_url)) as admin:
            tenant = Tenant(tenant_id, admin.clock.now())
            try:
                await admin.store.directory.add_tenant(tenant)
            except Conflict:
                raise CommandFailed(f"the tenant {tenant_id!r} already exists; choose another name") from None
            return tenant

    tenant = asyncio.run(run())
    if as_json:
        output.document(_structured(tenant))
    else:
        output.line(f"created tenant {tenant.tenant_id}")
        output.note(f"next: profile-grpc app create APP --tenant {tenant.tenant_id}")


@app.command("list")
def list_(*, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List the tenants. JSON: {tenants: [{tenant_id, create_time}]}."""

    async def run() -> list[Tenant]:
        async with administration(database(database_url)) as admin:
            return list(await admin.store.directory.tenants())

    tenants = asyncio.run(run())
    if as_json:
        output.document({"tenants": [_structured(tenant) for tenant in tenants]})
    else:
        output.table(("tenant", "created"), [(t.tenant_id, t.create_time) for t in tenants], empty="no tenants yet")


def _structured(tenant: Tenant) -> dict[str, object]:
    return {"tenant_id": tenant.tenant_id, "create_time": tenant.create_time}
