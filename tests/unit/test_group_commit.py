"""Batches: simultaneous callers share one, whose size fits the time; the failure of one does not fail the others."""

import asyncio
from collections.abc import Sequence

import pytest

from profile_grpc.service.group_commit import Gathering, Pace, carry_out

FOREVER = 3600.0


class Work:
    """Squares numbers; a batch that holds a bad one fails as a whole."""

    def __init__(self, *bad: int, down: bool = False) -> None:
        self.bad = set(bad)
        self.down = down
        self.batches: list[list[int]] = []
        self.answers: dict[int, object] = {}

    async def __call__(self, batch: Sequence[int]) -> None:
        await asyncio.sleep(0)
        self.batches.append(list(batch))
        if self.down:
            self.answers |= dict.fromkeys(batch, "down")
            return
        if self.bad.intersection(batch):
            raise ValueError(min(self.bad.intersection(batch)))
        self.answers |= {number: number * number for number in batch}

    def refuse(self, number: int, error: Exception) -> None:
        assert number not in self.answers
        self.answers[number] = error.args[0]


async def test_a_batch_without_a_fault_is_worked_on_once() -> None:
    work = Work()
    await carry_out(range(4), work, work.refuse)
    assert work.batches == [[0, 1, 2, 3]]
    assert work.answers == {0: 0, 1: 1, 2: 4, 3: 9}


async def test_without_entries_no_batch_is_carried_out() -> None:
    work = Work()
    await carry_out([], work, work.refuse)
    assert work.batches == []


@pytest.mark.parametrize("bad", [(0,), (6,), (2, 3), (0, 3, 6), tuple(range(7))])
async def test_each_entry_that_fails_is_refused_alone_and_the_others_are_done_once(bad: tuple[int, ...]) -> None:
    work = Work(*bad)
    await carry_out(range(7), work, work.refuse)
    assert work.answers == {number: number if number in bad else number * number for number in range(7)}
    done = [number for batch in work.batches if not work.bad.intersection(batch) for number in batch]
    assert done == [number for number in range(7) if number not in bad], "in their order"


async def test_one_fault_costs_two_batches_for_each_halving() -> None:
    work = Work(77)
    await carry_out(range(512), work, work.refuse)
    assert len(work.batches) == 1 + 2 * 9


async def test_a_failure_of_the_whole_batch_is_not_bisected() -> None:
    work = Work(down=True)
    await carry_out(range(4), work, work.refuse)
    assert work.batches == [[0, 1, 2, 3]]
    assert set(work.answers.values()) == {"down"}


async def test_a_cancelled_batch_is_not_tried_in_halves() -> None:
    batches = 0

    async def work(_batch: Sequence[int]) -> None:
        nonlocal batches
        batches += 1
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await carry_out(range(4), work, lambda _number, _error: None)
    assert batches == 1


# --- gathering ---


async def test_enough_callers_end_the_wait() -> None:
    gathering = Gathering(FOREVER)
    wait = asyncio.create_task(gathering.wait(1, 3))
    await asyncio.sleep(0)
    gathering.arrived(2)
    await asyncio.sleep(0)
    assert not wait.done()
    gathering.arrived(3)
    await wait


async def test_callers_that_wait_already_are_not_waited_for() -> None:
    await Gathering(FOREVER).wait(3, 3)


async def test_the_wait_is_short() -> None:
    await Gathering(0.001).wait(0, 1)


async def test_an_arrival_of_before_does_not_end_the_next_wait() -> None:
    gathering = Gathering(FOREVER)
    gathering.arrived(0)  # nobody gathers
    wait = asyncio.create_task(gathering.wait(0, 2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not wait.done()
    gathering.end()
    await wait


def test_a_batch_takes_about_the_wanted_time() -> None:
    pace = Pace(0.1, most=500)
    for _ in range(10):
        pace.took(pace.size, pace.size * 0.0005)  # 2,000 a second
    assert pace.size == 200


def test_batches_become_smaller_at_once_when_the_machine_is_busy() -> None:
    pace = Pace(0.1, most=500)
    for _ in range(5):
        pace.took(pace.size, 0.001)
    assert pace.size == 500
    pace.took(500, 0.5)
    assert pace.size == 100


def test_one_quick_batch_at_most_doubles_the_size() -> None:
    pace = Pace(0.1, most=500)
    pace.took(100, 0.0)
    assert pace.size == 200


def test_batches_stay_within_their_limits() -> None:
    pace = Pace(0.1, most=500)
    pace.took(500, 60.0)
    assert pace.size == 50
    assert Pace(0.1, most=8).size == 8


def test_a_small_last_batch_does_not_make_the_next_ones_small() -> None:
    pace = Pace(0.1, most=500)
    pace.took(1, 0.001)
    assert pace.size == 100
    pace.took(0, 0.001)
    assert pace.size == 100
