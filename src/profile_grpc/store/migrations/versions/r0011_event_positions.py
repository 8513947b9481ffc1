"""Versions of profiles and positions of events (E2, E3).

Events that are there keep version 0, and get their positions from the first sequencer, in order of their ids. Versions
are counted from now on: from 1 for every profile, also for those that had events before.

Older programs can use it: what they write has the columns' defaults. A change by one of them leaves an event of version
0, and a deletion by one of them forgets the profile's version.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import add, index
from profile_grpc.store.tables.columns import NAME, added, keys, required

revision = "0011"
down_revision = "0010"
oldest_program = "0009"


def upgrade() -> None:
    """Adds the versions, the log of positions and what guards it."""
    add("profile", added("version", sa.BigInteger(), "0"))
    add("tombstone", added("version", sa.BigInteger(), "0"))
    add("event", added("customer_id", sa.Text(), "''"), added("version", sa.BigInteger(), "0"))
    index("event_of_profile", "event", ["app_id", "user_id", "device_id", "version", "id"])
    op.create_table(
        "event_log",
        *keys(sa.BigInteger(), "position"),
        *keys(NAME, "app_id"),
        *required(sa.Text(), "event_id"),
        *required(sa.BigInteger(), "position_time", "time"),
        *required(sa.Text(), "type", "user_id", "device_id", "customer_id", "reason"),
        *required(sa.BigInteger(), "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_head",
        *keys(sa.SmallInteger(), "id"),
        *required(sa.BigInteger(), "epoch"),
        *required(sa.Text(), "epoch_id"),
        *required(sa.BigInteger(), "allocated", "published", "oldest"),
        *required(sa.Text(), "apps"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "event_epoch",
        *keys(sa.BigInteger(), "epoch"),
        *required(sa.Text(), "epoch_id"),
        *required(sa.BigInteger(), "begin"),
    )
    op.create_table("event_fence", *keys(NAME, "app_id"), *required(sa.BigInteger(), "epoch"), sqlite_with_rowid=False)
