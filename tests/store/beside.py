"""An erasure in one process beside a change that another one carries out, which waits at a chosen place."""

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


class Stop:
    """A place in a change of the other process where it waits until the test lets it go on; only the first time."""

    def __init__(self, *, locked: bool = False) -> None:
        self.locked = locked
        """Whether the change holds locks then."""
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def here(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.go.wait()


class Two(NamedTuple):
    """Two processes on one database."""

    erasing: Application
    importing: Application


@asynccontextmanager
async def two_processes(store: SqlStore, other: SqlStore) -> AsyncIterator[Two]:
    """Both, and two apps of a tenant."""
    async with AsyncExitStack() as stack:
        made = Two(*[await stack.enter_async_context(running(one)) for one in (store, other)])
        await store.directory.add_tenant(Tenant(TENANT, made.erasing.clock.now()))
        for app_id in (SHOP, NEWS):
            await made.erasing.apps.create(app_id, TENANT, "", AppSettings(multi_user_per_device=True))
        yield made


def before_writing(app: Application, monkeypatch: pytest.MonkeyPatch) -> Stop:
    """The other process stops between the decision of a batch and its first write."""
    return _at_apply(app, monkeypatch, after=False)


def before_committing(app: Application, monkeypatch: pytest.MonkeyPatch) -> Stop:
    """The other process stops between the last write of a batch and its commit."""
    return _at_apply(app, monkeypatch, after=True)


def _at_apply(app: Application, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> Stop:
    stop, applier = Stop(locked=after), app.store.profiles._applier
    apply = applier.apply

    async def stopping(session: Session, changes: Changes) -> None:
        changes_people = PROFILES in changes.rows or CUSTOMERS in changes.rows or RAISED_GUARDS in changes.records
        if changes_people and not after:
            await stop.here()
        await apply(session, changes)
        if changes_people and after:
            await stop.here()

    monkeypatch.setattr(applier, "apply", stopping)
    return stop


Stopping = Callable[[Application, pytest.MonkeyPatch], Stop]
EVERY_BATCH = pytest.mark.parametrize("stopping", [before_writing, before_committing])


async def overtaken(stop: Stop, other: Awaitable[ResultT], erasing: Callable[[], Awaitable[object]]) -> ResultT:
    """The other change goes on once the erasure is done, or waits for its locks."""
    changing = asyncio.ensure_future(other)
    async with asyncio.timeout(wait_s()):
        await stop.reached.wait()
        erasure = asyncio.ensure_future(erasing())
        await asyncio.wait({erasure}, timeout=_WHILE if stop.locked else None)
        stop.go.set()
        await erasure
        return await changing


async def users(two: Two, app_id: str = SHOP) -> list[str]:
    return [one.key.user_id for one in await two.erasing.store.profiles.list(ProfileFilter(app_id), None, 100)]
