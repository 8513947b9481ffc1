"""`profile-grpc feedback`: the breaker that protects a fleet from false push feedback (F8)."""

from __future__ import annotations

import typer

from profile_grpc.cli import output
from profile_grpc.cli.opening import with_app
from profile_grpc.cli.options import AppId, DatabaseUrl, Json, Yes, confirm
from profile_grpc.domain.feedback_breaker import ControlFeedbackBreaker, FeedbackBreakerStatus

app = typer.Typer(help="The breaker of push feedback: show, go, stop.", no_args_is_help=True)

_JSON_SHAPE = "JSON: {app_id, held, held_time, go_until, stop_time, lost_in_the_last_hour, limit, endpoints}."


@app.command(epilog=_JSON_SHAPE)
def show(app_id: AppId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show what an app lost to push feedback in the last hour, its limit, and whether more is held."""
    _control(app_id, database_url, go=None, as_json=as_json)


@app.command(epilog=_JSON_SHAPE)
def go(app_id: AppId, *, yes: Yes = False, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Confirm that reported tokens are really dead: for 24 hours, feedback may remove any number of endpoints."""
    confirm(f"Let push feedback remove any number of endpoints of {app_id} for 24 hours?", yes=yes)
    _control(app_id, database_url, go=True, as_json=as_json)


@app.command(epilog=_JSON_SHAPE)
def stop(app_id: AppId, *, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Hold every item that reports a dead token until `feedback go`, because the provider may be wrong."""
    _control(app_id, database_url, go=False, as_json=as_json)


def _control(app_id: str, database_url: str | None, *, go: bool | None, as_json: bool) -> None:
    command = ControlFeedbackBreaker(app_id, go)
    status = with_app(database_url, app_id, lambda admin, app: admin.profiles.submit(app, command))
    if as_json:
        output.document(
            {
                "app_id": app_id,
                "held": status.held,
                "held_time": status.held_time,
                "go_until": status.go_until,
                "stop_time": status.stop_time,
                "lost_in_the_last_hour": status.lost,
                "limit": status.limit,
                "endpoints": status.endpoints,
            }
        )
        return
    output.facts(
        {
            "app": app_id,
            "breaker": _verdict(status),
            "lost in the last hour": status.lost,
            "limit": status.limit,
            "endpoints": status.endpoints,
        }
    )


def _verdict(status: FeedbackBreakerStatus) -> str:
    if status.stop_time is not None:
        return f"stopped by an operator {output.human(status.stop_time)}: every dead item is held until `feedback go`"
    if status.go_until is not None:
        return f"confirmed by an operator until {output.human(status.go_until)}"
    if status.held_time is not None:
        return f"holds since {output.human(status.held_time)}"
    return "does not hold"
