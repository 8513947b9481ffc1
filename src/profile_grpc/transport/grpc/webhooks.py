"""Webhooks on the wire (E6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from appprofile.v1 import event_pb2
from appprofile.v1 import webhook_service_pb2 as pb
from profile_grpc.domain.webhooks import Delivery, Webhook, WebhookState
from profile_grpc.service.webhooks import NewWebhook, Rotated
from profile_grpc.transport.grpc.shape import refuse_paths
from profile_grpc.transport.grpc.times import to_timedelta, write_duration, write_instant

_TYPE_PREFIX = "EVENT_TYPE_"
_WRITABLE = ("url", "types", "app_ids", "state", "display_name")
_READ_ONLY = frozenset(field.name for field in pb.Webhook.DESCRIPTOR.fields) - set(_WRITABLE)


def new_webhook(given: pb.Webhook, tenant_id: str) -> NewWebhook:
    return NewWebhook(
        tenant_id=tenant_id,
        url=given.url,
        types=tuple(event_pb2.EventType.Name(number).removeprefix(_TYPE_PREFIX) for number in given.types),
        app_ids=tuple(given.app_ids),
        state=WebhookState(given.state) if given.state else WebhookState.ENABLED,
        display_name=given.display_name,
    )


def updated(request: pb.UpdateWebhookRequest, before: Webhook) -> Webhook:
    """The webhook after the update: by its mask or, without one, of every field that is set.

    Raises:
        Refused: UNKNOWN_FIELD: the mask names what is unknown or read-only.
    """
    given = request.webhook
    paths = list(request.update_mask.paths) or [
        field.name for field, _ in given.ListFields() if field.name in _WRITABLE
    ]
    refuse_paths(set(paths) - set(_WRITABLE), _READ_ONLY, "a webhook")
    wanted = new_webhook(given, before.tenant_id)
    return replace(before, **{path: getattr(wanted, path) for path in paths})


def webhook(stored: Webhook, newest_position: int) -> pb.Webhook:
    """The webhook as stored, with how far it is behind."""
    progress = stored.progress
    message = pb.Webhook(
        webhook_id=stored.webhook_id,
        url=stored.url,
        types=[event_pb2.EventType.Value(_TYPE_PREFIX + name) for name in stored.types],
        app_ids=stored.app_ids,
        state=pb.WebhookState.ValueType(stored.state),
        display_name=stored.display_name,
        position_lag=max(newest_position - progress.position, 0),
        etag=stored.etag,
    )
    write_instant(message.create_time, stored.create_time)
    write_instant(message.update_time, stored.update_time)
    write_instant(message.events_lost_time, progress.lost_time)
    if progress.last_failure is not None:
        failure = message.last_failure
        failure.http_status = progress.last_failure.status
        failure.description = progress.last_failure.text
        write_instant(failure.time, progress.last_failure.time)
        if progress.next_attempt_time is not None and stored.state is WebhookState.ENABLED:
            write_instant(failure.next_attempt_time, progress.next_attempt_time)
        write_instant(failure.failing_since, progress.failing_since)
    return message


def keep_old(request: pb.RotateWebhookSecretRequest) -> timedelta | None:
    """How long the old secret signs too; None: the default."""
    return to_timedelta(request.keep_old, "keep_old") if request.HasField("keep_old") else None


def rotated(made: Rotated) -> pb.RotateWebhookSecretResponse:
    response = pb.RotateWebhookSecretResponse(secret=made.secret)
    write_instant(response.old_secret_expire_time, made.old_end_time)
    return response


def deliveries(page: tuple[Sequence[Delivery], str]) -> pb.ListWebhookDeliveriesResponse:
    found, token = page
    return pb.ListWebhookDeliveriesResponse(deliveries=[_delivery(one) for one in found], next_page_token=token)


def _delivery(one: Delivery) -> pb.WebhookDelivery:
    message = pb.WebhookDelivery(
        delivery_id=one.message_id,
        first_position=one.first_position,
        last_position=one.last_position,
        events=one.events,
        attempt=one.attempt,
        delivered=not one.failure,
        http_status=one.status,
        description=one.failure,
    )
    write_instant(message.time, one.time)
    write_duration(message.latency, one.latency)
    return message
