"""The use case of UsageService (M4)."""

from __future__ import annotations

from datetime import date, timedelta

from profile_grpc.domain import billing
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.service.ports import Clock, MadUsage, UsageStore

MAX_RANGE = timedelta(days=400)


class Usage:
    """Monthly active devices."""

    def __init__(self, store: UsageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def report(self, app_id: str, first: date, last: date) -> MadUsage:
        """How many devices were counted on each day from `first` to `last`, both inclusive, zeros included.

        Raises:
            Refused: INVALID_REQUEST: the range is empty or longer than 400 days.
        """
        if not timedelta(0) <= last - first <= MAX_RANGE:
            message = "The range must end on or after its start and span at most 400 days."
            raise Refused.for_field(Reason.INVALID_REQUEST, message, "end_date", "must be start_date to 400 days later")
        now = self._clock.now()
        usage = await self._store.usage(app_id, first, last, now - billing.COUNT_WINDOW, now)
        length = (last - first).days + 1
        every_day = {day: usage.days.get(day, 0) for day in (first + timedelta(n) for n in range(length))}
        return MadUsage(every_day, usage.distinct, usage.rolling)
