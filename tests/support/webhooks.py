"""Events and webhooks for tests of delivery: a log and a store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from typing_extensions import override

from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.webhooks import Delivery, Progress, Secret, Webhook, WebhookState
from profile_grpc.events.webhooks.source import Batch, EventsLost, EventSource
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.service.event_ports import EventHead, EventStore, LoggedEvent, WebhookKey, WebhookStore
from profile_grpc.service.ports import Conflict, HeldLease
from profile_grpc.service.webhooks import Webhooks, WebhookSecrets
from tests.support.domain import ManualClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HASHER = Hasher(bytes(32))
KEY = WebhookKey("acme", "wh1")
SECRETS = WebhookSecrets(HASHER)


def use_cases(store: WebhookStore, events: MemoryEvents, clock: ManualClock, destinations: Destinations) -> Webhooks:
    """The use cases over these, which ask the events for little."""
    return Webhooks(store, cast("EventStore", events), clock, HASHER, destinations)


def event(position: int, **changes: Any) -> LoggedEvent:
    """An event of one of three profiles."""
    plain = Event(EventType.PROFILE_CREATED, "shop", NOW, f"user{position % 3}", "phone", version=(position + 2) // 3)
    return LoggedEvent(position, f"e{position}", plain._replace(**changes))


def webhook(url: str, key: WebhookKey = KEY, **changes: object) -> tuple[Webhook, str]:
    """A webhook that has delivered nothing yet, and its secret."""
    text, sealed = SECRETS.make(*key)
    plain = Webhook(*key, url, (), (), WebhookState.ENABLED, (Secret(sealed),), NOW, NOW, 0, Progress(0))
    return replace(plain, **changes), text  # type: ignore[arg-type]


@dataclass(slots=True)
class MemoryEvents(EventSource):
    """The events, in the order of their positions."""

    events: list[LoggedEvent] = field(default_factory=list)
    kept_after: int = 0
    disabled: list[str] = field(default_factory=list)
    """The webhooks for which the event of their end was added."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, *events: LoggedEvent) -> None:
        self.events += events
        self.changed.set()

    @override
    async def read(self, webhook: Webhook, after: int, until: int | None) -> Batch:
        """Looks at up to 150 positions."""
        if after < self.kept_after:
            raise EventsLost(self.kept_after)
        end = min(await self.newest() if until is None else until, after + 150)
        found = [
            e for e in self.events if after < e.position <= end and (not webhook.types or e.event.type in webhook.types)
        ]
        return Batch(found, max(end, after))

    @override
    async def newest(self) -> int:
        return self.events[-1].position if self.events else self.kept_after

    async def head(self) -> EventHead:
        """As the port EventStore."""
        return EventHead(1, "e", await self.newest(), self.kept_after)

    async def first_since(self, time: datetime) -> int | None:
        """As the port EventStore."""
        return next((e.position for e in self.events if e.event.time >= time), None)

    @override
    async def wait(self, after: int, seconds: float) -> None:
        if await self.newest() <= after:
            self.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.changed.wait()

    @override
    async def add_disabled_events(self, webhook: Webhook) -> None:
        self.disabled.append(webhook.webhook_id)


@dataclass(slots=True)
class MemoryWebhooks:
    """The port `WebhookStore`."""

    webhooks: dict[WebhookKey, Webhook] = field(default_factory=dict)
    kept: dict[WebhookKey, list[Delivery]] = field(default_factory=dict)

    async def add(self, webhook: Webhook) -> None:
        key = WebhookKey(webhook.tenant_id, webhook.webhook_id)
        if key in self.webhooks or any(other.place == webhook.place for other in await self.of_tenant(key.tenant_id)):
            raise Conflict
        self.webhooks[key] = webhook

    async def get(self, key: WebhookKey) -> Webhook | None:
        return self.webhooks.get(key)

    async def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        return [webhook for key, webhook in self.webhooks.items() if key.tenant_id == tenant_id]

    async def enabled(self) -> Sequence[WebhookKey]:
        return [key for key, webhook in self.webhooks.items() if webhook.state is WebhookState.ENABLED]

    async def change(self, before: Webhook, after: Webhook, delivery: Delivery | None = None) -> Webhook:
        key = WebhookKey(after.tenant_id, after.webhook_id)
        stored = self.webhooks.get(key)
        if stored is None:
            raise Conflict
        if after.progress != before.progress:
            if stored.progress.revision != before.progress.revision:
                raise Conflict
            stored = replace(stored, progress=replace(after.progress, revision=before.progress.revision + 1))
        if replace(after, progress=before.progress) != before:
            if stored.revision != before.revision:
                raise Conflict
            stored = replace(after, progress=stored.progress, revision=before.revision + 1)
        self.webhooks[key] = stored
        if delivery is not None:
            self.kept.setdefault(key, []).append(delivery)
        return replace(after, progress=stored.progress, revision=stored.revision)

    async def remove(self, key: WebhookKey) -> bool:
        self.kept.pop(key, None)
        return self.webhooks.pop(key, None) is not None

    async def deliveries(self, key: WebhookKey, before: int | None, limit: int) -> Sequence[Delivery]:
        kept = [one for one in self.kept.get(key, []) if before is None or one.number < before]
        return sorted(kept, key=lambda one: -one.number)[:limit]


@dataclass(slots=True)
class MemoryLeases:
    """The port `LeaseStore`; leases of a test do not run out."""

    holders: dict[str, str] = field(default_factory=dict)

    async def acquire(
        self, name: str, holder: str, now: datetime, duration: timedelta, lost: HeldLease | None = None
    ) -> bool:
        return self.holders.setdefault(name, holder) == holder

    async def held(self, name: str) -> HeldLease | None:
        return HeldLease(self.holders[name], datetime.fromtimestamp(0, UTC)) if name in self.holders else None

    async def release(self, name: str, holder: str) -> None:
        if self.holders.get(name) == holder:
            del self.holders[name]
