"""The events that readers of one process share (E4)."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, cast

import pytest

from profile_grpc.domain.model import Event, EventType
from profile_grpc.events import feed
from profile_grpc.events.feed import Feed
from profile_grpc.service.event_ports import EventHead, EventStore, LoggedEvent
from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.service.watching import Place
from tests.support.domain import T0


class Log:
    """Stands for a store whose second read fails."""

    def __init__(self) -> None:
        self.published = 0
        self.reads = 0

    async def head(self) -> EventHead:
        return EventHead(1, "epoch", self.published, 0)

    async def read(self, after: int, upto: int, _app_ids: Collection[str] | None = None) -> Sequence[LoggedEvent]:
        self.reads += 1
        if self.reads == 2:
            raise StoreUnavailable("gone")
        event = Event(EventType.PROFILE_CREATED, "shop", T0, "ann", "phone")
        return [LoggedEvent(position, str(position), event) for position in range(after + 1, upto + 1)]


async def test_a_read_that_fails_in_between_repeats_no_event_e4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WINDOW", 10)
    monkeypatch.setattr(feed, "_RETRY", 0.0)
    log = Log()
    shared = Feed(cast("EventStore", cast("Any", log)))
    following = asyncio.create_task(shared.run())
    waiting = asyncio.create_task(shared.wait(Place("epoch", 0)))
    async with asyncio.timeout(60):
        while shared._head is None:  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0)
        log.published = 20
        shared.published()
        await waiting
    for place in range(20):
        page = await shared.read(Place("epoch", place))
        assert [one.position for one in page.events] == list(range(place + 1, min(place + 10, 20) + 1))
    following.cancel()
