"""Usage for billing, from the ledger (M4)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import and_, bindparam, distinct, func, select

from profile_grpc.service.ports import MadUsage
from profile_grpc.store import tables, times
from profile_grpc.store.database import Database


class SqlUsage:
    """The port `UsageStore`. The cost is proportional to the counts in the range, because of the index on the day."""

    def __init__(self, database: Database) -> None:
        self._database = database
        ledger = tables.mad_ledger
        in_range = and_(
            ledger.c.app_id == bindparam("app_id"),
            ledger.c.day >= bindparam("first"),
            ledger.c.day <= bindparam("last"),
        )
        devices = func.count(distinct(ledger.c.profile_hash))
        self._days = database.prepare(select(ledger.c.day, func.count()).where(in_range).group_by(ledger.c.day))
        self._distinct = database.prepare(select(devices).where(in_range))
        self._rolling = database.prepare(
            select(devices).where(
                ledger.c.app_id == bindparam("app_id"),
                ledger.c.day >= bindparam("first"),  # the index contains the day; the time decides
                ledger.c.count_time > bindparam("since"),
                ledger.c.count_time <= bindparam("until"),
            )
        )

    async def usage(self, app_id: str, first: date, last: date, rolling_since: datetime, now: datetime) -> MadUsage:
        days = {"first": times.day_number(first), "last": times.day_number(last)}
        counted = await self._database.fetch(self._days, app_id=app_id, **days)
        [[in_range]] = await self._database.fetch(self._distinct, app_id=app_id, **days)
        since = times.micros(rolling_since)
        [[rolling]] = await self._database.fetch(
            self._rolling, app_id=app_id, first=since // times.DAY, since=since, until=times.micros(now)
        )
        return MadUsage({times.day(number): count for number, count in counted}, in_range, rolling)
