"""WebhookService over the wire (E6)."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from appprofile.v1 import event_pb2
from appprofile.v1 import webhook_service_pb2 as pb
from tests.transport.grpc.support import APP, FOREIGN_APP, Served, refused

URL = "https://crm.example.com/hook"


async def create(served: Served, **given: object) -> pb.CreateWebhookResponse:
    request = pb.CreateWebhookRequest(webhook=pb.Webhook(**{"url": URL} | given))  # type: ignore[arg-type]
    return await served.webhooks.CreateWebhook(request, metadata=served.admin)


async def test_E6_a_webhook_is_answered_as_it_was_created_and_its_secret_once(served: Served) -> None:
    types = [event_pb2.EVENT_TYPE_PROFILE_CREATED, event_pb2.EVENT_TYPE_PROFILE_DELETED]
    created = await create(served, types=types, app_ids=[APP], display_name="CRM")
    assert created.secret.startswith("whsec_")
    webhook = created.webhook
    assert (webhook.url, list(webhook.types), list(webhook.app_ids)) == (URL, types, [APP])
    assert (webhook.state, webhook.display_name, webhook.position_lag) == (pb.WEBHOOK_STATE_ENABLED, "CRM", 0)
    assert webhook.HasField("create_time")
    assert not webhook.HasField("last_failure")
    got = await served.webhooks.GetWebhook(pb.GetWebhookRequest(webhook_id=webhook.webhook_id), metadata=served.admin)
    assert got.webhook == webhook
    listed = await served.webhooks.ListWebhooks(pb.ListWebhooksRequest(), metadata=served.admin)
    assert list(listed.webhooks) == [webhook]
    assert not (await served.webhooks.ListWebhooks(pb.ListWebhooksRequest(), metadata=served.foreign)).webhooks


@pytest.mark.parametrize(
    ("given", "reason", "fields"),
    [
        ({"url": "http://crm.example.com/"}, "WEBHOOK_DESTINATION_REFUSED", ["webhook.url"]),
        ({"url": "https://169.254.169.254/"}, "WEBHOOK_DESTINATION_REFUSED", ["webhook.url"]),
        ({"url": ""}, "INVALID_REQUEST", ["webhook"]),
        ({"webhook_id": "mine"}, "INVALID_REQUEST", ["webhook"]),
        ({"state": pb.WEBHOOK_STATE_DISABLED}, "INVALID_REQUEST", ["webhook.state"]),
    ],
)
async def test_E6_what_cannot_be_created(
    served: Served, given: dict[str, object], reason: str, fields: list[str]
) -> None:
    told = await refused(create(served, **given))
    assert (told.code.name, told.reason, list(told.fields)) == ("INVALID_ARGUMENT", reason, fields)


async def test_E6_apps_of_another_tenant_are_refused(served: Served) -> None:
    told = await refused(create(served, app_ids=[APP, FOREIGN_APP]))
    assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "APP_NOT_ALLOWED")


async def test_E6_a_tenant_has_up_to_16(served: Served) -> None:
    for _ in range(16):
        await create(served)
    told = await refused(create(served))
    assert (told.code.name, told.reason, told.metadata) == ("FAILED_PRECONDITION", "TOO_MANY_WEBHOOKS", {"limit": "16"})


async def test_E6_an_update_changes_what_its_mask_names(served: Served) -> None:
    made = (await create(served, types=[event_pb2.EVENT_TYPE_PROFILE_CREATED], display_name="CRM")).webhook

    async def update(mask: list[str], **given: object) -> pb.Webhook:
        webhook = pb.Webhook(webhook_id=made.webhook_id, **given)  # type: ignore[arg-type]
        request = pb.UpdateWebhookRequest(webhook=webhook, update_mask=FieldMask(paths=mask))
        return (await served.webhooks.UpdateWebhook(request, metadata=served.admin)).webhook

    paused = await update([], state=pb.WEBHOOK_STATE_PAUSED)
    assert (paused.state, paused.display_name, list(paused.types)) == (pb.WEBHOOK_STATE_PAUSED, "CRM", list(made.types))
    cleared = await update(["types", "display_name"])
    assert (list(cleared.types), cleared.display_name, cleared.url) == ([], "", URL)
    told = await refused(update(["webhook_id", "secret"]))
    assert (told.reason, sorted(told.fields)) == ("UNKNOWN_FIELD", ["secret", "webhook_id"])
    told = await refused(update([], url="https://10.0.0.1/"))
    assert told.reason == "WEBHOOK_DESTINATION_REFUSED"
    told = await refused(update([], display_name="x", etag=made.etag))
    assert (told.code.name, told.reason) == ("ABORTED", "ETAG_MISMATCH")
    assert (await update([], display_name="x", etag=cleared.etag)).display_name == "x"


async def test_E6_a_webhook_of_another_tenant_is_not_found(served: Served) -> None:
    webhook_id = (await create(served)).webhook.webhook_id
    calls: list[Awaitable[object]] = [
        served.webhooks.GetWebhook(pb.GetWebhookRequest(webhook_id=webhook_id), metadata=served.foreign),
        served.webhooks.UpdateWebhook(
            pb.UpdateWebhookRequest(webhook=pb.Webhook(webhook_id=webhook_id, display_name="x")),
            metadata=served.foreign,
        ),
        served.webhooks.RotateWebhookSecret(
            pb.RotateWebhookSecretRequest(webhook_id=webhook_id), metadata=served.foreign
        ),
        served.webhooks.ReplayWebhook(
            pb.ReplayWebhookRequest(webhook_id=webhook_id, from_oldest=True), metadata=served.foreign
        ),
        served.webhooks.ListWebhookDeliveries(
            pb.ListWebhookDeliveriesRequest(webhook_id=webhook_id), metadata=served.foreign
        ),
        served.webhooks.DeleteWebhook(pb.DeleteWebhookRequest(webhook_id=webhook_id), metadata=served.foreign),
    ]
    for call in calls:
        told = await refused(call)
        assert (told.code.name, told.reason) == ("NOT_FOUND", "WEBHOOK_NOT_FOUND")
        assert told.metadata == {"webhook_id": webhook_id}
    deleted = pb.DeleteWebhookRequest(webhook_id=webhook_id)
    await served.webhooks.DeleteWebhook(deleted, metadata=served.admin)
    assert (await refused(served.webhooks.DeleteWebhook(deleted, metadata=served.admin))).reason == "WEBHOOK_NOT_FOUND"
    deleted.allow_missing = True
    await served.webhooks.DeleteWebhook(deleted, metadata=served.admin)


async def test_E6_a_new_secret_is_answered_with_the_end_of_the_old_one(served: Served) -> None:
    made = await create(served)
    request = pb.RotateWebhookSecretRequest(webhook_id=made.webhook.webhook_id)
    rotated = await served.webhooks.RotateWebhookSecret(request, metadata=served.admin)
    assert rotated.secret.startswith("whsec_")
    assert rotated.secret != made.secret
    lasts = rotated.old_secret_expire_time.ToDatetime() - made.webhook.create_time.ToDatetime()
    assert lasts.total_seconds() == 86_400
    request.keep_old.FromSeconds(8 * 86_400)
    assert (await refused(served.webhooks.RotateWebhookSecret(request, metadata=served.admin))).fields
