"""Customers of tenants, their schema, and what remains of deleted ones (C1, C2, C7).

Older programs can use it: they do not look at these tables, and pass the events of customers through.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import add, index
from profile_grpc.store.tables.columns import NAME, added, keys, optional, required

revision = "0014"
down_revision = "0013"
oldest_program = "0013"


def upgrade() -> None:
    """Creates `customer`, `customer_schema` and `customer_tombstone`, and counts erasures."""
    op.create_table(
        "customer",
        *keys(NAME, "tenant_id", "customer_id"),
        *required(sa.BigInteger(), "create_time", "update_time"),
        *optional(sa.Text(), "name"),
        *optional(NAME, "email", "msisdn"),
        *optional(sa.Text(), "attributes"),
        *required(sa.BigInteger(), "schema_version", "version", "revision"),
    )
    index("customer_email", "customer", ["tenant_id", "email"], "email IS NOT NULL")
    index("customer_msisdn", "customer", ["tenant_id", "msisdn"], "msisdn IS NOT NULL")
    op.create_table(
        "customer_schema",
        *keys(NAME, "tenant_id"),
        *required(sa.BigInteger(), "version"),
        *required(sa.Text(), "attributes"),
        *optional(sa.BigInteger(), "update_time"),
        *optional(sa.Text(), "change_attributes"),
        *optional(sa.BigInteger(), "change_time"),
        *required(sa.BigInteger(), "revision"),
    )
    op.create_table(
        "customer_tombstone",
        *keys(NAME, "tenant_id", "customer_hash"),
        *required(sa.Text(), "reason"),
        *required(sa.BigInteger(), "delete_time", "version"),
        *optional(NAME, "target_id"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
    )
    index("customer_tombstone_target", "customer_tombstone", ["tenant_id", "target_id"], "target_id IS NOT NULL")
    index("customer_tombstone_delete_time", "customer_tombstone", ["tenant_id", "delete_time"])
    add("event_head", added("erasures", sa.BigInteger(), "0"))
