"""Reads pages of profiles. Callers that ask for like pages at about the same time share a statement: docs/adr/0070."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, select, true

from profile_grpc.domain.profile import Profile
from profile_grpc.store import parameters, rows, scanning, statements, tables
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Prepared, Query, RowColumn
from profile_grpc.store.filtering import SORTED
from profile_grpc.store.shards import Shards
from profile_grpc.store.sharing import SharedByShard, read_alike

_PAGES = 16
"""Pages that may share a connection. All of them wait for the largest."""
_AFTER = "after_"
"""Before a column's name: the value after which a page begins."""


class _Page(NamedTuple):
    """A page to read."""

    names: tuple[str, ...]
    """The columns that are given values, in the order of `ProfileFilter`."""
    limit: int
    values: tuple[object, ...]


class Pages:
    """Pages of the profiles whose columns have given values."""

    def __init__(self, database: Database, shards: Shards) -> None:
        self._database = database
        self._reads = SharedByShard(shards, self._read, batch=_PAGES)
        self._one: dict[tuple[str, ...], Prepared] = {}
        self._several: dict[tuple[str, ...], Prepared] = {}

    async def read(self, app_id: str, values: Mapping[str, object], limit: int) -> Sequence[Profile]:
        """Up to `limit` profiles, in the order of their keys.

        Args:
            app_id: their app, which `values` begin with.
            values: the columns that have given values; `after_user_id` and `after_device_id`: where the page begins.
            limit: the maximum number.

        Raises:
            StoreError.
        """
        page = _Page(tuple(values), limit, tuple(values.values()))
        return await self._reads.fetch(app_id, page)

    async def _read(self, pages: Sequence[_Page]) -> Sequence[Sequence[Profile]]:
        return await read_alike(self._database, pages, lambda page: (page.names, page.limit), self._fetch)

    async def _fetch(self, session: Session, pages: Sequence[_Page]) -> Sequence[Sequence[Profile]]:
        """Pages of the same columns and limit."""
        if len(pages) == 1 or not self._database.engine.has_lateral:
            return [await self._fetch_one(session, page) for page in pages]
        given = [(*page.values, number) for number, page in enumerate(pages)]
        statement = self.statement_of_several(pages[0].names)
        answers: list[list[Profile]] = [[] for _ in pages]
        for row in await session.fetch(statement, given, limit=pages[0].limit):
            answers[row[-1]].append(rows.read_profile(row[:-1]))
        for answer in answers:
            answer.sort(key=_key)  # which no statement promises for the rows of a join; they come in order
        return answers

    async def _fetch_one(self, session: Session, page: _Page) -> Sequence[Profile]:
        values = dict(zip(page.names, page.values, strict=True))
        found = await session.fetch(self.statement(page.names), **values, limit=page.limit)
        return [rows.read_profile(row) for row in found]

    def statement(self, names: tuple[str, ...]) -> Prepared:
        """One page. A statement for each set of columns: an engine then chooses the index that fits it."""
        if names not in self._one:
            self._one[names] = self._database.prepare(_page(names, bindparam))
        return self._one[names]

    def statement_of_several(self, names: tuple[str, ...]) -> Prepared:
        """A page for each given row: the values and the number of the page, which is the last column of the answer."""
        if names not in self._several:
            self._several[names] = self._database.prepare(self._join(names))
        return self._several[names]

    def _join(self, names: tuple[str, ...]) -> Query:
        columns = [RowColumn(name, statements.plain(tables.profile.c[name.removeprefix(_AFTER)])) for name in names]
        given = self._database.engine.rows([*columns, RowColumn("number", BigInteger())])
        page = _page(names, lambda name: given.c[name])
        routed = page.where(statements.routed(self._database, tables.profile, names)).lateral("page")
        return select(*routed.c, given.c.number).select_from(given.join(routed, true()))


def listed(
    names: tuple[str, ...],
    columns: Sequence[ColumnElement[Any]],
    more: Mapping[str, ColumnElement[bool]],
    value: Callable[[str], ColumnElement[Any]] = bindparam,
) -> Query:
    """SELECT columns of the profiles whose columns `names` equal values, in the order of their keys.

    Args:
        names: the columns, perhaps with `after_user_id` and `after_device_id`.
        columns: what is read.
        more: further conditions, by the column that an index finds them by.
        value: the value of a name of `names`.
    """
    profile = tables.profile
    filters = [*[profile.c[name] == value(name) for name in names if name in profile.c], *more.values()]
    if "customer_id" in names or "customer_id" in more:
        filters.append(tables.HAS_CUSTOMER)
    position: scanning.Position = (profile.c.user_id, profile.c.device_id)
    if {"device_id", "customer_id"}.intersection(names) or SORTED.intersection(more):
        position = scanning.sorted_position()
    if f"{_AFTER}user_id" in names:
        filters.append(scanning.after(position, value))
    return select(*columns).where(*filters).order_by(*position)


def _page(names: tuple[str, ...], value: Callable[[str], ColumnElement[Any]]) -> Query:
    columns = [tables.profile.c[name] for name in rows.READ]
    return listed(names, columns, {}, value).limit(parameters.LIMIT)


def _key(profile: Profile) -> tuple[str, str]:
    return profile.key.user_id, profile.key.device_id
