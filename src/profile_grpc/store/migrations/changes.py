"""Changes of tables that migrations make. Released ones use it too: nothing here may change in effect."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def add(table: str, *columns: "sa.Column[Any]") -> None:
    """Adds columns to a table that is there."""
    for column in columns:
        op.add_column(table, column)


def index(name: str, table: str, columns: Sequence[str], where: str | None = None, *, unique: bool = False) -> None:
    """Creates an index of the rows that meet the condition, or of all."""
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
