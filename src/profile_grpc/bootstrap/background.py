"""The work beside the calls: what a serving process does until it ends, and its wiring to what is outside."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from importlib.metadata import version
from typing import Any

import structlog

from profile_grpc.bootstrap.composition import Application
from profile_grpc.config import PROGRAM, MailConfig, ServeConfig
from profile_grpc.domain.webhooks import Delivery
from profile_grpc.events.webhooks import courier
from profile_grpc.events.webhooks.courier import Courier
from profile_grpc.events.webhooks.deliverer import Deliverer
from profile_grpc.events.webhooks.delivery import LEASE, LEASE_DURATION, WebhookDelivery
from profile_grpc.events.webhooks.source import EventSource
from profile_grpc.outbound.answers import Limits
from profile_grpc.outbound.client import OutboundClient
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.outbound.mail import SmtpMailer, SmtpServer
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.jwt import sources
from profile_grpc.service.lease import Lease
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import StoreError
from profile_grpc.service.push_credentials.reminders import Reminders
from profile_grpc.store import SchemaError, SqlStore
from profile_grpc.telemetry.collectors import ProfileCounts
from profile_grpc.telemetry.metrics import Metrics
from profile_grpc.telemetry.tracing import Tracer

log = structlog.get_logger(__name__)

_COUNTS_INTERVAL = 15.0
"""Seconds between two readings of the profile counts."""
_SCHEMA_INTERVAL = 5.0
"""Seconds between two checks of the schema's revision."""
_NODES_INTERVAL = 5.0
"""Seconds between two checks of the nodes of a cluster."""


def endless_work(
    application: Application,
    store: SqlStore,
    config: ServeConfig,
    metrics: Metrics,
    counts: ProfileCounts | None,
    tracer: Tracer | None,
) -> dict[str, Coroutine[Any, Any, None]]:
    """The work that runs beside the calls, by a name for the log."""
    work = {
        "directory": application.directory.run(),
        "schema": watch_schema(store),
        "reaper": application.reaper.run(config.reaper_interval),
        "event sequencer": application.sequencer.run(),
        "event feed": application.feed.run(),
        "webhooks": _deliver_webhooks(application, metrics, tracer),
        "JWT counts": application.jwt_tally.run(),
        "JWKS": _refresh_jwks(application),
        "credential reminders": _reminders(application, config.mail).run(),
        "database nodes": _watch_nodes(store, metrics),
    }
    if counts is not None:
        work["profile counts"] = keep_counts(store, counts)
    return work


async def _deliver_webhooks(application: Application, observer: Observer, tracer: Tracer | None) -> None:
    """Delivers the events of every webhook that no other process delivers (E6), until cancelled."""
    store = application.store
    source = EventSource(application.feed, application.watching, store.directory, store.events, application.clock)
    async with _client(application.webhooks.destinations, courier.LIMITS) as client:
        sender = Courier(client, application.webhooks.secrets, application.clock, tracer)

        def deliverer(key: WebhookKey) -> Deliverer:
            lease = Lease(store.leases, LEASE + key.webhook_id, application.clock, LEASE_DURATION)
            return Deliverer(key, store.webhooks, source, sender, lease, application.clock, observer)

        await WebhookDelivery(store.webhooks, deliverer).run()


async def send_test(application: Application, key: WebhookKey) -> Delivery:
    """Sends a request without events from this process. As `Courier.send_test`."""
    async with _client(application.webhooks.destinations, courier.LIMITS) as client:
        sender = Courier(client, application.webhooks.secrets, application.clock)
        return await sender.send_test(application.webhooks, key)


async def _refresh_jwks(application: Application) -> None:
    """Fetches the documents of every app that are due and that no other process fetches (J2), until cancelled."""
    async with _client(application.jwks.destinations, sources.LIMITS) as client:
        await application.jwks.run(client)


def _client(destinations: Destinations, limits: Limits) -> OutboundClient:
    """A client for the running event loop."""
    return OutboundClient(destinations, limits, agent=f"{PROGRAM}/{version(PROGRAM)}")


def _reminders(application: Application, mail: MailConfig) -> Reminders:
    """By events and, where a mail server is set, by e-mail (K4)."""
    store = application.store
    mailer = None if mail.url is None else SmtpMailer(SmtpServer.parse(mail.url), mail.sender)
    return Reminders(store.credentials, store.contacts, store.directory, store.leases, application.clock, mailer)


async def keep_counts(store: SqlStore, counts: ProfileCounts) -> None:
    """Reads what `counts` shows every few seconds until cancelled; in an outage the last ones stay."""
    while True:
        try:
            profiles = store.profiles
            numbers, holds = await profiles.counts(), await profiles.feedback_holds()
            counts.update(numbers, holds, await store.credentials.expiries())
        except StoreError as error:
            log.warning("cannot read the profile counts", error=str(error))
        await asyncio.sleep(_COUNTS_INTERVAL)


async def watch_schema(store: SqlStore, interval: float = _SCHEMA_INTERVAL) -> None:
    """Checks every `interval` seconds whether this program can use the schema. Ends when it cannot.

    Raises:
        SchemaError: another version has migrated the database beyond this one.
    """
    while True:
        await asyncio.sleep(interval)
        try:
            await store.check_schema()
        except SchemaError:
            raise
        except StoreError:
            continue  # the health check reports it


async def _watch_nodes(store: SqlStore, observer: Observer) -> None:
    """Checks every few seconds, until cancelled, which nodes of a cluster cannot be reached."""
    known: Sequence[str] = []
    while True:
        try:
            missing = await store.missing_nodes()
        except StoreError:
            pass  # the health check tells
        else:
            observer.nodes_missing(missing)
            if missing != known:
                log.warning("cannot reach nodes of the database; their apps are not served", nodes=missing)
            known = missing
        await asyncio.sleep(_NODES_INTERVAL)
