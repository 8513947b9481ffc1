"""Attempts of use cases that store rows beside other writers."""

import asyncio

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service.ports import Conflict
from profile_grpc.service.storing import retry_on_conflict


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them is made. Each is as long as it may be."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    return asked


async def test_work_is_done_again_until_no_other_writer_is_first(pauses: list[float]) -> None:
    others = [Conflict(), Conflict()]

    async def work() -> str:
        if others:
            raise others.pop()
        return "stored"

    assert await retry_on_conflict(work) == "stored"
    assert len(pauses) == 2


async def test_pauses_grow_up_to_a_second_and_the_last_attempt_has_none(pauses: list[float]) -> None:
    attempts = 0

    async def work() -> None:
        nonlocal attempts
        attempts += 1
        raise Conflict

    with pytest.raises(Refused) as caught:
        await retry_on_conflict(work, growth=2)
    assert caught.value.reason is Reason.CONFLICT
    assert attempts == len(pauses) + 1 == 10
    assert pauses == sorted(pauses)
    assert pauses[-1] == 1.0
