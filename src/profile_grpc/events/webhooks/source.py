"""The events that a webhook gets, read from the feed (E6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from profile_grpc.domain.errors import Refused
from profile_grpc.domain.model import Event, EventType
from profile_grpc.domain.webhooks import Webhook
from profile_grpc.events.feed import Feed
from profile_grpc.events.watching import FeedWatching
from profile_grpc.service.event_ports import LoggedEvent
from profile_grpc.service.ports import Clock, DirectoryStore, ReaperStore
from profile_grpc.service.watching import Place, Wanted

_APPS = 1000
"""How many apps are read at once."""


class Batch(NamedTuple):
    """What was found after a position."""

    events: Sequence[LoggedEvent]
    """Those that the webhook wants, in the order of their positions."""
    position: int
    """Everything up to this position has been looked at."""


class EventsLost(Exception):  # noqa: N818 - an outcome
    """Events after the position were deleted by the retention."""

    def __init__(self, oldest: int) -> None:
        super().__init__("events after the position are not kept any more")
        self.oldest = oldest
        """The position after which every event is kept."""


class EventSource:
    """The events in the order of their positions."""

    def __init__(
        self, feed: Feed, watching: FeedWatching, directory: DirectoryStore, reaper: ReaperStore, clock: Clock
    ) -> None:
        self._feed = feed
        self._watching = watching
        self._directory = directory
        self._reaper = reaper
        self._clock = clock
        self._epoch = ""
        """Of the newest page. Positions grow from one epoch to the next, so that a webhook stores none."""

    async def read(self, webhook: Webhook, after: int, until: int | None) -> Batch:
        """Some of the events that the webhook wants after the position, and up to `until` if it is given.

        A batch at another position than `after` may be followed by more, also without events.

        Raises:
            EventsLost: not all events after the position are kept.
            StoreError.
        """
        place = await self._place(after)
        try:
            page = await self._feed.read(place, webhook.app_ids or None)
        except Refused:
            raise EventsLost((await self._feed.oldest()).position) from None
        self._epoch = page.place.epoch
        events = (await self._watching.filtered(_wanted(webhook), page)).events
        position = page.place.position
        if until is not None and until < position:
            events, position = [one for one in events if one.position <= until], until
        return Batch(events, position)

    async def newest(self) -> int:
        """The position of the newest event."""
        return (await self._feed.now()).position

    async def wait(self, after: int, seconds: float) -> None:
        """Returns when there may be events after the position, at the latest after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._feed.wait(await self._place(after))

    async def tell_disabled(self, webhook: Webhook) -> None:
        """Leaves an event of each of its apps: the webhook is DISABLED.

        Each event has a transaction of its own: a cluster has the apps on several nodes.
        """
        now = self._clock.now()
        for app_id in webhook.app_ids or await self._apps(webhook.tenant_id):
            event = Event(EventType.WEBHOOK_DISABLED, app_id, now, reason=webhook.webhook_id)
            await self._reaper.add_events([event])

    async def _place(self, position: int) -> Place:
        if not self._epoch:
            self._epoch = (await self._feed.now()).epoch
        return Place(self._epoch, position)

    async def _apps(self, tenant_id: str) -> list[str]:
        found: list[str] = []
        while page := await self._directory.apps(tenant_id, found[-1] if found else "", _APPS):
            found += [app.app_id for app in page]
        return found


def _wanted(webhook: Webhook) -> Wanted:
    return Wanted(
        webhook.tenant_id,
        frozenset(webhook.app_ids) or None,
        frozenset(EventType(name) for name in webhook.types) or None,
    )
