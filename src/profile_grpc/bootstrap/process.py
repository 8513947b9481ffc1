"""One serving process: starts and stops store, write queue, use cases, gRPC server and reaper in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NoReturn

import structlog
from prometheus_client import CollectorRegistry

from profile_grpc.bootstrap import demo, listen
from profile_grpc.bootstrap.background import endless_work
from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bootstrap.composition import Application
from profile_grpc.config import OperatorError, ServeConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.directory_ports import every_app
from profile_grpc.service.ports import StoreError
from profile_grpc.store import SchemaError, SqlStore, open_store
from profile_grpc.telemetry.collectors import ProfileCounts
from profile_grpc.telemetry.exposition import exposed
from profile_grpc.telemetry.metrics import Metrics
from profile_grpc.telemetry.tracing import Tracer
from profile_grpc.transport.grpc.in_flight import CallLimits
from profile_grpc.transport.grpc.open_streams import StreamLimits
from profile_grpc.transport.grpc.options import MAX_CONNECTIONS, ServerOptions, Tls
from profile_grpc.transport.grpc.server import GrpcServer

log = structlog.get_logger(__name__)

_MOST_DESCRIPTORS = 1 << 20
"""Higher limits are useless, and some programs iterate over all descriptor numbers."""
_RESERVED_DESCRIPTORS = 256
"""Descriptors for everything but callers' connections: the database, logs, metrics."""
_FEWEST_CONNECTIONS = 64
_YOUNG_OBJECTS = 50_000
"""Allocations after which the garbage collector scans the young generation. Calls make no cycles. With Python's default
of 700, the scans of the calls in flight take a tenth of the process's time."""


class ProcessFailed(OperatorError):  # noqa: N818 - an outcome
    """A part that must run for as long as the process serves has ended."""


async def serve_calls(
    config: ServeConfig,
    metrics: Metrics,
    *,
    counts: ProfileCounts | None,
    shared_port: bool,
    ready: Callable[[int, str | None], None],
    stop: asyncio.Event,
    bridge: Callable[[int], AbstractAsyncContextManager[str | None]] = lambda _port: nullcontext(),
    tracer: Tracer | None = None,
) -> None:
    """Serves until `stop` is set, then drains: acknowledged writes are not lost, calls in flight are not cancelled.

    The server still refuses calls when this returns: end the process at once, with `exit_process`.

    Args:
        config: what to serve, on a database whose schema is this program's.
        metrics: receives all measurements.
        counts: kept up to date with the numbers of stored profiles, if given.
        shared_port: whether other workers serve on the same port.
        ready: called with the port, and the bridge's URL if there is one, once calls are accepted.
        stop: asks to end.
        bridge: runs the HTTP bridge, given the server's port, and yields its URL.
        tracer: records calls and deliveries as spans.

    Raises:
        ServeError: cannot listen on the port, or the TLS files are unusable.
        StoreError: the database cannot be used, or this program is too old for its schema; the server has drained.
        ProcessFailed: a part of the process has ended unexpectedly; the server has drained.
    """
    use_batch_scheduling()
    hasher = Hasher(config.database.hash_key)
    store = await open_store(config.database.url, hasher=hasher)
    await store.check_schema()
    async with _application(config, store, hasher, metrics).running() as application:
        options = _options(config, shared_port=shared_port)
        server = GrpcServer(application, store.ping, metrics, options, tracer=tracer)
        async for app in every_app(store.directory, None):
            metrics.app_known(app.app_id)
        with suppress(StoreError):  # a node that is missing must not keep the others' apps from being served
            await application.recipients.warm_up()
        port = await server.start()
        try:
            async with bridge(port) as bridge_url:
                background = endless_work(application, store, config, metrics, counts, tracer)
                tune_garbage_collector()
                ready(port, bridge_url)
                await run_until(stop, background)
        except BaseException:
            await _drain(server)
            await server.stop()
            raise
        await _drain(server)
    log.info("stopped")


def _application(config: ServeConfig, store: SqlStore, hasher: Hasher, metrics: Metrics) -> Application:
    return Application.over(
        store,
        SystemClock(),
        hasher,
        metrics,
        anonymous=demo.ANONYMOUS if config.dev else None,
        webhooks=config.webhooks,
        jwks=config.jwks,
        seal_keys=config.database.seal_keys,
    )


async def _drain(server: GrpcServer) -> None:
    log.info("draining")
    await server.drain()


def exit_process() -> NoReturn:
    """Ends the process at once with status 0, after everything is stored and logged.

    A regular exit of Python stops gRPC, which answers CANCELLED to calls that have just arrived; clients do not retry
    that. When the kernel closes their connections, they see UNAVAILABLE (`GrpcServer.drain`).
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader is gone
            stream.flush()
    os._exit(0)


def use_batch_scheduling() -> None:
    """Sets the scheduling policy SCHED_BATCH for this thread and those that it starts (Linux only).

    By default gRPC's polling thread preempts the event loop five times in each call; with this policy, once.
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(PermissionError):  # a sandbox may forbid it, which only costs speed
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def tune_garbage_collector() -> None:
    """Excludes the objects of the start-up from garbage collection, and makes young collections rarer.

    The objects of the start-up live as long as the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


async def run_until(stop: asyncio.Event, background: dict[str, Coroutine[Any, Any, None]]) -> None:
    """Runs endless work until `stop` is set, and ends it.

    Raises:
        SchemaError: as `watch_schema`.
        ProcessFailed: one has ended by itself, so its work would silently stop.
    """
    tasks = [asyncio.create_task(work, name=name) for name, work in background.items()]
    stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                if isinstance(left := _cause(task), SchemaError):
                    log.error("this program is too old for the schema; draining", error=str(left))
                    raise left
                raise _part_failed(task)
    finally:
        stopping.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


@asynccontextmanager
async def beside(name: str, work: Coroutine[Any, Any, None], stop: asyncio.Event) -> AsyncIterator[None]:
    """Runs endless work within the context. If it ends by itself, sets `stop`.

    Raises:
        ProcessFailed: at the end, if it has ended by itself.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(lambda _: stop.set())
    try:
        yield
        if task.done():
            raise _part_failed(task)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _part_failed(task: asyncio.Task[None]) -> ProcessFailed:
    """The error for a part of the process that has ended by itself. The cause is logged."""
    log.error("a part of the process has ended", part=task.get_name(), exc_info=_cause(task))
    return ProcessFailed(f"internal error: {task.get_name()} has ended; the log says why")


def _cause(task: asyncio.Task[None]) -> BaseException | None:
    """Why it has ended; None: it returned, or was cancelled."""
    return None if task.cancelled() else task.exception()


@contextmanager
def metrics_served(registry: CollectorRegistry, host: str, port: int | None) -> Iterator[str | None]:
    """Serves the metrics within the context, if there is a port, and yields their URL.

    Raises:
        AddressTaken: it cannot listen there.
    """
    if port is None:
        yield None
        return
    listen.check_free(host, port, "--metrics-port")
    with exposed(registry, host, port) as bound:
        yield f"http://{listen.join(host, bound)}/metrics"


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets. After the first SIGINT a second one ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    # Renewed certificates are read without a signal. By default SIGHUP ends the process, which operators do not expect.
    loop.add_signal_handler(signal.SIGHUP, lambda: log.info("renewed files are read without a signal"))
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
        max_connections=min(_raise_descriptor_limit(), MAX_CONNECTIONS),
        max_connection_age=config.max_connection_age.total_seconds(),
        drain_notice=config.drain_notice.total_seconds(),
        drain_grace=config.drain_grace.total_seconds(),
    )


def _raise_descriptor_limit() -> int:
    """Raises the soft limit of this process to the hard limit; returns how many connections that allows.

    The soft limit of 1,024 that many systems set is for programs that use select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    limit = _MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    return max(limit - _RESERVED_DESCRIPTORS, _FEWEST_CONNECTIONS)
