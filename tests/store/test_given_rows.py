"""The rows that a statement is executed with reach the database as they are, whatever is in them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, SmallInteger, Text, select

from profile_grpc.service.ports import DataRefused
from profile_grpc.store import SqlStore, statements, tables
from profile_grpc.store.engine import Row, RowColumn

COLUMNS = [
    RowColumn("required", Text()),
    RowColumn("optional", Text()),
    RowColumn("large", BigInteger()),
    RowColumn("small", SmallInteger()),
    RowColumn("flag", Boolean()),
]
ODD = [
    "",
    "None",
    "NULL",
    "{}",
    '{""}',
    "\x1e",
    "\x1f",
    "a\x1fb",
    "\x1e\x1f",
    '"',
    "\\",
    ",",
    " ",
    "é",
    "\n",
    "0",
    "{a,b}",
]
texts = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
rows = st.tuples(
    texts,
    st.none() | texts,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**15), 2**15 - 1),
    st.booleans(),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=st.lists(rows, min_size=1, max_size=4))
async def test_every_value_arrives(store: SqlStore, given_rows: list[Row]) -> None:
    database = store._database
    table = database.engine.rows(COLUMNS)
    statement = database.prepare(select(*(table.c[column.name] for column in COLUMNS)))
    assert [tuple(row) for row in await database.fetch(statement, given_rows)] == given_rows


NAMES = ("app_id", "import_id", "start_time", "revision")
MANY = 300
"""More rows than the text of one statement has, in portions of several sizes."""


def imports(*names: str) -> list[Row]:
    return [("shop", name, -(2**63) + number, number) for number, name in enumerate(names)]


async def test_every_value_is_written(store: SqlStore) -> None:
    database, table = store._database, tables.import_start
    given_rows = imports(*ODD, *[f"import {n}" for n in range(MANY)])
    assert await database.execute(statements.insert_new(database, table), given_rows) == len(given_rows)
    read = statements.lookup(database, table, ["app_id"], NAMES)
    assert sorted(map(tuple, await database.fetch(read, [("shop",)]))) == sorted(given_rows)


async def test_rows_that_are_written_are_counted_in_every_portion(store: SqlStore) -> None:
    database, table = store._database, tables.import_start
    given_rows = imports(*[f"import {n}" for n in range(MANY)])
    insert = statements.insert_new(database, table)
    assert await database.execute(insert, given_rows[::3]) == MANY // 3
    assert await database.execute(insert, given_rows) == MANY - MANY // 3
    update = statements.update_seen(database, table, ("start_time", "revision"))
    changed = [(app_id, name, number, -number, number % 7) for app_id, name, _, number in given_rows]
    assert await database.execute(update, changed) == 7
    assert await database.execute(statements.delete_keys(database, table), [row[:2] for row in given_rows]) == MANY


async def test_no_row_is_written_of_those_with_a_character_that_no_database_takes(store: SqlStore) -> None:
    database, table = store._database, tables.import_start
    with pytest.raises(DataRefused):
        await database.execute(statements.insert_new(database, table), imports("good", "bad\0", "good too"))
    assert await database.fetch(statements.lookup(database, table, ["app_id"], NAMES), [("shop",)]) == []
