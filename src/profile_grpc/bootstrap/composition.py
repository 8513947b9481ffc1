"""The use cases, wired once over a store: what `serve`, the administration commands and the tests run on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

from profile_grpc.config import NO_JWKS, ONLY_PUBLIC, JwksConfig, OutboundConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.events.feed import Feed
from profile_grpc.events.sequencer import Sequencer
from profile_grpc.events.watching import FeedWatching
from profile_grpc.outbound.addresses import AddressPolicy
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.reaper import Reaper
from profile_grpc.service.apps import Apps
from profile_grpc.service.credentials import Caller
from profile_grpc.service.customer_schemas import CustomerSchemas, Filters
from profile_grpc.service.customers import Customers
from profile_grpc.service.directory import Directory
from profile_grpc.service.exporting import Exports
from profile_grpc.service.importing import Imports
from profile_grpc.service.jwt.administration import JwtKeys
from profile_grpc.service.jwt.authorization import JwtAuthorization
from profile_grpc.service.jwt.key_sets import KeySets
from profile_grpc.service.jwt.readiness import JwtReadiness, Tally
from profile_grpc.service.jwt.sources import JwksRefresher, JwksSources
from profile_grpc.service.observer import Observer
from profile_grpc.service.people import People
from profile_grpc.service.ports import Clock, StoreError
from profile_grpc.service.profiles import Profiles
from profile_grpc.service.push_credentials.credentials import Credentials
from profile_grpc.service.recipients import Recipients
from profile_grpc.service.usage import Usage
from profile_grpc.service.use_cases import UseCases
from profile_grpc.service.vault import Vault
from profile_grpc.service.webhooks import Webhooks
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore

_NO_RING: Mapping[str, bytes] = {}


@dataclass(frozen=True, slots=True)
class Application(UseCases):
    """Everything the program can do with one database. Every change of a profile goes through its one write queue."""

    store: SqlStore
    clock: Clock
    queue: WriteQueue
    reaper: Reaper
    sequencer: Sequencer
    feed: Feed
    watching: FeedWatching
    vault: Vault
    jwt_tally: Tally
    jwks: JwksRefresher

    @classmethod
    def over(
        cls,
        store: SqlStore,
        clock: Clock,
        hasher: Hasher,
        observer: Observer,
        *,
        anonymous: Caller | None = None,
        webhooks: OutboundConfig = ONLY_PUBLIC,
        jwks: JwksConfig = NO_JWKS,
        seal_keys: Mapping[str, bytes] = _NO_RING,
    ) -> Self:
        """Wires the use cases over a database.

        `clock`: the time of every rule. `hasher`: has the database's hash key. `observer`: receives all measurements.
        `anonymous`: who a call without a key is from; None: nobody. `webhooks`: where they may go. `jwks`: which JWKS
        documents may be fetched. `seal_keys`: the ring that encrypts secrets (K2); empty: none are stored.
        """
        sequencer, feed = Sequencer(store.events, store.leases, clock, observer), Feed(store.events)
        sequencer.on_published(feed.published)
        queue = WriteQueue(store.profiles, clock, hasher, observer=observer, on_events=sequencer.committed)
        vault = Vault(seal_keys)
        directory = Directory(store.directory, hasher, anonymous=anonymous, now=clock.now)
        customers = Customers(queue, store.customers, store.profiles, store.directory, hasher, clock)
        sources = JwksSources(jwks.hosts, _destinations(jwks))
        tally = Tally(store.jwt, clock, observer)
        key_sets = KeySets(store.jwt, directory, vault)
        refresher = JwksRefresher(store.jwt, sources, clock, observer, key_sets.fetched)
        return cls(
            store=store,
            clock=clock,
            queue=queue,
            directory=directory,
            apps=Apps(store.directory, store.profiles, queue, directory, clock, hasher),
            profiles=Profiles(queue, store.profiles, hasher, observer, customers),
            recipients=Recipients(store.recipients, store.profiles, clock, hasher),
            imports=Imports(queue, clock, customers),
            exports=Exports(store.profiles, store.customers, hasher),
            usage=Usage(store.usage, clock),
            reaper=Reaper(store, queue, clock, observer),
            sequencer=sequencer,
            feed=feed,
            watching=FeedWatching(feed, store.directory, clock, observer),
            webhooks=Webhooks(store.webhooks, store.events, clock, hasher, _destinations(webhooks)),
            customers=customers,
            filters=Filters(store.customers),
            customer_schemas=CustomerSchemas(customers, store.customers),
            people=People(queue, customers, store.profiles, store.person_events),
            vault=vault,
            jwt=JwtAuthorization(directory, key_sets, tally, clock, refresher.missed),
            jwt_keys=JwtKeys(store.jwt, directory, vault, sources, clock, refresher.wake),
            jwt_tally=tally,
            jwt_readiness=JwtReadiness(store.jwt, tally, clock),
            jwks=refresher,
            credentials=Credentials(store.credentials, vault, clock, hasher),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Runs the write queue; at the end it commits what waits and writes what was counted. Then closes the store."""
        try:
            self.queue.start()
            try:
                yield self
            finally:
                await self.queue.close()
                with suppress(StoreError):  # the numbers of a few seconds
                    await self.jwt_tally.flush()
        finally:
            await self.store.close()


def _destinations(config: OutboundConfig) -> Destinations:
    return Destinations(AddressPolicy.allowing(config.networks), config.http_on_loopback, config.ca)
