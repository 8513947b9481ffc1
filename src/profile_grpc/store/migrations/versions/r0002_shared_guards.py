"""Guards that devices and users share, in place of one for each (docs/adr/0006).

Nothing is taken over: a guard tells only whether somebody else has decided since it was read.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates `guard`, drops `device` and `app_user`."""
    op.create_table(
        "guard",
        sa.Column("key", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.drop_table("device")
    op.drop_table("app_user")
