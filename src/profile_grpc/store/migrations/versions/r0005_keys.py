"""Keys get a name for people, an end, and the day of their last use.

Older programs can use it: they do not look at these columns.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
oldest_program = "0003"


def upgrade() -> None:
    """Adds three columns to `api_key`."""
    op.add_column("api_key", sa.Column("label", sa.Text(), nullable=True))
    op.add_column("api_key", sa.Column("expire_time", sa.BigInteger(), nullable=True))
    op.add_column("api_key", sa.Column("last_used_day", sa.Integer(), nullable=True))
