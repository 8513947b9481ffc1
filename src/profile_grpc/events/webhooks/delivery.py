"""Delivery of all webhooks: one task for each webhook whose lease this process holds (E6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import structlog

from profile_grpc.events.webhooks.deliverer import Deliverer
from profile_grpc.service.event_ports import WebhookKey, WebhookStore
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.ports import StoreError

log = structlog.get_logger(__name__)

LEASE = "webhook/"
"""Prefix of the name of a webhook's lease. The webhook's id follows."""
LEASE_DURATION = timedelta(seconds=20)
"""Maximum delay of a webhook after the process that delivers it was killed. A lease is renewed when a third of it has
passed, so it must be longer than an attempt and this third together."""
_LOOK = 2.0
"""Seconds between two reads of the list of webhooks."""
_AFTER_LOSS = 5.0
"""Seconds to wait before asking again for a lease that another process holds."""
_AFTER_FAULT = 5.0
"""Seconds to wait before restarting a delivery that has failed."""


class WebhookDelivery:
    """Delivers webhooks. Every process may run one; each webhook is delivered by one process at a time.

    Each webhook has its own task and its own request, so a slow receiver delays no other webhook.
    """

    def __init__(self, store: WebhookStore, deliverer: Callable[[WebhookKey], Deliverer]) -> None:
        self._store = store
        self._deliverer = deliverer
        self._tasks: dict[WebhookKey, asyncio.Task[None]] = {}
        self._not_before: dict[WebhookKey, float] = {}
        """Earliest time to start the task of a webhook again, in seconds of the monotonic clock."""

    async def run(self) -> None:
        try:
            while True:
                await self._look()
                await asyncio.sleep(_LOOK)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self) -> None:
        """Starts the tasks that are missing. The task of a webhook that is no longer ENABLED ends by itself."""
        try:
            enabled = await self._store.enabled()
        except StoreError as error:
            log.warning("cannot read the webhooks", error=str(error))
            return
        now = monotonic()
        self._not_before = {key: time for key, time in self._not_before.items() if time > now}
        for key in enabled:
            if key not in self._tasks and key not in self._not_before:
                self._tasks[key] = asyncio.create_task(self._deliver(key), name=f"webhook {key.webhook_id}")

    async def _deliver(self, key: WebhookKey) -> None:
        pause = 0.0
        try:
            await self._deliverer(key).run()
        except LeaseLost:
            pause = _AFTER_LOSS
        except StoreError as error:
            log.warning("webhook delivery interrupted", webhook_id=key.webhook_id, error=str(error))
            pause = _AFTER_FAULT
        except Exception:
            log.exception("webhook delivery failed", webhook_id=key.webhook_id)
            pause = _AFTER_FAULT
        finally:
            self._not_before[key] = monotonic() + pause
            del self._tasks[key]
