"""`profile-grpc key`: the credentials of a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output
from profile_grpc.cli.apps import require_tenant
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.opening import administration
from profile_grpc.cli.options import DatabaseUrl, Json, command_option, database
from profile_grpc.service.credentials import APP_KINDS
from profile_grpc.service.ports import KeyKind, StoredKey

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

app = typer.Typer(help="Keys: the credentials of a tenant.", no_args_is_help=True)


class Kind(StrEnum):
    """The kinds of key, as they are typed."""

    ADMIN = "admin"
    PROFILE = "profile"
    CLIENT = "client"
    BRIDGE = "bridge"


@app.command()
def create(
    *,
    tenant: Annotated[str, command_option("--tenant", help="The tenant that the key belongs to.")],
    kind: Annotated[Kind, command_option("--kind", help="What the key may do.")],
    app_id: Annotated[str | None, command_option("--app", help="The app that a client or bridge key reaches.")] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a key and print it, alone on stdout. It is shown this once; a keyed hash of it is stored.

    JSON: as in `key list`, with `secret`.
    """
    wanted = KeyKind[kind.name]
    if wanted in APP_KINDS and not app_id:
        raise typer.BadParameter(f"a {kind.value} key reaches one app: name it", param_hint="--app")
    if wanted not in APP_KINDS and app_id:
        raise typer.BadParameter(
            f"a {kind.value} key reaches every app of its tenant: leave it out", param_hint="--app"
        )

    async def run() -> tuple[StoredKey, str]:
        async with administration(database(database_url)) as admin:
            await require_tenant(admin, tenant)
            if app_id is not None and (await admin.apps.get(app_id)).tenant_id != tenant:
                raise CommandFailed(
                    f"the app {app_id!r} is not of tenant {tenant!r}; `profile-grpc app list` shows whose"
                )
            return await admin.apps.create_key(wanted, tenant, app_id or "")

    stored, secret = asyncio.run(run())
    if as_json:
        output.document(_structured(stored) | {"secret": secret})
        return
    output.line(secret)
    output.note(f"key {stored.key_id} ({kind.value}): keep it safe, it is shown this once; send it as x-api-key")


@app.command("list")
def list_(
    *,
    tenant: Annotated[
        str | None, command_option("--tenant", help="Only this tenant's.", show_default="every tenant")
    ] = None,
    app_id: Annotated[str | None, command_option("--app", help="Only this app's.", show_default="every app")] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List keys, revoked ones too, newest first.

    JSON: {keys: [{key_id, kind, tenant_id, app_id, create_time, revoke_time}]}.
    """

    async def run() -> Sequence[StoredKey]:
        async with administration(database(database_url)) as admin:
            return await _keys(admin, tenant, app_id)

    found = asyncio.run(run())
    if as_json:
        output.document({"keys": [_structured(key) for key in found]})
        return
    rows = [(k.key_id, k.kind.name.lower(), k.tenant_id, k.app_id or "-", k.create_time, k.revoke_time) for k in found]
    output.table(("key", "kind", "tenant", "app", "created", "revoked"), rows, empty="no keys yet")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id: what follows its first underscore.")],
    *,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Revoke a key. Servers that run refuse it within 5 seconds. JSON: as in `key list`."""

    async def run() -> StoredKey:
        async with administration(database(database_url)) as admin:
            stored = await admin.store.directory.key(key_id)
            return await admin.apps.revoke_key(key_id, stored.tenant_id if stored else "")

    stored = asyncio.run(run())
    if as_json:
        output.document(_structured(stored))
    else:
        output.line(f"revoked key {key_id}")


async def _keys(admin: Application, tenant: str | None, app_id: str | None) -> Sequence[StoredKey]:
    if tenant is not None:
        await require_tenant(admin, tenant)
        tenants = [tenant]
    elif app_id is not None:
        tenants = [(await admin.apps.get(app_id)).tenant_id]
    else:
        tenants = [one.tenant_id for one in await admin.store.directory.tenants()]
    found = [key for one in tenants for key in await admin.apps.keys(one, app_id)]
    return sorted(found, key=lambda key: key.create_time, reverse=True)


def _structured(key: StoredKey) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "kind": key.kind.name,
        "tenant_id": key.tenant_id,
        "app_id": key.app_id or None,
        "create_time": key.create_time,
        "revoke_time": key.revoke_time,
    }
