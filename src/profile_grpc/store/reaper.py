"""The reads of the reaper, and the records that it stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, ColumnElement, Table, bindparam, cast, delete, func, select, true

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.service.reaper_ports import DueBefore, DueProfile, ReaperRecord
from profile_grpc.store import parameters, statements, tables, times
from profile_grpc.store.database import Database
from profile_grpc.store.deletions import STORED, Deletions
from profile_grpc.store.engine import Found, Prepared, Query

_BEFORE: ColumnElement[Any] = bindparam("before")
_IN_APP = tables.profile.c.app_id == bindparam("app_id")


class SqlReaper:
    """The port `ReaperStore`."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._database = database
        self.delete = Deletions(database, hasher)
        prepare = database.prepare
        record = tables.reaper_record
        self._record = prepare(select(record.c.last_pass_time, record.c.held_since))
        self._save_record = statements.upsert(database, record)
        self._newest = prepare(
            select(func.max(tables.profile.c.last_heartbeat_time), func.max(tables.profile.c.register_time))
        )
        self._due = [prepare(_due(sign)) for sign in _SIGNS]
        self._count_due = [prepare(select(func.count()).select_from(_due(sign).subquery("due"))) for sign in _SIGNS]
        self._unregistered = prepare(_unregistered())
        self._heartbeat_days, self._register_days = (prepare(_days(sign)) for sign in _SIGNS)
        deletion = tables.reaper_deletion
        reaped = select(cast(func.coalesce(func.sum(deletion.c.deletions), 0), BigInteger))
        of_app = deletion.c.app_id == bindparam("app_id")
        self._reaped = prepare(reaped.where(of_app, deletion.c.time >= bindparam("since")))
        tombstone, ledger, calls = tables.tombstone, tables.mad_ledger, tables.device_order
        begun = tables.import_start
        self._purge_reaped, self._purge_imports = (
            prepare(delete(time.table).where(time.table.c.app_id == bindparam("app_id"), time < _BEFORE))
            for time in (deletion.c.time, begun.c.start_time)
        )
        self.purge_tombstones = _Purge(database, tombstone, tombstone.c.delete_time, tombstone.c.delete_time < _BEFORE)
        # The index contains the day; the time decides.
        day = ledger.c.day <= bindparam("day")
        self.purge_ledger = _Purge(database, ledger, ledger.c.day, ledger.c.count_time < _BEFORE, indexed=day)
        self.purge_orders = _Purge(database, calls, calls.c.forget_time, calls.c.forget_time < _BEFORE)
        self._ahead = [(prepare(statement), by_day) for statement, by_day in _ahead()]
        self._next_apps = [
            prepare(select(func.min(table.c.app_id)).where(table.c.app_id > bindparam("after")))
            for table in (tombstone, ledger, calls, deletion, begun)
        ]
        hold = tables.reaper_hold
        self._held = prepare(select(hold.c.app_id))
        self._hold = statements.insert_new(database, hold)
        self._release = prepare(delete(hold).where(hold.c.app_id == bindparam("app_id")))

    async def record(self) -> ReaperRecord:
        found = await self._database.fetch(self._record)
        return ReaperRecord(*map(times.maybe_instant, found[0])) if found else ReaperRecord()

    async def save_record(self, record: ReaperRecord) -> None:
        row = (1, times.maybe_micros(record.last_pass_time), times.maybe_micros(record.held_since))
        await self._database.execute(self._save_record, [row])

    async def newest_sign_of_life(self) -> datetime | None:
        """Reads every profile, so it is used only if there is no record."""
        [found] = await self._database.fetch(self._newest)
        signs = [value for value in found if value is not None]
        return times.instant(max(signs)) if signs else None

    async def due(self, before: DueBefore, limit: int) -> Sequence[DueProfile]:
        """The order is that of the UTC day of the last heartbeat, or of the registration, because the index contains
        days. Profiles that never sent a heartbeat come last.
        """
        found: list[Found] = []
        for statement, values in zip(self._due, _due_values(before), strict=False):
            if len(found) < limit:
                found += await self._database.fetch(statement, limit=limit - len(found), **values)
        return _due_profiles(before.app_id, found)

    async def count_due(self, before: DueBefore, limit: int) -> int:
        due = 0
        for statement, values in zip(self._count_due, _due_values(before), strict=False):
            if due < limit:
                [[more]] = await self._database.fetch(statement, limit=limit - due, **values)
                due += int(more)
        return due

    async def due_unregistered(self, app_id: str, before: datetime, limit: int) -> Sequence[DueProfile]:
        found = await self._database.fetch(self._unregistered, app_id=app_id, before=times.micros(before), limit=limit)
        return _due_profiles(app_id, found)

    async def reaped_since(self, app_id: str, since: datetime) -> int:
        [[deletions]] = await self._database.fetch(self._reaped, app_id=app_id, since=times.micros(since))
        return int(deletions)

    async def last_heartbeat_days(self, app_id: str) -> Mapping[date, int]:
        return await self._by_day(self._heartbeat_days, app_id)

    async def register_days(self, app_id: str) -> Mapping[date, int]:
        return await self._by_day(self._register_days, app_id)

    async def _by_day(self, statement: Prepared, app_id: str) -> Mapping[date, int]:
        found = await self._database.fetch(statement, app_id=app_id)
        return {times.day(number): profiles for number, profiles in found}

    async def apps_with_leftovers(self) -> Sequence[str]:
        """Costs one index look-up for each app on each node."""
        found = {""}
        for statement in self._next_apps:
            after: str | None = ""
            while after is not None:
                found.add(after)
                [[after]] = await self._database.fetch(statement, after=after)
        return sorted(found)

    async def stamped_ahead(self, app_id: str, after: datetime, limit: int) -> Sequence[ProfileKey]:
        """The cost is proportional to the number of profiles found: the scan begins at the end of the index."""
        time = times.micros(after)
        found: list[Found] = []
        for statement, by_day in self._ahead:
            if len(found) < limit:
                day = {"day": time // times.DAY} if by_day else {}
                values = {"app_id": app_id, "after": time, "limit": limit - len(found)}
                found += await self._database.fetch(statement, **values, **day)
        return [ProfileKey(app_id, user_id, device_id) for user_id, device_id in found]

    async def purge_reaped(self, app_id: str, before: datetime) -> int:
        return await self._database.execute(self._purge_reaped, app_id=app_id, before=times.micros(before))

    async def purge_imports(self, app_id: str, before: datetime) -> int:
        return await self._database.execute(self._purge_imports, app_id=app_id, before=times.micros(before))

    async def held_apps(self) -> Sequence[str]:
        return [app_id for (app_id,) in await self._database.fetch(self._held)]

    async def hold(self, app_id: str, now: datetime) -> None:
        await self._database.execute(self._hold, [(app_id, times.micros(now))])

    async def release(self, app_id: str) -> None:
        await self._database.execute(self._release, app_id=app_id)


_DUE = tuple(tables.profile.c[name] for name in ("user_id", "device_id", "last_heartbeat_time", *STORED))


def _due_profiles(app_id: str, found: Iterable[Found]) -> list[DueProfile]:
    return [
        DueProfile(ProfileKey(app_id, user_id, device_id), times.maybe_instant(heard), stored)
        for user_id, device_id, heard, *stored in found
    ]


class _Sign(NamedTuple):
    """A sign of life by which ACTIVE profiles become due. Indexes contain only the day; the time decides."""

    where: ColumnElement[bool]
    day: Column[Any]
    time: Column[Any]


_SIGNS = (
    _Sign(tables.HAS_HEARTBEAT, tables.profile.c.heartbeat_day, tables.profile.c.last_heartbeat_time),
    _Sign(tables.HAS_NO_HEARTBEAT, tables.profile.c.register_day, tables.profile.c.register_time),
)


def _due(sign: _Sign) -> Query:
    statement = select(*_DUE).where(_IN_APP, sign.where, sign.day <= bindparam("day"), sign.time < bindparam("before"))
    return statement.order_by(sign.day).limit(parameters.LIMIT)


def _unregistered() -> Query:
    time = tables.profile.c.unregister_time
    where = (_IN_APP, tables.IS_UNREGISTERED, time < bindparam("before"))
    return select(*_DUE).where(*where).order_by(time).limit(parameters.LIMIT)


def _ahead() -> Iterator[tuple[Query, bool]]:
    """Heartbeats, registrations without a heartbeat, and sign-outs that are too far in the future, newest first.

    Each with whether its index contains days.
    """
    profile, after = tables.profile, parameters.number("after")
    found = select(profile.c.user_id, profile.c.device_id).where(_IN_APP).limit(parameters.LIMIT)
    for where, day, time in _SIGNS:
        yield found.where(where, day >= parameters.day("day"), time > after).order_by(day.desc()), True
    time = profile.c.unregister_time
    yield found.where(tables.IS_UNREGISTERED, time > after).order_by(time.desc()), False


def _days(sign: _Sign) -> Query:
    return select(sign.day, func.count()).where(_IN_APP, sign.where).group_by(sign.day)


class _Purge:
    """Deletes the oldest rows of an app. They are selected first and then deleted by key. With both in one statement,
    an engine may read the whole table to delete a few rows.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        age: Column[Any],
        too_old: ColumnElement[bool],
        *,
        indexed: ColumnElement[bool] | None = None,
    ) -> None:
        """`indexed`: the part of the condition that an index covers, if it does not cover all of it."""
        self._database = database
        of_app = table.c.app_id == bindparam("app_id")
        found_by = true() if indexed is None else indexed
        oldest = select(*table.primary_key).where(of_app, too_old, found_by).order_by(age).limit(parameters.LIMIT)
        self._oldest = database.prepare(oldest)
        # Checks the age again: a row that has been written again is no longer too old. The part that has an index is
        # omitted: SQLite would use that index and read all old rows for each chunk.
        self._delete = statements.delete_keys(database, table, too_old)

    async def __call__(self, app_id: str, before: datetime, limit: int) -> int:
        age = _until(before)
        found = await self._database.fetch(self._oldest, app_id=app_id, limit=limit, **age)
        if not found:
            return 0
        return await self._database.execute(self._delete, sorted(map(tuple, found)), **age)


def _due_values(before: DueBefore) -> Iterator[dict[str, object]]:
    """The values of the statements of _SIGNS; none for the second if profiles without a heartbeat never become due."""
    yield {"app_id": before.app_id, **_until(before.heard)}
    if before.registered is not None:
        yield {"app_id": before.app_id, **_until(before.registered)}


def _until(before: datetime) -> dict[str, int]:
    """The time, and the last day that contains a time before it. A day that begins at this time is not read."""
    time = times.micros(before)
    return {"before": time, "day": (time - 1) // times.DAY}
