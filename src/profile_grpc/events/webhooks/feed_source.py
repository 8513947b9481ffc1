"""The events of the log, as the delivery of webhooks reads them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from profile_grpc.domain.errors import Refused
from profile_grpc.domain.model import Event, EventType
from profile_grpc.domain.webhooks import Webhook
from profile_grpc.events.feed import Feed
from profile_grpc.events.watching import FeedWatching
from profile_grpc.events.webhooks.source import EventsLost, Page, WebhookEvent
from profile_grpc.service.event_ports import LoggedEvent
from profile_grpc.service.ports import Clock, DirectoryStore, ReaperStore
from profile_grpc.service.watching import Place, Wanted

_APPS = 1000
"""How many apps are read at once."""


class FeedSource:
    """See `source.EventSource`."""

    def __init__(
        self, feed: Feed, watching: FeedWatching, directory: DirectoryStore, reaper: ReaperStore, clock: Clock
    ) -> None:
        self._feed = feed
        self._watching = watching
        self._directory = directory
        self._reaper = reaper
        self._clock = clock
        self._epoch = ""
        """Of the newest page. Positions grow from one to the next, so that a webhook stores none."""

    async def read(self, webhook: Webhook, after: int, until: int | None) -> Page:
        """See EventSource."""
        place = await self._place(after)
        try:
            page = await self._feed.read(place, webhook.app_ids or None)
        except Refused:
            raise EventsLost((await self._feed.oldest()).position) from None
        self._epoch = page.place.epoch
        found = (await self._watching.filtered(_wanted(webhook), page)).events
        position = page.place.position
        if until is not None and until < position:
            found, position = [one for one in found if one.position <= until], until
        return Page([_event(one) for one in found], position)

    async def newest(self) -> int:
        """See EventSource."""
        return (await self._feed.now()).position

    async def wait(self, after: int, seconds: float) -> None:
        """See EventSource."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._feed.wait(await self._place(after))

    async def tell_disabled(self, webhook: Webhook) -> None:
        """See EventSource. An event in each app, in a transaction of its own: a cluster has them on several nodes."""
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


def _event(logged: LoggedEvent) -> WebhookEvent:
    event = logged.event
    return WebhookEvent(
        position=logged.position,
        event_id=logged.event_id,
        type=event.type.value,
        app_id=event.app_id,
        user_id=event.user_id,
        device_id=event.device_id,
        customer_id=event.customer_id,
        reason=event.reason,
        version=event.version,
        time=event.time,
    )
