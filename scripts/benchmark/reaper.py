"""How fast the reaper deletes, and what callers feel of it: `python -m scripts.benchmark.reaper --help`.

Fills a database with profiles that are due, each with a push token and a device, and runs one pass as `serve` does: in
the process that takes the calls, beside its write queue. Before and meanwhile callers send heartbeats of other
profiles, each one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from datetime import timedelta
from statistics import quantiles
from time import perf_counter, process_time

import uvloop

from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bootstrap.process import calm_collector
from profile_grpc.domain.commands import Heartbeat
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    Channel,
    DeviceGuard,
    MadRecord,
    Platform,
    Profile,
    ProfileKey,
    ProfileStatus,
    PushEndpoint,
    PushProvider,
    PushPurpose,
    TokenGuard,
    TokenKey,
)
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import CountKey, Write
from profile_grpc.reaper import Reaper
from profile_grpc.service.observer import Silent
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore, open_store
from scripts.benchmark import databases
from scripts.benchmark.workloads import APP
from tests.store.support import changes

HASH_KEY = bytes(32)
LOADED_AT_ONCE = 2000
ALIVE = 2000
BEFORE_SECONDS = 3.0


def profiles(first: int, last: int, idle: timedelta) -> Iterator[Profile]:
    """Profiles last heard of `idle` ago, give or take a day."""
    now = SystemClock().now()
    for number in range(first, last):
        time = now - idle - timedelta(seconds=number % 86_400)
        yield Profile(
            # Not in the order of their age.
            key=ProfileKey(APP, f"user-{number * 7_919 % 1_000_003:07}", f"device-{number:07}"),
            create_time=time,
            register_time=time,
            update_time=time,
            mad=MadRecord(time, 1),
            channels=frozenset(Channel),
            platform=Platform.ANDROID,
            push_endpoints=(
                PushEndpoint(PushProvider.FCM, f"{number:0140}", "com.example", PushPurpose.DEFAULT, time),
            ),
            last_heartbeat_time=time,
            revision=number + 1,
        )


async def fill(store: SqlStore, hasher: Hasher, number: int, idle: timedelta, first: int = 0) -> list[ProfileKey]:
    """Stores that many profiles as their registration would have."""
    stored = []
    for start in range(first, first + number, LOADED_AT_ONCE):
        some = list(profiles(start, min(start + LOADED_AT_ONCE, first + number), idle))
        tokens = [
            TokenGuard(
                TokenKey(APP, hasher.token(APP, e.token).token_hash, e.provider, e.push_app_id),
                p.key.device_id,
                1,
                p.revision,
            )
            for p in some
            for e in p.push_endpoints
        ]
        async with store.profiles.write() as transaction:
            await transaction.apply(
                changes(
                    profiles=[Write(p, None) for p in some],
                    device_guards=[Write(DeviceGuard(p.key.device, 1, p.revision), None) for p in some],
                    token_guards=[Write(token, None) for token in tokens],
                    counts={CountKey(APP, ProfileStatus.ACTIVE, Platform.ANDROID): len(some)},
                )
            )
        stored += [p.key for p in some]
    return stored


async def beat(queue: WriteQueue, keys: list[ProfileKey], until: asyncio.Event, callers: int) -> list[float]:
    """Heartbeats of so many callers, each one after the other; answers how many seconds each took."""
    each = await asyncio.gather(*(_beat(queue, keys[number::callers], until) for number in range(callers)))
    return [seconds for took in each for seconds in took]


async def _beat(queue: WriteQueue, keys: list[ProfileKey], until: asyncio.Event) -> list[float]:
    settings = AppSettings(heartbeat_granularity=timedelta(0))
    took = []
    while not until.is_set():
        for key in keys:
            started = perf_counter()
            await queue.submit(Heartbeat(key), settings)
            took.append(perf_counter() - started)
            if until.is_set():
                break
            await asyncio.sleep(0.001)
    return took


def told(took: list[float]) -> str:
    """Median and 99th percentile."""
    if len(took) < 2:  # noqa: PLR2004 - quantiles need two
        return "no heartbeats"
    cut = quantiles(took, n=100)
    return f"heartbeats {len(took)}, ms: p50 {cut[49] * 1000:.1f}, p99 {cut[98] * 1000:.1f}, max {max(took) * 1000:.1f}"


async def measure(url: str, number: int, callers: int) -> None:
    """Fills, reaps and prints."""
    hasher, clock = Hasher(HASH_KEY), SystemClock()
    store = await open_store(url, hasher=hasher)
    queue = WriteQueue(store.profiles, clock, hasher, observer=Silent())
    queue.start()
    try:
        await fill(store, hasher, number, timedelta(days=60))
        alive = await fill(store, hasher, ALIVE, timedelta(days=1), first=number)
        calm_collector()
        if callers:
            quiet = asyncio.Event()
            asyncio.get_running_loop().call_later(BEFORE_SECONDS, quiet.set)
            print("before:", told(await beat(queue, alive, quiet, callers)))
        done = asyncio.Event()
        beating = asyncio.create_task(beat(queue, alive, done, callers)) if callers else None
        started, used = perf_counter(), process_time()
        report = await Reaper(store, queue, clock, Silent()).run_pass(confirm=True)
        seconds, used = perf_counter() - started, process_time() - used
        done.set()
        if beating is not None:
            print("during:", told(await beating))
        reaped = report.reaped[APP]
        print(
            f"{reaped} deletions in {seconds:.2f} s: {reaped / seconds:,.0f}/s;"
            f" {used * 1e6 / max(reaped, 1):.0f} us of this process's CPU each"
        )
    finally:
        await queue.close()
        await store.close()


def main() -> None:
    """Reads the options and measures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--engine", choices=["sqlite", "postgresql"], default="postgresql")
    options.add_argument("--url", help="an empty database; default: one that ends with the run")
    options.add_argument("--profiles", type=int, default=100_000, help="how many are due (%(default)s)")
    options.add_argument("--callers", type=int, default=1, help="who send heartbeats; 0: none (%(default)s)")
    given = options.parse_args()
    with databases.database(given.engine, given.url) as url:
        databases.prepare(url, HASH_KEY)
        uvloop.run(measure(url, given.profiles, given.callers))


if __name__ == "__main__":
    main()
