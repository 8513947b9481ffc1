"""What the feedback breaker counts (F8): the endpoints of each app, and those that it lost to feedback.

The endpoints are counted from the owners of push tokens, each of which says how many profiles hold it.

Older programs can use it: they do not look at these tables. What they register or delete beside newer ones is not
counted, which changes a limit a little.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.tables.columns import NAME, keys, optional, required

revision = "0007"
down_revision = "0006"
oldest_program = "0006"


def upgrade() -> None:
    """Creates `feedback_breaker` and `endpoint_count`, and fills the latter."""
    op.create_table(
        "feedback_breaker",
        *keys(NAME, "app_id"),
        *required(sa.Text(), "lost"),
        *optional(sa.BigInteger(), "held_time", "go_until", "stop_time"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "endpoint_count",
        *keys(NAME, "app_id"),
        *keys(sa.SmallInteger(), "shard"),
        *required(sa.BigInteger(), "endpoints"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO endpoint_count (app_id, shard, endpoints)"
        " SELECT app_id, 0, sum(holders) FROM push_token GROUP BY app_id"
    )
