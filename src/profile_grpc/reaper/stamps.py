"""Corrects stored times that a wrong clock dated in the future, for profiles without further calls (Terms)."""

from __future__ import annotations

import asyncio
from datetime import datetime

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.inactivity import CorrectFutureTimes
from profile_grpc.domain.settings import App
from profile_grpc.domain.stamps import MAX_AHEAD
from profile_grpc.service.lease import Lease
from profile_grpc.service.reaper_ports import ReaperStore
from profile_grpc.service.write_queue import WriteQueue

CHUNK = 100


async def correct_future_times(store: ReaperStore, queue: WriteQueue, app: App, now: datetime, lease: Lease) -> None:
    """Sets the app's times that are too far in the future to now.

    Raises:
        LeaseLost, StoreError, Refused.
    """
    while found := await store.stamped_ahead(app.app_id, now + MAX_AHEAD, CHUNK):
        try:
            await queue.submit(CorrectFutureTimes(app.app_id, tuple(found)), app.settings)
        except Refused as refused:
            if refused.reason is not Reason.QUEUE_FULL:
                raise
            await asyncio.sleep(refused.retry_after or 1)
        await lease.acquire()


def clock_went_back(now: datetime, last_pass_time: datetime | None) -> bool:
    """Whether the last pass is dated in the future: then it is not known yet which of the two clocks was wrong.

    A pass under a clock that is briefly behind must not set back the times of every profile. The next pass decides.
    """
    return last_pass_time is not None and last_pass_time - now > MAX_AHEAD
