"""Keys of JWT authorization, and the numbers of checked calls (J2, J7).

Older programs can use it: they do not look at these tables. They check no JWT.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import index
from profile_grpc.store.tables.columns import NAME, keys, optional, required

revision = "0015"
down_revision = "0014"
oldest_program = "0013"


def upgrade() -> None:
    """Creates `jwt_key` and `jwt_count`."""
    op.create_table(
        "jwt_key",
        *keys(NAME, "app_id", "jwt_key_id"),
        *required(sa.SmallInteger(), "place", "kind"),
        *required(NAME, "kid"),
        *required(sa.Text(), "material"),
        *required(sa.BigInteger(), "create_time"),
        *optional(sa.Text(), "document"),
        *optional(sa.BigInteger(), "fetch_time", "attempt_time", "failing_since_time"),
        *required(sa.Text(), "failure"),
    )
    index("jwt_key_place", "jwt_key", ["app_id", "place"], unique=True)
    index("jwt_key_kid", "jwt_key", ["app_id", "kid"], "kid != ''", unique=True)
    op.create_table(
        "jwt_count",
        *keys(NAME, "app_id"),
        *keys(sa.Integer(), "day"),
        *keys(sa.SmallInteger(), "outcome"),
        *keys(NAME, "sdk_version"),
        *required(sa.BigInteger(), "calls"),
        sqlite_with_rowid=False,
    )
    index("jwt_count_day", "jwt_count", ["day"])
