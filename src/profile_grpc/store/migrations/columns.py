"""What migrations declare columns and indexes with. Released ones use it too: nothing here may change in effect."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text in the order of its bytes, as `tables.columns.text`."""


def keys(type_: "sa.types.TypeEngine[Any]", *names: str) -> "list[sa.Column[Any]]":
    """Columns of the primary key."""
    return [sa.Column(name, type_, primary_key=True, nullable=False, autoincrement=False) for name in names]


def required(type_: "sa.types.TypeEngine[Any]", *names: str) -> "list[sa.Column[Any]]":
    return [sa.Column(name, type_, nullable=False) for name in names]


def optional(type_: "sa.types.TypeEngine[Any]", *names: str) -> "list[sa.Column[Any]]":
    """Columns that may be NULL."""
    return [sa.Column(name, type_) for name in names]


def add(table: str, columns: "list[sa.Column[Any]]") -> None:
    """Adds the columns to a table that is there."""
    for column in columns:
        op.add_column(table, column)


def add_with_default(table: str, name: str, type_: "sa.types.TypeEngine[Any]", default: str) -> None:
    """Adds a column that older programs do not write; rows have the default."""
    op.add_column(table, sa.Column(name, type_, nullable=False, server_default=sa.literal_column(default)))


def index(name: str, table: str, columns: Sequence[str], where: str | None = None, *, unique: bool = False) -> None:
    """Creates an index of the rows that meet the condition, or of all."""
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
