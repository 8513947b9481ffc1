"""`serve`: prepares the database and the ports, then serves in this process or supervises workers."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory

import uvloop
from prometheus_client import multiprocess

from profile_grpc import config as configuration
from profile_grpc.bootstrap import bridging, demo, listen
from profile_grpc.bootstrap.administration import administration
from profile_grpc.bootstrap.background import keep_counts
from profile_grpc.bootstrap.process import beside, exit_process, metrics_served, serve_calls, stop_on_signals
from profile_grpc.bootstrap.service_manager import notifying
from profile_grpc.bootstrap.supervisor import Supervisor
from profile_grpc.bootstrap.tracing import SERVICE, is_on, tracing
from profile_grpc.config import ConfigError, ServeConfig
from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.store import migrate, open_store
from profile_grpc.telemetry.collectors import Processes, ProfileCounts
from profile_grpc.telemetry.exposition import collected_registry, process_registry
from profile_grpc.telemetry.logs import configure_logs
from profile_grpc.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Ready:
    """What a server announces to its operator when it accepts calls."""

    address: str
    metrics_url: str | None
    bridge_url: str | None
    database: str
    workers: int
    tls: bool
    demo_keys: Mapping[KeyKind, str] | None
    """With --dev: a working key of each kind."""


Announce = Callable[[Ready], None]


def serve(config: ServeConfig, announce: Announce) -> None:
    """Serves until SIGTERM or SIGINT; calls `announce` once, when calls are accepted.

    Without workers, the process ends here with status 0 (`exit_process`).

    Raises:
        ConfigError, StoreError: the database cannot be used: its schema, its location, its permissions.
        AddressTaken, ServeError: cannot listen.
        WorkerFailed, ProcessFailed: a worker did not start, or a part of the process failed.
    """
    configure_logs(config.log)
    is_on(os.environ)  # refused here, not by each worker
    if config.workers > 1:
        asyncio.run(_serve_with_workers(config, announce))
    else:
        uvloop.run(_serve_alone(config, announce))


async def _serve_alone(config: ServeConfig, announce: Announce) -> None:
    stop = stop_on_signals()
    with ExitStack() as stack:
        listen.check_free(config.host, config.port, "--port")
        counts = ProfileCounts()
        registry = process_registry()
        registry.register(counts)
        metrics = Metrics(registry)
        metrics_url = stack.enter_context(metrics_served(registry, config.metrics_host, config.metrics_port))
        stack.enter_context(_owned(config.database.url))
        async with notifying(os.environ, stop) as notify_ready, tracing(SERVICE) as tracer:
            keys = await _prepare(config)

            def ready(port: int, bridge_url: str | None) -> None:
                announce(_ready(config, port, metrics_url, bridge_url, keys))
                notify_ready()

            await serve_calls(
                config,
                metrics,
                counts=counts if metrics_url else None,
                shared_port=False,
                bridge=lambda port: bridging.with_service(config, port, registry, tracer, stop),
                ready=ready,
                stop=stop,
                tracer=tracer,
            )
    exit_process()


async def _serve_with_workers(config: ServeConfig, announce: Announce) -> None:
    stop = stop_on_signals()
    async with AsyncExitStack() as stack:
        # Reserved for as long as the workers run, so that no other program takes the port between two of them.
        held = stack.enter_context(listen.reserve(config.host, config.port, "--port"))
        port: int = held.getsockname()[1]
        folder = stack.enter_context(TemporaryDirectory(prefix="profile-grpc-metrics-"))
        counts = ProfileCounts()
        registry = collected_registry(folder, counts)
        metrics_url = stack.enter_context(metrics_served(registry, config.metrics_host, config.metrics_port))
        notify_ready = await stack.enter_async_context(notifying(os.environ, stop))
        keys = await _prepare(config)
        supervisor = Supervisor(
            replace(bridging.without_bridge(config), port=port),
            folder if metrics_url else None,
            ended=lambda pid: multiprocess.mark_process_dead(pid, folder),  # type: ignore[no-untyped-call]
        )
        registry.register(Processes(supervisor.pids))
        async with (
            tracing(SERVICE) as tracer,
            bridging.with_service(config, port, registry, tracer, stop) as bridge_url,
        ):

            def announced() -> None:
                announce(_ready(config, port, metrics_url, bridge_url, keys))
                notify_ready()

            if metrics_url is None:
                await supervisor.run(announced, stop)
            else:
                await _supervise_and_count(config, supervisor, counts, announced, stop)


async def _supervise_and_count(
    config: ServeConfig,
    supervisor: Supervisor,
    counts: ProfileCounts,
    announced: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    store = await open_store(config.database.url, hasher=Hasher(config.database.hash_key))
    try:
        async with beside("profile counts", keep_counts(store, counts), stop):
            await supervisor.run(announced, stop)
    finally:
        await store.close()


async def _prepare(config: ServeConfig) -> Mapping[KeyKind, str] | None:
    """Checks that the database can be served; with --dev creates the demo and returns its keys.

    An embedded database is migrated here, because this is its only server. A PostgreSQL database never is, not even
    an empty one: it may be the wrong one, or in use by servers of another version.
    """
    url = config.database.url
    if configuration.is_sqlite(url):
        await migrate(url)
    async with administration(config.database) as admin:
        return await demo.prepare(admin, url) if config.dev else None


@contextmanager
def _owned(url: str) -> Iterator[None]:
    """Locks an embedded database for this server within the context; other databases allow several servers.

    Creates the database file if there is none. The lock is on a separate file, because SQLite's own locks last for a
    transaction only. The kernel releases it when the process ends, in whatever way; the file stays. Administration
    commands do not take this lock: SQLite's locks are enough for them.

    Raises:
        ConfigError: another server uses the file, or the lock cannot be created.
    """
    if not configuration.is_sqlite(url):
        yield
        return
    configuration.prepare_sqlite_file(url)
    path = configuration.sqlite_path(url).resolve()  # the same lock through every symbolic link
    lock = path.with_name(f"{path.name}.serve-lock")
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot open the lock {lock}: {configuration.why(error)}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another `profile-grpc serve` uses {path}; stop it, or choose another file with --database-url"
                " (for several servers: postgresql://…)"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _ready(
    config: ServeConfig,
    port: int,
    metrics_url: str | None,
    bridge_url: str | None,
    keys: Mapping[KeyKind, str] | None,
) -> Ready:
    return Ready(
        address=listen.join(config.host, port),
        metrics_url=metrics_url,
        bridge_url=bridge_url,
        database=configuration.display_url(config.database.url),
        workers=config.workers,
        tls=config.tls is not None,
        demo_keys=keys,
    )
