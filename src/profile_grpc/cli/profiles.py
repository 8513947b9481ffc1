"""`profile-grpc profile`: support for single devices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc.cli import output, settings, shapes
from profile_grpc.cli.opening import first, with_app
from profile_grpc.cli.options import AppId, DatabaseUrl, Json, Limit, Yes, command_option, confirm
from profile_grpc.domain import inactivity
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import PLAIN_ATTRIBUTES, Platform, Profile, ProfileStatus
from profile_grpc.domain.push_endpoints import PushEndpoint
from profile_grpc.domain.removal import DeleteDeviceProfile
from profile_grpc.domain.settings import App
from profile_grpc.service import paging
from profile_grpc.service.ports import ProfileFilter

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

app = typer.Typer(help="Profiles, for support.", no_args_is_help=True)

HIDDEN = "(hidden: --show-tokens)"

UserId = Annotated[str, typer.Argument(metavar="USER", help="The user's id.")]
DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="The device's id.")]
ShowTokens = Annotated[bool, command_option("--show-tokens", "Show push tokens, with which anybody can send pushes.")]
FilterText = Annotated[
    str, command_option("--filter", "A filter (docs/filters.md), such as: 'language:\"en\" AND guest = false'.")
]
OptionalUser = Annotated[str | None, command_option("--user", "The user's id.")]
OptionalCustomer = Annotated[str | None, command_option("--customer", "The customer's id.")]
OptionalDevice = Annotated[str | None, command_option("--device", "The device's id.")]


@app.command()
def get(
    app_id: AppId,
    user_id: UserId,
    device_id: DeviceId,
    *,
    show_tokens: ShowTokens = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a profile. JSON: the contract's Profile; push tokens are null unless --show-tokens."""
    from appprofile.v1 import profile_pb2

    shapes.check(profile_pb2.ProfileKey(app_id=app_id, user_id=user_id, device_id=device_id))

    async def work(admin: Application, owner: App) -> tuple[App, Profile, datetime]:
        return owner, await admin.profiles.get(ProfileKey(app_id, user_id, device_id)), admin.clock.now()

    owner, found, now = with_app(database_url, app_id, work)
    if as_json:
        output.document(_structured(found, owner, show_tokens=show_tokens))
    else:
        output.facts(_facts(found, owner, now, show_tokens=show_tokens))


@app.command("list")
def list_(  # noqa: PLR0913 - each option is a parameter
    app_id: AppId,
    *,
    user_id: OptionalUser = None,
    device_id: OptionalDevice = None,
    customer_id: OptionalCustomer = None,
    status: Annotated[str | None, command_option("--status", "ACTIVE or UNREGISTERED.")] = None,
    platform: Annotated[str | None, command_option("--platform", "ANDROID, IOS, WEB or UNSPECIFIED.")] = None,
    filter_: FilterText = "",
    limit: Limit = paging.DEFAULT_SIZE,
    show_tokens: ShowTokens = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List profiles of an app, ordered by user and device.

    JSON: {profiles: [as in `profile get`], more: whether there are more than --limit}.
    """
    wanted = ProfileFilter(
        app_id,
        user_id,
        device_id,
        customer_id,
        settings.choice(ProfileStatus, status) if status else None,
        settings.choice(Platform, platform) if platform else None,
    )

    async def work(admin: Application, owner: App) -> tuple[App, Sequence[Profile]]:
        filtered = wanted._replace(filter=await admin.filters.of_profiles(owner.tenant_id, filter_))
        return owner, await first(limit, lambda size, token: admin.profiles.list(filtered, size, token))

    owner, found = with_app(database_url, app_id, work)
    shown, more = found[:limit], len(found) > limit
    if as_json:
        profiles = [_structured(profile, owner, show_tokens=show_tokens) for profile in shown]
        output.document({"profiles": profiles, "more": more})
        return
    columns = ("user", "device", "platform", "status", "user state", "push", "last heartbeat", "expires")
    output.table(columns, [_row(p, owner, show_tokens=show_tokens) for p in shown], empty="no such profiles")
    if more:
        output.note(f"the first {limit}; more with --limit")


@app.command()
def delete(  # noqa: PLR0913 - each option is a parameter
    app_id: AppId,
    *,
    user_id: OptionalUser = None,
    customer_id: OptionalCustomer = None,
    device_id: OptionalDevice = None,
    all_devices: Annotated[bool, command_option("--all-devices", "On every device.")] = False,
    allow_missing: Annotated[bool, command_option("--allow-missing", "Succeed when there is no such profile.")] = False,
    yes: Yes = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete a user's or a customer's profiles at once, irreversibly, on one device or on all.

    On a terminal: asks first, unless --yes.

    JSON: {deleted: [{app_id, user_id, device_id}]}.
    """
    if (user_id is None) == (customer_id is None):
        raise typer.BadParameter("give either --user or --customer")
    if (device_id is None) != all_devices:
        raise typer.BadParameter("give either --device or --all-devices")
    from appprofile.v1 import profile_service_pb2

    who = {"user_id": user_id} if user_id is not None else {"customer_id": customer_id}
    where = {"device_id": device_id} if device_id is not None else {"all_devices": True}
    shapes.check(profile_service_pb2.DeleteDeviceProfileRequest(app_id=app_id, **who, **where))
    whose = f"of user {user_id}" if user_id is not None else f"of customer {customer_id}"
    confirm(f"Delete the profiles {whose} on {device_id or 'every device'} in {app_id}?", yes=yes)
    command = DeleteDeviceProfile(app_id, user_id or "", customer_id or "", device_id or "", allow_missing)
    deleted = with_app(database_url, app_id, lambda admin, app: admin.profiles.submit(app, command)).keys
    if as_json:
        output.document({"deleted": [key._asdict() for key in deleted]})
    else:
        output.table(("deleted user", "device"), [(k.user_id, k.device_id) for k in deleted], empty="nothing to delete")


def _row(profile: Profile, owner: App, *, show_tokens: bool) -> tuple[object, ...]:
    endpoints = [_endpoint_text(profile, e, show_tokens=show_tokens) for e in profile.push_endpoints]
    return (
        profile.key.user_id,
        profile.key.device_id,
        profile.platform.name,
        profile.status.name,
        profile.user_state.name,
        ", ".join(endpoints) or "-",
        profile.last_heartbeat_time,
        _expire_time(profile, owner),
    )


def _endpoint_text(profile: Profile, endpoint: PushEndpoint, *, show_tokens: bool) -> str:
    text = f"{endpoint.provider.name} {profile.endpoint_state(endpoint).name}"
    return f"{text} {endpoint.token}" if show_tokens and endpoint.token else text


def _expire_time(profile: Profile, owner: App) -> datetime | None:
    """When the profile expires; None if it does not, for example because it is unregistered."""
    if profile.status is not ProfileStatus.ACTIVE:
        return None
    return inactivity.expire_time(profile.last_heartbeat_time, profile.register_time, owner.settings)


def _facts(profile: Profile, owner: App, now: datetime, *, show_tokens: bool) -> dict[str, object]:
    structured = _structured(profile, owner, show_tokens=show_tokens)
    facts: dict[str, object] = dict(structured.pop("key"))
    endpoints = structured.pop("push_endpoints")
    facts |= {name: ", ".join(value) if isinstance(value, list) else value for name, value in structured.items()}
    for name in ("device_attributes", "custom_attributes"):
        facts[name] = ", ".join(f"{key}={value}" for key, value in structured[name].items()) or None
    for number, endpoint in enumerate(endpoints, 1):
        facts[f"push endpoint {number}"] = " ".join(
            [
                endpoint["provider"],
                endpoint["state"],
                endpoint["purpose"],
                endpoint["push_app_id"],
                endpoint["token"] if show_tokens else HIDDEN,
            ]
        )
    end = _expire_time(profile, owner)
    if end is not None and now > end:
        facts["expire_time"] = f"{output.human(end)} (expired)"
    return facts


def _structured(profile: Profile, owner: App, *, show_tokens: bool) -> dict[str, Any]:
    known = profile.attributes
    return {
        "key": profile.key._asdict(),
        "platform": profile.platform.name,
        "status": profile.status.name,
        "unregister_reason": profile.unregister_reason,
        "user_state": profile.user_state.name,
        "channels": settings.structured(profile.channels),
        "push_endpoints": [
            {
                "provider": endpoint.provider.name,
                "token": endpoint.token if show_tokens else None,
                "push_app_id": endpoint.push_app_id,
                "purpose": endpoint.purpose.name,
                "state": profile.endpoint_state(endpoint).name,
                "confirm_time": endpoint.confirm_time,
            }
            for endpoint in profile.push_endpoints
        ],
        **{name: getattr(known, name) for name in PLAIN_ATTRIBUTES},
        "device_attributes": {name: attribute.value for name, attribute in known.device_attributes.items()},
        "custom_attributes": dict(known.custom_attributes),
        "create_time": profile.create_time,
        "register_time": profile.register_time,
        "last_heartbeat_time": profile.last_heartbeat_time,
        "last_opened_time": known.last_opened_time,
        "update_time": profile.update_time,
        "expire_time": _expire_time(profile, owner),
        "etag": profile.etag,
    }
