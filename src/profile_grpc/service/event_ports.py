"""What the use cases need of a store for events: their positions and their log (E3), and webhooks (E6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from profile_grpc.domain.events import Event
from profile_grpc.domain.webhooks import Delivery, Webhook

BATCH = 2000
"""Maximum number of events that get positions in one transaction."""


class EventHead(NamedTuple):
    """The state of the event log."""

    number: int
    """The number of the epoch."""
    epoch: str
    """The name of the epoch. Each sequencer begins one."""
    published: int
    """The last position that readers may see: every event up to it can be read. 0: none."""
    oldest: int
    """Events after this position are kept."""
    erasures: int = 0
    """How often ids were removed from events. Caches of events are cleared when it changes."""


class PendingEvent(NamedTuple):
    """A committed event without a position."""

    event_id: str
    event: Event


class Assigned(NamedTuple):
    """The result of an assignment of positions."""

    head: EventHead
    """The head afterwards."""
    number: int
    oldest: datetime | None = None
    """When the oldest of these events was decided; None: there was none."""


class LoggedEvent(NamedTuple):
    """An event with its position. Positions grow, and of one profile in the order of versions."""

    position: int
    event_id: str
    event: Event


class EventStore(Protocol):
    """Events. One sequencer at a time assigns positions; any number of readers reads by position."""

    async def head(self) -> EventHead: ...

    async def take_over(self, epoch_id: str) -> EventHead:
        """Begins an epoch of this name: from now on, no earlier sequencer writes anything that a reader sees.

        Raises:
            Conflict: another process began one at the same time.
            StoreUnavailable: also while a node is unavailable on which the previous sequencer has left work undone.
        """

    async def add(self, event: Event) -> None:
        """Stores an event that belongs to no change of a profile or a customer (P6, E6)."""

    async def assign(self, head: EventHead, now: datetime) -> Assigned:
        """Assigns the next positions to up to BATCH events.

        They are sorted by time, but the events of one profile or customer stay in the order of versions, even if clocks
        disagree.

        Raises:
            Conflict: another sequencer has taken over. The events may or may not have positions.
        """

    async def read(self, after: int, upto: int, app_ids: Collection[str] | None = None) -> Sequence[LoggedEvent]:
        """The events of these apps (None: of all) at the positions from `after` (exclusive) to `upto`, in order.

        `upto`: at most `EventHead.published`. Events up to `EventHead.oldest` may be missing: look at it afterwards.
        """

    async def end_of_epoch(self, epoch_id: str) -> int | None:
        """The last position that was published in the epoch, or so far; None: there was no such epoch."""

    async def first_since(self, time: datetime) -> int | None:
        """The first position that was assigned at this time or later; None: there is none."""

    async def purge(self, before: datetime, now: datetime, ahead: datetime) -> int:
        """Deletes the oldest events, up to the first that got its position at `before` or later; returns how many.

        Times after `ahead` were written under a wrong clock: they become `now`.
        """


class WebhookKey(NamedTuple):
    """The identity of a webhook."""

    tenant_id: str
    webhook_id: str


class WebhookStore(Protocol):
    """Webhooks, how far they have come, and their last deliveries."""

    async def add(self, webhook: Webhook) -> None:
        """Raises Conflict when its id or its place is taken."""

    async def get(self, key: WebhookKey) -> Webhook | None:
        """The webhook as committed, or None."""

    async def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        """The tenant's webhooks, oldest first."""

    async def enabled(self) -> Sequence[WebhookKey]:
        """The webhooks of every tenant whose events are to be delivered."""

    async def change(self, before: Webhook, after: Webhook, delivery: Delivery | None = None) -> Webhook:
        """Stores the differences and one more delivery.

        Returns the stored objects, with new revisions.

        Raises:
            Conflict: an object has changed since it was read; nothing is written.
        """

    async def remove(self, key: WebhookKey) -> bool:
        """Deletes the webhook and all of its data. False: it did not exist."""

    async def deliveries(self, key: WebhookKey, before: int | None, limit: int) -> Sequence[Delivery]:
        """Up to `limit` of the last deliveries with numbers below `before` (None: all), newest first."""
