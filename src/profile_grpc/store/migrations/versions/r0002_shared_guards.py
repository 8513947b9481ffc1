"""Guards that devices and users share, in place of one for each (docs/adr/0006).

Nothing is taken over: a guard tells only whether somebody else has decided since it was read.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.tables.columns import keys, required

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates `guard`, drops `device` and `app_user`."""
    op.create_table(
        "guard",
        *keys(sa.Integer(), "key"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.drop_table("device")
    op.drop_table("app_user")
