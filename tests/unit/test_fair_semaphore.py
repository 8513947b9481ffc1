"""Places that tenants share."""

import asyncio

from profile_grpc.service.fair_semaphore import FairSemaphore


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
