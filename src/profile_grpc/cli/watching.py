"""`profile-grpc watch`: the events of an app as they come (E4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output
from profile_grpc.cli.opening import administer
from profile_grpc.cli.options import AppId, DatabaseUrl, command_option
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import EventType
from profile_grpc.service.watching import EventPosition, Page, Subscription, read_token

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

Types = Annotated[
    list[EventType] | None,
    command_option("--type", "Only events of this type; repeatable. docs/events.md lists them.", metavar="TYPE"),
]
FromOldest = Annotated[bool, command_option("--from-oldest", "Begin with the oldest event that is kept (7 days).")]
ResumeToken = Annotated[
    str | None, command_option("--resume-token", "Begin after the line that had this token.", metavar="TOKEN")
]
Once = Annotated[bool, command_option("--once", "End after the events that are there.")]


def watch(
    app_id: AppId,
    *,
    types: Types = None,
    from_oldest: FromOldest = False,
    resume_token: ResumeToken = None,
    once: Once = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the events of an app as JSON Lines: from now on, from the oldest, or after a token; until Ctrl-C.

    Events appear while a server runs, which assigns their positions. Each line has the token to resume after it.
    """
    if from_oldest and resume_token is not None:
        raise typer.BadParameter("give --from-oldest or --resume-token, not both")

    async def work(admin: Application) -> None:
        subscription = Subscription(await _tenant(admin, app_id), frozenset([app_id]), frozenset(types or ()) or None)
        with _following(admin):
            start = await _start(admin, resume_token, from_oldest=from_oldest)
            await _print(admin, subscription, start, once=once)

    administer(database_url, work)


@contextmanager
def _following(admin: Application) -> Iterator[None]:
    following = asyncio.create_task(admin.feed.run())
    try:
        yield
    finally:
        following.cancel()


async def _tenant(admin: Application, app_id: str) -> str:
    """The app's tenant, also of an app that is deleted."""
    await admin.apps.check_known(app_id)
    directory = admin.store.directory
    found = await directory.app(app_id) or await directory.reservation(app_id)
    if found is None:
        raise Refused(Reason.APP_NOT_FOUND, f"There is no app {app_id!r} any more.", metadata={"app_id": app_id})
    return found.tenant_id


async def _start(admin: Application, resume_token: str | None, *, from_oldest: bool) -> EventPosition:
    if resume_token is not None:
        return await admin.watching.resume(read_token(resume_token))
    return await (admin.watching.from_oldest() if from_oldest else admin.watching.from_now())


async def _print(admin: Application, subscription: Subscription, start: EventPosition, *, once: bool) -> None:
    end = await admin.watching.from_now()
    if once and start.position >= end.position:
        return
    async for page in admin.watching.watch(subscription, start, asyncio.Event()):
        for line in _lines(page):
            output.line(line)
        if once and page.end.position >= end.position:
            return


def _lines(page: Page) -> Sequence[str]:
    last = len(page.events) - 1
    return [
        json.dumps(
            {
                "event_id": event_id,
                "position": position,
                "type": str(event.type),
                "app_id": event.app_id,
                "user_id": event.user_id,
                "device_id": event.device_id,
                "customer_id": event.customer_id,
                "reason": event.reason,
                "version": event.version,
                "time": event.time.isoformat().replace("+00:00", "Z"),
                "resume_token": (page.end if number == last else EventPosition(page.end.epoch, position)).token,
            },
            ensure_ascii=True,
        )
        for number, (position, event_id, event) in enumerate(page.events)
    ]
