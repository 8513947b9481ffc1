"""Recipients: the profiles that can be reached, read in pages in the order of keys (T1-T6)."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    SmallInteger,
    and_,
    bindparam,
    case,
    literal_column,
    not_,
    or_,
    select,
)

from profile_grpc.domain.filtering.of_customers import Parts, parts_of
from profile_grpc.domain.model import (
    Channel,
    Platform,
    ProfileKey,
    ProfileStatus,
    PushEndpoint,
    PushPermission,
    UserState,
)
from profile_grpc.domain.reach import Audience, Customers, Everyone, Reachable, Reached, Recipient, Target, Users
from profile_grpc.service.recipient_ports import Place, RecipientPage
from profile_grpc.store import few_users, filtering, scanning, tables
from profile_grpc.store.customers import SqlCustomers
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Found, Prepared, Query, Row
from profile_grpc.store.few_users import FewUsers
from profile_grpc.store.json_columns import read_live, read_reached
from profile_grpc.store.lru_cache import LruCache
from profile_grpc.store.shards import Shards
from profile_grpc.store.statements import given_rows
from profile_grpc.store.times import micros

COUNTED = 4000
"""Profiles of a page that is only counted."""
_IDS = 1000
"""Users of one statement. Their profiles are in the order of keys; those of customers are not, and are sorted."""
_SCANS = 2
"""Pages of everyone that are read at a time: they must leave connections to other calls."""
_SHAPES = 256
_NEVER = -(2**62)
"""Before every time."""

_profile = tables.profile
_CUSTOMER, _TRUTHS = 4, 8
"""Columns of a row that is found."""
_PLATFORMS = {platform.value: platform for platform in Platform}
_USER_STATES = {state.value: state for state in UserState}


class SqlRecipients:
    """The port `RecipientStore`."""

    def __init__(self, database: Database, shards: Shards, customers: SqlCustomers) -> None:
        self._database = database
        self._few_users = FewUsers(database, shards)
        self._customers = customers
        self._statements = LruCache[tuple[Any, ...], Prepared](_SHAPES)
        self._scans = asyncio.Semaphore(_SCANS)

    async def page(self, audience: Audience, bounds: Reachable, after: Place | None, size: int) -> RecipientPage:
        """The recipients among the next `size` profiles."""
        found, place = await self._read(audience, bounds, after, size)
        return RecipientPage(_recipients(audience, found), place)

    async def counted(
        self, audience: Audience, bounds: Reachable, after: Place | None
    ) -> tuple[Sequence[tuple[Reached, int]], Place | None]:
        """What is counted of the recipients after this place, and how many are alike."""
        found, place = await self._read(audience, bounds, after, COUNTED)
        alike = Counter([(row[2], read_reached(row[7], audience.purpose)) for row in found])
        push = audience.channel is Channel.PUSH
        return [
            (Reached(_PLATFORMS[platform], endpoints), number)
            for (platform, endpoints), number in alike.items()
            if endpoints or not push
        ], place

    async def _read(
        self, audience: Audience, bounds: Reachable, after: Place | None, limit: int
    ) -> tuple[Sequence[Found], Place | None]:
        """Rows that fulfil every condition but those on endpoints, and where to go on."""
        target = audience.target
        if isinstance(target, Users):
            return await self._of_users(audience, target, bounds, after, limit)
        given = [(customer,) for customer in target.ids] if isinstance(target, Customers) else []
        return await self._fetch(audience, bounds, after, limit, given)

    async def _of_users(
        self, audience: Audience, target: Users, bounds: Reachable, after: Place | None, limit: int
    ) -> tuple[Sequence[Found], Place | None]:
        """Reads the users that are left, some at a time."""
        begin = bisect_left(target.ids, after[0]) if after else 0
        some = target.ids[begin : begin + _IDS]
        if not some:
            return [], None
        found, place = await self._fetch(audience, bounds, after, limit, [(user,) for user in some])
        left = target.ids[begin + _IDS :]
        return found, place or ((left[0], "") if left else None)

    async def _fetch(
        self, audience: Audience, bounds: Reachable, after: Place | None, limit: int, given: Sequence[Row]
    ) -> tuple[Sequence[Found], Place | None]:
        wanted = parts_of(audience.filter) if audience.filter else filtering.NO_FILTER
        statement = self._statement(audience, wanted, limit, is_first=after is None)
        values: dict[str, object] = {
            "app_id": audience.app_id,
            "heard": micros(bounds.heard),
            "registered": _NEVER if bounds.registered is None else micros(bounds.registered),
            "channel": 1 << audience.channel,
            **filtering.bound(wanted, self._database.engine),
        }
        if after is not None:
            values |= {"after_user_id": after[0], "after_device_id": after[1]}
        if isinstance(audience.target, Everyone):
            async with self._scans:
                return await self._window(audience, statement, given, values, limit)
        return await self._window(audience, statement, given, values, limit)

    async def _window(
        self, audience: Audience, statement: Prepared, given: Sequence[Row], values: dict[str, object], limit: int
    ) -> tuple[Sequence[Found], Place | None]:
        users = [str(user) for (user,) in given] if isinstance(audience.target, Users) else []
        shared: Sequence[Found] | None = None
        if 0 < len(users) <= few_users.FEW and "after_user_id" not in values:
            shared = await self._few_users.read(audience.app_id, few_users.Asked(statement, limit, values, users))
        if shared is None:
            found, place = scanning.read(await self._database.fetch(statement, given, **values), limit)
        else:
            found, place = shared, None
        if audience.filter is not None:
            found = await self._customers.fitting(audience.filter, found, _CUSTOMER, _TRUTHS)
        return found, place

    def _statement(self, audience: Audience, wanted: Parts, limit: int, *, is_first: bool) -> Prepared:
        push, kind = audience.channel is Channel.PUSH, type(audience.target)
        shape = (push, kind, limit, is_first, filtering.shape(wanted))
        return self._statements.get(
            shape, lambda: self._database.prepare(self._query(kind, wanted, limit, push=push, is_first=is_first))
        )

    def _query(self, target: type[Target], wanted: Parts, limit: int, *, push: bool, is_first: bool) -> Query:
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
                filtering.truths(wanted, engine, seen),
            ]

        window = _window(self._database, target, wanted, is_first=is_first)
        # The limit is part of the text: if PostgreSQL does not know it, it may sort all profiles of the app.
        return scanning.fitting(window.limit(literal_column(str(limit))), columns, fits)


def _window(database: Database, target: type[Target], wanted: Parts, *, is_first: bool) -> Query:
    """The profiles of the target, in the order of keys."""
    more = filtering.indexed(wanted.needed) if target is Everyone else {}
    conditions = [_profile.c.app_id == bindparam("app_id"), *more.values()]
    source: Any = _profile
    position: scanning.Position = (_profile.c.user_id, _profile.c.device_id)
    if target is not Everyone:
        by = "user_id" if target is Users else "customer_id"
        given = given_rows(database, _profile, [by])
        source = given.join(_profile, _profile.c[by] == given.c[by])
    if target is not Everyone or filtering.SORTED.intersection(more):
        position = scanning.sorted_position()
    if target is Customers or "customer_id" in more:
        conditions.append(tables.HAS_CUSTOMER)
    if not is_first:
        conditions.append(scanning.after(position))
    read = dict.fromkeys(["user_id", "device_id", *_READ, *filtering.READ])
    return select(*(_profile.c[name] for name in read)).select_from(source).where(*conditions).order_by(*position)


_READ = ("status", "channels", "push_superseded")
"""Columns that T1 reads, and no filter."""


def _reach(seen: FromClause, *, push: bool) -> list[ColumnElement[bool]]:
    """T1 and P9, but for the states of endpoints."""
    heard, registered = (bindparam(name, type_=BigInteger()) for name in ("heard", "registered"))
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


def _recipients(audience: Audience, found: Sequence[Found]) -> Sequence[Recipient]:
    app_id, purpose = audience.app_id, audience.purpose
    if audience.channel is not Channel.PUSH:
        return [_recipient(app_id, row, ()) for row in found]
    return [_recipient(app_id, row, endpoints) for row in found if (endpoints := read_live(row[7], purpose))]


def _recipient(app_id: str, row: Found, endpoints: tuple[PushEndpoint, ...]) -> Recipient:
    user_id, device_id, platform, user_state, customer_id, language, time_zone, *_ = row
    return Recipient(
        ProfileKey(app_id, user_id, device_id),
        endpoints,
        _PLATFORMS[platform],
        _USER_STATES[user_state],
        customer_id,
        language,
        time_zone,
    )
