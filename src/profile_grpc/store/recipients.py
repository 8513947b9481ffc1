"""Recipients: the profiles that can be reached, read in pages in the order of keys (T1-T6)."""

from __future__ import annotations

import asyncio
import enum
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, FromClause, SmallInteger, and_, bindparam, case, literal_column, not_, or_, select

from profile_grpc.domain.filtering.of_customers import Parts, parts_of
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel, Platform, ProfileStatus, PushPermission, UserState
from profile_grpc.domain.reach import Audience, Customers, Reachable, Reached, Recipient, Users
from profile_grpc.service.ports import Cursor, RecipientPage
from profile_grpc.store import few_users, filtering, parameters, scanning, tables
from profile_grpc.store.customers import SqlCustomers
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Found, Prepared, Query, Row
from profile_grpc.store.json_columns import read_live, read_reached
from profile_grpc.store.lru_cache import LruCache
from profile_grpc.store.shards import Shards
from profile_grpc.store.statements import of_given
from profile_grpc.store.times import micros

COUNTED = 4000
"""Profiles of a page that is only counted."""
_IDS = 1000
"""Users of one statement. Their profiles are in the order of keys; those of customers are not, and are sorted."""
_KEYS = 20_000
"""Keys of customers' profiles that are read ahead: with less, all of their profiles are sorted more often."""
_SCANS = 2
"""Pages of everyone that are read at a time: they must leave connections to other calls."""
_SHAPES = 256
_NEVER = -(2**62)
"""Before every time."""

_profile = tables.profile
_PLATFORM, _CUSTOMER, _ENDPOINTS, _TRUTHS = 2, 4, 7, 8
"""Columns of a row that is found. Only a filter that asks for customers has truths."""
_PLATFORMS = {platform.value: platform for platform in Platform}
_USER_STATES = {state.value: state for state in UserState}


class Among(enum.Enum):
    """The profiles of the app that a statement reads, in the order of keys."""

    EVERYONE = enum.auto()
    USERS = enum.auto()
    """Those of the given users: all of them are read and sorted."""
    USER = enum.auto()
    """Those of one user, as far as they are answered: there may be very many."""
    CUSTOMERS = enum.auto()
    """Those that are linked with the given customers, sorted as those of users."""
    KEYS = enum.auto()
    """Those with the given keys."""


class SqlRecipients:
    """The port `RecipientStore`."""

    def __init__(self, database: Database, shards: Shards, customers: SqlCustomers) -> None:
        self._database = database
        self._few_users = few_users.reads_of_few_users(database, shards)
        self._customers = customers
        self._statements = LruCache[tuple[Any, ...], Prepared](_SHAPES)
        self._scans = asyncio.Semaphore(_SCANS)

    def reader(self, audience: Audience) -> SqlReader:
        return SqlReader(self, audience)

    async def read(self, reading: _Reading, after: Cursor | None, ahead: _Ahead) -> _Rows:
        """Rows that fulfil every condition but those on endpoints, and where to go on."""
        target = reading.audience.target
        if isinstance(target, Users):
            return await self._of_users(reading, target, after)
        if isinstance(target, Customers):
            return await self._of_customers(reading, target, after, ahead)
        async with self._scans:
            return await self._fetch(reading, Among.EVERYONE, after)

    async def _of_customers(self, reading: _Reading, target: Customers, after: Cursor | None, ahead: _Ahead) -> _Rows:
        """All profiles of the customers are sorted for the first page, which is often the last one, and then for the
        keys of many pages at once: docs/adr/0101.
        """
        given = [(customer,) for customer in target.ids]
        if after is None:
            return await self._fetch(reading, Among.CUSTOMERS, None, given)
        if not ahead.keys:
            values = {"app_id": reading.audience.app_id, "after_user_id": after[0], "after_device_id": after[1]}
            statement = self._statements.get((_KEYS,), lambda: self._database.prepare(self._keys()))
            ahead.keys.extend(
                [(user, device) for user, device in await self._database.fetch(statement, given, **values)]
            )
            ahead.is_last = len(ahead.keys) < _KEYS
        keys = [ahead.keys.popleft() for _ in range(min(reading.limit, len(ahead.keys)))]
        if not keys:
            return [], None
        found, _ = await self._fetch(reading, Among.KEYS, None, keys)
        linked = set(target.ids)  # a profile may have another customer by now
        left = bool(ahead.keys) or not ahead.is_last
        return [row for row in found if row[_CUSTOMER] in linked], keys[-1] if left else None

    def _keys(self) -> Query:
        """The keys of the profiles of the given customers after the cursor."""
        position = scanning.sorted_position()
        return (
            select(_profile.c.user_id, _profile.c.device_id)
            .select_from(of_given(self._database, _profile, ["customer_id"]))
            .where(_profile.c.app_id == bindparam("app_id"), tables.HAS_CUSTOMER, scanning.after(position))
            .order_by(*position)
            .limit(literal_column(str(_KEYS)))
        )

    async def _of_users(self, reading: _Reading, target: Users, after: Cursor | None) -> _Rows:
        """Reads the users that are left, some at a time. If the cursor has a device, first the rest of its user."""
        users = target.ids[bisect_left(target.ids, after[0]) if after else 0 :]
        rest = after if after is not None and after[1] and users[:1] == (after[0],) else None
        found: Sequence[Found] = []
        if rest is None and 0 < len(users) <= few_users.FEW:
            shared = await self._shared(reading, users)
            if shared is not None:
                return shared, None
        if rest is not None or len(users) == 1:
            found, cursor = await self._fetch(reading, Among.USER, rest, user_id=users[0])
            users = users[1:]
            if cursor is not None or not users:
                return found, cursor or _begin(users)
        more, cursor = await self._fetch(reading, Among.USERS, None, [(user,) for user in users[:_IDS]])
        return [*found, *more], cursor or _begin(users[_IDS:])

    async def _shared(self, reading: _Reading, users: Sequence[str]) -> Sequence[Found] | None:
        """The rows of a few users; None: they may be more than the limit."""
        statement, alone = (self._statement(reading, among, is_first=True) for among in (Among.USERS, Among.USER))
        asked = few_users.Asked(statement, alone, reading.limit, self._values(reading), users)
        found = await self._few_users.fetch(reading.audience.app_id, asked)
        return found if found is None else await self._fitting(reading, found)

    async def _fetch(
        self, reading: _Reading, among: Among, after: Cursor | None, given: Sequence[Row] = (), **values: object
    ) -> _Rows:
        """The profiles after the cursor, or from the first one on."""
        if after is not None:
            values |= {"after_user_id": after[0], "after_device_id": after[1]}
        statement = self._statement(reading, among, is_first=after is None)
        rows = await self._database.fetch(statement, given, **self._values(reading), **values)
        found, cursor = scanning.read(rows, reading.limit)
        return await self._fitting(reading, found), cursor

    async def _fitting(self, reading: _Reading, found: Sequence[Found]) -> Sequence[Found]:
        """The rows that fit the filter when their customers are judged, too."""
        wanted = reading.audience.filter
        return found if wanted is None else await self._customers.fitting(wanted, found, _CUSTOMER, _TRUTHS)

    def _values(self, reading: _Reading) -> dict[str, object]:
        audience, bounds = reading.audience, reading.bounds
        return {
            "app_id": audience.app_id,
            "heard": micros(bounds.heard),
            "registered": _NEVER if bounds.registered is None else micros(bounds.registered),
            "channel": 1 << audience.channel,
            **filtering.bound(reading.wanted, self._database.engine),
        }

    def _statement(self, reading: _Reading, among: Among, *, is_first: bool) -> Prepared:
        wanted, limit = reading.wanted, reading.limit

        def make() -> Prepared:
            push = reading.audience.channel is Channel.PUSH
            return self._database.prepare(self._query(among, wanted, limit, push=push, is_first=is_first))

        return self._statements.get((among.name, is_first, reading.shape), make)

    def _query(self, among: Among, wanted: Parts, limit: int, *, push: bool, is_first: bool) -> Query:
        engine = self._database.engine

        def fits(seen: FromClause) -> ColumnElement[bool]:
            return and_(*_reach(seen, push=push), filtering.condition(wanted, engine, seen))

        def columns(seen: FromClause) -> Sequence[ColumnElement[Any]]:
            # The column has only the key of the language. Without a language, the attributes are not read.
            language = engine.json_member(seen.c.attributes, "language")
            return [
                seen.c.platform,
                seen.c.user_state,
                seen.c.customer_id,
                case((seen.c.language.is_not(None), language)),
                seen.c.time_zone,
                seen.c.push_endpoints,
                *([filtering.truths(wanted, engine, seen)] if wanted.own else []),
            ]

        window = _window(self._database, among, wanted, is_first=is_first)
        # The limit is part of the text: if PostgreSQL does not know it, it may sort all profiles of the app.
        return scanning.fitting(window.limit(literal_column(str(limit))), columns, fits)


class SqlReader:
    """The port `RecipientReader`."""

    def __init__(self, recipients: SqlRecipients, audience: Audience) -> None:
        self._recipients = recipients
        self._audience = audience
        self._ahead = _Ahead()

    async def page(self, bounds: Reachable, after: Cursor | None, size: int) -> RecipientPage:
        found, cursor = await self._recipients.read(_reading(self._audience, bounds, size), after, self._ahead)
        return RecipientPage(list(_recipients(self._audience, found)), cursor)

    async def counted(
        self, bounds: Reachable, after: Cursor | None
    ) -> tuple[Sequence[tuple[Reached, int]], Cursor | None]:
        audience = self._audience
        found, cursor = await self._recipients.read(_reading(audience, bounds, COUNTED), after, self._ahead)
        purpose = audience.purpose.value
        alike = Counter([(row[_PLATFORM], read_reached(row[_ENDPOINTS], purpose)) for row in found])
        push = audience.channel is Channel.PUSH
        return [
            (Reached(_PLATFORMS[platform], endpoints), number)
            for (platform, endpoints), number in alike.items()
            if endpoints or not push
        ], cursor


_Rows: TypeAlias = tuple[Sequence[Found], Cursor | None]
"""The rows of a page, and its cursor if others may follow."""


@dataclass(slots=True)
class _Ahead:
    """Keys of customers' profiles, read for the next pages."""

    keys: deque[Cursor] = field(default_factory=deque)
    is_last: bool = False
    """No others follow."""


class _Reading(NamedTuple):
    """What is read of an audience."""

    audience: Audience
    bounds: Reachable
    limit: int
    """Profiles of a window."""
    wanted: Parts
    """The filter."""
    shape: tuple[Any, ...]
    """Readings of one shape have the same statements."""


def _reading(audience: Audience, bounds: Reachable, limit: int) -> _Reading:
    wanted = parts_of(audience.filter) if audience.filter else filtering.NO_FILTER
    shape = (audience.channel is Channel.PUSH, limit, filtering.shape(wanted))
    return _Reading(audience, bounds, limit, wanted, shape)


def _begin(users: Sequence[str]) -> Cursor | None:
    """The cursor before these users."""
    return (users[0], "") if users else None


def _window(database: Database, among: Among, wanted: Parts, *, is_first: bool) -> Query:
    """The profiles, in the order of keys."""
    everyone = among is Among.EVERYONE
    more = filtering.indexed(wanted.needed) if everyone else {}
    conditions = [_profile.c.app_id == bindparam("app_id"), *more.values()]
    source: Any = _profile
    position: scanning.Position = (_profile.c.user_id, _profile.c.device_id)
    if among is Among.USER:
        conditions.append(_profile.c.user_id == bindparam("user_id"))
    elif not everyone:
        source = of_given(database, _profile, _GIVEN[among])
    if among in _GIVEN or filtering.SORTED.intersection(more):
        position = scanning.sorted_position()
    if among is Among.CUSTOMERS or "customer_id" in more:
        conditions.append(tables.HAS_CUSTOMER)
    if not is_first:
        # Of one user, PostgreSQL would not begin at a pair.
        device = _profile.c.device_id > bindparam("after_device_id")
        conditions.append(device if among is Among.USER else scanning.after(position))
    read = dict.fromkeys(["user_id", "device_id", *_READ, *filtering.READ])
    return select(*(_profile.c[name] for name in read)).select_from(source).where(*conditions).order_by(*position)


_GIVEN = {Among.USERS: ("user_id",), Among.CUSTOMERS: ("customer_id",), Among.KEYS: ("user_id", "device_id")}
"""The columns whose values are given."""
_READ = ("status", "channels", "push_superseded")
"""Columns that T1 reads, and no filter."""


def _reach(seen: FromClause, *, push: bool) -> list[ColumnElement[bool]]:
    """T1 and P9, but for the states of endpoints."""
    heard, registered = (parameters.number(name) for name in ("heard", "registered"))
    active: ColumnElement[int] = literal_column(str(ProfileStatus.ACTIVE.value))
    conditions: list[ColumnElement[bool]] = [
        seen.c.status == active,
        seen.c.channels.bitwise_and(bindparam("channel", type_=SmallInteger())) != literal_column("0"),
        case(
            (seen.c.last_heartbeat_time.is_(None), seen.c.register_time >= registered),
            else_=seen.c.last_heartbeat_time >= heard,
        ),
    ]
    if not push:
        current: ColumnElement[int] = literal_column(str(UserState.ACTIVE.value))
        return [*conditions, seen.c.user_state == current]
    denied: ColumnElement[int] = literal_column(str(PushPermission.DENIED.value))
    return [
        *conditions,
        or_(seen.c.push_permission.is_(None), seen.c.push_permission != denied),
        seen.c.push_endpoints.is_not(None),
        not_(seen.c.push_superseded),
    ]


def _recipients(audience: Audience, found: Sequence[Found]) -> Iterator[Recipient]:
    """This runs for every recipient of a campaign."""
    app_id, purpose, push = audience.app_id, audience.purpose.value, audience.channel is Channel.PUSH
    for row in found:
        user_id, device_id, platform, state, customer_id, language, time_zone, text = row[:_TRUTHS]
        endpoints = read_live(text, purpose) if push else ()
        if endpoints or not push:
            key = ProfileKey(app_id, user_id, device_id)
            yield Recipient(key, endpoints, _PLATFORMS[platform], _USER_STATES[state], customer_id, language, time_zone)
