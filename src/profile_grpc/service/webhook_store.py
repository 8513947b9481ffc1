"""What webhooks need of the store, in a protocol that the concrete one fulfils (E6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from profile_grpc.domain.webhooks import Delivery, Webhook


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
