"""The ids of deleted apps stay reserved for their tenant.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds `app.delete_time`."""
    op.add_column("app", sa.Column("delete_time", sa.BigInteger(), nullable=True))
