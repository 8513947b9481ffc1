"""Events: those that changes left, and the log of those that have a position (E3): see docs/adr/0050.

`event_head` is the state of the log. `allocated`: the last position that any event may have. `published`: the last one
that readers may see; every event up to it is in the log. `oldest`: events after it are kept. `epoch`: the number of the
one sequencer that may write; the conditional updates of other sequencers match no row.

On one server, allocating, logging and publishing are one transaction, and `allocated` equals `published`: two
statements move the events, and no event passes through this process. On a cluster the head is on the coordinator, the
events are on the shards of their apps, and a commit on two nodes is not visible on both at the same time. So these are
three steps there, and `apps` keeps the apps concerned from the first step to the last.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from profile_grpc.domain.events import ERASED_CUSTOMER, OF_TENANT, Event, EventType
from profile_grpc.service.event_ports import BATCH, Assigned, EventHead, LoggedEvent, PendingEvent
from profile_grpc.service.ports import Conflict
from profile_grpc.store import parameters, rows, statements, tables, times
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Found, Insert, Prepared, Query, Returning, Row, deferred
from profile_grpc.store.shards import Shards
from profile_grpc.store.tasks import to_the_end
from profile_grpc.store.writing import write_all

NO_EPOCH: Final = "0" * 16
"""The name of the epoch before the first sequencer, in which nothing is published."""
_HEAD: Final = 1
"""The id of the one row of `event_head`."""
_PURGED_AT_ONCE = 5000
"""Positions that one transaction deletes."""
PENDING_COLUMNS = ("app_id", "id", "time", "type", "user_id", "device_id", "reason", "customer_id", "version")
_HEAD_COLUMNS = ("epoch", "epoch_id", "published", "oldest", "erasures", "allocated", "apps")
_QUEUE_ORDER = ("app_id", "user_id", "device_id", "version", "id")
"""The order in which events leave the queue: of each profile the lowest versions first. There is an index of it."""
_LOGGED = ("position", "event_id", "app_id", "time", "type", "user_id", "device_id", "reason", "customer_id", "version")


class EventWriter:
    """Writes events to the queue of those that wait for a position."""

    def __init__(self, database: Database) -> None:
        self._rows = rows.EventRows()
        self._insert = statements.insert_new(database, tables.event)

    async def write(self, session: Session, events: Sequence[Event]) -> None:
        await write_all(session, self._insert, list(map(self._rows.values, events)), "event")


class SqlEvents:
    """The port `EventStore`."""

    def __init__(self, database: Database, shards: Shards) -> None:
        self._database = database
        self._shards = shards
        self._positions = _Positions(database)
        self._writer = EventWriter(database)
        prepare = database.prepare
        log, epoch = tables.event_log, tables.event_epoch
        after, upto = parameters.number("after"), parameters.number("upto")
        within = (log.c.position > after, log.c.position <= upto)
        logged = [log.c[name] for name in _LOGGED]
        self._read = prepare(select(*logged).where(*within).order_by(log.c.position))
        self._read_of_apps = statements.lookup(database, log, ["app_id"], _LOGGED, *within)
        self._epoch = prepare(select(epoch.c.epoch).where(epoch.c.epoch_id == parameters.text("epoch_id")))
        self._next_epoch = prepare(select(func.min(epoch.c.begin)).where(epoch.c.epoch > bindparam("epoch")))
        since = log.c.position_time >= parameters.number("time")
        self._first_since = prepare(select(func.min(log.c.position)).where(since))
        self._first = prepare(select(func.min(log.c.position)))
        self._purge = prepare(delete(log).where(log.c.position <= upto))
        self._last_time = prepare(select(func.max(log.c.position_time)))
        self._stamp = prepare(
            update(log)
            .values(position_time=parameters.number("now"))
            .where(log.c.position_time > parameters.number("ahead"))
        )
        head = tables.event_head
        self._raise_oldest = prepare(update(head).values(oldest=upto).where(head.c.id == _HEAD, head.c.oldest < upto))
        last = select(func.max(epoch.c.epoch)).where(epoch.c.begin < upto).scalar_subquery()
        self._purge_epochs = prepare(delete(epoch).where(epoch.c.epoch < last))

    async def head(self) -> EventHead:
        return await self._positions.head()

    async def add(self, event: Event) -> None:
        async with self._database.transaction() as session:
            await self._writer.write(session, [event])

    async def take_over(self, epoch_id: str) -> EventHead:
        return await self._positions.take_over(epoch_id)

    async def pending(self, limit: int) -> Sequence[PendingEvent]:
        """Up to `limit` events without a position; of each profile those of the lowest versions, in their order."""
        return await self._positions.pending(limit)

    async def assign(self, head: EventHead, now: datetime, limit: int = BATCH) -> Assigned:
        """To up to `limit` events (at most BATCH)."""
        if not self._database.engine.is_spread:
            return await self._positions.at_once(head, now, limit)
        events = in_order(await self.pending(limit))
        if not events:
            return Assigned(head, 0)
        by_shard: defaultdict[int, set[str]] = defaultdict(set)
        for event in events:
            by_shard[await self._shards.of(event.event.owner)].add(event.event.owner)
        after = await self._positions.by_shard(head, events, now, list(by_shard.values()))
        return Assigned(after, len(events), min(one.event.time for one in events))

    async def read(self, after: int, upto: int, app_ids: Collection[str] | None = None) -> Sequence[LoggedEvent]:
        if app_ids is None:
            found = await self._database.fetch(self._read, after=after, upto=upto)
        else:
            asked = [(app_id,) for app_id in sorted(app_ids)]
            found = await self._database.fetch(self._read_of_apps, asked, after=after, upto=upto) if asked else []
        return sorted(map(_read_logged, found))

    async def end_of_epoch(self, epoch_id: str) -> int | None:
        if epoch_id == NO_EPOCH:
            return 0
        found = await self._database.fetch(self._epoch, epoch_id=epoch_id)
        if not found:
            return None
        [(end,)] = await self._database.fetch(self._next_epoch, epoch=found[0][0])
        return (await self.head()).published if end is None else int(end)

    async def first_since(self, time: datetime) -> int | None:
        [(position,)] = await self._database.fetch(self._first_since, time=times.micros(time))
        return None if position is None else int(position)

    async def purge(self, before: datetime, now: datetime, ahead: datetime) -> int:
        """Readers learn from `oldest` that events went, which is committed before any of them goes."""
        [(last,)] = await self._database.fetch(self._last_time)
        if last is None:
            return 0
        if last > times.micros(ahead):
            await self._database.execute(self._stamp, now=times.micros(now), ahead=times.micros(ahead))
        kept = await self.first_since(before)
        upto = (await self.head()).published if kept is None else kept - 1
        await self._database.execute(self._raise_oldest, upto=upto)
        await self._database.execute(self._purge_epochs, upto=upto)
        purged = 0
        while True:
            [(first,)] = await self._database.fetch(self._first)
            if first is None or first > upto:
                return purged
            purged += await self._database.execute(self._purge, upto=min(first + _PURGED_AT_ONCE, upto))


class _Positions:
    """Assigns positions to events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        prepare = database.prepare
        event, head = tables.event, tables.event_head
        self._head = prepare(select(*(head.c[name] for name in _HEAD_COLUMNS)).where(head.c.id == _HEAD))
        waiting = _waiting("time").subquery("waiting")
        self._pending = prepare(_waiting(*PENDING_COLUMNS))
        self._number = prepare(select(func.count(), func.min(waiting.c.time)))
        self._log_waiting = _log_waiting(database)
        self._take_logged = _take_logged(database)
        mine = (head.c.id == _HEAD, head.c.epoch == parameters.number("of_epoch"))
        to = parameters.number("to")
        since = parameters.number("since")
        unchanged = (*mine, head.c.allocated == since, head.c.published == since)
        self._advance = prepare(update(head).values(allocated=to, published=to).where(*unchanged))
        self._allocate = prepare(update(head).values(allocated=to, apps=parameters.text("of_apps")).where(*unchanged))
        self._publish = prepare(update(head).values(published=to, apps="").where(*mine, head.c.allocated == to))
        self._begin = prepare(
            update(head)
            .values(epoch=parameters.number("to_epoch"), epoch_id=parameters.text("to_id"))
            .where(*mine, head.c.allocated == to)
        )
        self._add_head = statements.insert_new(database, head)
        self._add_epoch = statements.insert_new(database, tables.event_epoch)
        self._log = statements.insert_new(database, tables.event_log)
        self._take = statements.delete_keys(database, event)
        self._fence = _fence(database)

    async def head(self) -> EventHead:
        (head, _, _) = await self._state()
        return head

    async def _state(self) -> tuple[EventHead, int, Sequence[str]]:
        """The head, the last allocated position, and the apps whose events may have got positions after the head."""
        found = await self._database.fetch(self._head)
        if not found:
            return EventHead(0, NO_EPOCH, 0, 0), 0, []
        [(epoch, epoch_id, published, oldest, erasures, allocated, apps)] = found
        return EventHead(epoch, epoch_id, published, oldest, erasures), allocated, json.loads(apps) if apps else []

    async def take_over(self, epoch_id: str) -> EventHead:
        before, allocated, apps = await self._state()
        if before.epoch == NO_EPOCH:
            await self._database.execute(self._add_head, [(_HEAD, 0, NO_EPOCH, 0, 0, 0, "", 0)])
        epoch = before.number + 1
        async with self._database.transaction() as session:
            await session.limit_idle()
            values = {"of_epoch": before.number, "to": allocated, "to_epoch": epoch, "to_id": epoch_id}
            await _move_head(session, self._begin, **values)
            await write_all(session, self._add_epoch, [(epoch, epoch_id, allocated)], "event_epoch")
        if allocated > before.published:
            # The previous sequencer can allocate no more positions. From here on, shard by shard, it cannot log those
            # that it has either. Then the log up to them is final.
            for app_id in apps:
                async with self._database.transaction() as session:
                    await self._hold(session, [app_id], epoch)
            await _move_head(self._database, self._publish, of_epoch=epoch, to=allocated)
        return EventHead(epoch, epoch_id, allocated, before.oldest, before.erasures)

    async def pending(self, limit: int) -> Sequence[PendingEvent]:
        return [read_pending(row) for row in await self._database.fetch(self._pending, limit=limit)]

    async def at_once(self, head: EventHead, now: datetime, limit: int) -> Assigned:
        """In one transaction, of one server."""
        [(number, oldest)] = await self._database.fetch(self._number, limit=limit)
        if not number:
            return Assigned(head, 0)
        to = head.published + number

        async def move(session: Session) -> None:
            await session.limit_idle()
            # First: whoever comes second waits here, and then finds the row changed.
            await _move_head(session, self._advance, of_epoch=head.number, since=head.published, to=to)
            await self._move_waiting(session, head.published, to, now)

        async with self._database.transaction() as session:
            await to_the_end(session.together(move))
        return Assigned(head._replace(published=to), number, times.instant(oldest))

    async def by_shard(
        self, head: EventHead, events: Sequence[PendingEvent], now: datetime, shards: Sequence[Collection[str]]
    ) -> EventHead:
        """In three steps, of which the second is one transaction for each shard (each: the apps that it holds)."""
        to = head.published + len(events)
        apps = json.dumps(sorted(app_id for some in shards for app_id in some))
        values = {"of_epoch": head.number, "since": head.published, "to": to, "of_apps": apps}
        await _move_head(self._database, self._allocate, **values)
        numbered = list(enumerate(events, head.published + 1))
        for app_ids in shards:
            async with self._database.transaction() as session:
                await self._hold(session, sorted(app_ids), head.number)
                await self._move(session, [one for one in numbered if one[1].event.owner in app_ids], now)
        await _move_head(self._database, self._publish, of_epoch=head.number, to=to)
        return head._replace(published=to)

    async def _hold(self, session: Session, app_ids: Sequence[str], epoch: int) -> None:
        """Refuses earlier sequencers on the shard of these apps, or finds out that this one is an earlier one."""
        await session.limit_idle()
        await write_all(session, self._fence, [(app_id, epoch) for app_id in app_ids], "event_fence")

    async def _move_waiting(self, session: Session, after: int, upto: int, now: datetime) -> None:
        """Moves the first events of the queue to these positions of the log: all, or with Conflict none."""
        number = upto - after
        logged = await session.execute(self._log_waiting, limit=number, after=after, now=times.micros(now))
        # An erasure replaces events: one that was logged is then missing here (`SqlPersonEvents.erase`).
        taken = await session.execute(self._take_logged, after=after, upto=upto)
        if logged != number or taken != number:
            raise Conflict("events of the queue have changed")

    async def _move(self, session: Session, numbered: Iterable[tuple[int, PendingEvent]], now: datetime) -> None:
        """Takes events out of the queue and logs them with these positions: all, or with Conflict none."""
        given, taken, time = [], [], times.micros(now)
        for position, (event_id, event) in numbered:
            given.append(_logged_values(position, time, event_id, event))
            taken.append((event.owner, event_id))
        await write_all(session, self._take, taken, "event")
        await write_all(session, self._log, given, "event_log")


async def _move_head(writer: Session | Database, change: Prepared, **values: object) -> None:
    if not await writer.execute(change, **values):
        raise Conflict("another sequencer has taken over")


def in_order(found: Sequence[PendingEvent]) -> Sequence[PendingEvent]:
    """The events in the order in which they get positions (E3).

    They are sorted by time, but the events of one profile or customer stay in the order of versions, even if clocks
    disagree. `found` must have the events of each profile and customer in that order.
    """
    latest: dict[tuple[str, ...], datetime] = {}
    keyed = []
    for number, one in enumerate(found):
        event = one.event
        key = (event.owner, event.user_id, event.device_id, event.customer_id if event.tenant_id else "")
        latest[key] = max(event.time, latest.get(key, event.time))
        keyed.append((latest[key], number, one))
    return [one for _, _, one in sorted(keyed)]


def _waiting(*names: str) -> Query:
    """SELECT columns of the first events of the queue, up to `limit`."""
    event = tables.event
    order = [event.c[name] for name in _QUEUE_ORDER]
    return select(*(event.c[name] for name in names)).order_by(*order).limit(parameters.LIMIT)


@deferred
def _log_waiting(database: Database) -> Prepared:
    """INSERT the first `limit` events of the queue into the log, at the positions after `after`, as `in_order`."""
    log = tables.event_log
    first = _waiting(*PENDING_COLUMNS).subquery("first")
    customer = case((of_tenant(first), first.c.customer_id), else_=literal_column("''"))
    latest = func.max(first.c.time).over(
        partition_by=(first.c.app_id, first.c.user_id, first.c.device_id, customer),
        order_by=(first.c.version, first.c.id),
    )
    timed = select(first, latest.label("latest")).subquery("timed")
    number = func.row_number().over(order_by=(timed.c.latest, *(timed.c[name] for name in _QUEUE_ORDER)))
    values: dict[str, ColumnElement[Any]] = {
        "position": parameters.number("after") + number,
        "event_id": timed.c.id,
        "position_time": parameters.number("now"),
    }
    names = log.c.keys()
    columns = [values[name] if name in values else timed.c[name] for name in names]
    return database.prepare(database.engine.insert(log).from_select(names, select(*columns)))


@deferred
def _take_logged(database: Database) -> Prepared:
    """DELETE the events of the queue that are in the log, at the positions from `after` (exclusive) to `upto`."""
    event, log = tables.event, tables.event_log
    after, upto = parameters.number("after"), parameters.number("upto")
    # The limit lets PostgreSQL expect few rows, and look each of them up.
    logged = select(log.c.app_id, log.c.event_id).where(log.c.position > after, log.c.position <= upto)
    few = logged.limit(literal_column(str(BATCH))).subquery("logged")
    among = database.engine.in_rows(event, few, {"app_id": "app_id", "id": "event_id"})
    return database.prepare(delete(event).where(among))


def _fence(database: Database) -> Prepared:
    """Stores the number of a sequencer for the given apps, unless a later one is stored."""
    fence = tables.event_fence

    def unless_later(statement: Insert) -> Insert | Returning:
        newer = statement.on_conflict_do_update(
            index_elements=["app_id"],
            set_={"epoch": statement.excluded.epoch},
            where=fence.c.epoch <= statement.excluded.epoch,
        )
        return database.engine.counted(newer)

    return statements.insert_given(database, fence, unless_later)


def _logged_values(position: int, time: int, event_id: str, e: Event) -> Row:
    return (
        position,
        e.owner,
        event_id,
        time,
        times.micros(e.time),
        str(e.type),
        e.user_id,
        e.device_id,
        e.customer_id,
        e.reason,
        e.version,
    )


def _read_logged(row: Found) -> LoggedEvent:
    position, event_id, *event = row
    return LoggedEvent(position, event_id, _read_event(*event))


def read_pending(row: Found) -> PendingEvent:
    """The event of the columns PENDING_COLUMNS."""
    app_id, event_id, *event = row
    return PendingEvent(event_id, _read_event(app_id, *event))


_TYPES = {type_.value: type_ for type_ in EventType}


def _read_event(
    owner: str,
    time: int,
    what: str,
    user_id: str,
    device_id: str,
    reason: str,
    customer_id: str,
    version: int,
) -> Event:
    # A newer program may have left a type that this one does not know: it passes through as it is.
    type_ = _TYPES.get(what, cast("EventType", what))
    app_id, tenant_id = ("", owner) if _is_of_tenant(type_, reason) else (owner, "")
    return Event(type_, app_id, times.instant(time), user_id, device_id, reason, customer_id, version, tenant_id)


def _is_of_tenant(type_: EventType, reason: str) -> bool:
    """Whether the event belongs to a tenant: then the column `app_id`, which decides its shard, has the tenant's id."""
    return type_ in OF_TENANT or (type_ is EventType.ERASED and reason == ERASED_CUSTOMER)


def of_tenant(table: FromClause) -> ColumnElement[bool]:
    """The condition that an event in the table belongs to a tenant."""
    types = [table.c.type == literal_column(f"'{type_.value}'") for type_ in sorted(OF_TENANT)]
    announced = and_(
        table.c.type == literal_column(f"'{EventType.ERASED.value}'"),
        table.c.reason == literal_column(f"'{ERASED_CUSTOMER}'"),
    )
    return or_(*types, announced)
