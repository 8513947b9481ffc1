"""What the delivery of webhooks needs of the events, in protocols that the concrete ones fulfil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from profile_grpc.domain.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event in its place."""

    position: int
    event_id: str
    type: str
    app_id: str
    user_id: str
    device_id: str
    customer_id: str
    reason: str
    version: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What was found after a position."""

    events: Sequence[WebhookEvent]
    """Those that the webhook wants, in the order of their positions."""
    position: int
    """Everything up to this position has been looked at."""


class EventsLost(Exception):  # noqa: N818 - an outcome
    """Events after the position were deleted by the retention."""

    def __init__(self, oldest: int) -> None:
        super().__init__("events after the position are not kept any more")
        self.oldest = oldest
        """The position after which every event is kept."""


class EventSource(Protocol):
    """The events in the order of their positions."""

    async def read(self, webhook: Webhook, after: int, until: int | None) -> Page:
        """Some of the events that the webhook wants after the position, and up to `until` if it is given.

        A page at another position than `after` may be followed by more, also without events.

        Raises:
            EventsLost: not all events after the position are kept.
            StoreError.
        """
        ...

    async def newest(self) -> int:
        """The position of the newest event."""
        ...

    async def wait(self, after: int, seconds: float) -> None:
        """Returns when there may be events after the position, at the latest after so many seconds."""
        ...

    async def tell_disabled(self, webhook: Webhook) -> None:
        """Leaves an event of each of its apps: the webhook is DISABLED."""
        ...
