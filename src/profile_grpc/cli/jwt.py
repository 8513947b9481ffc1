"""`profile-grpc app jwt`: the JWT authorization of an app (J)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output, settings
from profile_grpc.cli.errors import CommandFailed, file_failure
from profile_grpc.cli.opening import administer, is_dev, with_app
from profile_grpc.cli.options import FILE, AppId, DatabaseUrl, Json, JwksHosts, Yes, command_option, confirm
from profile_grpc.config import JwksConfig
from profile_grpc.domain.jwt import JwtAlgorithm, JwtMode
from profile_grpc.domain.settings import App, AppSettings

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.service.jwt.administration import NewJwtKey, ShownJwtKey
    from profile_grpc.service.jwt.readiness import Impact

app = typer.Typer(help="JWT authorization: keys, mode and readiness.", no_args_is_help=True)

_KEY_SHAPE = (
    "JSON: {jwt_key_id, kind, keys: [{kid, algorithm, fingerprint}], jwks_url, create_time, fetch_time,"
    " failing_since_time, problem}."
)
_MAX_FILE = 1 << 20


@app.command(epilog=_KEY_SHAPE)
def add(  # noqa: PLR0913 - each option is a parameter
    app_id: AppId,
    *,
    kid: Annotated[str, command_option("--kid", "The kid of the JWTs that the key verifies.")] = "",
    algorithm: Annotated[
        str | None,
        command_option("--algorithm", "HS256, RS256, ES256 or EDDSA.", show_default="the one that fits the key"),
    ] = None,
    public_key: Annotated[Path | None, command_option("--public-key", "A public key as PEM.", **FILE)] = None,
    jwk: Annotated[Path | None, command_option("--jwk", "A public key as JWK.", **FILE)] = None,
    jwks: Annotated[Path | None, command_option("--jwks", "A JWKS document.", **FILE)] = None,
    url: Annotated[str | None, command_option("--url", "The URL of a JWKS document.")] = None,
    secret: Annotated[
        Path | None, command_option("--secret-file", "A shared secret: the bytes of the file, at least 32.", **FILE)
    ] = None,
    jwks_hosts: JwksHosts = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Add a key, from a file or a URL. It is in force on every server within 5 seconds.

    A shared secret needs the key ring of the servers (PROFILE_GRPC_SEAL_KEYS). The host of a URL must be in
    --jwks-hosts, here and at the servers.
    """
    forms = {"public_key_pem": public_key, "jwk": jwk, "jwks": jwks, "jwks_url": url, "shared_secret": secret}
    given = {form: value for form, value in forms.items() if value is not None}
    if len(given) != 1:
        raise typer.BadParameter("give exactly one of --public-key, --jwk, --jwks, --url, --secret-file")
    [(form, value)] = given.items()
    chosen = None if algorithm is None else settings.choice(JwtAlgorithm, algorithm)

    async def work(admin: Application) -> ShownJwtKey:
        await admin.apps.get(app_id)
        return await admin.jwt_keys.add(_new_key(app_id, form, value, kid, chosen))

    allowed = JwksConfig(hosts=tuple(jwks_hosts or ()), http_on_loopback=is_dev(database_url))
    added = administer(database_url, work, jwks=allowed)
    if as_json:
        output.document(_structured(added))
        return
    output.line(added.stored.jwt_key_id)
    output.note(f"added key {added.stored.jwt_key_id} to app {app_id}")
    if form == "jwks_url":
        output.note(f"the servers fetch it now; see: profile-grpc app jwt list {app_id}")


@app.command("list", epilog="JSON: {keys: [as in `app jwt add`]}.")
def list_(app_id: AppId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List the keys of an app."""
    found = with_app(database_url, app_id, lambda admin, _: admin.jwt_keys.list(app_id))
    if as_json:
        output.document({"keys": [_structured(one) for one in found]})
        return
    rows = [
        (
            one.stored.jwt_key_id,
            one.stored.kind.name,
            ", ".join(f"{key.kid or '-'} ({key.algorithm.name})" for key in one.keys) or "-",
            one.stored.create_time,
            one.stored.fetch_time,
            one.problem or "-",
        )
        for one in found
    ]
    output.table(("key", "kind", "kid", "added", "fetched", "problem"), rows, empty="no keys yet")


@app.command()
def remove(
    app_id: AppId,
    jwt_key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id; see `app jwt list`.")],
    *,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Remove a key. What it signed is refused on every server within 5 seconds. On a terminal: asks first."""
    confirm(f"Remove the key {jwt_key_id} of app {app_id}? JWTs that it signed are refused.", yes=yes)

    administer(database_url, lambda admin: admin.jwt_keys.remove(app_id, jwt_key_id))
    output.line(f"removed key {jwt_key_id} of app {app_id}")


@app.command()
def mode(
    app_id: AppId,
    wanted: Annotated[str, typer.Argument(metavar="MODE", help="off, observe or require.")],
    *,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Set the mode, at once. For `require` it first says what share of the calls of 7 days would have been refused.

    On a terminal `require` asks first. JSON: {mode, calls, refused, refused_share, warnings}.
    """
    chosen = settings.choice(JwtMode, wanted)

    def change(before: App) -> tuple[str, AppSettings]:
        return before.display_name, replace(before.settings, jwt=replace(before.settings.jwt, mode=chosen))

    impact, warnings = with_app(database_url, app_id, lambda admin, _: admin.jwt_readiness.of_requiring(app_id))
    if chosen is not JwtMode.REQUIRE:
        warnings = []
    for text in warnings:
        output.note(f"warning: {text}")
    if chosen is JwtMode.REQUIRE:
        confirm(f"Require JWTs of app {app_id}?", yes=yes)
    administer(database_url, lambda admin: admin.apps.change(app_id, change))
    content = {"mode": chosen.name, **_share(impact), "warnings": warnings}
    output.result(content, f"app {app_id}: JWT mode {chosen.name}", as_json=as_json)


@app.command()
def readiness(app_id: AppId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show how the checks of the last 30 days ended, by day, outcome and SDK version.

    JSON: {mode, last_7_days: {calls, refused, refused_share}, days: [{date, counts: [{outcome, sdk_version, calls}]}]}.
    """
    found = with_app(database_url, app_id, lambda admin, app: admin.jwt_readiness.report(app))
    if as_json:
        days = [
            {
                "date": day.isoformat(),
                "counts": [
                    {"outcome": key.outcome.name, "sdk_version": key.sdk_version, "calls": calls}
                    for key, calls in counts
                ],
            }
            for day, counts in found.days.items()
        ]
        output.document({"mode": found.mode.name, "last_7_days": _share(found.last_7_days), "days": days})
        return
    rows = [
        (day.isoformat(), key.outcome.name, key.sdk_version or "-", calls)
        for day, counts in found.days.items()
        for key, calls in counts
    ]
    output.table(("day", "outcome", "SDK", "calls"), rows, empty="no call was checked in the last 30 days")
    recent = found.last_7_days
    output.note(
        f"mode {found.mode.name}; last 7 days: {recent.refused} of {recent.calls} calls ({recent.refused_share:.1%})"
        " without a valid JWT"
    )


def _new_key(app_id: str, form: str, value: Path | str, kid: str, algorithm: JwtAlgorithm | None) -> NewJwtKey:
    from appprofile.v1 import app_service_pb2, jwt_pb2
    from profile_grpc.cli import shapes
    from profile_grpc.transport.grpc import jwt

    content = value.encode() if isinstance(value, str) else _content(value)
    number = jwt_pb2.JwtAlgorithm.ValueType(algorithm or 0)
    request = app_service_pb2.AddJwtKeyRequest(app_id=app_id, kid=kid, algorithm=number)
    try:
        setattr(request, form, content if form == "shared_secret" else content.decode())
    except ValueError:
        raise CommandFailed(f"{value} is not text in UTF-8") from None
    shapes.check(request)
    return jwt.new_key(request)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE)
    except OSError as error:
        raise file_failure("read", path, error) from None


def _share(impact: Impact) -> dict[str, object]:
    return {"calls": impact.calls, "refused": impact.refused, "refused_share": round(impact.refused_share, 6)}


def _structured(one: ShownJwtKey) -> dict[str, object]:
    from profile_grpc.service.jwt.store import JwtKeyKind

    stored = one.stored
    return {
        "jwt_key_id": stored.jwt_key_id,
        "kind": stored.kind.name,
        "keys": [{"kid": key.kid, "algorithm": key.algorithm.name, "fingerprint": key.fingerprint} for key in one.keys],
        "jwks_url": stored.material if stored.kind is JwtKeyKind.JWKS_URL else None,
        "create_time": stored.create_time,
        "fetch_time": stored.fetch_time,
        "failing_since_time": stored.failing_since_time,
        "problem": one.problem or None,
    }
