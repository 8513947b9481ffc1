"""`profile-grpc mad`: the billing figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output
from profile_grpc.cli.opening import administer
from profile_grpc.cli.options import AppId, DatabaseUrl, Json, command_option
from profile_grpc.service.ports import MadUsage

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

_DEFAULT_SPAN = timedelta(days=29)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a day as 2026-01-31") from None


def mad(
    app_id: AppId,
    *,
    first: Annotated[
        date | None,
        command_option("--from", "First day (UTC).", parser=_day, metavar="DAY", show_default="30 days up to --to"),
    ] = None,
    last: Annotated[
        date | None,
        command_option("--to", "Last day (UTC), included.", parser=_day, metavar="DAY", show_default="today"),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Report monthly active devices: counted per day, distinct in the range, distinct in the 30 days up to now.

    Also of a deleted app, for as long as its id is reserved.

    JSON: {app_id, days: [{date, counted}], distinct, rolling_30_days}.
    """
    end = last or datetime.now(UTC).date()
    try:
        start = first or end - _DEFAULT_SPAN
    except OverflowError:
        raise typer.BadParameter("there are no 30 days before --to; give --from") from None

    async def work(admin: Application) -> MadUsage:
        await admin.apps.check_known(app_id)
        return await admin.usage.report(app_id, start, end)

    report = administer(database_url, work)
    if as_json:
        days = [{"date": day.isoformat(), "counted": counted} for day, counted in report.days.items()]
        output.document(
            {"app_id": app_id, "days": days, "distinct": report.distinct, "rolling_30_days": report.rolling}
        )
        return
    output.table(("day", "counted"), list(report.days.items()), empty="no days")
    output.facts({f"distinct, {start} to {end}": report.distinct, "distinct, last 30 days": report.rolling})
