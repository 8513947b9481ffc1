"""Deletes many profiles at once, with everything that a deletion owes.

The write path deletes profiles one decision at a time, on whole records and guards that it has read. Here nothing is
left to decide but whether the profiles are still as they were found; so nothing more is read, and what the bookkeeping
of `domain.state` does with records is done by the statements: see docs/adr/0005.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    update,
)
from sqlalchemy.types import TypeEngine

from profile_grpc.domain import billing
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import DeletionReason, EventType, ProfileStatus
from profile_grpc.service.ports import Conflict, DueProfile
from profile_grpc.store import rows, statements, tables, times
from profile_grpc.store.applying import write_all
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Prepared, Row
from profile_grpc.store.json_columns import read_tokens

_APP = bindparam("of_app_id", type_=Text())

STORED = ("platform", "push_endpoints", "mad_deletion_time", "revision", "call_sequence")
"""The columns of `DueProfile.stored`."""


class Deletions:
    """Deletes profiles that were found due."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._database = database
        self._hasher = hasher
        self._owners = _Owners(database)
        self._profiles = database.prepare(
            delete(tables.profile).where(_among(database, tables.profile, ["user_id", "device_id", "revision"]))
        )
        self._orders = database.prepare(
            delete(tables.device_order).where(_among(database, tables.device_order, ["device_id"]))
        )
        self._tombstones = _insert(
            database,
            tables.tombstone,
            ["profile_hash", "mad_deletion_time"],
            {"reason": Text(), "delete_time": BigInteger()},
            replace=True,
        )
        self._events = _insert(
            database,
            tables.event,
            ["id", "user_id", "device_id"],
            {"time": BigInteger(), "type": Text(), "reason": Text()},
        )
        self._counts = statements.upsert(database, tables.profile_count, adds=["profiles"])
        self._endpoints = statements.upsert(database, tables.endpoint_count, adds=["endpoints"])
        self._reaped = statements.upsert(database, tables.reaper_deletion, adds=["deletions"])
        self._event_ids = rows.EventRows()

    async def __call__(
        self, app_id: str, profiles: Sequence[DueProfile], reason: DeletionReason, now: datetime
    ) -> None:
        """Deletes all or, with Conflict, none. In the order of tables and keys in which every process writes."""
        keys = sorted((p.key.user_id, p.key.device_id, p.stored[3]) for p in profiles)
        async with self._database.transaction() as session:
            held = list(self._held(app_id, profiles))
            await self._owners.release(session, app_id, held)
            deleted = await session.execute(self._profiles, keys, of_app_id=app_id)
            if deleted != len(keys):
                raise Conflict(f"{len(keys) - deleted} of {len(keys)} profiles are no longer as they were found")
            # A deletion forgets the order of the device's calls (R13).
            ordered = {p.key.device_id for p in profiles if p.stored[4] is not None}
            if ordered:
                await session.execute(self._orders, sorted((device_id,) for device_id in ordered), of_app_id=app_id)
            await self._leave(session, app_id, profiles, keys, reason, now)
            await self._count(session, app_id, profiles, len(held), reason, now)

    def _held(self, app_id: str, profiles: Iterable[DueProfile]) -> Iterable[Row]:
        """The keys of the tokens that the profiles hold, once for each profile."""
        hashed = self._hasher.token
        for profile in profiles:
            for token, provider in read_tokens(profile.stored[1]):
                yield (hashed(app_id, token).token_hash, provider)

    async def _leave(
        self,
        session: Session,
        app_id: str,
        profiles: Sequence[DueProfile],
        keys: Sequence[Row],
        reason: DeletionReason,
        now: datetime,
    ) -> None:
        """Tombstones and events (D3)."""
        time = times.micros(now)
        tombstones = sorted((self._hasher.profile(p.key), _window(p.stored[2], now, time)) for p in profiles)
        await session.execute(
            self._tombstones, tombstones, of_app_id=app_id, of_reason=reason.value, of_delete_time=time
        )
        new_id = self._event_ids.ids(now)
        events = [(new_id(), user, device) for user, device, _ in keys]
        told = {"of_time": time, "of_type": EventType.PROFILE_DELETED.value, "of_reason": reason.value}
        await session.execute(self._events, events, of_app_id=app_id, **told)

    async def _count(
        self,
        session: Session,
        app_id: str,
        profiles: Sequence[DueProfile],
        endpoints: int,
        reason: DeletionReason,
        now: datetime,
    ) -> None:
        """The numbers. Last, because other processes may wait for these rows until the commit."""
        shard = rows.any_shard()
        if endpoints:
            await session.execute(self._endpoints, [(app_id, shard, -endpoints)])
        status = ProfileStatus.UNREGISTERED if reason is DeletionReason.UNREGISTERED else ProfileStatus.ACTIVE
        by_platform = Counter(p.stored[0] for p in profiles)
        counts = [(app_id, status.value, platform, shard, -number) for platform, number in by_platform.items()]
        await write_all(session, self._counts, counts, tables.profile_count.name)
        if reason is DeletionReason.INACTIVE:
            await session.execute(self._reaped, [(app_id, times.micros(now), len(profiles))])


class _Owners:
    """The owners of push tokens, each of which counts the profiles that hold it and goes with the last one (D3).

    Nobody decided anything on what they say here, so they need not have been read. Who did, elsewhere, meets another
    revision or no row at all, and decides again.
    """

    def __init__(self, database: Database) -> None:
        table = tables.push_token
        _, *key = (column.name for column in table.primary_key)
        members = table.c.holders
        number = bindparam("number", type_=Integer())
        among = _among(database, table, key)
        self._delete_last = database.prepare(delete(table).where(among, members <= number))
        self._subtract = database.prepare(
            update(table)
            .values({members.name: members - number, "revision": bindparam("of_revision", type_=BigInteger())})
            .where(among)
        )

    async def release(self, session: Session, app_id: str, keys: Iterable[Row]) -> None:
        """Takes one holder from each token, as often as its key comes."""
        by_number: dict[int, list[Row]] = {}
        for key, number in Counter(keys).items():
            by_number.setdefault(number, []).append(key)
        for number, some in sorted(by_number.items()):
            some.sort()
            gone = await session.execute(self._delete_last, some, of_app_id=app_id, number=number)
            if gone < len(some):  # others are left
                revision = random.getrandbits(63)
                left = await session.execute(
                    self._subtract, some, of_app_id=app_id, number=number, of_revision=revision
                )
                if left:  # somebody else may have taken the others meanwhile
                    await session.execute(self._delete_last, some, of_app_id=app_id, number=0)


def _window(known: int | None, now: datetime, time: int) -> int:
    """When the deletion window that covers now was opened (M2)."""
    return time if known is None else times.micros(billing.deletion_window(times.instant(known), now))


def _among(database: Database, table: Table, columns: Sequence[str]) -> ColumnElement[bool]:
    """That a row of the table is of the app and equals one of the given rows in these columns."""
    given = statements.given_rows(database, table, columns)
    return and_(table.c.app_id == _APP, database.engine.in_rows(table, given, {name: name for name in columns}))


def _insert(
    database: Database,
    table: Table,
    columns: Sequence[str],
    same: Mapping[str, TypeEngine[Any]],
    *,
    replace: bool = False,
) -> Prepared:
    """INSERT rows of the app with the given columns, the others the same in all; `replace`: what is there already."""
    common = {"app_id": _APP, **{name: bindparam(f"of_{name}", type_=type_) for name, type_ in same.items()}}
    conflict = statements.replacing(table, [*common, *columns]) if replace else None
    return statements.insert_given(database, table, columns, common, conflict)
