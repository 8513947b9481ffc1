"""One delivery attempt, of events or as a test: signs a request, sends it, and returns the outcome (E6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from profile_grpc.domain import webhooks as rules
from profile_grpc.domain.webhooks import Delivery, Failure, Webhook
from profile_grpc.events.webhooks import message as messages
from profile_grpc.events.webhooks.message import Message
from profile_grpc.outbound.addresses import AddressRefused
from profile_grpc.outbound.answers import Limits, RequestFailed
from profile_grpc.outbound.client import OutboundClient
from profile_grpc.outbound.destinations import UrlRefused
from profile_grpc.sealing import CannotOpen
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.ports import Clock, Conflict
from profile_grpc.service.webhooks import Webhooks, WebhookSecrets
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.tracing import TRACEPARENT, Attributes, Kind, Tracer

LIMITS = Limits(seconds=10.0, answer_bytes=4096)
"""Limits of one attempt."""
_TEST_ATTEMPTS = 10
"""Maximum number of attempts to store the result of a test while deliveries change the webhook."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt."""

    time: datetime
    """When it began."""
    latency: timedelta
    failure: Failure | None
    """Why it failed. None: the receiver accepted the events."""
    status: int
    """HTTP status of the response. 0: there was no response."""

    def delivery(self, webhook: Webhook, message: Message) -> Delivery:
        """The attempt as the list of recent deliveries shows it."""
        progress = webhook.progress
        return Delivery(
            number=progress.attempts + 1,
            message_id=message.message_id,
            first_position=message.first_position,
            last_position=message.last_position,
            events=message.events,
            attempt=progress.failures + 1 if message.events else 1,
            time=self.time,
            latency=self.latency,
            status=self.status,
            failure="" if self.failure is None else self.failure.text,
        )


class Courier:
    """Sends requests to webhooks."""

    def __init__(
        self, client: OutboundClient, secrets: WebhookSecrets, clock: Clock, tracer: Tracer | None = None
    ) -> None:
        """`tracer`: records each attempt as a span. The request then has a `traceparent` header."""
        self._tracer = tracer
        self._client = client
        self._secrets = secrets
        self._clock = clock

    async def deliver(self, webhook: Webhook, message: Message) -> Outcome:
        """Makes one attempt. A failure is part of the outcome, not an exception."""
        if self._tracer is None:
            return await self._attempt(webhook, message, {})
        span = self._tracer.begin("deliver webhook", Kind.CLIENT, None, _attributes(webhook, message))
        with tracing.inside(span):
            outcome = await self._attempt(webhook, message, {TRACEPARENT: span.context.header})
            if outcome.status:
                span.set("http.response.status_code", outcome.status)
            if outcome.failure is not None:
                span.fail(str(outcome.status) if outcome.status else "no answer")
            return outcome

    async def send_test(self, webhooks: Webhooks, key: WebhookKey) -> Delivery:
        """Sends a request without events and stores it in the list of deliveries. The result changes nothing else.

        Raises:
            Refused: WEBHOOK_NOT_FOUND.
        """
        webhook = await webhooks.get(key)
        message = messages.test(webhook, webhook.progress.attempts + 1)
        outcome = await self.deliver(webhook, message)
        for _ in range(_TEST_ATTEMPTS):
            delivery = outcome.delivery(webhook, message)
            try:
                await webhooks.keep(webhook, delivery)
            except Conflict:
                webhook = await webhooks.get(key)
            else:
                return delivery
        return outcome.delivery(webhook, message)

    async def _attempt(self, webhook: Webhook, message: Message, more: Mapping[str, str]) -> Outcome:
        began = self._clock.now()
        status, why = 0, ""
        try:
            signing = [self._secrets.open(webhook, secret) for secret in rules.signing(webhook, began)]
            headers = {**messages.headers(message, signing, began), **more}
            answer = await self._client.post(webhook.url, message.body, headers)
        except CannotOpen:
            why = "its secret cannot be read: it was encrypted under another hash key; rotate it"
        except (UrlRefused, AddressRefused, RequestFailed) as error:
            why = str(error)
        else:
            status = answer.status
            why = "" if rules.succeeded(status) else f"HTTP {status}"
        now = self._clock.now()
        failure = Failure(now, status, why) if why else None
        return Outcome(began, max(now - began, timedelta()), failure, status)


def _attributes(webhook: Webhook, message: Message) -> Attributes:
    return {
        "http.request.method": "POST",
        "http.request.resend_count": webhook.progress.failures,
        "profile_grpc.webhook_id": webhook.webhook_id,
        "profile_grpc.webhook.events": message.events,
    }
