"""The delivery of every webhook: a task for each that this process has the lease of (E6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import structlog

from profile_grpc.events.webhooks.deliverer import Deliverer
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.ports import StoreError
from profile_grpc.service.webhook_store import WebhookKey, WebhookStore

log = structlog.get_logger(__name__)

LEASE = "webhook/"
"""How the name of a webhook's lease begins; its id follows."""
LEASE_DURATION = timedelta(seconds=20)
"""How long a webhook waits when its process was killed. Longer than an attempt and a third of it, after which it is
renewed."""
_LOOK = 2.0
"""Seconds between two looks at which webhooks there are."""
_AFTER_LOSS = 5.0
"""Seconds until the lease of a webhook is asked for again that another process has."""
_AFTER_FAULT = 5.0
"""Seconds until a delivery is begun again that the database has stopped."""


class WebhookDelivery:
    """Any number of processes may run one; each webhook is delivered by one of them at a time.

    A webhook waits for no other one: it has its own task, its own request under way, and no place in a queue.
    """

    def __init__(self, store: WebhookStore, deliverer: Callable[[WebhookKey], Deliverer]) -> None:
        self._store = store
        self._deliverer = deliverer
        self._tasks: dict[WebhookKey, asyncio.Task[None]] = {}
        self._not_before: dict[WebhookKey, float] = {}
        """When the next try to deliver a webhook is due, in seconds of a monotonic clock."""

    async def run(self) -> None:
        """Delivers until cancelled."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(_LOOK)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self) -> None:
        """Begins what is not delivered yet. What is not to be delivered any more ends by itself."""
        try:
            enabled = await self._store.enabled()
        except StoreError as error:
            log.warning("the webhooks cannot be read", error=str(error))
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
            log.warning("the delivery of a webhook was interrupted", webhook_id=key.webhook_id, error=str(error))
            pause = _AFTER_FAULT
        except Exception:
            log.exception("the delivery of a webhook has failed", webhook_id=key.webhook_id)
            pause = _AFTER_FAULT
        finally:
            self._not_before[key] = monotonic() + pause
            del self._tasks[key]
