"""Leases: one row each. After a lease has expired, another holder may acquire it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, delete, or_, select

from profile_grpc.service.ports import HeldLease
from profile_grpc.store import tables, times
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Insert


class SqlLeases:
    """The port `LeaseStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._acquire = database.prepare(_acquire(database))
        lease = tables.lease
        self._held = database.prepare(
            select(lease.c.holder, lease.c.expire_time).where(lease.c.name == bindparam("name"))
        )
        self._release = database.prepare(
            delete(lease).where(lease.c.name == bindparam("name"), lease.c.holder == bindparam("holder"))
        )

    async def acquire(
        self, name: str, holder: str, now: datetime, duration: timedelta, lost: HeldLease | None = None
    ) -> bool:
        values = {
            "holder": holder,
            "expire_time": times.micros(now + duration),
            "now": times.micros(now),
            "lost_holder": lost and lost.holder,
            "lost_expire_time": lost and times.micros(lost.expire_time),
        }
        return bool(await self._database.execute(self._acquire, name=name, **values))

    async def held(self, name: str) -> HeldLease | None:
        for holder, expire_time in await self._database.fetch(self._held, name=name):
            return HeldLease(holder, times.instant(expire_time))
        return None

    async def release(self, name: str, holder: str) -> None:
        await self._database.execute(self._release, name=name, holder=holder)


def _acquire(database: Database) -> Insert:
    lease = tables.lease
    statement = database.engine.insert(lease).values(
        name=bindparam("name"), holder=bindparam("holder"), expire_time=bindparam("expire_time")
    )
    return statement.on_conflict_do_update(
        index_elements=[lease.c.name],
        set_={"holder": statement.excluded.holder, "expire_time": statement.excluded.expire_time},
        where=or_(
            lease.c.holder == statement.excluded.holder,
            lease.c.expire_time <= bindparam("now"),
            and_(lease.c.holder == bindparam("lost_holder"), lease.c.expire_time == bindparam("lost_expire_time")),
        ),
    )
