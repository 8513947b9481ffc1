"""Who holds a push token, one row for each holder, and indexes of who is on a device (R14).

Programs of an earlier revision know the owners of tokens only, and would not write who holds them: they must not work
on this database any more.

A token's hash is known, and the device that owns it, but not which of the device's profiles hold it: so each of these
with a token becomes a holder. One too many leads to a profile that is read in vain, nothing else.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.tables.columns import NAME, keys

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Creates `token_holder` from `push_token`, and replaces the index of devices."""
    op.create_table(
        "token_holder", *keys(NAME, "app_id", "token_hash", "device_id", "user_id"), sqlite_with_rowid=False
    )
    if op.get_bind().dialect.name == "postgresql":
        # A cluster whose tables are still spread by other columns joins them all the same.
        op.execute("SET LOCAL citus.enable_repartition_joins = 'on'")
    op.execute(
        "INSERT INTO token_holder (app_id, token_hash, device_id, user_id)"
        " SELECT DISTINCT t.app_id, t.token_hash, t.device_id, p.user_id FROM push_token AS t"
        " JOIN profile AS p ON p.app_id = t.app_id AND p.device_id = t.device_id"
        " WHERE p.push_endpoints IS NOT NULL"
    )
    op.drop_table("push_token")
    op.drop_index("profile_device", "profile")
    op.create_index("profile_on_device", "profile", ["app_id", "device_id", "status", "user_state", "user_id"])
    receiving = sa.text("status = 1 AND NOT push_superseded")
    op.create_index(
        "profile_receiving",
        "profile",
        ["app_id", "user_id", "device_id"],
        sqlite_where=sa.text("status = 1 AND push_superseded = 0"),
        postgresql_where=receiving,
    )
