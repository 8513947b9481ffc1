"""The numbers of checked calls in memory (J7)."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from typing_extensions import override

from profile_grpc.domain.jwt import JwtOutcome
from profile_grpc.service.jwt.readiness import Tally
from profile_grpc.service.jwt.store import CountKey, JwtStore
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import StoreUnavailable
from tests.support.domain import ManualClock

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


class Store:
    """The part of the store that a tally needs."""

    def __init__(self) -> None:
        self.counts: Counter[CountKey] = Counter()
        self.is_down = False

    async def add_counts(self, counts: Mapping[CountKey, int]) -> None:
        if self.is_down:
            raise StoreUnavailable("gone")
        self.counts.update(counts)

    async def versions(self, _app_id: str, _day: date) -> Collection[str]:
        return []

    async def purge_counts(self, _before: date) -> None:
        pass


class CountingObserver(NullObserver):
    """Adds up the checked calls."""

    def __init__(self) -> None:
        self.calls: Counter[Any] = Counter()

    @override
    def jwt_checked(self, app_id: str, outcome: JwtOutcome, calls: int) -> None:
        self.calls[app_id, outcome] += calls


async def test_J7_numbers_that_cannot_be_written_are_kept_and_reported_once() -> None:
    store, observer, clock = Store(), CountingObserver(), ManualClock(MIDNIGHT)
    tally = Tally(cast(JwtStore, store), clock, observer)
    store.is_down = True
    for _ in range(3):
        tally.count("shop", clock.now(), JwtOutcome.VALID, "4.2")
        with pytest.raises(StoreUnavailable):
            await tally.flush()
    store.is_down = False
    await tally.flush()
    await tally.flush()
    assert store.counts == {CountKey("shop", MIDNIGHT.date(), JwtOutcome.VALID, "4.2"): 3}
    assert observer.calls == {("shop", JwtOutcome.VALID): 3}


async def test_J7_a_call_counts_on_its_own_UTC_day() -> None:
    store, observer, clock = Store(), CountingObserver(), ManualClock(MIDNIGHT)
    tally = Tally(cast(JwtStore, store), clock, observer)
    for microseconds in (-1, 0, 86_400_000_000 - 1, 86_400_000_000, -1):
        tally.count("shop", MIDNIGHT + timedelta(microseconds=microseconds), JwtOutcome.MISSING, "")
    await tally.flush()
    days = {key.day.day: calls for key, calls in store.counts.items()}
    assert days == {1: 2, 2: 2, 3: 1}
