"""The use cases for one administration command, on the same database as running servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bootstrap.composition import Application
from profile_grpc.config import NO_JWKS, ONLY_PUBLIC, DatabaseConfig, JwksConfig, OutboundConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.observer import NullObserver
from profile_grpc.store import check_schema, open_store


@asynccontextmanager
async def administration(
    database: DatabaseConfig,
    *,
    keyed: bool = True,
    webhooks: OutboundConfig = ONLY_PUBLIC,
    jwks: JwksConfig = NO_JWKS,
) -> AsyncIterator[Application]:
    """Opens the database for commands, and closes it when they are done.

    `keyed`: whether the hash key is the database's own; see `open_store`. `webhooks`: where they may go.
    `jwks`: which JWKS documents may be added.

    Raises:
        ConfigError: there is no such database file.
        StoreUnavailable, StoreError: the database cannot be reached, or its schema is not this program's.
    """
    hasher = Hasher(database.hash_key)
    await check_schema(database.url)
    store = await open_store(database.url, hasher=hasher, keyed=keyed)
    application = Application.over(
        store, SystemClock(), hasher, NullObserver(), webhooks=webhooks, jwks=jwks, seal_keys=database.seal_keys
    )
    async with application.running() as admin:
        yield admin
