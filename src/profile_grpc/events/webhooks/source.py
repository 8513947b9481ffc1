"""Reads the events of a webhook from the feed (E6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from profile_grpc.domain.errors import Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.webhooks import Webhook
from profile_grpc.events.feed import Feed
from profile_grpc.events.watching import FeedWatching
from profile_grpc.service.directory_ports import DirectoryStore, every_app
from profile_grpc.service.event_ports import EventStore, LoggedEvent
from profile_grpc.service.ports import Clock
from profile_grpc.service.watching import EventPosition, Subscription


class Batch(NamedTuple):
    """The result of one read."""

    events: Sequence[LoggedEvent]
    """The events that the webhook wants, in order of position."""
    position: int
    """All events up to this position have been read."""


class EventsLost(Exception):  # noqa: N818 - an outcome
    """The retention has deleted events after the position."""

    def __init__(self, oldest: int) -> None:
        super().__init__("events after the position are not kept any more")
        self.oldest = oldest
        """All events after this position are kept."""


class EventSource:
    """Reads events in order of position."""

    def __init__(
        self, feed: Feed, watching: FeedWatching, directory: DirectoryStore, events: EventStore, clock: Clock
    ) -> None:
        self._feed = feed
        self._watching = watching
        self._directory = directory
        self._events = events
        self._clock = clock
        self._epoch = ""
        """Epoch of the newest page. A webhook does not store it, because positions grow across epochs."""

    async def read(self, webhook: Webhook, after: int, until: int | None) -> Batch:
        """Reads the next events that the webhook wants.

        If the batch's position differs from `after`, more events may follow, even if the batch has none.

        Args:
            webhook: selects the events.
            after: the position to read from, exclusive.
            until: the last position to read, inclusive. None: no limit.

        Raises:
            EventsLost: some events after the position were deleted.
            StoreError.
        """
        try:
            page = await self._feed.read(await self._in_epoch(after), webhook.app_ids or None)
        except Refused:
            raise EventsLost((await self._feed.oldest()).position) from None
        self._epoch = page.end.epoch
        events = (await self._watching.filtered(_wanted(webhook), page)).events
        position = page.end.position
        if until is not None and until < position:
            events, position = [one for one in events if one.position <= until], until
        return Batch(events, position)

    async def newest(self) -> int:
        """The position of the newest event."""
        return (await self._feed.now()).position

    async def wait(self, after: int, seconds: float) -> None:
        """Waits until there may be events after the position, but at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._feed.wait(await self._in_epoch(after))

    async def add_disabled_events(self, webhook: Webhook) -> None:
        """Writes a WEBHOOK_DISABLED event for each of the webhook's apps.

        Each event has its own transaction, because a cluster keeps apps on different nodes.
        """
        now = self._clock.now()
        apps = every_app(self._directory, webhook.tenant_id)
        for app_id in webhook.app_ids or [app.app_id async for app in apps]:
            event = Event(EventType.WEBHOOK_DISABLED, app_id, now, reason=webhook.webhook_id)
            await self._events.add(event)

    async def _in_epoch(self, position: int) -> EventPosition:
        if not self._epoch:
            self._epoch = (await self._feed.now()).epoch
        return EventPosition(self._epoch, position)


def _wanted(webhook: Webhook) -> Subscription:
    return Subscription(
        webhook.tenant_id,
        frozenset(webhook.app_ids) or None,
        frozenset(EventType(name) for name in webhook.types) or None,
    )
