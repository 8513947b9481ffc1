"""Every kind of row that the domain declares is declared to the store, once, and no command can write another."""

from typing import Any

from sqlalchemy import UniqueConstraint

from profile_grpc.domain import kinds as declared
from profile_grpc.store import kinds as stored
from profile_grpc.store import tables


def of(kind: Any) -> set[Any]:
    return {value for value in vars(declared).values() if isinstance(value, kind)}


def test_every_kind_has_one_declaration_in_the_store() -> None:
    for kind, found in (
        (declared.RowKind, [one.kind for one in stored.ROWS]),
        (declared.Selection | declared.NarrowedSelection, [one.selection for one in stored.SELECTIONS]),
        (declared.RecordKind, [one.kind for one in stored.RECORDS]),
        (declared.TallyKind, [one.kind for one in stored.TALLIES]),
    ):
        assert set(found) == of(kind)
        assert len(found) == len(set(found))


def test_every_table_of_a_kind_is_spread_by_a_column_of_its_unique_keys() -> None:
    spread = dict(tables.DISTRIBUTED)
    for table, column in spread.items():
        assert column in table.primary_key.columns
        unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
        assert all(column in one.columns for one in unique)
        assert all(column in index.columns for index in table.indexes if index.unique)
    written = {one.table for one in stored.ROWS} | {one.table for one in stored.RECORDS}
    assert written | {one.table for one in stored.TALLIES} <= spread.keys()


def test_a_row_is_read_from_the_columns_that_it_is_written_to() -> None:
    for one in stored.ROWS:
        assert set(one.columns) <= set(one.table.c.keys())
        for update in one.updates:
            assert set(update.columns) <= set(one.table.c.keys()) - set(one.table.primary_key.columns.keys())
            assert "revision" in update.columns
