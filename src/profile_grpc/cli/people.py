"""`profile-grpc erase` and `profile-grpc person`: what is stored about a person, and its erasure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output, shapes
from profile_grpc.cli.opening import administer, require_tenant, with_app, with_tenant
from profile_grpc.cli.options import DatabaseUrl, Json, Yes, command_option, confirm

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.service.people import Erased

erase = typer.Typer(help="Erase people: their data and their ids.", no_args_is_help=True)
person = typer.Typer(help="What is stored about a person.", no_args_is_help=True)

Quiet = Annotated[
    bool, command_option("--quiet", "Leave no event of type ERASED, from which others learn of the erasure.")
]


@erase.command("user")
def erase_user(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    *,
    app_id: Annotated[str, command_option("--app", "The user's app.")],
    quiet: Quiet = False,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Erase a user of an app: the profiles on every device, and the ids in events. Irreversible.

    Repeat it if it was interrupted. On a terminal: asks first, unless --yes.

    JSON: {removed: {kind: count}, notes: []}.
    """
    from appprofile.v1 import profile_service_pb2

    shapes.check(profile_service_pb2.EraseUserRequest(app_id=app_id, user_id=user_id))
    confirm(f"Erase user {user_id} of {app_id}, on every device?", yes=yes)
    with output.working("erasing"):
        erased = with_app(
            database_url, app_id, lambda admin, app: admin.people.erase_user(app, user_id, announce=not quiet)
        )
    _print(erased, as_json=as_json)


@erase.command("customer")
def erase_customer(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")],
    *,
    tenant: Annotated[str, command_option("--tenant", "The customer's tenant.")],
    quiet: Quiet = False,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Erase a customer, the linked profiles of every app, and the ids in events. Irreversible.

    Repeat it if it was interrupted. On a terminal: asks first, unless --yes.

    JSON: {removed: {kind: count}, notes: []}.
    """
    from appprofile.v1 import customer_service_pb2

    shapes.check(customer_service_pb2.EraseCustomerRequest(customer_id=customer_id))
    confirm(f"Erase customer {customer_id}, with every linked profile?", yes=yes)
    with output.working("erasing"):
        erased = with_tenant(
            database_url, tenant, lambda admin: admin.people.erase_customer(tenant, customer_id, announce=not quiet)
        )
    _print(erased, as_json=as_json)


@person.command("export")
def export(
    *,
    user_id: Annotated[str | None, command_option("--user", "A user, with --app.")] = None,
    app_id: Annotated[str | None, command_option("--app", "The user's app.")] = None,
    customer_id: Annotated[str | None, command_option("--customer", "A customer, with --tenant.")] = None,
    tenant: Annotated[str | None, command_option("--tenant", "The customer's tenant.")] = None,
    file: Annotated[
        Path | None, command_option("-o", "The file to write, readable by you only.", show_default="stdout")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print all that is stored about a person as one JSON document; push tokens are masked.

    JSON: {customer, profiles: [], events: [], truncated}.
    """
    from profile_grpc.transport.grpc import people

    if (user_id is None) == (customer_id is None):
        raise typer.BadParameter("give either --user with --app, or --customer with --tenant")

    async def work(admin: Application) -> str:
        if user_id is not None:
            if app_id is None:
                raise typer.BadParameter("--user needs --app")
            owner = await admin.apps.get(app_id)
            return people.document(await admin.people.export_user(owner.tenant_id, app_id, user_id))
        if tenant is None or customer_id is None:
            raise typer.BadParameter("--customer needs --tenant")
        await require_tenant(admin, tenant)
        return people.document(await admin.people.export_customer(tenant, customer_id))

    document = administer(database_url, work)
    if file is None:
        output.line(document)
        return
    file.touch(mode=0o600)
    file.write_text(document + "\n", "utf-8")
    output.note(f"written to {file}")


def _print(erased: Erased, *, as_json: bool) -> None:
    if as_json:
        output.document({"removed": dict(erased.removed), "notes": list(erased.notes)})
        return
    output.table(("removed", "number"), list(erased.removed.items()), empty="nothing")
    for note in erased.notes:
        output.note(note)
