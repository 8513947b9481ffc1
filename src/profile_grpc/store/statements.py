"""The kinds of statement that work on many rows at once. Built when the store opens, executed with values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, FromClause, Table, Text, and_, delete, select, text, update
from sqlalchemy.types import TypeEngine

from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared, RowColumn

SEEN = "seen"
"""The column of given rows with the revision that a stored row must still have."""


def lookup(
    database: Database, table: Table, by: Sequence[str], columns: Sequence[str], *where: ColumnElement[bool]
) -> Prepared:
    """SELECT columns of every row whose key columns `by` are given."""
    given = _given(database, table, by)
    found = given.join(table, and_(_equal(table, given, by), *where))
    return database.prepare(select(*(table.c[name] for name in columns)).select_from(found))


def insert_new(database: Database, table: Table) -> Prepared:
    """INSERT the given rows, all columns in order; a row that is there already is not counted."""
    statement = database.engine.insert(table).from_select(*_source(database, table))
    return database.prepare(database.engine.only_new(statement))


def upsert(database: Database, table: Table, *, adds: Sequence[str] = ()) -> Prepared:
    """INSERT the given rows; where one is there, add its columns `adds`, or else replace all but the key."""
    statement = database.engine.insert(table).from_select(*_source(database, table))
    key = [column.name for column in table.primary_key]
    changed: Mapping[str, ColumnElement[Any]] = (
        {name: table.c[name] + statement.excluded[name] for name in adds}
        if adds
        else {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    )
    return database.prepare(statement.on_conflict_do_update(index_elements=key, set_=dict(changed)))


def update_seen(database: Database, table: Table, columns: Sequence[str]) -> Prepared:
    """UPDATE columns of the given rows (key, columns, SEEN) whose stored revision is the one seen."""
    key = [column.name for column in table.primary_key]
    given = _given(database, table, [*key, *columns], seen=True)
    statement = (
        update(table)
        .values({name: given.c[name] for name in columns})
        .where(_equal(table, given, key), table.c.revision == given.c[SEEN])
    )
    return database.prepare(statement)


def delete_seen(database: Database, table: Table) -> Prepared:
    """DELETE the given rows (key, SEEN) whose stored revision is the one seen."""
    key = [column.name for column in table.primary_key]
    given = _given(database, table, key, seen=True)
    pairs = {name: name for name in key} | {"revision": SEEN}
    return database.prepare(delete(table).where(database.engine.in_rows(table, given, pairs)))


def delete_keys(database: Database, table: Table, *where: ColumnElement[bool]) -> Prepared:
    """DELETE the rows with the given keys of which the condition still holds."""
    key = [column.name for column in table.primary_key]
    given = _given(database, table, key)
    among = database.engine.in_rows(table, given, {name: name for name in key})
    return database.prepare(delete(table).where(among, *where))


def _source(database: Database, table: Table) -> tuple[list[str], Any]:
    names = [column.name for column in table.c]
    given = _given(database, table, names)
    # SQLite reads an ON that follows a SELECT without WHERE as a join's.
    return names, select(*(given.c[name] for name in names)).where(text("true"))


def _given(database: Database, table: Table, names: Sequence[str], *, seen: bool = False) -> FromClause:
    columns = [RowColumn(name, plain(table.c[name])) for name in names]
    return database.engine.rows([*columns, RowColumn(SEEN, BigInteger())] if seen else columns)


def plain(column: Column[Any]) -> TypeEngine[Any]:
    """The type of values that are compared with the column."""
    # A value has no collation; the column that it is compared with has.
    return Text() if isinstance(column.type, Text) else column.type


def _equal(table: Table, given: FromClause, names: Sequence[str]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == given.c[name] for name in names))
