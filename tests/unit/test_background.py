"""The loop of background work."""

import asyncio
from collections.abc import Callable

import pytest

from profile_grpc.service.background import repeat
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.ports import StoreUnavailable

FOREVER = 3600.0


class Work:
    """Work of which the test says what happens in each round."""

    def __init__(self, *rounds: Callable[[], object]) -> None:
        self.rounds = list(rounds)
        self.started = asyncio.Semaphore(0)

    async def __call__(self) -> None:
        self.started.release()
        if self.rounds:
            self.rounds.pop(0)()


def failing(error: Exception) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


async def test_work_that_fails_is_repeated() -> None:
    work = Work(*map(failing, (LeaseLost(), StoreUnavailable("gone"), RuntimeError("a fault of this program"))))
    running = asyncio.create_task(repeat(work, 0.0, "the test"))
    for _ in range(5):
        await work.started.acquire()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_event_ends_the_pause() -> None:
    wake = asyncio.Event()
    work = Work(failing(RuntimeError("a fault of this program")), wake.set)
    running = asyncio.create_task(repeat(work, FOREVER, "the test", wake))
    await work.started.acquire()
    wake.set()
    await work.started.acquire()
    await work.started.acquire()  # it was set again during the round before, which is not lost
    assert not wake.is_set()
    running.cancel()
