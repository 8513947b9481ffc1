"""The rows that a statement is executed with reach the database as they are, whatever is in them."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, SmallInteger, Text, select

from profile_grpc.store import SqlStore
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
