"""The events of people: they are found, and their ids removed (C8, C9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from profile_grpc.domain.customers import CustomerEnd
from profile_grpc.domain.model import Event, EventType
from profile_grpc.service.person_events import Person
from profile_grpc.service.ports import Conflict
from profile_grpc.store import rows, statements, tables
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared, Row, deferred
from profile_grpc.store.events import PENDING_COLUMNS, of_tenant, read_pending
from profile_grpc.store.writing import write_all

_log, _pending, _head = tables.event_log, tables.event, tables.event_head
_IDS = ("user_id", "device_id", "customer_id")
_AT_ONCE = 20_000
"""Positions that one statement covers."""
_ATTEMPTS = 20
_WAYS: Mapping[str, tuple[tuple[str, ...], Callable[[Table], ColumnElement[bool]]]] = {
    "users": (("app_id", "user_id"), lambda table: not_(of_tenant(table))),
    "profiles": (("app_id", "user_id", "device_id"), lambda table: not_(of_tenant(table))),
    "linked": (("app_id", "customer_id"), lambda table: not_(of_tenant(table))),
    "customers": (("app_id", "customer_id"), of_tenant),
}
"""The columns by which each part of a `Person` finds events, and whose they are: the id of an app may be the id of
another tenant.
"""


class SqlPersonEvents:
    """The port `PersonEvents`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ways = {name: _Way(database, by, whose) for name, (by, whose) in _WAYS.items()}
        self._ends = [database.prepare(select(end(_log.c.position))) for end in (func.min, func.max)]
        self._take = statements.delete_keys(database, _pending)
        self._add = statements.insert_new(database, _pending)
        self._rows = rows.EventRows()
        self._merges = [
            statements.lookup(
                database,
                table,
                ["app_id"],
                ["customer_id"],
                table.c.type == bindparam("type", type_=Text()),
                table.c.reason == bindparam("reason", type_=Text()),
            )
            for table in (_log, _pending)
        ]
        self._forget = database.prepare(update(_head).values(erasures=_head.c.erasures + 1))

    async def find(self, person: Person) -> Sequence[Event]:
        """The person's events, oldest position first; those without a position last."""
        logged: dict[str, tuple[int, Event]] = {}
        waiting: dict[str, Event] = {}
        for way, given in self._given(person):
            for position, *rest in await self._database.fetch(way.find_logged, given):
                event_id, event = read_pending(rest)
                logged[event_id] = (position, event)
            for row in await self._database.fetch(way.find_pending, given):
                event_id, event = read_pending(row)
                waiting[event_id] = event
        ordered = [event for _, event in sorted(logged.values(), key=lambda one: one[0])]
        return [*ordered, *(event for event_id, event in waiting.items() if event_id not in logged)]

    async def erase(self, person: Person, *, keep_announcements: bool, keep_customer: str | None = None) -> int:
        """Removes the ids from the person's events, except from those that are kept.

        First from those without a position: whatever gets one later has no ids. Then from the log.
        """
        kept = EventType.ERASED.value if keep_announcements else ""
        erased = 0
        for way, given in self._given(person):
            erased += await self._erase_pending(way, given, kept, keep_customer)
            [[(first,)], [(last,)]] = [await self._database.fetch(end) for end in self._ends]
            if first is None or last is None:
                continue
            for after in range(first - 1, last, _AT_ONCE):
                erased += await self._database.execute(
                    way.erase_logged,
                    given,
                    kept=kept,
                    kept_customer=keep_customer,
                    after=after,
                    upto=after + _AT_ONCE,
                )
        return erased

    async def merged_customers(self, tenant_id: str) -> Collection[str]:
        """The ids of the tenant's customers of whose merge there is an event."""
        found = [
            await self._database.fetch(
                statement, [(tenant_id,)], type=EventType.CUSTOMER_DELETED.value, reason=CustomerEnd.MERGED.value
            )
            for statement in self._merges
        ]
        return {customer_id for rows_ in found for (customer_id,) in rows_ if customer_id}

    async def forget(self) -> None:
        """Has every process forget the events that it has in memory."""
        await self._database.execute(self._forget)

    async def _erase_pending(self, way: _Way, given: Sequence[Row], kept: str, kept_customer: str | None) -> int:
        """Replaces the events by others with new ids. So a sequencer that has read them, and is about to log them,
        finds them gone and reads again.
        """
        for _ in range(_ATTEMPTS):
            found = [read_pending(row) for row in await self._database.fetch(way.find_pending, given)]
            by_owner: defaultdict[str, list[tuple[str, Event]]] = defaultdict(list)
            for event_id, event in found:
                if event.type != kept and event.customer_id != kept_customer:
                    by_owner[event.owner].append((event_id, event))
            try:
                return sum([await self._replace(owner, some) for owner, some in sorted(by_owner.items())])
            except Conflict:
                continue  # they have got positions meanwhile
        raise Conflict("events keep changing")

    async def _replace(self, owner: str, some: Sequence[tuple[str, Event]]) -> int:
        emptied = [self._rows.values(event._replace(user_id="", device_id="", customer_id="")) for _, event in some]
        async with self._database.transaction() as session:
            await write_all(session, self._take, [(owner, event_id) for event_id, _ in some], _pending.name)
            await write_all(session, self._add, emptied, _pending.name)
        return len(some)

    def _given(self, person: Person) -> Sequence[tuple[_Way, Sequence[Row]]]:
        return [
            (way, sorted({tuple(one) for one in asked}))
            for name, way in self._ways.items()
            if (asked := getattr(person, name))
        ]


class _Way:
    """The statements that find events by these columns."""

    def __init__(self, database: Database, by: Sequence[str], whose: Callable[[Table], ColumnElement[bool]]) -> None:
        after, upto = bindparam("after", type_=BigInteger()), bindparam("upto", type_=BigInteger())
        logged = ["position", "app_id", "event_id", *PENDING_COLUMNS[2:]]
        self.find_logged = statements.lookup(database, _log, by, logged, whose(_log))
        self.find_pending = statements.lookup(database, _pending, by, PENDING_COLUMNS, whose(_pending))
        self.erase_logged = _erase(database, by, _log.c.position > after, _log.c.position <= upto, whose(_log))


@deferred
def _erase(database: Database, by: Sequence[str], *where: ColumnElement[bool]) -> Prepared:
    """UPDATE the log: removes the ids of the given people."""
    given = statements.given_rows(database, _log, by)
    among = database.engine.in_rows(_log, given, {name: name for name in by})
    empty: ColumnElement[str] = literal_column("''")
    statement = (
        update(_log)
        .values(dict.fromkeys(_IDS, empty))
        .where(
            among,
            statements.routed(database, _log, by),
            *where,
            _log.c.type != bindparam("kept", type_=Text()),
            _log.c.customer_id.is_distinct_from(bindparam("kept_customer", type_=Text())),
            or_(*(_log.c[name] != empty for name in _IDS)),
        )
    )
    return database.prepare(statement)
