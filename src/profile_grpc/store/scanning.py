"""Reads profiles in windows: a limited number in the order of an index, of which those are answered that fit.

A condition that few profiles fulfil must not decide how the table is read: an engine that expects few rows collects and
sorts all of an app's profiles for every page. A window has a plan that depends on the order of keys alone, and bounds
what one statement reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
)

from profile_grpc.service.ports import Cursor
from profile_grpc.store import tables
from profile_grpc.store.engine import Found, Query

Position: TypeAlias = tuple[ColumnElement[Any], ColumnElement[Any]]

WINDOW = 2000
"""Profiles that one statement reads."""
_EMPTY: ColumnElement[str] = literal_column("''")


def sorted_position() -> Position:
    """The key, where the rows are found by something else and are few: they are sorted.

    With plain columns an engine might scan all of the app's profiles by the primary key, which has this order.
    """
    profile = tables.profile
    return profile.c.user_id.concat(_EMPTY), profile.c.device_id.concat(_EMPTY)


def after(position: Position, value: Callable[[str], ColumnElement[Any]] = bindparam) -> ColumnElement[bool]:
    """The condition that a row comes after the cursor (values after_user_id, after_device_id)."""
    return tuple_(*position) > tuple_(value("after_user_id"), value("after_device_id"))


def fitting(
    window: Query, columns: Callable[[FromClause], Sequence[ColumnElement[Any]]], fits: Callable[[FromClause], Any]
) -> Query:
    """SELECT the columns of the profiles of the window that fit, then a row that tells how far the window goes.

    The window selects at least the key. The last row has the key of the window's last profile in its first two columns
    and, in its last one, how many profiles the window has; that column is 0 in the others. Without profiles, there is
    no such row.
    """
    seen = window.cte("seen")
    found = [seen.c.user_id, seen.c.device_id, *columns(seen)]
    named = [column.label(f"found_{number}") for number, column in enumerate(found)]
    matching = select(*named, literal_column("0", BigInteger()).label("number")).where(fits(seen))
    size = select(func.count()).select_from(seen).scalar_subquery()
    end = (
        select(
            seen.c.user_id,
            seen.c.device_id,
            *[_nothing(column).label(column.name) for column in named[2:]],
            size.label("number"),
        )
        .order_by(seen.c.user_id.desc(), seen.c.device_id.desc())
        .limit(literal_column("1"))
        .subquery()
    )
    return select(union_all(matching, select(end)).subquery("answered"))


def _nothing(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """NULL of the column's type. A type in a cast has no collation."""
    return cast(null(), Text() if isinstance(column.type, Text) else column.type)


def read(found: Sequence[Found], limit: int) -> tuple[Sequence[Found], Cursor | None]:
    """The rows that fit, in the order of keys, and where the window ends (None: these are the last)."""
    rows = [row for row in found if not row[-1]]
    rows.sort(key=_KEY)
    end = next(((row[0], row[1]) for row in reversed(found) if row[-1] == limit), None)
    return rows, end


_KEY = itemgetter(0, 1)
