"""The use cases, wired once over a store: what `serve`, the administration commands and the tests run on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from profile_grpc.config import WebhookConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.events.feed import Feed
from profile_grpc.events.sequencer import Sequencer
from profile_grpc.events.watching import FeedWatching
from profile_grpc.outbound.addresses import AddressPolicy
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.reaper import Reaper
from profile_grpc.service.apps import Apps
from profile_grpc.service.credentials import Caller
from profile_grpc.service.customer_schemas import CustomerSchemas
from profile_grpc.service.customers import Customers
from profile_grpc.service.directory import Directory
from profile_grpc.service.observer import Observer
from profile_grpc.service.people import People
from profile_grpc.service.ports import Clock
from profile_grpc.service.profiles import Profiles
from profile_grpc.service.usage import Usage
from profile_grpc.service.vault import Vault
from profile_grpc.service.webhooks import Webhooks
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore

_PUBLIC = WebhookConfig()
_NO_RING: Mapping[str, bytes] = {}


@dataclass(frozen=True, slots=True)
class Application:
    """Everything the program can do with one database. Every change of a profile goes through its one write queue."""

    store: SqlStore
    clock: Clock
    queue: WriteQueue
    directory: Directory
    apps: Apps
    profiles: Profiles
    usage: Usage
    reaper: Reaper
    sequencer: Sequencer
    feed: Feed
    watching: FeedWatching
    webhooks: Webhooks
    vault: Vault
    customers: Customers
    customer_schemas: CustomerSchemas
    people: People

    @classmethod
    def over(
        cls,
        store: SqlStore,
        clock: Clock,
        hasher: Hasher,
        observer: Observer,
        *,
        anonymous: Caller | None = None,
        webhooks: WebhookConfig = _PUBLIC,
        seal_keys: Mapping[str, bytes] = _NO_RING,
    ) -> Self:
        """Wires the use cases.

        Args:
            store: the database.
            clock: the time of every rule.
            hasher: has the database's hash key.
            observer: receives all measurements.
            anonymous: who a call without a key is from; None: nobody.
            webhooks: where they may go.
            seal_keys: the ring that encrypts secrets (K2); empty: none are stored.
        """
        sequencer, feed = Sequencer(store.events, store.leases, clock, observer), Feed(store.events)
        sequencer.on_published(feed.published)
        queue = WriteQueue(store.profiles, clock, hasher, observer=observer, left_events=sequencer.committed)
        directory = Directory(store.directory, hasher, anonymous=anonymous, now=clock.now)
        customers = Customers(queue, store.customers, store.profiles, store.directory, hasher, clock)
        return cls(
            store=store,
            clock=clock,
            queue=queue,
            directory=directory,
            apps=Apps(store.directory, store.profiles, queue, directory, clock, hasher),
            profiles=Profiles(queue, store.profiles, hasher, observer, customers),
            usage=Usage(store.usage, clock),
            reaper=Reaper(store, queue, clock, observer),
            sequencer=sequencer,
            feed=feed,
            watching=FeedWatching(feed, store.directory, clock, observer),
            webhooks=Webhooks(store.webhooks, store.events, clock, hasher, _destinations(webhooks)),
            vault=Vault(seal_keys),
            customers=customers,
            customer_schemas=CustomerSchemas(customers, store.customers),
            people=People(queue, customers, store.profiles, store.person_events),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Runs the write queue; at the end it commits what waits. Then closes the store."""
        try:
            self.queue.start()
            try:
                yield self
            finally:
                await self.queue.close()
        finally:
            await self.store.close()


def _destinations(config: WebhookConfig) -> Destinations:
    return Destinations(AddressPolicy.allowing(config.networks), config.http_on_loopback, config.ca)
