"""The events that readers of one process share (E4)."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, cast

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.events import feed
from profile_grpc.events.feed import Feed
from profile_grpc.service.event_ports import EventHead, EventStore, LoggedEvent
from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.service.watching import EventPosition
from tests.support.domain import T0
from tests.support.limits import wait_s

EPOCH = "00000000000000e1"


class Log:
    """A store whose second read fails."""

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


async def test_E4_a_read_that_fails_in_between_repeats_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WINDOW", 10)
    monkeypatch.setattr(feed, "_RETRY", 0.0)
    log = Log()
    shared = Feed(cast("EventStore", cast("Any", log)))
    following = asyncio.create_task(shared.run())
    waiting = asyncio.create_task(shared.wait(EventPosition("epoch", 0)))
    async with asyncio.timeout(wait_s()):
        while shared._head is None:  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0)
        log.published = 20
        shared.published()
        await waiting
    for after in range(20):
        page = await shared.read(EventPosition("epoch", after))
        assert [one.position for one in page.events] == list(range(after + 1, min(after + 10, 20) + 1))
    following.cancel()


class Pages:
    """A store with this many events. It counts the reads of its head."""

    def __init__(self, published: int) -> None:
        self.published = published
        self.oldest = 0
        self.heads = 0

    async def head(self) -> EventHead:
        self.heads += 1
        return EventHead(1, EPOCH, self.published, self.oldest)

    async def end_of_epoch(self, _epoch: str) -> int:
        return self.published

    async def read(self, after: int, upto: int, _app_ids: Collection[str] | None = None) -> Sequence[LoggedEvent]:
        assert upto <= self.published, "what is not published may be seen in part"
        event = Event(EventType.PROFILE_CREATED, "shop", T0, "ann", "phone")
        return [LoggedEvent(position, str(position), event) for position in range(after + 1, upto + 1)]


async def test_E4_a_page_from_the_store_reads_the_head_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WINDOW", 10)
    log = Pages(95)
    shared = Feed(cast("EventStore", cast("Any", log)))
    after, read = await shared.oldest(), list[int]()
    log.heads = 0
    for _ in range(10):
        page = await shared.read(after)
        read += [one.position for one in page.events]
        after = page.end
    assert read == list(range(1, 96))
    assert log.heads == 10 + 1, "and once before the first page"


async def test_E4_later_events_are_read_later_and_purged_ones_are_reported() -> None:
    log = Pages(5)
    shared = Feed(cast("EventStore", cast("Any", log)))
    page = await shared.read(EventPosition(EPOCH, 0))
    log.published = 9
    page = await shared.read(page.end)
    assert [one.position for one in page.events] == [6, 7, 8, 9]
    assert (await shared.read(page.end)) == ([], page.end)
    log.published, log.oldest = 20, 12
    with pytest.raises(Refused) as refused:
        await shared.read(page.end)
    assert refused.value.reason is Reason.RESUME_TOKEN_EXPIRED
