"""What the declarations of tables are made of: kinds of columns, indexes, and marks for a whole table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Index, MetaData, Table, Text
from sqlalchemy import literal_column as literal
from sqlalchemy.types import TypeEngine

metadata = MetaData()

DISTRIBUTION = "distribution"
KEPT = "kept"
SEALED = "sealed"

# Each table declares its distribution on a Citus cluster. All rows of an app are on one shard, and so are all rows of a
# tenant. So every commit takes place on one node. The distribution column is part of every unique key.
OF_APP = {DISTRIBUTION: "app_id"}
OF_TENANT = {DISTRIBUTION: "tenant_id"}
# On the coordinator only, through which every statement passes. These tables stay available if another node fails, and
# a change of them commits on one node too.
ON_COORDINATOR = {DISTRIBUTION: None}
# The rows of an app are deleted with it, in one transaction. In a table with this mark they are not: they go with the
# app's profiles, or once their retention is over.
KEPT_AFTER_APP = {KEPT: True}

# On SQLite, a row of few columns is stored in the tree of its primary key: one tree to search and write instead of two.
IN_THE_KEY = False


def sealed(name: str) -> Column[Any]:
    """A secret that `Vault.seal` has encrypted for its row: `row_of` the table and its primary key (K2).

    `credential reseal` and `doctor` find every such column by this declaration. A column may hold public texts too.
    """
    return Column(name, Text(), nullable=False, info={SEALED: True})


def index(
    name: str, table: Table, *columns: str, where: ColumnElement[bool] | None = None, unique: bool = False
) -> Index:
    """An index of the rows that meet the condition, or of all."""
    indexed = [table.c[column] for column in columns]
    return Index(name, *indexed, unique=unique, sqlite_where=where, postgresql_where=where)


# What follows declares the columns of released migrations too: it must not change in effect.

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its bytes, on each engine: SQLite's default, on PostgreSQL the collation "C".

A collation of the operating system is slower and may change with an upgrade, which silently breaks indexes.
"""


def keys(type_: TypeEngine[Any], *names: str) -> list[Column[Any]]:
    """Columns of the primary key."""
    return [Column(name, type_, primary_key=True, nullable=False, autoincrement=False) for name in names]


def required(type_: TypeEngine[Any], *names: str) -> list[Column[Any]]:
    return [Column(name, type_, nullable=False) for name in names]


def optional(type_: TypeEngine[Any], *names: str) -> list[Column[Any]]:
    """Columns that may be NULL."""
    return [Column(name, type_) for name in names]


def added(name: str, type_: TypeEngine[Any], default: str) -> Column[Any]:
    """A column that older programs do not write: rows of theirs have the default."""
    return Column(name, type_, nullable=False, server_default=literal(default))
