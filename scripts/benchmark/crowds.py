"""Whether a call costs the same on a device with three users as on one with 30,000 (R14), without gRPC in between.

python -m scripts.benchmark.crowds sqlite:////tmp/crowds.db
python -m scripts.benchmark.crowds postgresql://me@host/empty
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter

from profile_grpc.domain.commands import AnyCommand, NewEndpoint, ProfilePatch
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import RemoveAccount, ReportedToken
from profile_grpc.domain.settings import AccountRemovalAction, AppSettings
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import migrate, open_store

SIZES = (3, 300, 30_000)
REPEATED = 60
CALLERS = 32
WRITTEN = AppSettings(heartbeat_granularity=timedelta(0))
"""Every heartbeat is written."""
DEVICE = AppSettings(multi_user_per_device=True)
USER = AppSettings(multi_user_per_device=True, single_device_per_user=True)


class SystemClock:
    """The system's clock."""

    def now(self) -> datetime:
        """The present."""
        return datetime.now(UTC)


def register(key: ProfileKey, token: str) -> Register:
    """A registration with one token."""
    return Register(key, ProfilePatch(push_endpoints=(NewEndpoint(PushProvider.FCM, token),)))


def feedback(app_id: str, token: str) -> ReportPushFeedback:
    """FCM says that the token is dead."""
    item = PushFeedback(PushProvider.FCM, token, error_code="UNREGISTERED", sent_at=datetime.now(UTC))
    return ReportPushFeedback(app_id, (item,))


async def fill(queue: WriteQueue, commands: list[AnyCommand], settings: AppSettings) -> None:
    """Carries out the commands, so many at a time as fit into a batch."""
    for at in range(0, len(commands), 500):
        await queue.submit_all([(command, settings) for command in commands[at : at + 500]])


async def costs(queue: WriteQueue, app_id: str, settings: AppSettings, key: Callable[[int], ProfileKey]) -> list[float]:
    """Milliseconds of a registration, a feedback item and a removal: the medians."""
    took: list[list[float]] = [[], [], []]
    for number in range(REPEATED):
        new, token = key(number), f"new {number}"
        removal = RemoveAccount(
            app_id, (ReportedToken(token),), username=new.user_id, action=AccountRemovalAction.DELETE
        )
        steps: tuple[AnyCommand, ...] = (register(new, token), feedback(app_id, token), register(new, token), removal)
        into: list[float] | None
        for step, into in zip(steps, (took[0], took[1], None, took[2]), strict=True):
            started = perf_counter()
            await queue.submit(step, settings)
            if into is not None:
                into.append((perf_counter() - started) * 1000)
    return [median(times) for times in took]


async def p99_of_others(queue: WriteQueue, beside: Callable[[], Awaitable[object]]) -> float:
    """The 99th percentile, in milliseconds, of another app's heartbeats while something else is done."""
    took: list[float] = []
    done = asyncio.Event()

    async def caller(number: int) -> None:
        while not done.is_set():
            started = perf_counter()
            await queue.submit(Heartbeat(ProfileKey("other", f"user {number}", "phone")), WRITTEN)
            took.append((perf_counter() - started) * 1000)

    callers = [asyncio.create_task(caller(number)) for number in range(CALLERS)]
    await beside()
    done.set()
    await asyncio.gather(*callers)
    return quantiles(took, n=100)[98]


async def main(url: str) -> None:
    """Prints a table."""
    await migrate(url)
    hasher = Hasher(bytes(32))
    store = await open_store(url, hasher=hasher)
    queue = WriteQueue(store.profiles, SystemClock(), hasher, observer=NullObserver())
    queue.start()
    for size in SIZES:
        device, user = f"device-{size}", f"user-{size}"
        await fill(queue, [register(ProfileKey(device, f"u {n}", "phone"), "shared") for n in range(size)], DEVICE)
        await fill(queue, [register(ProfileKey(user, "guest", f"d {n}"), f"t {n}") for n in range(size)], USER)
        of_device = await costs(queue, device, DEVICE, lambda n, app=device: ProfileKey(app, f"new {n}", "phone"))  # type: ignore[misc]
        of_user = await costs(queue, user, USER, lambda n, app=user: ProfileKey(app, "guest", f"new {n}"))  # type: ignore[misc]
        for what, found in (("users of a device", of_device), ("devices of a user", of_user)):
            print(f"{size:>6} {what}: registration {found[0]:.2f} ms, feedback {found[1]:.2f}, removal {found[2]:.2f}")
    await fill(queue, [register(ProfileKey("other", f"user {n}", "phone"), f"o {n}") for n in range(CALLERS)], DEVICE)
    before = await p99_of_others(queue, lambda: asyncio.sleep(5))
    started = perf_counter()
    report = feedback(f"device-{SIZES[-1]}", "shared")
    beside = await p99_of_others(queue, lambda: queue.submit(report, DEVICE))
    print(
        f"heartbeats of another app, p99: {before:.1f} ms, beside feedback for the token of all: {beside:.1f} ms",
        end="",
    )
    print(f" ({perf_counter() - started:.1f} s)")
    await queue.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
