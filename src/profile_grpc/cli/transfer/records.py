"""The records that are imported or exported: those of the database, as other commands, or of a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import typer

from appprofile.v1 import app_service_pb2 as apps_pb
from appprofile.v1 import customer_service_pb2 as customers_pb
from appprofile.v1 import profile_service_pb2 as profiles_pb
from profile_grpc.cli import output
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.opening import require_tenant
from profile_grpc.cli.options import database
from profile_grpc.cli.transfer.options import TransferOptions

if TYPE_CHECKING:
    from appprofile.aio import Client

FIRST_ANSWER_S = 15.0
"""How long to wait for the first answer of a server. One that has answered may be away for as long as it likes."""


RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
_Import: TypeAlias = Callable[[AsyncIterator[RequestT]], AsyncIterator[ResponseT]]
_Export: TypeAlias = Callable[[RequestT], AsyncIterator[ResponseT]]


class Records(NamedTuple):
    """The records of one app or one tenant, with the four methods of the contract."""

    import_profiles: _Import[profiles_pb.ImportProfilesRequest, profiles_pb.ImportProfilesResponse]
    export_profiles: _Export[profiles_pb.ExportProfilesRequest, profiles_pb.ExportProfilesResponse]
    import_customers: _Import[customers_pb.ImportCustomersRequest, customers_pb.ImportCustomersResponse]
    export_customers: _Export[customers_pb.ExportCustomersRequest, customers_pb.ExportCustomersResponse]


@asynccontextmanager
async def open_records(options: TransferOptions) -> AsyncIterator[Records]:
    """Opens the database, or connects to the server."""
    if options.target is None:
        from profile_grpc.bootstrap.administration import administration

        async with administration(database(options.database_url)) as admin:
            from profile_grpc.transport.grpc.records import LocalRecords

            if options.tenant:
                await require_tenant(admin, options.tenant)
                local = LocalRecords(admin, None, options.tenant)
            else:
                app = await admin.apps.get(options.app_id)
                local = LocalRecords(admin, app, app.tenant_id)
            yield Records(local.import_profiles, local.export_profiles, local.import_customers, local.export_customers)
        return
    import appprofile.aio
    from appprofile import ApiError

    ca = options.ca.read_bytes() if options.ca else None
    try:
        # Bytes that are no text become characters that the client refuses, without repeating them.
        key = options.key_file.read_text("utf-8", errors="replace").strip() if options.key_file else None
        opened = appprofile.aio.connect(options.target, key=key, plaintext=options.plaintext, ca=ca)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        async with opened as client:
            await _reach(client, options)
            yield _of_server(client)
    except ApiError as error:
        what = "the server refuses the call" if error.reason else f"cannot use {options.target}"
        raise CommandFailed(f"{what}: {error.message}") from None


async def _reach(client: Client, options: TransferOptions) -> None:
    """Calls the server once. The streams wait for a server that is away, also for one that was never there.

    Raises:
        ApiError: there is no server, or it refuses the key or does not know the app.
    """
    if options.app_id:
        await client.apps.GetApp(apps_pb.GetAppRequest(app_id=options.app_id), timeout=FIRST_ANSWER_S)
    else:
        await client.customers.GetCustomerSchema(customers_pb.GetCustomerSchemaRequest(), timeout=FIRST_ANSWER_S)


def _of_server(client: Client) -> Records:
    """An interrupted call goes on once the server answers; stderr says so."""
    return Records(
        partial(client.import_profiles, on_interruption=_interrupted),
        partial(client.export_profiles, on_interruption=_interrupted),
        partial(client.import_customers, on_interruption=_interrupted),
        partial(client.export_customers, on_interruption=_interrupted),
    )


def _interrupted(error: Exception) -> None:
    why = output.printable(getattr(error, "message", "") or "no connection")
    output.note(f"interrupted ({why}); going on when the server answers")
