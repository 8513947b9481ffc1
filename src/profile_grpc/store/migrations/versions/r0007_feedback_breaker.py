"""What the feedback breaker counts (F8): the endpoints of each app, and those that it lost to feedback.

The endpoints are counted from the owners of push tokens, each of which says how many profiles hold it.

Older programs can use it: they do not look at these tables. What they register or delete beside newer ones is not
counted, which changes a limit a little.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
oldest_program = "0006"


def upgrade() -> None:
    """Creates `feedback_breaker` and `endpoint_count`, and fills the latter."""
    app_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "feedback_breaker",
        sa.Column("app_id", app_id, primary_key=True, nullable=False),
        sa.Column("lost", sa.Text(), nullable=False),
        sa.Column("held_time", sa.BigInteger()),
        sa.Column("go_until", sa.BigInteger()),
        sa.Column("stop_time", sa.BigInteger()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "endpoint_count",
        sa.Column("app_id", app_id, primary_key=True, nullable=False),
        sa.Column("shard", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("endpoints", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO endpoint_count (app_id, shard, endpoints)"
        " SELECT app_id, 0, sum(holders) FROM push_token GROUP BY app_id"
    )
