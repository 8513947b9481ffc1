"""An erasure in one process during a change of another process, which is paused at a chosen place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple, TypeVar

import pytest

from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain.changes import Changes
from profile_grpc.domain.kinds import CUSTOMERS, PROFILES, RAISED_GUARDS
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.directory_ports import Tenant
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.store import SqlStore
from profile_grpc.store.database import Session
from tests.store.test_erasure import NEWS, SHOP, TENANT, running
from tests.support.limits import wait_s

ResultT = TypeVar("ResultT")

_WHILE = 1.0
"""Seconds that an erasure has to overtake a change that has written its rows and not committed."""


class Pause:
    """A place at which a change of the other process waits until the test resumes it; only the first time."""

    def __init__(self, *, locked: bool = False) -> None:
        self.locked = locked
        """Whether the change holds locks then."""
        self.reached, self.resumed = asyncio.Event(), asyncio.Event()

    async def wait(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.resumed.wait()


class TwoProcesses(NamedTuple):
    """Two processes on one database."""

    erasing: Application
    importing: Application


@asynccontextmanager
async def two_processes(store: SqlStore, other: SqlStore) -> AsyncIterator[TwoProcesses]:
    """Two processes, and two apps of a tenant."""
    async with AsyncExitStack() as stack:
        made = TwoProcesses(*[await stack.enter_async_context(running(one)) for one in (store, other)])
        await store.directory.add_tenant(Tenant(TENANT, made.erasing.clock.now()))
        for app_id in (SHOP, NEWS):
            await made.erasing.apps.create(app_id, TENANT, "", AppSettings(multi_user_per_device=True))
        yield made


def before_writing(app: Application, monkeypatch: pytest.MonkeyPatch) -> Pause:
    """The other process pauses between the decision of a batch and its first write."""
    return _at_apply(app, monkeypatch, after=False)


def before_committing(app: Application, monkeypatch: pytest.MonkeyPatch) -> Pause:
    """The other process pauses between the last write of a batch and its commit."""
    return _at_apply(app, monkeypatch, after=True)


def _at_apply(app: Application, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> Pause:
    pause, applier = Pause(locked=after), app.store.profiles._applier
    apply = applier.apply

    async def pause_at(session: Session, changes: Changes) -> None:
        changes_people = PROFILES in changes.rows or CUSTOMERS in changes.rows or RAISED_GUARDS in changes.records
        if changes_people and not after:
            await pause.wait()
        await apply(session, changes)
        if changes_people and after:
            await pause.wait()

    monkeypatch.setattr(applier, "apply", pause_at)
    return pause


PauseAt = Callable[[Application, pytest.MonkeyPatch], Pause]
EVERY_BATCH = pytest.mark.parametrize("pause_at", [before_writing, before_committing])


async def erase_during(pause: Pause, other: Awaitable[ResultT], erasing: Callable[[], Awaitable[object]]) -> ResultT:
    """Erases while the change is paused. The change is resumed when the erasure is done, or waits for its locks."""
    changing = asyncio.ensure_future(other)
    async with asyncio.timeout(wait_s()):
        await pause.reached.wait()
        erasure = asyncio.ensure_future(erasing())
        await asyncio.wait({erasure}, timeout=_WHILE if pause.locked else None)
        pause.resumed.set()
        await erasure
        return await changing


async def users(two: TwoProcesses, app_id: str = SHOP) -> list[str]:
    return [one.key.user_id for one in await two.erasing.store.profiles.list(ProfileFilter(app_id), None, 100)]
