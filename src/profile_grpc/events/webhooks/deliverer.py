"""Delivery of one webhook: in order, one request at a time, while this process holds the lease (E6)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from profile_grpc.domain import webhooks as rules
from profile_grpc.domain.webhooks import MAX_EVENTS, Delivery, Progress, Webhook, WebhookState
from profile_grpc.events.webhooks import message as messages
from profile_grpc.events.webhooks.courier import Courier
from profile_grpc.events.webhooks.source import Batch, EventsLost, EventSource
from profile_grpc.service.event_ports import WebhookKey, WebhookStore
from profile_grpc.service.lease import Lease
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Clock, Conflict, StoreError

log = structlog.get_logger(__name__)


LOOK = timedelta(seconds=2)
"""Interval between two reads of the webhook, after which a change by an operator takes effect."""
GATHER = timedelta(milliseconds=100)
"""Time to wait for more events after the first one, so that they share a request."""
SAVE = timedelta(seconds=10)
"""Interval between two writes of a position that moved without a delivery."""


@dataclass(eq=False)
class Deliverer:
    """Delivers the events of one webhook while this process holds its lease."""

    _key: WebhookKey
    _store: WebhookStore
    _source: EventSource
    _courier: Courier
    _lease: Lease
    _clock: Clock
    _observer: Observer
    _webhook: Webhook | None = field(default=None, init=False)
    """The stored webhook as this process read or wrote it last. None: read it again."""
    _position: int = field(default=0, init=False)
    """Events up to here are delivered or not wanted. The stored position may be lower."""
    _ahead: Batch = field(default=Batch((), 0), init=False)
    """Events that were read after the position and are not delivered yet."""
    _read_time: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._saved_time = self._clock.now()

    async def run(self) -> None:
        """Delivers until the webhook is no longer ENABLED.

        Raises:
            LeaseLost: another process holds the lease.
            StoreError.
        """
        await self._lease.acquire()
        try:
            while (pause := await self.step()) is not None:
                if pause:
                    await self._source.wait(self._position, pause.total_seconds())
                    await asyncio.sleep(GATHER.total_seconds())
        finally:
            await self._leave()

    async def step(self) -> timedelta | None:
        """Makes one attempt, if one is due.

        Returns:
            How long to wait before the next step, unless events come earlier. None: the webhook is not ENABLED.

        Raises:
            LeaseLost, StoreError.
        """
        await self._lease.keep()
        webhook = await self._current()
        if webhook is None or webhook.state is not WebhookState.ENABLED:
            return None
        now = self._clock.now()
        if not rules.is_due(webhook.progress, now):
            # Wait for the time of the next attempt, not for events: new ones would end the wait at once.
            await asyncio.sleep(min((webhook.progress.next_attempt_time or now) - now, LOOK).total_seconds())
            return timedelta()
        try:
            return await self._deliver(webhook)
        except Conflict:  # an operator has changed the webhook, or another process delivers it
            self._webhook = None
            return timedelta()

    async def _current(self) -> Webhook | None:
        """The webhook, read from the store at most LOOK ago."""
        now = self._clock.now()
        if self._webhook is None or self._read_time is None or not timedelta() <= now - self._read_time < LOOK:
            known, self._webhook = self._webhook, await self._store.get(self._key)
            self._read_time = now
            if self._webhook is not None:
                if known is None or known.progress != self._webhook.progress:
                    self._position = self._webhook.progress.position
                # Read the events again even if the webhook is the same: an erasure may have removed ids (C8).
                self._ahead = Batch([], self._position)
                await self._observe(self._webhook.progress)
        return self._webhook

    async def _deliver(self, webhook: Webhook) -> timedelta:
        """Makes one attempt with the next events. Like `step`, but also raises Conflict."""
        try:
            batch = await self._next(webhook)
        except EventsLost as lost:
            await self._pass_over_lost(webhook, lost.oldest)
            return timedelta()
        if not batch.events:
            pause = timedelta() if batch.position > self._position else LOOK
            await self._pass_over(webhook, batch.position)
            return pause
        message = messages.of_events(webhook, batch.events, batch.position)
        outcome = await self._courier.deliver(webhook, message)
        delivery = outcome.delivery(webhook, message)
        if outcome.failure is None:
            progress = rules.after_success(webhook.progress, batch.position)
            await self._save(webhook, replace(webhook, progress=progress), delivery)
            self._position = batch.position
            self._ahead = Batch(self._ahead.events[len(batch.events) :], self._ahead.position)
        else:
            jitter = random.uniform(-1, 1)  # noqa: S311 - no secret
            progress = rules.after_failure(webhook.progress, batch.position, outcome.failure, jitter)
            self._ahead = Batch([], self._position)
            await self._save_failure(webhook, progress, delivery)
        seconds = delivery.latency.total_seconds()
        self._observer.webhook_delivered(message.events, seconds, delivered=outcome.failure is None)
        await self._observe(progress)
        return timedelta()

    async def _next(self, webhook: Webhook) -> Batch:
        """The events of the next request. A repeated request has the same events as before."""
        if not self._ahead.events:
            self._ahead = await self._source.read(webhook, self._position, webhook.progress.pending)
        events, position = self._ahead.events[:MAX_EVENTS], self._ahead.position
        return Batch(events, position if len(self._ahead.events) <= MAX_EVENTS else events[-1].position)

    async def _save_failure(self, webhook: Webhook, progress: Progress, delivery: Delivery) -> None:
        """Stores a failed attempt. After three days of failures the webhook becomes DISABLED (E6)."""
        failed = replace(webhook, progress=progress)
        if rules.is_given_up(progress, delivery.time):
            failed = rules.disabled(failed, delivery.time)
        await self._save(webhook, failed, delivery)
        if failed.state is WebhookState.DISABLED:
            await self._report_disabled(failed)

    async def _report_disabled(self, webhook: Webhook) -> None:
        log.error(
            "webhook disabled after three days of failures; its position is kept until it is enabled again",
            tenant_id=self._key.tenant_id,
            webhook_id=self._key.webhook_id,
            failing_since=str(webhook.progress.failing_since),
            failure="" if webhook.progress.last_failure is None else webhook.progress.last_failure.text,
        )
        self._observer.webhook_disabled(self._key.webhook_id)
        await self._source.add_disabled_events(webhook)

    async def _pass_over_lost(self, webhook: Webhook, oldest: int) -> None:
        """Skips events that the retention has deleted, and reports it (E6)."""
        now = self._clock.now()
        await self._save(webhook, replace(webhook, progress=rules.without_lost(webhook.progress, oldest, now)))
        log.error(
            "events were deleted by their retention before a webhook had them; continuing with the oldest kept event",
            tenant_id=self._key.tenant_id,
            webhook_id=self._key.webhook_id,
            position=self._position,
            oldest_position=oldest,
        )
        self._position, self._ahead = oldest, Batch([], oldest)
        self._observer.webhook_events_lost(self._key.webhook_id)

    async def _pass_over(self, webhook: Webhook, position: int) -> None:
        """Moves the position past events that the webhook does not want. Usually it is stored only every SAVE."""
        now = self._clock.now()
        self._position, self._ahead = position, Batch([], position)
        pending = webhook.progress.pending
        if pending is None:
            store = position != webhook.progress.position and not timedelta() <= now - self._saved_time < SAVE
        else:
            store = position >= pending  # the request to repeat has no events left
        if store:
            await self._save(webhook, replace(webhook, progress=rules.passed_over(webhook.progress, position)))

    async def _save(self, before: Webhook, after: Webhook, delivery: Delivery | None = None) -> None:
        """Stores the result of an attempt. A test delivery by an operator in the meantime is not a conflict.

        Raises:
            Conflict: anything else of the webhook has changed.
        """
        try:
            self._webhook = await self._store.change(before, after, delivery)
        except Conflict:
            current = await self._store.get(self._key)
            if current is None or not rules.same_but_tests(before, current):
                raise
            tests = current.progress.attempts - before.progress.attempts
            progress = replace(after.progress, attempts=after.progress.attempts + tests)
            counted = None if delivery is None else replace(delivery, number=delivery.number + tests)
            self._webhook = await self._store.change(current, replace(after, progress=progress), counted)
        self._saved_time = self._clock.now()

    async def _observe(self, progress: Progress) -> None:
        lag = max(await self._source.newest() - self._position, 0)
        self._observer.webhook_state(self._key.webhook_id, lag=lag, failing=progress.failures > 0)

    async def _leave(self) -> None:
        """Stores the position and releases the lease."""
        self._observer.webhook_state(self._key.webhook_id, lag=0, failing=False)
        webhook = self._webhook
        try:
            if webhook is not None and self._position > webhook.progress.position and not webhook.progress.failures:
                progress = rules.passed_over(webhook.progress, self._position)
                await self._store.change(webhook, replace(webhook, progress=progress))
        except StoreError:
            pass  # the events since the stored position are read again later
        finally:
            await self._lease.release()
