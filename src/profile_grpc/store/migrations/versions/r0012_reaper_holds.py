"""The apps in which the reaper's breaker holds (P6), so that its events are left once (E1).

Older programs can use it: they do not look at this table, and leave an event with each pass that is held.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `reaper_hold`."""
    app_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "reaper_hold",
        sa.Column("app_id", app_id, primary_key=True, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
    )
