"""Everything of an app can be on one shard: each key holds the app (docs/adr/0040).

Of the guards nothing is taken over: a guard tells only whether somebody else has decided since it was read. Programs of
the earlier revision must not run beside this one, because their guards are not these.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import index
from profile_grpc.store.tables.columns import NAME, keys, required

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Puts the app into the keys of `guard` and `event`, and into the indexes by which leftovers are found."""
    op.drop_table("guard")
    op.create_table(
        "guard",
        *keys(NAME, "app_id"),
        *keys(sa.Integer(), "number"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.drop_index("tombstone_delete_time", "tombstone")
    index("tombstone_delete_time", "tombstone", ["app_id", "delete_time"])
    op.drop_index("device_order_forget_time", "device_order")
    index("device_order_forget_time", "device_order", ["app_id", "forget_time"], "forget_time IS NOT NULL")
    op.drop_index("mad_ledger_count_time", "mad_ledger")  # `mad_ledger_day` serves
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("event_pkey", "event")
        op.create_primary_key("event_pkey", "event", ["app_id", "id"])
    else:
        _rebuild_event()


def _rebuild_event() -> None:
    """SQLite cannot change a primary key."""
    columns = ["app_id", "id", "time", "type", "user_id", "device_id", "reason"]
    op.rename_table("event", "event_before")
    op.create_table(
        "event",
        *keys(NAME, "app_id", "id"),
        *required(sa.BigInteger(), "time"),
        *required(sa.Text(), "type", "user_id", "device_id", "reason"),
        sqlite_with_rowid=False,
    )
    new, before = (sa.table(name, *map(sa.column, columns)) for name in ("event", "event_before"))
    op.execute(sa.insert(new).from_select(columns, sa.select(before)))
    op.drop_table("event_before")
