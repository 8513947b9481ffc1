"""The kinds of statement that process many rows at once. They are built at the first use and executed only with
values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.types import TypeEngine

from profile_grpc.store.database import Database
from profile_grpc.store.engine import Insert, Prepared, Query, Returning, RowColumn, deferred
from profile_grpc.store.tables import distributed_by

_Values: TypeAlias = Mapping[str, ColumnElement[Any]] | ReadOnlyColumnCollection[str, Any]

SEEN = "seen"
"""The column of given rows with the revision that a stored row must still have."""


@deferred
def lookup(
    database: Database,
    table: Table,
    by: Sequence[str],
    columns: Sequence[str],
    *where: ColumnElement[bool],
    limit: int | None = None,
) -> Prepared:
    """SELECT columns of every row whose columns `by` equal a given row; `limit`: the maximum number of rows."""
    every = select(*(table.c[name] for name in columns))
    many = every.select_from(of_given(database, table, by, *where))
    one = every.where(_equal(table, values_of_row(table, by), by), *where)
    if limit is not None:
        # Part of the text: if PostgreSQL does not know the limit, it assumes a small one and scans whole tables.
        many, one = (form.limit(literal_column(str(limit))) for form in (many, one))
    return database.engine.prepare_given(many, one)


@deferred
def first_and_last(database: Database, table: Table, by: Sequence[str], column: str) -> Prepared:
    """SELECT the given keys with the smallest and the largest value of the column, which follows `by` in an index."""
    given = given_rows(database, table, by)
    ends = (
        select(end(table.c[column]))
        .where(_equal(table, given.c, by), routed(database, table, by))
        .correlate(given)
        .scalar_subquery()
        for end in (func.min, func.max)
    )
    row = values_of_row(table, by)
    one = select(*row.values(), func.min(table.c[column]), func.max(table.c[column])).where(_equal(table, row, by))
    return database.engine.prepare_given(select(*(given.c[name] for name in by), *ends), one)


@deferred
def count_up_to(
    database: Database, table: Table, by: Sequence[str], limit: int, *where: ColumnElement[bool]
) -> Prepared:
    """SELECT the given keys with the number of their rows, counted up to `limit`."""
    given = given_rows(database, table, by)
    of_key = and_(_equal(table, given.c, by), routed(database, table, by), *where)
    some: Query = select(literal_column("1").label("one")).where(of_key).correlate(given)
    counted = some.limit(literal_column(str(limit))).subquery("some")
    number = select(func.count()).select_from(counted).scalar_subquery()
    return database.prepare(select(*(given.c[name] for name in by), number))


def insert_new(database: Database, table: Table) -> Prepared:
    """INSERT the given rows, all columns in order. Existing rows are skipped and not counted."""
    return insert_given(database, table, database.engine.only_new)


def upsert(database: Database, table: Table, *, adds: Sequence[str] = ()) -> Prepared:
    """INSERT the given rows. If a row exists, add to its columns `adds`; without `adds`, replace all columns but the
    key.
    """
    names, key = table.c.keys(), key_of(table)

    def replace(statement: Insert) -> Insert:
        changed: dict[str, ColumnElement[Any]] = (
            {name: table.c[name] + statement.excluded[name] for name in adds}
            if adds
            else {name: statement.excluded[name] for name in names if name not in key}
        )
        return statement.on_conflict_do_update(index_elements=key, set_=changed)

    return insert_given(database, table, replace)


@deferred
def insert_given(database: Database, table: Table, conflict: Callable[[Insert], Insert | Returning]) -> Prepared:
    """INSERT the given rows, all columns in order. `conflict` defines what happens to existing rows."""
    names = table.c.keys()
    given = given_rows(database, table, names)
    insert = database.engine.insert(table)
    # SQLite parses an ON after a SELECT without WHERE as the ON of a join.
    source = select(*(given.c[name] for name in names)).where(text("true"))
    many, one = insert.from_select(names, source), insert.values(values_of_row(table, names))
    return database.engine.prepare_insert(conflict(many), conflict(one))


@deferred
def update_seen(database: Database, table: Table, columns: Sequence[str]) -> Prepared:
    """UPDATE columns of the given rows (key, columns, SEEN) whose stored revision equals SEEN."""
    key = key_of(table)
    given = given_rows(database, table, [*key, *columns], seen=True)
    row = values_of_row(table, [*key, *columns], seen=True)
    many, one = (
        update(table)
        .values({name: values[name] for name in columns})
        .where(_equal(table, values, key), table.c.revision == values[SEEN])
        for values in (given.c, row)
    )
    return database.engine.prepare_given(many.where(routed(database, table, key)), one)


@deferred
def delete_keys(database: Database, table: Table, *where: ColumnElement[bool], seen: bool = False) -> Prepared:
    """DELETE the rows with the given keys for which the condition still holds.

    `seen`: the given rows have SEEN after the key, and the stored revision must equal it.
    """
    key = key_of(table)
    given, row = given_rows(database, table, key, seen=seen), values_of_row(table, key, seen=seen)
    pairs = {name: name for name in key} | ({"revision": SEEN} if seen else {})
    many = delete(table).where(database.engine.in_rows(table, given, pairs), routed(database, table, key))
    one = delete(table).where(*(table.c[name] == row[of_row] for name, of_row in pairs.items()))
    return database.engine.prepare_given(many.where(*where), one.where(*where))


def key_of(table: Table) -> list[str]:
    """The columns of the primary key."""
    return table.primary_key.c.keys()


def given_rows(database: Database, table: Table, names: Sequence[str], *, seen: bool = False) -> FromClause:
    """The given rows, as a table with these columns."""
    columns = [RowColumn(name, plain(table.c[name])) for name in names]
    return database.engine.rows([*columns, RowColumn(SEEN, BigInteger())] if seen else columns)


def of_given(database: Database, table: Table, by: Sequence[str], *where: ColumnElement[bool]) -> FromClause:
    """The rows of the table whose columns `by` equal a given row."""
    given = given_rows(database, table, by)
    return given.join(table, and_(_equal(table, given.c, by), routed(database, table, by), *where))


def values_of_row(table: Table, names: Sequence[str], *, seen: bool = False) -> Mapping[str, ColumnElement[Any]]:
    """The values of these columns in a statement for one row."""
    types = {name: plain(table.c[name]) for name in names} | ({SEEN: BigInteger()} if seen else {})
    return {name: bindparam(f"column_{n}", type_=type_) for n, (name, type_) in enumerate(types.items())}


def routed(database: Database, table: Table, names: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a row is on the shard of some given row. Citus then uses only these shards."""
    column = distributed_by(table)
    if column is None or column not in names:
        return true()
    return database.engine.among(table.c[column], list(names).index(column))


def plain(column: Column[Any]) -> TypeEngine[Any]:
    """The type of a value that is compared with the column."""
    # A value has no collation; the column has one.
    return Text() if isinstance(column.type, Text) else column.type


def _equal(table: Table, values: _Values, names: Sequence[str]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == values[name] for name in names))
