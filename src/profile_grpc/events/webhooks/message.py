"""A request to a webhook: id, body and signatures (E6)."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import standardwebhooks

from profile_grpc.domain.webhooks import Webhook
from profile_grpc.service.event_ports import LoggedEvent

CONTENT_TYPE = "application/cloudevents-batch+json; charset=utf-8"
TYPE_PREFIX = "appprofile.v1."
"""Prefix of an event's type in a CloudEvent."""
_ID_BYTES = 20


@dataclass(frozen=True, slots=True)
class Message:
    """The content of one request. It is the same in each attempt."""

    message_id: str
    """Value of the `webhook-id` header."""
    first_position: int
    last_position: int
    events: int
    body: bytes


def of_events(webhook: Webhook, events: Sequence[LoggedEvent], last_position: int) -> Message:
    """The request with these events. `last_position`: the webhook's position after its delivery."""
    body = msgspec.json.encode([_cloud_event(event) for event in events])
    identity = _identity(webhook, str(webhook.progress.position), str(last_position), str(webhook.progress.replays))
    return Message(identity, events[0].position, events[-1].position, len(events), body)


def test(webhook: Webhook, number: int) -> Message:
    """A request without events, to test the URL and the secret."""
    position = webhook.progress.position
    return Message(_identity(webhook, "test", str(number)), position, position, 0, b"[]")


def headers(message: Message, secrets: Iterable[str], now: datetime) -> Mapping[str, str]:
    """The headers of an attempt, with one signature for each secret (Standard Webhooks)."""
    text = message.body.decode()
    signatures = (standardwebhooks.Webhook(secret).sign(message.message_id, now, text) for secret in secrets)
    return {
        "content-type": CONTENT_TYPE,
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _identity(webhook: Webhook, *parts: str) -> str:
    """The id of a request: the same in each attempt, even after a restart; new for other events and for replays."""
    content = "\x00".join((webhook.webhook_id, *parts, *webhook.types, "", *webhook.app_ids)).encode()
    digest = hashlib.blake2b(content, digest_size=_ID_BYTES, person=b"webhook-id").digest()
    return f"msg_{b32encode(digest).decode().lower()}"


def _cloud_event(logged: LoggedEvent) -> Mapping[str, object]:
    """The event in the JSON format of CloudEvents 1.0.

    `data` is the contract's `Event` in proto JSON, in which 64-bit numbers are strings.
    """
    event = logged.event
    time = event.time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    data = {
        "event_id": logged.event_id,
        "position": str(logged.position),
        "type": f"EVENT_TYPE_{event.type.value}",
        "app_id": event.app_id,
        "user_id": event.user_id,
        "device_id": event.device_id,
        "customer_id": event.customer_id,
        "reason": event.reason,
        "version": str(event.version) if event.version else "",
        "time": time,
    }
    return {
        "specversion": "1.0",
        "id": logged.event_id,
        "source": f"/apps/{event.app_id}" if event.app_id else "/",
        "type": f"{TYPE_PREFIX}{event.type.value}",
        "time": time,
        "datacontenttype": "application/json",
        "data": {name: value for name, value in data.items() if value},
    }
