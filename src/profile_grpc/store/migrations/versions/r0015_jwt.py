"""Keys of JWT authorization, and the numbers of checked calls (J2, J7).

Older programs can use it: they do not look at these tables. They check no JWT.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
oldest_program = "0013"


def upgrade() -> None:
    """Creates `jwt_key` and `jwt_count`."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "jwt_key",
        sa.Column("app_id", text, primary_key=True, nullable=False),
        sa.Column("jwt_key_id", text, primary_key=True, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("kid", text, nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text()),
        sa.Column("fetch_time", sa.BigInteger()),
        sa.Column("attempt_time", sa.BigInteger()),
        sa.Column("failing_since_time", sa.BigInteger()),
        sa.Column("failure", sa.Text(), nullable=False),
    )
    op.create_index("jwt_key_place", "jwt_key", ["app_id", "place"], unique=True)
    named = sa.text("kid != ''")
    op.create_index(
        "jwt_key_kid", "jwt_key", ["app_id", "kid"], unique=True, sqlite_where=named, postgresql_where=named
    )
    op.create_table(
        "jwt_count",
        sa.Column("app_id", text, primary_key=True, nullable=False),
        sa.Column("day", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("outcome", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("sdk_version", text, primary_key=True, nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("jwt_count_day", "jwt_count", ["day"])
