"""`profile-grpc credential`: push credentials (K)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc import config
from profile_grpc.cli import output, settings, shapes
from profile_grpc.cli.errors import FAILED, CommandFailed, file_failure
from profile_grpc.cli.opening import administer, with_app
from profile_grpc.cli.options import AppId, DatabaseUrl, Json, Yes, command_option, confirm
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_credentials import CredentialKind, Described
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.domain.settings import App

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.service.resealing import Resealed

app = typer.Typer(help="Push credentials: checked, and stored encrypted.", no_args_is_help=True)

_JSON_SHAPE = (
    "JSON: {credential_id, app_id, kind, name, platforms, push_app_ids, version, state, subject, topic, environment,"
    " fingerprint, expire_time, create_time, key_id, team_id, project_id, public_key, site_name, site_url, icon_url,"
    " icon_names}."
)
_LARGEST_FILE = 64 * 1024
_PASSWORD = "Password of the file: "  # noqa: S105 - a question

CredentialId = Annotated[str, typer.Argument(metavar="ID", help="The credential's id, see `credential list`.")]
Name = Annotated[
    str, command_option("--name", "Its name within the app. An upload of the same name is a newer version.")
]


def _kind(text: str) -> CredentialKind:
    if text.upper().replace("-", "_") == "FCM_SERVER_KEY":
        return CredentialKind.FCM_SERVICE_ACCOUNT  # refused with what to do
    return settings.choice(CredentialKind, text)


@app.command(epilog=_JSON_SHAPE)
def upload(  # noqa: PLR0913 - each option is a parameter
    app_id: AppId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of the credential; -: standard input.")],
    *,
    kind: Annotated[
        str,
        command_option(
            "--kind",
            "fcm-service-account, apns-token-key, apns-certificate, safari-certificate, vapid-key, or hms-app (the"
            " file holds the app secret).",
        ),
    ],
    name: Name,
    platforms: Annotated[
        list[str] | None,
        command_option("--platform", "A platform that it serves; repeatable. Default: every one."),
    ] = None,
    push_app_ids: Annotated[
        list[str] | None,
        command_option("--push-app-id", "A push app id that it serves; repeatable. Default: every one."),
    ] = None,
    password_file: Annotated[
        Path | None,
        command_option("--password-file", "A file with the password. On a terminal it is asked for without it."),
    ] = None,
    environment: Annotated[str | None, command_option("--environment", "Of APNs: production or sandbox.")] = None,
    key_id: Annotated[str, command_option("--key-id", "Of a token key: its id at Apple.")] = "",
    team_id: Annotated[str, command_option("--team-id", "Of a token key: the team's id at Apple.")] = "",
    topic: Annotated[str, command_option("--topic", "Of APNs: the bundle id.")] = "",
    subject: Annotated[str, command_option("--subject", "Of a VAPID key: mailto:… or https://….")] = "",
    hms_id: Annotated[str, command_option("--hms-id", "Of an HMS app: its id at Huawei.")] = "",
    site_name: Annotated[str, command_option("--site-name", "Of Safari: the title of the website.")] = "",
    site_url: Annotated[str, command_option("--site-url", "Of Safari and VAPID: the website.")] = "",
    icon_url: Annotated[str, command_option("--icon-url", "Of VAPID: the icon of notifications.")] = "",
    icon_names: Annotated[
        list[str] | None, command_option("--icon", "Of Safari: the name of an icon file; repeatable.")
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Check a credential and store it, encrypted. Nothing of its private part is shown afterwards."""
    from appprofile.v1 import credential_service_pb2 as pb
    from profile_grpc.transport.grpc import push_credentials as wire

    content = _read(file)
    apns: Any = settings.choice(ApnsEnvironment, environment).value if environment else 0
    served: Any = [settings.choice(Platform, one).value for one in platforms or []]
    material: dict[str, Any]
    match _kind(kind):
        case CredentialKind.FCM_SERVICE_ACCOUNT:
            material = {"fcm_service_account": pb.FcmServiceAccount(json=content)}
        case CredentialKind.APNS_TOKEN_KEY:
            key = pb.ApnsTokenKey(p8=content, key_id=key_id, team_id=team_id, topic=topic, environment=apns)
            material = {"apns_token_key": key}
        case CredentialKind.APNS_CERTIFICATE:
            password = _password(password_file, content)
            certificate = pb.ApnsCertificate(file=content, password=password, environment=apns, topic=topic)
            material = {"apns_certificate": certificate}
        case CredentialKind.SAFARI_CERTIFICATE:
            password = _password(password_file, content)
            safari = pb.SafariCertificate(
                file=content, password=password, site_name=site_name, site_url=site_url, icon_names=icon_names or []
            )
            material = {"safari_certificate": safari}
        case CredentialKind.VAPID_KEY:
            site = pb.VapidSite(subject=subject, site_url=site_url, icon_url=icon_url)
            material = {"vapid_key": pb.VapidKey(private_key=content, site=site)}
        case CredentialKind.HMS_APP:
            material = {"hms_app": pb.HmsApp(hms_id=hms_id, secret=content.decode(errors="replace").strip())}
    request = pb.UploadCredentialRequest(
        app_id=app_id, display_name=name, platforms=served, push_app_ids=push_app_ids or [], **material
    )
    shapes.check(request)

    async def work(admin: Application, app: App) -> Described:
        taken = wire.upload(request, admin.credentials.fingerprint_key)
        return await admin.credentials.upload(wire.new_credential(request), taken, app.tenant_id)

    _print_change(with_app(database_url, app_id, work), as_json=as_json)


@app.command("create-vapid", epilog=_JSON_SHAPE)
def create_vapid(
    app_id: AppId,
    *,
    name: Name,
    subject: Annotated[str, command_option("--subject", "Whom push services reach: mailto:… or https://….")],
    site_url: Annotated[str, command_option("--site-url", "The website.")] = "",
    icon_url: Annotated[str, command_option("--icon-url", "The icon of notifications.")] = "",
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Make a key pair for Web Push, and print the public key, alone on stdout."""
    from appprofile.v1 import credential_service_pb2 as pb
    from profile_grpc.transport.grpc import push_credentials as wire

    site = pb.VapidSite(subject=subject, site_url=site_url, icon_url=icon_url)
    request = pb.CreateVapidKeyRequest(app_id=app_id, display_name=name, site=site)
    shapes.check(request)
    made = with_app(
        database_url,
        app_id,
        lambda admin, _: admin.credentials.create_vapid_key(wire.new_credential(request), subject, site_url, icon_url),
    )
    if as_json:
        output.document(structured(made))
        return
    output.line(made.credential.public.public_key)
    output.note(f"credential {made.credential.credential_id}, version {made.credential.version}")


@app.command("list", epilog=f"JSON: {{credentials: [as below]}}. {_JSON_SHAPE}")
def list_(app_id: AppId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List the app's credentials, by name and the newest version first."""
    found = with_app(database_url, app_id, lambda admin, _: admin.credentials.list(app_id))
    if as_json:
        output.document({"credentials": [structured(one) for one in found]})
        return
    rows = [
        (
            one.credential.name,
            one.credential.version,
            one.state.name.lower(),
            one.credential.public.kind.name.lower().replace("_", "-"),
            one.credential.expire_time or "never",
            one.credential.credential_id,
        )
        for one in found
    ]
    output.table(("name", "version", "state", "kind", "expires", "credential"), rows, empty="no push credentials yet")


@app.command(epilog=_JSON_SHAPE)
def show(
    app_id: AppId, credential_id: CredentialId, *, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """Show a credential, without its private part."""
    found = with_app(database_url, app_id, lambda admin, _: admin.credentials.get(app_id, credential_id))
    if as_json:
        output.document(structured(found))
        return
    facts = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in structured(found).items()
        if value not in (None, "", [])
    }
    output.facts({name.replace("_", " "): value for name, value in facts.items()})


@app.command()
def delete(app_id: AppId, credential_id: CredentialId, *, yes: Yes = False, database_url: DatabaseUrl = None) -> None:
    """Delete one version of a credential, irreversibly. On a terminal: asks first, unless --yes."""
    confirm(f"Delete the push credential {credential_id} of {app_id}?", yes=yes)
    with_app(database_url, app_id, lambda admin, _: admin.credentials.delete(app_id, credential_id))
    output.line(f"deleted push credential {credential_id}")


@app.command(epilog="JSON: {moved, kept, changed, damaged, lost: {key id: count}}.")
def reseal(*, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Encrypt every stored secret under the first key of the ring. The service may run meanwhile.

    Put the new key first in PROFILE_GRPC_SEAL_KEYS of every process, with the old one after it; then run this. `doctor`
    says when the old one is not needed any more. Exit status 1: secrets are left that do not open.
    """

    async def work(admin: Application) -> Resealed:
        from profile_grpc.service.resealing import reseal as everything

        return await everything(admin.store.sealed, admin.vault)

    done = administer(database_url, work)
    if as_json:
        names = ("moved", "kept", "changed", "damaged")
        output.document({name: getattr(done, name) for name in names} | {"lost": dict(done.lost)})
    else:
        first = next(iter(config.configured_seal_keys(os.environ)), "dev")
        output.line(f"moved {done.moved} secrets to the key {first}; {done.kept} were under it already")
    for key_id, number in sorted(done.lost.items()):
        output.note(f"{number} secrets need the key {key_id!r}, which is not in the ring: add it, or upload them again")
    if done.damaged:
        output.note(f"{done.damaged} secrets do not open under their key: upload them again")
    if done.changed:
        output.note(f"{done.changed} secrets changed meanwhile: run this again")
    if done.lost or done.damaged:
        raise typer.Exit(FAILED)


def structured(described: Described) -> dict[str, Any]:
    """A credential for JSON, without its private part."""
    stored = described.credential
    public: dict[str, Any] = settings.structured(stored.public)
    kind, environment = public.pop("kind"), public.pop("environment")
    expire_time = public.pop("expire_time")
    return {
        "credential_id": stored.credential_id,
        "app_id": stored.app_id,
        "kind": kind,
        "name": stored.name,
        "platforms": [platform.name for platform in stored.platforms],
        "push_app_ids": list(stored.push_app_ids),
        "version": stored.version,
        "state": described.state.name,
        "environment": environment if stored.public.environment else "",
        "expire_time": expire_time,
        "create_time": stored.create_time,
        **public,
    }


def _print_change(described: Described, *, as_json: bool) -> None:
    if as_json:
        output.document(structured(described))
        return
    stored = described.credential
    until = "does not expire" if stored.expire_time is None else f"expires {output.human(stored.expire_time)}"
    output.line(f"stored {stored.name!r} version {stored.version}, {described.state.name.lower()}; it {until}")
    output.note(f"credential {stored.credential_id}")


def _read(path: Path) -> bytes:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_LARGEST_FILE + 1)
        else:
            with path.open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise file_failure("read", path, error) from None
    if len(content) > _LARGEST_FILE:
        raise CommandFailed(f"{path} is larger than {_LARGEST_FILE // 1024} KiB: it is no push credential")
    return content


def _password(path: Path | None, content: bytes) -> str:
    """The file's password: never from the command line, which every list of processes shows."""
    if path is not None:
        return _read(path).decode().rstrip("\r\n")
    needed = b"-----BEGIN " not in content or b"ENCRYPTED" in content
    if needed and sys.stdin.isatty():
        return str(typer.prompt(_PASSWORD, hide_input=True, default="", show_default=False, err=True))
    return ""
