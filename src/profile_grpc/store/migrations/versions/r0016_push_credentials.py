"""Push credentials (K), and whom a tenant wants to be told of their expiry (K4).

Older programs can use it: they do not look at these tables.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import index
from profile_grpc.store.tables.columns import NAME, keys, optional, required

revision = "0016"
down_revision = "0015"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `push_credential` and `tenant_contact`."""
    op.create_table(
        "push_credential",
        *keys(NAME, "app_id", "credential_id"),
        *required(sa.Text(), "name"),
        *required(sa.Integer(), "version"),
        *required(sa.Text(), "platforms", "push_app_ids", "public"),
        *optional(sa.BigInteger(), "expire_time"),
        *required(sa.Text(), "sealed"),
        *required(sa.BigInteger(), "create_time"),
        *optional(sa.SmallInteger(), "reminder_days"),
        *optional(sa.BigInteger(), "reminder_time"),
        *required(sa.Boolean(create_constraint=False), "mail_due"),
        *required(sa.BigInteger(), "revision"),
    )
    index("push_credential_version", "push_credential", ["app_id", "name", "version"], unique=True)
    op.create_table("tenant_contact", *keys(NAME, "tenant_id", "email"), *required(sa.BigInteger(), "create_time"))
