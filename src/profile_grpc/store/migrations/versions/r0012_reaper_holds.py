"""The apps in which the reaper's breaker holds (P6), so that its events are left once (E1).

Older programs can use it: they do not look at this table, and leave an event with each pass that is held.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.tables.columns import NAME, keys, required

revision = "0012"
down_revision = "0011"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `reaper_hold`."""
    op.create_table("reaper_hold", *keys(NAME, "app_id"), *required(sa.BigInteger(), "time"))
