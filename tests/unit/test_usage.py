"""The billing report (M4): its reads of the ledger, and the valid ranges."""

from datetime import date, datetime, timedelta

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service.ports import MadUsage
from profile_grpc.service.usage import Usage
from tests.support.domain import APP, T0, ManualClock, days

FIRST = date(2026, 1, 1)


class Ledger:
    """Answers one count on the first of January and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: tuple[str, date, date, datetime] | None = None

    async def usage(self, app_id: str, first: date, last: date, rolling_since: datetime, now: datetime) -> MadUsage:
        self.asked = (app_id, first, last, rolling_since)
        return MadUsage({FIRST: 7}, distinct=5, rolling=3)


async def test_M4_every_day_of_the_range_is_there() -> None:
    ledger = Ledger()
    report = await Usage(ledger, ManualClock()).report(APP, FIRST - timedelta(1), FIRST + timedelta(1))
    assert report == MadUsage({FIRST - timedelta(1): 0, FIRST: 7, FIRST + timedelta(1): 0}, distinct=5, rolling=3)
    assert ledger.asked == (APP, FIRST - timedelta(1), FIRST + timedelta(1), T0 - days(30))


@pytest.mark.parametrize(("length", "taken"), [(-1, False), (0, True), (400, True), (401, False)])
async def test_M4_a_range_is_1_to_401_days(length: int, taken: bool) -> None:
    usage = Usage(Ledger(), ManualClock())
    last = FIRST + timedelta(length)
    if taken:
        assert len((await usage.report(APP, FIRST, last)).days) == length + 1
        return
    with pytest.raises(Refused) as caught:
        await usage.report(APP, FIRST, last)
    assert caught.value.reason is Reason.INVALID_REQUEST
    assert [v.field for v in caught.value.violations] == ["end_date"]
