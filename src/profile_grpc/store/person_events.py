"""The events of people: they are found, and their ids removed (C8, C9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from sqlalchemy import ColumnElement, Table, and_, literal_column, not_, select, tuple_, update

from profile_grpc.domain.customers import CustomerEnd
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.service.customer_ports import Person
from profile_grpc.service.ports import Conflict
from profile_grpc.store import parameters, rows, statements, tables
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared, Row, deferred
from profile_grpc.store.events import PENDING_COLUMNS, of_tenant, read_pending
from profile_grpc.store.writing import write_all

_log, _pending, _head = tables.event_log, tables.event, tables.event_head
_IDS = ("user_id", "device_id", "customer_id")
_KEY = ("app_id", "user_id", "device_id")
_EMPTY: ColumnElement[str] = literal_column("''")
_AT_ONCE = 1000
"""Events of one transaction."""
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
        self._empty = _empty(database)
        self._take = statements.delete_keys(database, _pending)
        self._add = statements.insert_new(database, _pending)
        self._rows = rows.EventRows()
        self._merges = [
            statements.lookup(
                database,
                table,
                ["app_id"],
                ["customer_id"],
                _has_id(table, ["customer_id"]),
                table.c.type == parameters.text("type"),
                table.c.reason == parameters.text("reason"),
            )
            for table in (_log, _pending)
        ]
        self._forget = database.prepare(update(_head).values(erasures=_head.c.erasures + 1))

    async def find(self, person: Person, limit: int) -> Sequence[Event]:
        logged: dict[str, tuple[int, Event]] = {}
        waiting: dict[str, Event] = {}
        for way, given in self._given(person):
            for position, *rest in await self._database.fetch(way.find_logged, given, limit=limit):
                event_id, event = read_pending(rest)
                logged[event_id] = (position, event)
            for row in await self._database.fetch(way.find_pending, given, limit=limit):
                event_id, event = read_pending(row)
                waiting[event_id] = event
        ordered = [event for _, event in sorted(logged.values(), key=lambda one: one[0])]
        return [*ordered, *(event for event_id, event in waiting.items() if event_id not in logged)][:limit]

    async def keys(self, person: Person, after: ProfileKey | None, limit: int) -> Sequence[ProfileKey]:
        names = ("after_app_id", "after_user_id", "after_device_id")
        place = dict(zip(names, after or ("", "", ""), strict=True))
        found: set[ProfileKey] = set()
        for way, given in self._given(person):
            for statement in way.keys:
                rows_ = await self._database.fetch(statement, given, limit=limit, **place)
                found |= {ProfileKey(*row) for row in rows_}
        return sorted(found)[:limit]

    async def announcements(self, person: Person) -> Sequence[Event]:
        found: dict[str, Event] = {}
        for way, given in self._given(person):
            for statement in way.announcements:
                found |= dict(map(read_pending, await self._database.fetch(statement, given)))
        return list(found.values())

    async def erase(self, person: Person, *, keep_announcements: bool, keep_customer: str | None = None) -> int:
        """First from those without a position: whatever gets one later has no ids. Then from the log."""
        kept = {"kept": EventType.ERASED.value if keep_announcements else "", "kept_customer": keep_customer}
        erased = 0
        for way, given in self._given(person):
            erased += await self._erase_pending(way, given, kept)
            while found := await self._database.fetch(way.positions, given, limit=_AT_ONCE, **kept):
                erased += await self._database.execute(self._empty, [tuple(one) for one in found])
        return erased

    async def merged_customers(self, tenant_id: str) -> Collection[str]:
        found = [
            await self._database.fetch(
                statement, [(tenant_id,)], type=EventType.CUSTOMER_DELETED.value, reason=CustomerEnd.MERGED.value
            )
            for statement in self._merges
        ]
        return {customer_id for rows_ in found for (customer_id,) in rows_ if customer_id}

    async def forget(self) -> None:
        await self._database.execute(self._forget)

    async def _erase_pending(self, way: _Way, given: Sequence[Row], kept: Mapping[str, str | None]) -> int:
        """Replaces the events by others with new ids. So a sequencer that has read them, and is about to log them,
        finds them gone and reads again.
        """
        erased = attempts = 0
        while found := await self._database.fetch(way.unkept_pending, given, limit=_AT_ONCE, **kept):
            by_owner: defaultdict[str, list[tuple[str, Event]]] = defaultdict(list)
            for event_id, event in map(read_pending, found):
                by_owner[event.owner].append((event_id, event))
            try:
                for owner, some in sorted(by_owner.items()):
                    erased += await self._replace(owner, some)
            except Conflict:  # they have got positions meanwhile
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise
        return erased

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
        find = partial(_find, database, by, whose)
        logged = ["position", "app_id", "event_id", *PENDING_COLUMNS[2:]]
        self.find_logged = find(_log, logged, order=("position",))
        self.find_pending = find(_pending, PENDING_COLUMNS, order=PENDING_COLUMNS[:2])
        self.positions = find(_log, ["position", "app_id"], _unkept(_log))
        self.unkept_pending = find(_pending, PENDING_COLUMNS, _unkept(_pending))
        self.keys = [find(table, _KEY, _after(table), order=_KEY, distinct=True) for table in (_log, _pending)]
        announced = f"'{EventType.ERASED.value}'"
        self.announcements = [
            statements.lookup(
                database,
                table,
                by,
                columns,
                whose(table),
                _has_id(table, by),
                table.c.type == literal_column(announced),
            )
            for table, columns in ((_log, logged[1:]), (_pending, PENDING_COLUMNS))
        ]


@deferred
def _find(
    database: Database,
    by: Sequence[str],
    whose: Callable[[Table], ColumnElement[bool]],
    table: Table,
    columns: Sequence[str],
    *where: ColumnElement[bool],
    order: Sequence[str] = (),
    distinct: bool = False,
) -> Prepared:
    """SELECT up to `limit` events of given people."""
    found = statements.of_given(database, table, by, whose(table), _has_id(table, by))
    statement = select(*(table.c[name] for name in columns)).select_from(found).where(*where)
    if distinct:
        statement = statement.distinct()
    ordered = statement.order_by(*(table.c[name] for name in order))
    return database.prepare(ordered.limit(parameters.LIMIT))


def _has_id(table: Table, by: Sequence[str]) -> ColumnElement[bool]:
    """The condition of the index that is used."""
    return table.c["user_id" if "user_id" in by else "customer_id"] != _EMPTY


def _unkept(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.type != parameters.text("kept"),
        table.c.customer_id.is_distinct_from(parameters.text("kept_customer")),
    )


def _after(table: Table) -> ColumnElement[bool]:
    """Events that name a profile, after a key."""
    place = tuple_(*(parameters.text(f"after_{name}") for name in _KEY))
    return and_(table.c.device_id != _EMPTY, tuple_(*(table.c[name] for name in _KEY)) > place)


@deferred
def _empty(database: Database) -> Prepared:
    """UPDATE the log: removes the ids at the given positions."""
    key = ["position", "app_id"]
    given = statements.given_rows(database, _log, key)
    among = database.engine.in_rows(_log, given, {name: name for name in key})
    statement = update(_log).values(dict.fromkeys(_IDS, _EMPTY)).where(among, statements.routed(database, _log, key))
    return database.prepare(statement)
