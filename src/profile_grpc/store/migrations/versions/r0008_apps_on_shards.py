"""Everything of an app can be on one shard: each key holds the app (docs/adr/0040).

Of the guards nothing is taken over: a guard tells only whether somebody else has decided since it was read. Programs of
the earlier revision must not run beside this one, because their guards are not these.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Puts the app into the keys of `guard` and `event`, and into the indexes by which leftovers are found."""
    op.drop_table("guard")
    op.create_table(
        "guard",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("number", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.drop_index("tombstone_delete_time", "tombstone")
    op.create_index("tombstone_delete_time", "tombstone", ["app_id", "delete_time"])
    op.drop_index("device_order_forget_time", "device_order")
    where = sa.text("forget_time IS NOT NULL")
    op.create_index(
        "device_order_forget_time",
        "device_order",
        ["app_id", "forget_time"],
        sqlite_where=where,
        postgresql_where=where,
    )
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
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("id", _text(), primary_key=True, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    new, before = (sa.table(name, *map(sa.column, columns)) for name in ("event", "event_before"))
    op.execute(sa.insert(new).from_select(columns, sa.select(before)))
    op.drop_table("event_before")
