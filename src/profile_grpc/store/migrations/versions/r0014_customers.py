"""Customers of tenants, their schema, and what remains of deleted ones (C1, C2, C7).

Older programs can use it: they do not look at these tables, and pass the events of customers through.

Revision ID: 0014
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
oldest_program = "0013"


def upgrade() -> None:
    """Creates `customer`, `customer_schema` and `customer_tombstone`, and counts erasures."""
    op.create_table(
        "customer",
        _key("tenant_id"),
        _key("customer_id"),
        *_required(sa.BigInteger(), "create_time", "update_time"),
        sa.Column("name", sa.Text()),
        sa.Column("email", _text()),
        sa.Column("msisdn", _text()),
        sa.Column("attributes", sa.Text()),
        *_required(sa.BigInteger(), "schema_version", "version", "revision"),
    )
    _partial_index("customer_email", "customer", "email")
    _partial_index("customer_msisdn", "customer", "msisdn")
    op.create_table(
        "customer_schema",
        _key("tenant_id"),
        *_required(sa.BigInteger(), "version"),
        *_required(sa.Text(), "attributes"),
        sa.Column("update_time", sa.BigInteger()),
        sa.Column("change_attributes", sa.Text()),
        sa.Column("change_time", sa.BigInteger()),
        *_required(sa.BigInteger(), "revision"),
    )
    op.create_table(
        "customer_tombstone",
        _key("tenant_id"),
        _key("customer_hash"),
        *_required(sa.Text(), "reason"),
        *_required(sa.BigInteger(), "delete_time", "version"),
        sa.Column("target_id", _text()),
        *_required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
    )
    _partial_index("customer_tombstone_target", "customer_tombstone", "target_id")
    op.create_index("customer_tombstone_delete_time", "customer_tombstone", ["tenant_id", "delete_time"])
    op.add_column("event_head", sa.Column("erasures", sa.BigInteger(), nullable=False, server_default=sa.text("0")))


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _text(), primary_key=True, nullable=False)


def _required(type_: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, type_, nullable=False) for name in names]


def _partial_index(name: str, table: str, column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, ["tenant_id", column], sqlite_where=where, postgresql_where=where)
