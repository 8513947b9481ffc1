"""Webhooks: what they are, how far their deliveries have come, and the last of these (E6).

Older programs can use it: they do not look at these tables.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import index
from profile_grpc.store.tables.columns import NAME, keys, optional, required

revision = "0010"
down_revision = "0009"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `webhook`, `webhook_progress` and `webhook_delivery`."""
    op.create_table(
        "webhook",
        *keys(NAME, "tenant_id", "webhook_id"),
        *required(sa.SmallInteger(), "place"),
        *required(sa.Text(), "url", "types", "app_ids"),
        *required(sa.SmallInteger(), "state"),
        *required(sa.Text(), "secrets", "display_name"),
        *required(sa.BigInteger(), "create_time", "update_time", "revision"),
    )
    index("webhook_place", "webhook", ["tenant_id", "place"], unique=True)
    op.create_table(
        "webhook_progress",
        *keys(NAME, "tenant_id", "webhook_id"),
        *required(sa.BigInteger(), "position"),
        *optional(sa.BigInteger(), "pending"),
        *required(sa.Integer(), "replays", "failures"),
        *optional(sa.BigInteger(), "failing_since", "next_attempt_time", "failure_time"),
        *optional(sa.Integer(), "failure_status"),
        *optional(sa.Text(), "failure_text"),
        *optional(sa.BigInteger(), "lost_time"),
        *required(sa.BigInteger(), "attempts", "revision"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "webhook_delivery",
        *keys(NAME, "tenant_id", "webhook_id"),
        *keys(sa.Integer(), "slot"),
        *required(sa.BigInteger(), "number"),
        *required(sa.Text(), "message_id"),
        *required(sa.BigInteger(), "first_position", "last_position"),
        *required(sa.Integer(), "events", "attempt"),
        *required(sa.BigInteger(), "time", "latency"),
        *required(sa.Integer(), "status"),
        *required(sa.Text(), "failure"),
        sqlite_with_rowid=False,
    )
