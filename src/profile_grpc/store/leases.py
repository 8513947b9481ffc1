"""Leases: one row each. After a lease has expired, another holder may acquire it.

A lease that expires more than a day later than a new one would was written under a wrong clock (Terms: stamps ahead),
and counts as expired. Otherwise a process that was killed while its clock was a year ahead would leave a lease that
nobody gets for a year.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, or_

from profile_grpc.domain.stamps import MAX_AHEAD
from profile_grpc.store import tables, times
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Insert


class SqlLeases:
    """The port `LeaseStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._acquire = database.prepare(_acquire(database))
        lease = tables.lease
        self._release = database.prepare(
            delete(lease).where(lease.c.name == bindparam("name"), lease.c.holder == bindparam("holder"))
        )

    async def acquire(self, name: str, holder: str, now: datetime, duration: timedelta) -> bool:
        """Acquires or renews the lease; False if the lease of another holder has not expired."""
        end = now + duration
        values = {
            "holder": holder,
            "expire_time": times.micros(end),
            "now": times.micros(now),
            "latest": times.micros(end + MAX_AHEAD),
        }
        return bool(await self._database.execute(self._acquire, name=name, **values))

    async def release(self, name: str, holder: str) -> None:
        """Releases the lease, if this holder has it."""
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
            lease.c.expire_time > bindparam("latest"),
        ),
    )
