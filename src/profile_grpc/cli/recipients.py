"""`profile-grpc recipients` and `explain`: whom a message can reach, and why somebody cannot be reached (T)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc.cli import output, settings
from profile_grpc.cli.opening import with_app
from profile_grpc.cli.options import AppId, DatabaseUrl, Json, Limit, command_option
from profile_grpc.cli.profiles import HIDDEN, FilterText, ShowTokens
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.push_endpoints import PushEndpoint, PushPurpose
from profile_grpc.domain.reach import Audience, Customers, Everyone, Recipient, Tally, Target, Users, Verdict
from profile_grpc.domain.settings import App
from profile_grpc.service.recipients import Person

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

app = typer.Typer(help="Whom a message can reach: count, list.", no_args_is_help=True)

ChannelName = Annotated[str, command_option("--channel", "PUSH, IN_APP or LIVE_CHAT.")]
PurposeName = Annotated[str, command_option("--purpose", "Of the push endpoints: DEFAULT or INCOMING_CALL.")]
UserIds = Annotated[list[str] | None, command_option("--user", "Only this user; repeatable.", metavar="USER")]
CustomerIds = Annotated[
    list[str] | None, command_option("--customer", "Only this customer; repeatable.", metavar="CUSTOMER")
]
EveryoneFlag = Annotated[bool, command_option("--everyone", "Every user of the app.")]


@app.command()
def count(  # noqa: PLR0913 - each option is a parameter
    app_id: AppId,
    *,
    everyone: EveryoneFlag = False,
    users: UserIds = None,
    customers: CustomerIds = None,
    filter_: FilterText = "",
    channel: ChannelName = Channel.PUSH.name,
    purpose: PurposeName = PushPurpose.DEFAULT.name,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Count recipients, by platform, provider and push app id.

    JSON: {recipients, endpoints, by_platform, by_provider, by_push_app_id}.
    """
    audience = _audience(app_id, _target(users, customers, everyone=everyone), channel, purpose)

    async def work(admin: Application, owner: App) -> Tally:
        parsed = await admin.filters.of_profiles(owner.tenant_id, filter_)
        return await admin.recipients.count(owner, replace(audience, filter=parsed))

    tally = with_app(database_url, app_id, work)
    by_platform = {platform.name: number for platform, number in tally.by_platform.most_common()}
    by_provider = {provider.name: number for provider, number in tally.by_provider.most_common()}
    by_push_app_id = dict(tally.by_push_app_id.most_common())
    if as_json:
        output.document(
            {
                "recipients": tally.recipients,
                "endpoints": tally.endpoints,
                "by_platform": by_platform,
                "by_provider": by_provider,
                "by_push_app_id": by_push_app_id,
            }
        )
        return
    rows = [("all", "", tally.recipients)]
    for name, numbers in (("platform", by_platform), ("provider", by_provider), ("push app id", by_push_app_id)):
        rows += [(name, value or "(none)", number) for value, number in numbers.items()]
    output.table(("by", "value", "recipients"), rows, empty="no recipients")


@app.command("list")
def list_(  # noqa: PLR0913 - each option is a parameter
    app_id: AppId,
    *,
    everyone: EveryoneFlag = False,
    users: UserIds = None,
    customers: CustomerIds = None,
    filter_: FilterText = "",
    channel: ChannelName = Channel.PUSH.name,
    purpose: PurposeName = PushPurpose.DEFAULT.name,
    limit: Limit = 50,
    show_tokens: ShowTokens = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List recipients, ordered by user and device.

    JSON: a line for each recipient; push tokens are null unless --show-tokens.
    """
    audience = _audience(app_id, _target(users, customers, everyone=everyone), channel, purpose)

    async def work(admin: Application, owner: App) -> tuple[list[Recipient], list[str]]:
        found: list[Recipient] = []
        missed: list[str] = []
        parsed = await admin.filters.of_profiles(owner.tenant_id, filter_)
        async for message in admin.recipients.resolve(owner, replace(audience, filter=parsed), ""):
            found += message.recipients
            missed += message.unreachable
            if len(found) > limit:
                break
        return found, missed

    found, missed = with_app(database_url, app_id, work)
    if as_json:
        for recipient in found[:limit]:
            told = json.dumps(_structured(recipient, show_tokens=show_tokens), ensure_ascii=False)
            output.line(output.json_text(told))
    else:
        columns = ("user", "device", "platform", "language", "customer", "endpoints")
        rows = [_row(recipient, show_tokens=show_tokens) for recipient in found[:limit]]
        output.table(columns, rows, empty="no recipients")
    if len(found) > limit:
        output.note(f"the first {limit}; more with --limit")
    elif missed:
        output.note(f"reaching nobody: {', '.join(missed)}; ask: profile-grpc explain")


def explain(
    app_id: AppId,
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")] = "",
    *,
    customer: Annotated[str, command_option("--customer", "A customer's id, in place of a user.")] = "",
    device: Annotated[str, command_option("--device", "Only this device.")] = "",
    channel: ChannelName = Channel.PUSH.name,
    purpose: PurposeName = PushPurpose.DEFAULT.name,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Say why somebody can, or cannot, be reached. For each profile of a user or customer, every reason against it.

    JSON: {verdicts: [{user_id, device_id, reachable, reasons, cause, time}], more}.
    """
    if bool(user_id) is bool(customer):
        raise typer.BadParameter("give a user or --customer")
    person = Person(user_id, customer, device)
    by, of = settings.choice(Channel, channel), settings.choice(PushPurpose, purpose)
    verdicts, more = with_app(database_url, app_id, lambda admin, app: admin.recipients.explain(app, person, by, of))
    if as_json:
        output.document({"verdicts": [_verdict(one) for one in verdicts], "more": more})
        return
    rows = [
        (
            one.user_id,
            one.device_id,
            ", ".join([reason.name for reason in one.reasons]) or "REACHABLE",
            one.cause,
            output.human(one.time),
        )
        for one in verdicts
    ]
    output.table(("user", "device", "verdict", "cause", "since"), rows, empty="nothing")
    if more:
        output.note("there are more profiles")


def _target(users: list[str] | None, customers: list[str] | None, *, everyone: bool) -> Target:
    """Nothing that is left out means everyone (T2)."""
    if [bool(users), bool(customers), everyone].count(True) != 1:
        raise typer.BadParameter("give --everyone, --user or --customer")
    if users:
        return Users(tuple(sorted(set(users))))
    return Customers(tuple(sorted(set(customers)))) if customers else Everyone()


def _audience(app_id: str, target: Target, channel: str, purpose: str) -> Audience:
    of = settings.choice(PushPurpose, purpose)
    return Audience(app_id, settings.choice(Channel, channel), target, purpose=of)


def _row(recipient: Recipient, *, show_tokens: bool) -> Sequence[object]:
    endpoints = [f"{e.provider.name} {e.state.name} {e.token if show_tokens else HIDDEN}" for e in recipient.endpoints]
    key = recipient.key
    shown = (recipient.language or "", recipient.customer_id or "")
    return (key.user_id, key.device_id, recipient.platform.name, *shown, "; ".join(endpoints))


def _structured(recipient: Recipient, *, show_tokens: bool) -> dict[str, Any]:
    return {
        "user_id": recipient.key.user_id,
        "device_id": recipient.key.device_id,
        "platform": recipient.platform.name,
        "user_state": recipient.user_state.name,
        "language": recipient.language,
        "time_zone": recipient.time_zone,
        "customer_id": recipient.customer_id,
        "endpoints": [_endpoint(endpoint, show_tokens=show_tokens) for endpoint in recipient.endpoints],
    }


def _endpoint(endpoint: PushEndpoint, *, show_tokens: bool) -> dict[str, Any]:
    return {
        "provider": endpoint.provider.name,
        "push_app_id": endpoint.push_app_id,
        "state": endpoint.state.name,
        "token": endpoint.token if show_tokens else None,
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "user_id": one.user_id,
        "device_id": one.device_id,
        "reachable": not one.reasons,
        "reasons": [reason.name for reason in one.reasons],
        "cause": one.cause or None,
        "time": None if one.time is None else one.time.isoformat(),
    }
