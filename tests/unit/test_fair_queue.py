"""Single calls go before bulk, and nobody waits for the backlog of another: of an app, or of a tenant's long work."""

import asyncio
from typing import NamedTuple

from profile_grpc.service.fair_queue import FairQueue, FairSemaphore


class Entry(NamedTuple):
    """Something that waits."""

    app_id: str
    name: str
    size: int = 1


def queue(*, batch: int = 10, bulk: int = 4) -> FairQueue[Entry]:
    return FairQueue(batch, bulk)


def names(taken: list[Entry]) -> str:
    return " ".join(entry.name for entry in taken)


def fill(waiting: FairQueue[Entry], app_id: str, *parts: str, size: int = 1, bulk: bool = False) -> None:
    for name in parts:
        waiting.add(Entry(app_id, name, size), bulk=bulk)


def test_one_apps_calls_keep_their_order() -> None:
    waiting = queue(batch=3)
    fill(waiting, "shop", "a", "b", "c", "d", "e")
    assert [names(waiting.take()) for _ in range(3)] == ["a b c", "d e", ""]
    assert len(waiting) == waiting.size == 0


def test_apps_take_turns_whatever_their_backlogs() -> None:
    waiting = queue(batch=4)
    fill(waiting, "loud", *(f"l{n}" for n in range(1000)))
    fill(waiting, "quiet", "q1", "q2")
    fill(waiting, "other", "o1")
    assert names(waiting.take()) == "l0 q1 o1 l1"
    assert names(waiting.take()) == "q2 l2 l3 l4"


def test_whoever_comes_back_waits_for_the_turns_of_the_others() -> None:
    waiting = queue(batch=2)
    fill(waiting, "a", "a1", "a2", "a3")
    fill(waiting, "b", "b1")
    assert names(waiting.take()) == "a1 b1"
    fill(waiting, "b", "b2")
    assert names(waiting.take()) == "a2 b2"


def test_bulk_calls_get_a_small_share_while_single_calls_wait() -> None:
    waiting = queue(batch=10, bulk=4)
    fill(waiting, "shop", "x", "y", "z", size=2, bulk=True)
    fill(waiting, "shop", "a")
    assert names(waiting.take()) == "a x y"
    assert names(waiting.take()) == "z"


def test_bulk_is_not_starved_by_single_calls() -> None:
    waiting = queue(batch=10, bulk=4)
    fill(waiting, "shop", "x", "y", bulk=True)
    fill(waiting, "shop", *map(str, range(100)))
    assert names(waiting.take()) == "0 1 2 3 4 5 6 7 x y"
    assert names(waiting.take()) == "8 9 10 11 12 13 14 15 16 17"


def test_bulk_keeps_its_small_share_for_a_while_after_a_single_call() -> None:
    waiting = queue(batch=10, bulk=4)
    fill(waiting, "shop", *["x"] * 1000, bulk=True)
    assert len(waiting.take()) == 10, "nobody else is about"
    fill(waiting, "shop", "a")
    sizes = [len(waiting.take()) for _ in range(66)]
    assert sizes == [5] + [4] * 64 + [10]


def test_reporters_of_bulk_take_turns_too() -> None:
    waiting = queue(batch=6, bulk=3)
    fill(waiting, "loud", *(f"l{n}" for n in range(1000)), size=2, bulk=True)
    fill(waiting, "quiet", "q", bulk=True)
    assert names(waiting.take()) == "l0 q l1"


def test_a_command_larger_than_a_batch_is_taken_with_single_calls_only() -> None:
    waiting = queue(batch=10, bulk=4)
    fill(waiting, "shop", "huge", "next", size=500, bulk=True)
    fill(waiting, "shop", "a")
    assert (len(waiting), waiting.size, waiting.has_bulk) == (3, 1001, True)
    assert names(waiting.take()) == "a huge"
    assert names(waiting.take()) == "next"
    assert (len(waiting), waiting.size, waiting.has_bulk) == (0, 0, False)


def test_others_wait_for_one_share_of_a_backlog_of_60_000_items() -> None:
    """A call that comes behind it is in the very next batch, which holds one share of bulk."""
    waiting = queue(batch=500, bulk=50)
    for number in range(1200):
        waiting.add(Entry("reporter", f"chunk{number}", 50), bulk=True)
    fill(waiting, "shop", "heartbeat")
    batch = waiting.take()
    assert batch[0].name == "heartbeat"
    assert sum(entry.size for entry in batch) == 51


async def test_R14_an_owner_with_much_work_delays_another_by_one_piece_of_it() -> None:
    semaphore, go_on = FairSemaphore(2), asyncio.Semaphore(0)
    entered: list[str] = []

    async def work(owner: str) -> None:
        async with semaphore.slot(owner):
            entered.append(owner)
            await go_on.acquire()

    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(work("much")) for _ in range(5)]
    await settle()
    assert entered == ["much"]  # the second slot is free for others
    tasks += [asyncio.create_task(work(owner)) for owner in ("much", "a", "b", "c")]
    await settle()
    assert entered == ["much", "a"]
    for _ in range(8):
        go_on.release()
        await settle()
    assert entered == ["much", "a", "b", "c", "much", "much", "much", "much", "much"]
    go_on.release()
    await asyncio.gather(*tasks)
    assert not semaphore._own  # nothing is kept of owners without work


async def test_a_cancelled_waiter_takes_no_slot() -> None:
    semaphore = FairSemaphore(1)
    entered: list[str] = []
    async with semaphore.slot("a"):
        waits = [asyncio.create_task(_enter(semaphore, owner, entered)) for owner in ("b", "b", "c")]
        await asyncio.sleep(0)
        waits[0].cancel()
        await asyncio.wait(waits[:1])
    await asyncio.gather(*waits[1:])
    assert sorted(entered) == ["b", "c"]


async def _enter(semaphore: FairSemaphore, owner: str, entered: list[str]) -> None:
    async with semaphore.slot(owner):
        entered.append(owner)
