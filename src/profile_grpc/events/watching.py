"""WatchProfiles: the events of a tenant's apps, in pages with a position to resume from (E4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from time import monotonic

from profile_grpc.domain.filtering.judging import matches
from profile_grpc.events.feed import Feed
from profile_grpc.service.directory_ports import DirectoryStore
from profile_grpc.service.event_ports import LoggedEvent
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock
from profile_grpc.service.watching import EventPosition, Page, Subscription

MESSAGE = 500
"""Maximum number of events in one message."""
QUIET = 1.0
"""Seconds without an event after which the first checkpoint is sent."""
CHECKPOINTS = 5.0
"""Seconds between two checkpoints. The caller's key is checked again with each of them."""
_MAX_OWNERS = 100_000


class FeedWatching:
    """See service.watching.Watching."""

    def __init__(self, feed: Feed, directory: DirectoryStore, clock: Clock, observer: Observer) -> None:
        self._feed = feed
        self._directory = directory
        self._clock = clock
        self._observer = observer
        self._owners: dict[tuple[str, str], bool] = {}
        """By tenant id and app id: whether the app is the tenant's. Ids are reserved while events are kept (D4)."""

    async def from_now(self) -> EventPosition:
        return await self._feed.now()

    async def from_oldest(self) -> EventPosition:
        return await self._feed.oldest()

    async def resume(self, after: EventPosition) -> EventPosition:
        return await self._feed.resume(after)

    async def watch(
        self, subscription: Subscription, after: EventPosition, ending: asyncio.Event
    ) -> AsyncGenerator[Page, None]:
        """At most one page is in memory: the next one is read after the reader has taken it."""
        due = monotonic() + QUIET
        while not ending.is_set():
            page = await self._feed.read(after, subscription.app_ids)
            for part in _parts(await self.filtered(subscription, page)):
                self._delivered(part.events)
                yield part
                due = monotonic() + QUIET
            moved, after = page.end != after, page.end
            if not moved:
                await _first_of(ending, self._feed, after, due - monotonic())
            if monotonic() >= due:
                yield Page([], after)
                due = monotonic() + CHECKPOINTS
        yield Page([], after)

    async def filtered(self, subscription: Subscription, page: Page) -> Page:
        """The page, with only the wanted events."""
        events: Sequence[LoggedEvent] = page.events
        if subscription.types is not None:
            events = [one for one in events if one.event.type in subscription.types]
        if subscription.filter is not None:
            events = [one for one in events if matches(subscription.filter.expression, one.event)]
        if subscription.app_ids is not None:
            events = [one for one in events if one.event.app_id in subscription.app_ids]
        elif events:
            mine = await self._of_tenant(subscription.tenant_id, {one.event.app_id for one in events})
            events = [
                one
                for one in events
                if one.event.app_id in mine and one.event.tenant_id in {"", subscription.tenant_id}
            ]
        return Page(events, page.end)

    async def _of_tenant(self, tenant_id: str, app_ids: set[str]) -> set[str]:
        """The apps of the set that the tenant owns, including deleted ones. "" (every app) is kept."""
        unknown = [app_id for app_id in app_ids if app_id and (tenant_id, app_id) not in self._owners]
        if unknown:
            found = {app.app_id for app in await self._directory.apps_by_id(unknown, tenant_id, deleted=True)}
            if len(self._owners) > _MAX_OWNERS:
                self._owners.clear()
            self._owners |= {(tenant_id, app_id): app_id in found for app_id in unknown}
        return {app_id for app_id in app_ids if not app_id or self._owners.get((tenant_id, app_id))}

    def _delivered(self, events: Sequence[LoggedEvent]) -> None:
        lag = self._clock.now() - max(one.event.time for one in events)
        self._observer.events_delivered(len(events), max(0.0, lag.total_seconds()))


def _parts(page: Page) -> Sequence[Page]:
    """Splits the page into messages of up to MESSAGE events. The last one has the page's end."""
    some = [page.events[begin : begin + MESSAGE] for begin in range(0, len(page.events), MESSAGE)]
    parts = [Page(events, EventPosition(page.end.epoch, events[-1].position)) for events in some]
    return [*parts[:-1], Page(parts[-1].events, page.end)] if parts else []


async def _first_of(ending: asyncio.Event, feed: Feed, after: EventPosition, seconds: float) -> None:
    """Waits until there may be events after the position, the stream is ending, or the time has passed."""
    tasks = [asyncio.ensure_future(feed.wait(after)), asyncio.ensure_future(ending.wait())]
    try:
        await asyncio.wait(tasks, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
