"""Push credentials (K), and whom a tenant wants to be told of their expiry (K4).

Older programs can use it: they do not look at these tables.

Revision ID: 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `push_credential` and `tenant_contact`."""
    op.create_table(
        "push_credential",
        _key("app_id"),
        _key("credential_id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("platforms", sa.Text(), nullable=False),
        sa.Column("push_app_ids", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("expire_time", sa.BigInteger()),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("reminder_days", sa.SmallInteger()),
        sa.Column("reminder_time", sa.BigInteger()),
        sa.Column("mail_due", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    )
    op.create_index("push_credential_version", "push_credential", ["app_id", "name", "version"], unique=True)
    op.create_table(
        "tenant_contact",
        _key("tenant_id"),
        _key("email"),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
    )


def _key(name: str) -> "sa.Column[Any]":
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, text, primary_key=True, nullable=False)
