"""The use cases for one administration command, on the same database as the servers that run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.config import DatabaseConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.reaper import Reaper
from profile_grpc.service.apps import Apps
from profile_grpc.service.directory import Directory
from profile_grpc.service.observer import Silent
from profile_grpc.service.ports import Clock
from profile_grpc.service.profiles import Profiles
from profile_grpc.service.usage import Usage
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore, check_schema, open_store


@dataclass(frozen=True, slots=True)
class Administration:
    """What commands can do. Every change of a profile goes through a write queue of its own (see service)."""

    store: SqlStore
    clock: Clock
    directory: Directory
    apps: Apps
    profiles: Profiles
    usage: Usage
    reaper: Reaper


@asynccontextmanager
async def administration(database: DatabaseConfig, *, keyed: bool = True) -> AsyncIterator[Administration]:
    """Opens the database for commands, and closes it when they are done.

    `keyed`: whether the hash key is the database's own; see `open_store`.

    Raises:
        ConfigError: there is no such database file.
        StoreUnavailable, StoreError: the database cannot be reached, or its schema is not this program's.
    """
    hasher = Hasher(database.hash_key)
    clock = SystemClock()
    await check_schema(database.url)
    store = await open_store(database.url, hasher=hasher, keyed=keyed)
    try:
        directory = Directory(store.directory, hasher)
        queue = WriteQueue(store.profiles, clock, hasher, observer=Silent())
        queue.start()
        try:
            yield Administration(
                store=store,
                clock=clock,
                directory=directory,
                apps=Apps(store.directory, store.profiles, queue, directory, clock, hasher),
                profiles=Profiles(queue, store.profiles, hasher, Silent()),
                usage=Usage(store.usage, clock),
                reaper=Reaper(store, queue, clock, Silent()),
            )
        finally:
            await queue.close()
    finally:
        await store.close()
