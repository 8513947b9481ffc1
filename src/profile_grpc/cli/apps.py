"""`profile-grpc app`: the apps of a tenant and their settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc.cli import jwt, output, settings, shapes
from profile_grpc.cli.errors import FAILED, file_failure
from profile_grpc.cli.opening import administer, require_tenant, with_tenant
from profile_grpc.cli.options import AppId, DatabaseUrl, DisplayName, Json, OnlyTenant, Yes, command_option, confirm
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service.directory_ports import every_app

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.bridge.template_check import Checked

app = typer.Typer(help="Apps and their settings.", no_args_is_help=True)
app.add_typer(jwt.app, name="jwt")

_JSON_SHAPE = "JSON: {app_id, tenant_id, display_name, settings, create_time, update_time, etag}."
_NEVER = datetime.fromtimestamp(0, UTC)

Settings = Annotated[
    list[str] | None,
    command_option("--set", f"A setting, repeatable. Names: {', '.join(settings.PARSERS)}.", metavar="NAME=VALUE"),
]


@app.command(epilog=_JSON_SHAPE)
def create(
    app_id: AppId,
    *,
    tenant: Annotated[str, command_option("--tenant", "The tenant that owns the app.")],
    display_name: DisplayName = None,
    assignments: Settings = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create an app. Settings that are not given take their defaults, see `app show`.

    The id of an app that the tenant deleted may be used again by that tenant alone, for 400 days; its usage goes on.
    """
    wanted = _checked(app_id, display_name or "", settings.apply(AppSettings(), assignments or ()))

    created = with_tenant(
        database_url, tenant, lambda admin: admin.apps.create(app_id, tenant, display_name or "", wanted)
    )
    output.result(_structured(created), f"created app {app_id} of tenant {tenant}", as_json=as_json)
    if not as_json:
        output.note(f"next: profile-grpc key create --tenant {tenant} --kind client --app {app_id}")


@app.command("set", epilog=_JSON_SHAPE)
def set_(
    app_id: AppId,
    *,
    display_name: DisplayName = None,
    assignments: Settings = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Change settings of an app, at once. `NAME=default` restores the default."""
    if display_name is None and not assignments:
        raise typer.BadParameter("give at least one --set NAME=VALUE, or --display-name")

    def change(before: App) -> tuple[str, AppSettings]:
        name = before.display_name if display_name is None else display_name
        return name, _checked(app_id, name, settings.apply(before.settings, assignments or ()))

    changed = administer(database_url, lambda admin: admin.apps.change(app_id, change))
    output.result(_structured(changed), f"changed app {app_id}", as_json=as_json)


@app.command(epilog=_JSON_SHAPE)
def show(app_id: AppId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show an app and all its settings, in the form that --set accepts."""
    found = administer(database_url, lambda admin: admin.apps.get(app_id))
    if as_json:
        output.document(_structured(found))
        return
    output.facts(
        {
            "app": found.app_id,
            "tenant": found.tenant_id,
            "display name": found.display_name or None,
            "created": found.create_time,
            "changed": found.update_time,
            "": "",
            **settings.flat(found.settings),
        }
    )


@app.command("list")
def list_(*, tenant: OnlyTenant = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List apps. JSON: {apps: [as in `app show`]}."""

    async def work(admin: Application) -> list[App]:
        await require_tenant(admin, tenant)
        return [one async for one in every_app(admin.store.directory, tenant) if not one.deleting]

    found = administer(database_url, work)
    if as_json:
        output.document({"apps": [_structured(one) for one in found]})
        return
    rows = [(a.app_id, a.tenant_id, a.display_name, a.create_time, a.update_time) for a in found]
    output.table(("app", "tenant", "display name", "created", "changed"), rows, empty="no apps yet")


@app.command()
def delete(
    app_id: AppId,
    *,
    force: Annotated[bool, command_option("--force", "Delete its profiles too, irreversibly.")] = False,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Delete an app and revoke its keys. With profiles it stays, unless --force.

    On a terminal: asks first, unless --yes.
    """
    confirm(f"Delete the app {app_id}{', all of its profiles' if force else ''} and revoke its keys?", yes=yes)

    async def work(admin: Application) -> None:
        # Also an app whose deletion was interrupted, which `get` does not find.
        found = await admin.store.directory.app(app_id)
        with output.working(f"deleting {app_id}"):
            await admin.apps.delete(app_id, found.tenant_id if found else "", force=force)

    administer(database_url, work)
    output.line(f"deleted app {app_id}; its id stays reserved for its tenant for 400 days")


@app.command("config")
def config_(
    app_id: AppId,
    *,
    platform: Annotated[str, command_option("--platform", "ios, android or web.")],
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it.", show_default="stdout")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the configuration of the app's SDK for a platform, as JSON: GetSdkConfig's answer in protobuf's form.

    It has public parts only, and no client key: keys are shown once, when they are made (`key create`).
    """
    from google.protobuf import json_format

    from profile_grpc.transport.grpc.sdk_config import for_platform, sdk_config

    chosen = settings.choice(Platform, platform)

    async def work(admin: Application) -> dict[str, Any]:
        vapid = await admin.credentials.vapid_public_key(app_id)
        found = for_platform(sdk_config(await admin.apps.get(app_id), vapid), chosen)
        return json_format.MessageToDict(found, preserving_proto_field_name=True)

    text = json.dumps(administer(database_url, work), indent=2, ensure_ascii=False)
    if file is None:
        output.line(output.json_text(text))
        return
    try:
        file.write_text(f"{text}\n")
    except OSError as error:
        raise file_failure("write", file, error) from None
    output.note(f"wrote {file}")


@app.command("bridge-check")
def bridge_check(
    app_id: AppId,
    *,
    url: Annotated[str, command_option("--url", "The report's URL, with its placeholders.", metavar="TEMPLATE")],
    post_data: Annotated[
        str, command_option("--post-data", "The body, a form or JSON, with its placeholders.", metavar="TEMPLATE")
    ] = "",
    content_type: Annotated[
        str, command_option("--content-type", "The body's type.", show_default="application/x-www-form-urlencoded")
    ] = "",
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show what the bridge reads from report templates, and the Account XML keys to paste. Exit status 1: problems.

    Of token reports the keys' values only: look up their names in your app's documentation.

    JSON: {endpoint, app_id, placeholders: {name: parameter}, problems, warnings, notes, request, effect, xml}.
    """
    from profile_grpc.bridge.template_check import check
    from profile_grpc.bridge.templates import Template

    chosen = administer(database_url, lambda admin: admin.apps.get(app_id)).settings
    names = {field.name: getattr(chosen.bridge_parameters, field.name) for field in fields(chosen.bridge_parameters)}
    found = check(Template(names), url, post_data, content_type, chosen)
    problems = list(found.problems)
    if found.app_id and found.app_id != app_id:
        problems.append(f"the path names the app {found.app_id}, not {app_id}")
    if as_json:
        _document_check(found, problems)
    else:
        _print_check(found, problems)
    if problems:
        raise typer.Exit(FAILED)


def _document_check(found: Checked, problems: Sequence[str]) -> None:
    from profile_grpc.bridge.template_check import NOTES

    output.document(
        {
            "endpoint": found.kind.name.lower() if found.kind else None,
            "app_id": found.app_id,
            "placeholders": dict(found.placeholders),
            "problems": problems,
            "warnings": list(found.warnings),
            "notes": list(NOTES),
            "request": found.request,
            "effect": list(found.effect),
            "xml": found.xml,
        }
    )


def _print_check(found: Checked, problems: Sequence[str]) -> None:
    from profile_grpc.bridge.report import Kind
    from profile_grpc.bridge.template_check import NOTES

    rows = [(f"%{name}%", parameter or "(not read)") for name, parameter in found.placeholders.items()]
    output.table(("placeholder", "becomes"), rows, empty="no placeholders")
    if found.kind is Kind.TOKEN:
        output.line(
            "For the Account XML: values of the Push Token Reporter's keys, which your app's documentation names"
        )
    output.line(found.xml)
    output.line("\nSuch a request, its placeholders filled with examples:\n" + found.request)
    if found.effect:
        output.line("\nIt would do:\n" + "\n".join(found.effect))
    for kind, texts in (("note", NOTES), ("warning", found.warnings), ("problem", problems)):
        for text in texts:
            output.note(f"{kind}: {text}")


def _checked(app_id: str, display_name: str, wanted: AppSettings) -> AppSettings:
    """The settings, if they have the contract's shape. The domain checks whether they are consistent."""
    from profile_grpc.transport.grpc import settings as wire

    shapes.check(wire.app(App(app_id, "", _NEVER, _NEVER, display_name, wanted)))
    return wanted


def _structured(found: App) -> dict[str, object]:
    return {
        "app_id": found.app_id,
        "tenant_id": found.tenant_id,
        "display_name": found.display_name,
        "settings": settings.structured(found.settings),
        "create_time": found.create_time,
        "update_time": found.update_time,
        "etag": found.etag,
    }
