"""Test delivery: a request without events, sent by an operator (E6)."""

from __future__ import annotations

from profile_grpc.domain.webhooks import Delivery
from profile_grpc.events.webhooks import message as messages
from profile_grpc.events.webhooks.courier import Courier
from profile_grpc.service.ports import Conflict
from profile_grpc.service.webhook_store import WebhookKey
from profile_grpc.service.webhooks import Webhooks

_ATTEMPTS = 10
"""Maximum number of attempts to store the result while deliveries change the webhook."""


async def send_test(webhooks: Webhooks, courier: Courier, key: WebhookKey) -> Delivery:
    """Sends a request without events and stores it in the list of deliveries. The result changes nothing else.

    Raises:
        Refused: WEBHOOK_NOT_FOUND.
    """
    webhook = await webhooks.get(key)
    message = messages.test(webhook, webhook.progress.attempts + 1)
    outcome = await courier.deliver(webhook, message)
    for _ in range(_ATTEMPTS):
        delivery = outcome.delivery(webhook, message)
        try:
            await webhooks.keep(webhook, delivery)
        except Conflict:
            webhook = await webhooks.get(key)
        else:
            return delivery
    return outcome.delivery(webhook, message)
