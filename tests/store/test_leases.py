"""Leases: one holder at a time, whatever its clock says (P5)."""

import asyncio
from datetime import timedelta

import pytest

from profile_grpc.service.lease import Lease, LeaseLost
from profile_grpc.store import SqlStore
from tests.store.support import DAY, NOW
from tests.support.domain import ManualClock

TICK = timedelta(microseconds=1)


async def test_P5_one_holder_has_the_lease(store: SqlStore, other: SqlStore) -> None:
    minute = timedelta(minutes=1)
    assert await store.leases.acquire("reaper", "a", NOW, minute)
    assert not await other.leases.acquire("reaper", "b", NOW + minute - TICK, minute)
    assert await store.leases.acquire("reaper", "a", NOW + minute / 2, minute), "its holder renews it"
    assert not await other.leases.acquire("reaper", "b", NOW + minute, minute)
    assert await other.leases.acquire("reaper", "b", NOW + 1.5 * minute, minute), "it ran out"
    assert not await store.leases.acquire("reaper", "a", NOW + 1.6 * minute, minute)
    await store.leases.release("reaper", "a")
    assert not await store.leases.acquire("reaper", "a", NOW + 1.6 * minute, minute), (
        "nobody gives another's lease back"
    )
    await other.leases.release("reaper", "b")
    assert await store.leases.acquire("reaper", "a", NOW + 1.6 * minute, minute)


@pytest.mark.parametrize(
    ("ahead", "gets"), [(timedelta(hours=23), False), (DAY, False), (DAY + TICK, True), (365 * DAY, True)]
)
async def test_P5_a_lease_that_is_far_ahead_is_lost_if_nobody_renews_it(
    store: SqlStore, other: SqlStore, ahead: timedelta, gets: bool
) -> None:
    """Its holder was killed, and its clock was a year ahead: nobody may have to wait for a year."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    await Lease(store.leases, "reaper", ManualClock(NOW + ahead)).acquire()
    waiting = Lease(other.leases, "reaper", ManualClock(NOW), pause=pause)
    if gets:
        await waiting.acquire()
    else:
        with pytest.raises(LeaseLost):
            await waiting.acquire()
    assert paused == ([60.0] if gets else [])


async def test_P5_a_holder_whose_clock_is_far_ahead_keeps_its_lease(store: SqlStore, other: SqlStore) -> None:
    """Two servers whose clocks differ by two days must not take turns."""
    clock = ManualClock(NOW + 2 * DAY)
    ahead = Lease(store.leases, "reaper", clock)

    async def renews(_: float) -> None:
        clock.advance(TICK)
        await ahead.acquire()

    behind = Lease(other.leases, "reaper", ManualClock(NOW), pause=renews)
    await ahead.acquire()
    for _ in range(3):
        with pytest.raises(LeaseLost):
            await behind.acquire()
        await ahead.acquire()


async def test_P5_a_lease_is_acquired_that_was_released_during_the_wait(store: SqlStore, other: SqlStore) -> None:
    ahead = Lease(store.leases, "reaper", ManualClock(NOW + 2 * DAY))

    async def releases(_: float) -> None:
        await ahead.release()

    await ahead.acquire()
    await Lease(other.leases, "reaper", ManualClock(NOW), pause=releases).acquire()


async def test_P5_of_two_that_wait_for_a_lost_lease_one_gets_it(store: SqlStore, other: SqlStore) -> None:
    await Lease(store.leases, "reaper", ManualClock(NOW + 365 * DAY)).acquire()

    async def another_is_faster(_: float) -> None:
        await Lease(store.leases, "reaper", ManualClock(NOW), pause=_nothing).acquire()

    with pytest.raises(LeaseLost):
        await Lease(other.leases, "reaper", ManualClock(NOW), pause=another_is_faster).acquire()


async def _nothing(_: float) -> None:
    """A pause of no time."""


async def test_P5_of_many_that_want_the_lease_at_once_one_gets_it(store: SqlStore, other: SqlStore) -> None:
    wanted = [
        target.leases.acquire("reaper", f"{name} {number}", NOW, DAY)
        for name, target in (("store", store), ("other", other))
        for number in range(5)
    ]
    assert sum(await asyncio.gather(*wanted)) == 1
