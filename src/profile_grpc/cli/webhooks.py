"""`profile-grpc webhook`: events delivered over HTTPS (E6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output, settings, shapes
from profile_grpc.cli.errors import FAILED, CommandFailed
from profile_grpc.cli.opening import ResultT, administer, is_dev, require_tenant
from profile_grpc.cli.options import (
    DatabaseUrl,
    DisplayName,
    Json,
    OnlyTenant,
    WebhookCa,
    WebhookNetworks,
    Yes,
    command_option,
    confirm,
)
from profile_grpc.cli.webhook_output import WebhookStatus, show_facts, structured, structured_delivery
from profile_grpc.config import OutboundConfig
from profile_grpc.domain.events import EventType
from profile_grpc.domain.webhooks import Webhook, WebhookState
from profile_grpc.service.event_ports import WebhookKey

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

app = typer.Typer(help="Webhooks: events delivered over HTTPS.", no_args_is_help=True)

_JSON_SHAPE = (
    "JSON: {webhook_id, tenant_id, url, types, app_ids, state, display_name, position_lag, last_failure: {time,"
    " http_status, description, next_attempt_time, failing_since}, events_lost_time, create_time, update_time, etag}."
)

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id, see `webhook list`.")]
Types = Annotated[
    list[str] | None,
    command_option("--type", "Only events of this type, as PROFILE_CREATED; repeatable.", metavar="TYPE"),
]
Apps = Annotated[list[str] | None, command_option("--app", "Only events of this app; repeatable.", metavar="APP")]
Url = Annotated[str, typer.Argument(metavar="URL", help="Where requests go, https://….")]


@app.command(epilog=_JSON_SHAPE)
def create(
    url: Url,
    *,
    tenant: Annotated[str, command_option("--tenant", "The tenant whose events it gets.")],
    types: Types = None,
    app_ids: Apps = None,
    display_name: DisplayName = None,
    networks: WebhookNetworks = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a webhook, and print its secret, alone on stdout. It is shown only once.

    JSON: as in `webhook show`, with `secret`.
    """
    from profile_grpc.service.webhooks import NewWebhook

    wanted = NewWebhook(tenant, url, _types(types), tuple(app_ids or ()), display_name=display_name or "")
    _check_shape(wanted.url, wanted.types, wanted.app_ids, wanted.display_name)

    async def work(admin: Application) -> tuple[WebhookStatus, str]:
        await require_tenant(admin, tenant)
        await _require_apps(admin, tenant, wanted.app_ids)
        made, secret = await admin.webhooks.create(wanted)
        return await _shown(admin, made), secret

    made, secret = _administer(database_url, work, networks)
    if as_json:
        output.document(structured(made) | {"secret": secret})
        return
    output.line(secret)
    output.note(f"webhook {made.webhook.webhook_id}: keep the secret safe, it is shown only once")
    output.note(f"next: profile-grpc webhook test {made.webhook.webhook_id}")


@app.command("list")
def list_(*, tenant: OnlyTenant = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List webhooks. JSON: {webhooks: [as in `webhook show`]}."""

    async def work(admin: Application) -> list[WebhookStatus]:
        await require_tenant(admin, tenant)
        newest = await admin.webhooks.newest_position()
        tenants = [tenant] if tenant else [one.tenant_id for one in await admin.store.directory.tenants()]
        return [WebhookStatus(found, newest) for one in tenants for found in await admin.webhooks.list(one)]

    found = administer(database_url, work)
    if as_json:
        output.document({"webhooks": [structured(one) for one in found]})
        return
    rows = [
        (w.webhook_id, w.tenant_id, w.state.name.lower(), one.lag, w.url, w.display_name or "-")
        for one in found
        for w in [one.webhook]
    ]
    output.table(("webhook", "tenant", "state", "behind", "url", "name"), rows, empty="no webhooks yet")


@app.command(epilog=_JSON_SHAPE)
def show(webhook_id: WebhookId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show a webhook, how far it is behind, and why the last delivery failed."""
    found = _with_webhook(database_url, webhook_id, _shown)
    if as_json:
        output.document(structured(found))
    else:
        show_facts(found)


@app.command("set", epilog=_JSON_SHAPE)
def set_(  # noqa: PLR0913 - each option is a parameter
    webhook_id: WebhookId,
    *,
    url: Annotated[str | None, command_option("--url", "Where requests go.")] = None,
    types: Types = None,
    all_types: Annotated[bool, command_option("--all-types", "Events of every type.")] = False,
    app_ids: Apps = None,
    all_apps: Annotated[bool, command_option("--all-apps", "Events of every app of the tenant.")] = False,
    display_name: DisplayName = None,
    networks: WebhookNetworks = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Change a webhook."""
    if (types and all_types) or (app_ids and all_apps):
        raise typer.BadParameter("give either --type or --all-types, and either --app or --all-apps")
    given: dict[str, object] = {
        "url": url,
        "types": () if all_types else _types(types) if types else None,
        "app_ids": () if all_apps else tuple(app_ids) if app_ids else None,
        "display_name": display_name,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("give at least one of --url, --type, --all-types, --app, --all-apps, --display-name")

    def change(before: Webhook) -> Webhook:
        after = replace(before, **changes)  # type: ignore[arg-type]
        _check_shape(after.url, after.types, after.app_ids, after.display_name)
        return after

    async def work(admin: Application, found: Webhook) -> WebhookStatus:
        await _require_apps(admin, found.tenant_id, change(found).app_ids if app_ids else ())
        return await _shown(admin, await admin.webhooks.change(_key(found), change))

    changed = _with_webhook(database_url, webhook_id, work, networks)
    output.result(structured(changed), f"changed webhook {webhook_id}", as_json=as_json)


@app.command(epilog=_JSON_SHAPE)
def pause(webhook_id: WebhookId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Stop deliveries within seconds; the position is kept."""
    _set_state(webhook_id, WebhookState.PAUSED, database_url, as_json=as_json)


@app.command(epilog=_JSON_SHAPE)
def enable(webhook_id: WebhookId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Deliver again, from where it was, after a pause or after three days of failure."""
    _set_state(webhook_id, WebhookState.ENABLED, database_url, as_json=as_json)


@app.command()
def rotate(
    webhook_id: WebhookId,
    *,
    keep_old: Annotated[
        str, command_option("--keep-old", "How long the old secret signs too, up to 7d; 0: ends now.", metavar="TIME")
    ] = "24h",
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Give a webhook a new secret and print it, alone on stdout. JSON: {secret, old_secret_expire_time}."""
    from appprofile.v1 import webhook_service_pb2

    overlap = settings.duration(keep_old)
    asked = webhook_service_pb2.RotateWebhookSecretRequest(webhook_id=webhook_id)
    asked.keep_old.FromTimedelta(overlap)
    shapes.check(asked)
    rotated = _with_webhook(database_url, webhook_id, lambda admin, found: admin.webhooks.rotate(_key(found), overlap))
    if as_json:
        output.document({"secret": rotated.secret, "old_secret_expire_time": rotated.old_end_time})
        return
    output.line(rotated.secret)
    output.note(f"webhook {webhook_id}: the old secret signs too until {output.human(rotated.old_end_time)}")


@app.command(epilog=_JSON_SHAPE)
def replay(
    webhook_id: WebhookId,
    *,
    start: Annotated[
        str | None, command_option("--from", "A time ago (2h), or an instant (2026-01-02T03:00:00Z).", metavar="WHEN")
    ] = None,
    from_oldest: Annotated[bool, command_option("--from-oldest", "Everything that is kept: 7 days of events.")] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Deliver again the events from a time on, as new requests."""
    if (start is None) == (not from_oldest):
        raise typer.BadParameter("give either --from WHEN or --from-oldest")

    async def work(admin: Application, found: Webhook) -> WebhookStatus:
        time = None if start is None else _instant(start, admin.clock.now())
        return await _shown(admin, await admin.webhooks.replay(_key(found), time))

    replayed = _with_webhook(database_url, webhook_id, work)
    if as_json:
        output.document(structured(replayed))
        return
    output.line(f"webhook {webhook_id} delivers again; it is {replayed.lag} positions behind")
    if replayed.webhook.state is not WebhookState.ENABLED:
        output.note(f"it is {replayed.webhook.state.name.lower()}: profile-grpc webhook enable {webhook_id}")


@app.command()
def deliveries(
    webhook_id: WebhookId,
    *,
    limit: Annotated[int, command_option("--limit", "How many to list at most.", min=1, max=1000)] = 50,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the last attempts to deliver, newest first.

    JSON: {deliveries: [{delivery_id, first_position, last_position, events, attempt, time, latency, delivered,
    http_status, description}]}.
    """
    found = _with_webhook(
        database_url, webhook_id, lambda admin, webhook: admin.store.webhooks.deliveries(_key(webhook), None, limit)
    )
    if as_json:
        output.document({"deliveries": [structured_delivery(one) for one in found]})
        return
    rows = [
        (
            one.time,
            one.events or "test",
            one.attempt,
            f"{one.latency.total_seconds():.3f} s",
            one.status or None,
            one.failure or "-",
        )
        for one in found
    ]
    output.table(("time", "events", "attempt", "took", "status", "failure"), rows, empty="no deliveries yet")


@app.command("test")
def send(
    webhook_id: WebhookId,
    *,
    networks: WebhookNetworks = None,
    ca: WebhookCa = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Send a signed request without events from this machine. Exit status 1: it was not accepted.

    JSON: as one of `webhook deliveries`.
    """
    from profile_grpc.bootstrap.background import send_test

    sent = _with_webhook(database_url, webhook_id, lambda admin, found: send_test(admin, _key(found)), networks, ca)
    if as_json:
        output.document(structured_delivery(sent))
    elif not sent.failure:
        output.line(f"accepted: HTTP {sent.status} after {sent.latency.total_seconds():.3f} s")
    if sent.failure:
        output.note(f"not accepted: {sent.failure}")
        raise typer.Exit(FAILED)


@app.command()
def delete(webhook_id: WebhookId, *, yes: Yes = False, database_url: DatabaseUrl = None) -> None:
    """Delete a webhook. On a terminal: asks first, unless --yes."""
    confirm(f"Delete the webhook {webhook_id}? Its position is lost.", yes=yes)
    _with_webhook(database_url, webhook_id, lambda admin, found: admin.webhooks.delete(_key(found)))
    output.line(f"deleted webhook {webhook_id}")


def _administer(
    database_url: str | None,
    work: Callable[[Application], Awaitable[ResultT]],
    networks: list[str] | None = None,
    ca: Path | None = None,
) -> ResultT:
    """As `administer`, with the options of webhooks. On a database of `serve --dev`, webhooks may be plain http on this
    machine.
    """
    allowed = OutboundConfig(
        networks=tuple(networks or ()), ca=str(ca) if ca else None, http_on_loopback=is_dev(database_url)
    )
    return administer(database_url, work, webhooks=allowed)


def _with_webhook(
    database_url: str | None,
    webhook_id: str,
    work: Callable[[Application, Webhook], Awaitable[ResultT]],
    networks: list[str] | None = None,
    ca: Path | None = None,
) -> ResultT:
    """The result of work with a stored webhook."""

    async def found(admin: Application) -> ResultT:
        return await work(admin, await _find(admin, webhook_id))

    return _administer(database_url, found, networks, ca)


def _set_state(webhook_id: str, state: WebhookState, database_url: str | None, *, as_json: bool) -> None:
    async def work(admin: Application, found: Webhook) -> WebhookStatus:
        return await _shown(
            admin, await admin.webhooks.change(_key(found), lambda before: replace(before, state=state))
        )

    changed = _with_webhook(database_url, webhook_id, work)
    output.result(structured(changed), f"{state.name.lower()} webhook {webhook_id}", as_json=as_json)


async def _find(admin: Application, webhook_id: str) -> Webhook:
    """The webhook, whosever it is."""
    for tenant in await admin.store.directory.tenants():
        found = await admin.store.webhooks.get(WebhookKey(tenant.tenant_id, webhook_id))
        if found is not None:
            return found
    raise CommandFailed(f"there is no webhook {webhook_id!r}; `profile-grpc webhook list` shows them")


async def _shown(admin: Application, webhook: Webhook) -> WebhookStatus:
    return WebhookStatus(webhook, await admin.webhooks.newest_position())


async def _require_apps(admin: Application, tenant: str, app_ids: Sequence[str]) -> None:
    mine = {one.app_id for one in await admin.store.directory.apps_by_id(app_ids, tenant)} if app_ids else set()
    for app_id in app_ids:
        if app_id not in mine:
            raise CommandFailed(f"tenant {tenant!r} has no app {app_id!r}; see `profile-grpc app list`")


def _check_shape(url: str, types: Sequence[str], app_ids: Sequence[str], display_name: str) -> None:
    from appprofile.v1 import event_pb2, webhook_service_pb2

    numbers = [event_pb2.EventType.Value(f"EVENT_TYPE_{name}") for name in types]
    webhook = webhook_service_pb2.Webhook(url=url, types=numbers, app_ids=app_ids, display_name=display_name)
    shapes.check(webhook_service_pb2.CreateWebhookRequest(webhook=webhook))


def _types(names: Sequence[str] | None) -> tuple[str, ...]:
    for name in names or ():
        if name.upper() not in EventType.__members__:
            raise typer.BadParameter(
                f"{name!r} is no type of event; there are {', '.join(EventType.__members__)}", param_hint="--type"
            )
    return tuple(name.upper() for name in names or ())


def _instant(text: str, now: datetime) -> datetime:
    """The instant of `--from`."""
    try:
        return now - settings.duration(text)
    except (settings.SettingError, OverflowError):
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write 2h or 2026-01-02T03:00:00Z", param_hint="--from") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _key(webhook: Webhook) -> WebhookKey:
    return WebhookKey(webhook.tenant_id, webhook.webhook_id)
