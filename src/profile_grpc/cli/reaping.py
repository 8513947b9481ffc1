"""`profile-grpc reap`: one pass of the reaper, now."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output
from profile_grpc.cli.errors import FAILED, CommandFailed
from profile_grpc.cli.opening import administer
from profile_grpc.cli.options import DatabaseUrl, Json, OptionalApp, command_option
from profile_grpc.service.lease import LeaseLost

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application
    from profile_grpc.reaper import DryRun, PassReport

LEASE_PATIENCE = 60.0
"""Seconds to wait for another process to finish its pass."""
_LEASE_RETRY = 1.0
_CLOCK = "the clock is more than 7 days ahead of the last pass"
_CLOCK_CONFIRM = "Check the clock, then: profile-grpc reap --confirm"


def reap(
    *,
    dry_run: Annotated[
        bool, command_option("--dry-run", "Only show what would be deleted, and what expires when.")
    ] = False,
    app_id: OptionalApp = None,
    confirm: Annotated[
        bool,
        command_option("--confirm", "Confirm a deletion above the breaker's limit, or after a clock jump."),
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Run one reaper pass now. Waits up to a minute for a running one. Exit status 1: the breaker held.

    JSON: {clock_held, held: [{app_id, due_at_least, limit}], reaped: {APP: n}, purged: {profiles, tombstones, events,
    ledger_entries}}; with --dry-run {clock_held, apps: [{app_id, due, limit, reaped_in_24_hours, held,
    expiring: {DAY: n}}]}.
    """
    if dry_run and confirm:
        raise typer.BadParameter("a dry run needs no confirmation: omit --confirm or --dry-run")
    if dry_run:
        apps, clock_held = administer(database_url, lambda admin: _dry_run(admin, app_id))
        _show_dry_run(apps, clock_held=clock_held, as_json=as_json)
        return
    report = administer(database_url, lambda admin: _pass(admin, app_id, confirm=confirm))
    _show_pass(report, as_json=as_json)
    if report.stopped:
        raise typer.Exit(FAILED)


async def _dry_run(admin: Application, app_id: str | None) -> tuple[list[DryRun], bool]:
    await _require_app(admin, app_id)
    return await admin.reaper.dry_run(app_id), await admin.reaper.clock_would_hold()


async def _pass(admin: Application, app_id: str | None, *, confirm: bool) -> PassReport:
    deleted: Counter[str] = Counter()
    await _require_app(admin, app_id)
    with output.working("reaping") as shown:

        def progress(app: str, count: int) -> None:
            deleted[app] += count
            shown.update(f"{deleted.total()} profiles deleted")

        until = monotonic() + LEASE_PATIENCE
        while True:
            try:
                return await admin.reaper.run_pass(app_id, confirm=confirm, progress=progress)
            except LeaseLost:
                if monotonic() >= until:
                    raise CommandFailed("another process is still reaping; try again later") from None
                shown.update("waiting for another pass to end")
                await asyncio.sleep(_LEASE_RETRY)


async def _require_app(admin: Application, app_id: str | None) -> None:
    if app_id is not None:
        await admin.apps.get(app_id)


def _show_pass(report: PassReport, *, as_json: bool) -> None:
    purged = asdict(report.purged)
    if as_json:
        waiting = [{"app_id": h.app_id, "due_at_least": h.due, "limit": h.limit} for h in report.held]
        output.document(
            {"clock_held": report.clock_held, "held": waiting, "reaped": dict(report.reaped), "purged": purged}
        )
    else:
        rows = [(app, count) for app, count in sorted(report.reaped.items()) if count]
        output.table(("app", "inactive profiles deleted"), rows, empty="no inactive profile was deleted")
        output.facts({f"{name.replace('_', ' ')} past their retention": count for name, count in purged.items()})
    if report.clock_held:
        output.note(f"held: {_CLOCK}; nothing was deleted. {_CLOCK_CONFIRM}")
    for held in report.held:
        output.note(
            f"held: at least {held.due} profiles of {held.app_id} are due, the limit in 24 hours is {held.limit}; check"
            f" with `reap --dry-run --app {held.app_id}`, then: profile-grpc reap --app {held.app_id} --confirm"
        )


def _show_dry_run(apps: list[DryRun], *, clock_held: bool, as_json: bool) -> None:
    if as_json:
        output.document({"clock_held": clock_held, "apps": [_structured(app) for app in apps]})
        return
    rows = [(a.app_id, a.due, a.limit, a.reaped, "would hold" if a.held else "-") for a in apps]
    output.table(("app", "due now", "limit in 24 h", "deleted in 24 h", "breaker"), rows, empty="no apps yet")
    if clock_held:
        output.note(f"would delete nothing: {_CLOCK}. {_CLOCK_CONFIRM}")
    for app in apps:
        if app.expiring:
            most = max(app.expiring.values())
            bars = [(day, n, "█" * max(1, round(30 * n / most))) for day, n in app.expiring.items()]
            output.line(f"{app.app_id}: profiles that may be deleted, by day")
            output.table(("day", "profiles", ""), bars, empty="")


def _structured(app: DryRun) -> dict[str, object]:
    return {
        "app_id": app.app_id,
        "due": app.due,
        "limit": app.limit,
        "reaped_in_24_hours": app.reaped,
        "held": app.held,
        "expiring": {day.isoformat(): n for day, n in app.expiring.items()},
    }
