"""One serving process: store, write queue, use cases, gRPC server and reaper, wired, started and ended in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, NoReturn

import structlog

from profile_grpc.bootstrap import demo, descriptors
from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bootstrap.composition import Application
from profile_grpc.config import OperatorError, ServeConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import DirectoryStore, ProfileStore, StoreError
from profile_grpc.store import SchemaError, SqlStore, open_store
from profile_grpc.telemetry.metrics import Metrics, ProfileCounts
from profile_grpc.transport.grpc.in_flight import CallLimits
from profile_grpc.transport.grpc.open_streams import StreamLimits
from profile_grpc.transport.grpc.options import MAX_CONNECTIONS, ServerOptions, Tls
from profile_grpc.transport.grpc.server import GrpcServer

log = structlog.get_logger(__name__)

COUNTS_INTERVAL = 15.0
"""Seconds between two readings of the profile counts."""
_APPS = 1000
"""How many apps are read at once."""
SCHEMA_INTERVAL = 5.0
"""Seconds between two looks at the schema's revision."""
NODES_INTERVAL = 5.0
"""Seconds between two looks at the nodes of a cluster."""
_YOUNG_OBJECTS = 50_000
"""How many more objects than before make the garbage collector look at the young ones. Calls make no cycles: Python's
700 has it look at those in flight, again and again, for a tenth of the process's time."""


class ProcessFailed(OperatorError):  # noqa: N818 - an outcome
    """Something that must run for as long as the process serves has ended."""


async def serve_calls(
    config: ServeConfig,
    metrics: Metrics,
    *,
    counts: ProfileCounts | None,
    shared_port: bool,
    ready: Callable[[int, str | None], None],
    stop: asyncio.Event,
    beside: Callable[[int], AbstractAsyncContextManager[str | None]] = lambda _port: nullcontext(),
) -> None:
    """Serves until `stop` is set, then drains: nothing that was acknowledged is lost, nothing in flight is cut off.

    The server still refuses calls when this returns: end the process at once, with `leave`.

    Args:
        config: what to serve, on a database whose schema is this program's.
        metrics: told of everything.
        counts: kept up to date with the numbers of stored profiles, if given.
        shared_port: whether other workers serve on the same port.
        ready: told the port, and the bridge's URL if there is one, once calls are taken.
        stop: asks to end.
        beside: what runs beside the server, given its port: the HTTP bridge, whose URL it answers.

    Raises:
        ServeError: the port cannot be had, or the TLS files are unusable.
        StoreError: the database cannot be used, or its schema has left this program behind; then it has been drained.
        ProcessFailed: a part of the process has ended unasked; it has been drained.
    """
    calm_scheduler()
    clock, hasher = SystemClock(), Hasher(config.database.hash_key)
    store = await open_store(config.database.url, hasher=hasher)
    await store.check_schema()
    anonymous = demo.ANONYMOUS if config.dev else None
    async with Application.over(store, clock, hasher, metrics, anonymous=anonymous).running() as application:
        server = GrpcServer(application, store.ping, metrics, _options(config, shared_port=shared_port))
        await _expect_apps(store.directory, metrics)
        port = await server.start()
        try:
            async with beside(port) as bridge_url:
                background = {
                    "directory": application.directory.run(),
                    "schema": watch_schema(store),
                    "reaper": application.reaper.run(config.reaper_interval),
                    "database nodes": watch_nodes(store, metrics),
                }
                if counts is not None:
                    background["profile counts"] = keep_counts(store.profiles, counts)
                calm_collector()
                ready(port, bridge_url)
                await run_until(stop, background)
        except BaseException:
            await _drain(server)
            await server.stop()
            raise
        await _drain(server)
    log.info("stopped")


async def _expect_apps(directory: DirectoryStore, metrics: Metrics) -> None:
    after = ""
    while page := await directory.apps(None, after, _APPS):
        for app in page:
            metrics.app_known(app.app_id)
        after = page[-1].app_id


async def _drain(server: GrpcServer) -> None:
    log.info("draining")
    await server.drain()


def leave() -> NoReturn:
    """Ends the process with status 0, as it is: everything that must be stored or told has been.

    Python's own way out would end gRPC in order, and that answers CANCELLED to the calls that have just arrived, which
    no client retries. Cut off with their connections they are UNAVAILABLE (`GrpcServer.drain`).
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(0)


def calm_scheduler() -> None:
    """Has this thread, and those that it starts from now on, finish what they do before another of them goes on.

    By default gRPC's polling thread takes the core away from the event loop five times in each call; with Linux's
    policy for work of many steps, once. Elsewhere nothing changes.
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(PermissionError):  # a sandbox may forbid it; everything works without
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def calm_collector() -> None:
    """What start-up made lives as long as the process: the garbage collector need never look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


async def keep_counts(profiles: ProfileStore, counts: ProfileCounts) -> None:
    """Reads the numbers of stored profiles every few seconds until cancelled; keeps the last ones through an outage."""
    while True:
        try:
            counts.update(await profiles.counts(), await profiles.feedback_holds())
        except StoreError as error:
            log.warning("the profile counts cannot be read", error=str(error))
        await asyncio.sleep(COUNTS_INTERVAL)


async def watch_schema(store: SqlStore, interval: float = SCHEMA_INTERVAL) -> None:
    """Looks every `interval` seconds whether this program still works on the schema, until it does not.

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
            continue  # the health check tells


async def watch_nodes(store: SqlStore, observer: Observer) -> None:
    """Looks every few seconds, until cancelled, which nodes of the database cannot be reached, if it is a cluster."""
    known: Sequence[str] = []
    while True:
        try:
            missing = await store.missing_nodes()
        except StoreError:
            pass  # the health check tells
        else:
            observer.nodes_missing(missing)
            if missing != known:
                log.warning("nodes of the database cannot be reached; their apps are not served", nodes=missing)
            known = missing
        await asyncio.sleep(NODES_INTERVAL)


async def run_until(stop: asyncio.Event, background: dict[str, Coroutine[Any, Any, None]]) -> None:
    """Runs endless work until `stop` is set, and ends it.

    Raises:
        SchemaError: as `watch_schema`.
        ProcessFailed: one has ended by itself: what it should do would silently be left undone.
    """
    tasks = [asyncio.create_task(work, name=name) for name, work in background.items()]
    stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                if isinstance(left := task.exception(), SchemaError):
                    log.error("the schema has left this program behind; draining", error=str(left))
                    raise left
                log.error("a part of the process has ended", part=task.get_name(), exc_info=task.exception())
                raise ProcessFailed(f"internal error: {task.get_name()} has ended; the log tells why")
    finally:
        stopping.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets. After the first SIGINT a second one ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    # Renewed certificates are found without it. Its default would end the process, which no operator means by it.
    loop.add_signal_handler(signal.SIGHUP, lambda: log.info("files that were renewed are read when they are needed"))
    return stop


def _options(config: ServeConfig, *, shared_port: bool) -> ServerOptions:
    tls = config.tls
    return ServerOptions(
        host=config.host,
        port=config.port,
        so_reuseport=shared_port,
        tls=Tls(Path(tls.cert), Path(tls.key), Path(tls.client_ca) if tls.client_ca else None) if tls else None,
        reflection=config.reflection,
        limits=CallLimits(calls=config.max_calls, seconds=config.call_timeout.total_seconds()),
        streams=StreamLimits(
            streams=config.max_streams,
            per_key=config.max_streams_per_key,
            max_age=config.max_stream_age.total_seconds(),
        ),
        max_connections=min(descriptors.raise_limit(), MAX_CONNECTIONS),
        max_connection_age=config.max_connection_age.total_seconds(),
        drain_notice=config.drain_notice.total_seconds(),
        drain_grace=config.drain_grace.total_seconds(),
    )
