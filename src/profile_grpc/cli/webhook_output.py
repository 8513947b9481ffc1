"""How commands show webhooks and their deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from profile_grpc.cli import output
from profile_grpc.domain.webhooks import Delivery, Webhook


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """A webhook, with how far events are."""

    webhook: Webhook
    newest_position: int

    @property
    def lag(self) -> int:
        """How many positions it is behind."""
        return max(self.newest_position - self.webhook.progress.position, 0)


def show_facts(shown: WebhookStatus) -> None:
    """The webhook as lines for people."""
    webhook, progress = shown.webhook, shown.webhook.progress
    failure = progress.last_failure
    output.facts(
        {
            "webhook": webhook.webhook_id,
            "tenant": webhook.tenant_id,
            "name": webhook.display_name or None,
            "url": webhook.url,
            "types": ", ".join(webhook.types) or "all",
            "apps": ", ".join(webhook.app_ids) or "all",
            "state": webhook.state.name.lower(),
            "positions behind": shown.lag,
            "last failure": f"{output.human(failure.time)}: {failure.text}" if failure else None,
            "failing since": progress.failing_since,
            "next attempt": progress.next_attempt_time,
            "events lost": progress.lost_time,
            "created": webhook.create_time,
            "changed": webhook.update_time,
        }
    )


def structured(shown: WebhookStatus) -> dict[str, object]:
    """The webhook for JSON, with the contract's names."""
    webhook, progress = shown.webhook, shown.webhook.progress
    failure = progress.last_failure
    return {
        "webhook_id": webhook.webhook_id,
        "tenant_id": webhook.tenant_id,
        "url": webhook.url,
        "types": list(webhook.types),
        "app_ids": list(webhook.app_ids),
        "state": webhook.state.name,
        "display_name": webhook.display_name,
        "position_lag": shown.lag,
        "last_failure": None
        if failure is None
        else {
            "time": failure.time,
            "http_status": failure.status,
            "description": failure.text,
            "next_attempt_time": progress.next_attempt_time,
            "failing_since": progress.failing_since,
        },
        "events_lost_time": progress.lost_time,
        "create_time": webhook.create_time,
        "update_time": webhook.update_time,
        "etag": webhook.etag,
    }


def structured_delivery(one: Delivery) -> dict[str, object]:
    """An attempt for JSON, with the contract's names."""
    return {
        "delivery_id": one.message_id,
        "first_position": one.first_position,
        "last_position": one.last_position,
        "events": one.events,
        "attempt": one.attempt,
        "time": one.time,
        "latency": f"{one.latency.total_seconds():.6f}s",
        "delivered": not one.failure,
        "http_status": one.status,
        "description": one.failure,
    }
