"""`profile-grpc key`: the credentials of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output, settings, shapes
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.opening import administer, require_tenant, with_tenant
from profile_grpc.cli.options import DatabaseUrl, Json, OnlyTenant, command_option
from profile_grpc.service.credentials import APP_KINDS, NewKey
from profile_grpc.service.directory_ports import KeyKind, StoredKey

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

app = typer.Typer(help="Keys: the credentials of a tenant.", no_args_is_help=True)


class Kind(StrEnum):
    """The kinds of key, as on the command line."""

    ADMIN = "admin"
    PROFILE = "profile"
    CLIENT = "client"
    BRIDGE = "bridge"


@app.command()
def create(
    *,
    tenant: Annotated[str, command_option("--tenant", "The tenant that the key belongs to.")],
    kind: Annotated[Kind, command_option("--kind", "What the key may do.")],
    app_id: Annotated[str | None, command_option("--app", "The app that a client or bridge key reaches.")] = None,
    label: Annotated[str, command_option("--label", "A name for people: what the key is for.")] = "",
    expires: Annotated[
        str | None,
        command_option(
            "--expires",
            "When it expires: after a time (90d) or at the end of a day, UTC (2027-01-31).",
            metavar="WHEN",
            show_default="never",
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a key and print it, alone on stdout. It is shown only once; a keyed hash of it is stored.

    JSON: as in `key list`, with `secret`.
    """
    wanted = KeyKind[kind.name]
    if wanted in APP_KINDS and not app_id:
        raise typer.BadParameter(f"a key of kind {kind.value} is for one app: name it", param_hint="--app")
    if wanted not in APP_KINDS and app_id:
        raise typer.BadParameter(f"a key of kind {kind.value} is for all apps of a tenant: omit it", param_hint="--app")

    from appprofile.v1 import access_pb2, app_service_pb2

    shapes.check(
        app_service_pb2.CreateKeyRequest(kind=access_pb2.KeyKind.ValueType(wanted), app_id=app_id or "", label=label)
    )

    async def work(admin: Application) -> tuple[StoredKey, str]:
        if app_id is not None and (await admin.apps.get(app_id)).tenant_id != tenant:
            raise CommandFailed(f"tenant {tenant!r} has no app {app_id!r}; see `profile-grpc app list`")
        expire_time = _expire_time(expires, admin.clock.now())
        return await admin.apps.create_key(NewKey(wanted, tenant, app_id or "", label, expire_time))

    stored, secret = with_tenant(database_url, tenant, work)
    if as_json:
        output.document(_structured(stored) | {"secret": secret})
        return
    output.line(secret)
    output.note(f"key {stored.key_id} ({kind.value}): keep it safe, it is shown only once; send it as x-api-key")


@app.command("list")
def list_(
    *,
    tenant: OnlyTenant = None,
    app_id: Annotated[str | None, command_option("--app", "Only this app's.", show_default="every app")] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List keys, revoked ones too, newest first.

    JSON: {keys: [{key_id, kind, tenant_id, app_id, label, create_time, expire_time, revoke_time, last_used_day}]}.
    """
    found = administer(database_url, lambda admin: _keys(admin, tenant, app_id))
    if as_json:
        output.document({"keys": [_structured(key) for key in found]})
        return
    columns = ("key", "kind", "tenant", "app", "label", "created", "last used", "expires", "revoked")
    output.table(columns, [_row(key) for key in found], empty="no keys yet")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id: what follows its first underscore.")],
    *,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Revoke a key. Running servers refuse it within 5 seconds. JSON: as in `key list`."""

    async def work(admin: Application) -> StoredKey:
        stored = await admin.store.directory.key(key_id)
        return await admin.apps.revoke_key(key_id, stored.tenant_id if stored else "")

    stored = administer(database_url, work)
    output.result(_structured(stored), f"revoked key {key_id}", as_json=as_json)


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


def _expire_time(text: str | None, now: datetime) -> datetime | None:
    """The instant of `--expires`."""
    if text is None:
        return None
    try:
        end_of_day = datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        try:
            return now + settings.duration(text)
        except (settings.SettingError, OverflowError):
            raise typer.BadParameter("write 90d or 2027-01-31", param_hint="--expires") from None
    return end_of_day


def _row(key: StoredKey) -> tuple[object, ...]:
    return (
        key.key_id,
        key.kind.name.lower(),
        key.tenant_id,
        key.app_id or "-",
        key.label or "-",
        key.create_time,
        key.last_used_day,
        key.expire_time,
        key.revoke_time,
    )


def _structured(key: StoredKey) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "kind": key.kind.name,
        "tenant_id": key.tenant_id,
        "app_id": key.app_id or None,
        "label": key.label,
        "create_time": key.create_time,
        "expire_time": key.expire_time,
        "revoke_time": key.revoke_time,
        "last_used_day": key.last_used_day,
    }
