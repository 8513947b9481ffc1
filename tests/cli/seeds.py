"""Profiles for commands to work on, registered through the write path at a time of the test's choice."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from profile_grpc.domain.commands import NewEndpoint, ProfilePatch
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.settings import AppSettings, FeedbackBreaker
from profile_grpc.reaper import LEASE
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import open_store
from tests.cli.program import HASH_KEY
from tests.store.support import contents

TOKEN = "push-token-that-nobody-may-see"


@dataclass(frozen=True)
class FixedClock:
    """Stands still."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def register(url: str, app_id: str, devices: Sequence[str], at: datetime, customer: str = "") -> None:
    """Registers user `u-DEVICE` on each device, with a push token and a heartbeat, at that time."""

    async def run() -> None:
        hasher = Hasher(bytes.fromhex(HASH_KEY))
        store = await open_store(url, hasher=hasher)
        queue = WriteQueue(store.profiles, FixedClock(at), hasher, observer=NullObserver())
        queue.start()
        keys = [ProfileKey(app_id, f"u-{device}", device) for device in devices]
        attributes = {"customer_id": customer} if customer else {}
        patches = [
            ProfilePatch(
                platform=Platform.ANDROID,
                push_endpoints=(NewEndpoint(PushProvider.FCM, f"{TOKEN}-{device}"),),
                attributes=attributes,
            )
            for device in devices
        ]
        registers = [(Register(key, patch), AppSettings()) for key, patch in zip(keys, patches, strict=True)]
        answers: list[object] = [*await queue.submit_all(registers)]
        answers += await queue.submit_all([(Heartbeat(key), AppSettings()) for key in keys])
        assert not [answer for answer in answers if isinstance(answer, Refused)]
        await queue.close()
        await store.close()

    asyncio.run(run())


def dump(url: str) -> str:
    """All that is stored, as text."""

    async def run() -> str:
        store = await open_store(url, hasher=Hasher(bytes.fromhex(HASH_KEY)))
        try:
            return repr(await contents(store))
        finally:
            await store.close()

    return asyncio.run(run())


def wait_for_fewer(url: str, customer_id: str, number: int, ended: Callable[[], bool]) -> None:
    """Waits until the customer has fewer linked profiles than this number, or until something has ended."""

    async def run() -> None:
        store = await open_store(url, hasher=Hasher(bytes.fromhex(HASH_KEY)))
        wanted = ProfileFilter("shop", customer_id=customer_id)
        try:
            while not ended() and len(await store.profiles.list(wanted, None, number)) >= number:
                pass
        finally:
            await store.close()

    asyncio.run(run())


def feedback(url: str, app_id: str, devices: Sequence[str], *, minimum: int) -> list[str]:
    """Reports the tokens of `register` as dead, now; answers the outcomes. `minimum`: the app's limit."""
    settings = AppSettings(feedback_breaker=FeedbackBreaker(0, minimum))
    now = datetime.now(UTC)
    items = [PushFeedback(token=f"{TOKEN}-{d}", error_code="UNREGISTERED", sent_at=now) for d in devices]

    async def run() -> list[str]:
        hasher = Hasher(bytes.fromhex(HASH_KEY))
        store = await open_store(url, hasher=hasher)
        queue = WriteQueue(store.profiles, FixedClock(now), hasher, observer=NullObserver())
        queue.start()
        results = await queue.submit(ReportPushFeedback(app_id, tuple(items)), settings)
        await queue.close()
        await store.close()
        return [result.outcome.name for result in results]

    return asyncio.run(run())


def take_lease(url: str, duration: timedelta) -> None:
    """Another process becomes the reaper, and ends without giving the lease back."""

    async def run() -> None:
        store = await open_store(url, hasher=Hasher(bytes.fromhex(HASH_KEY)))
        assert await store.leases.acquire(LEASE, "another", datetime.now(UTC), duration)
        await store.close()

    asyncio.run(run())
