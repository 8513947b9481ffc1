"""Wires the delivery of webhooks (E6)."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from profile_grpc.config import PROGRAM
from profile_grpc.domain.webhooks import Delivery
from profile_grpc.events.webhooks.courier import LIMITS, Courier
from profile_grpc.events.webhooks.deliverer import Deliverer
from profile_grpc.events.webhooks.delivery import LEASE, LEASE_DURATION, WebhookDelivery
from profile_grpc.events.webhooks.source import EventSource
from profile_grpc.outbound.client import OutboundClient
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.lease import Lease
from profile_grpc.service.observer import Observer
from profile_grpc.telemetry.tracing import Tracer

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application


async def deliver_webhooks(application: Application, observer: Observer, tracer: Tracer | None = None) -> None:
    """Delivers the events of every webhook that no other process delivers, until cancelled."""
    store = application.store
    source = EventSource(application.feed, application.watching, store.directory, store.reaper, application.clock)
    async with _client(application) as client:
        courier = Courier(client, application.webhooks.secrets, application.clock, tracer)

        def deliverer(key: WebhookKey) -> Deliverer:
            lease = Lease(store.leases, LEASE + key.webhook_id, application.clock, LEASE_DURATION)
            return Deliverer(key, store.webhooks, source, courier, lease, application.clock, observer)

        await WebhookDelivery(store.webhooks, deliverer).run()


async def send_test(application: Application, key: WebhookKey) -> Delivery:
    """Sends a request without events from this process. As `Courier.send_test`."""
    async with _client(application) as client:
        courier = Courier(client, application.webhooks.secrets, application.clock)
        return await courier.send_test(application.webhooks, key)


def _client(application: Application) -> OutboundClient:
    """A client for the running event loop."""
    return OutboundClient(application.webhooks.destinations, LIMITS, agent=f"{PROGRAM}/{version(PROGRAM)}")
