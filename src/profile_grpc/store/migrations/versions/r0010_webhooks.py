"""Webhooks: what they are, how far their deliveries have come, and the last of these (E6).

Older programs can use it: they do not look at these tables.

Revision ID: 0010
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `webhook`, `webhook_progress` and `webhook_delivery`."""
    op.create_table(
        "webhook",
        _key("tenant_id"),
        _key("webhook_id"),
        *_required(sa.SmallInteger(), "place"),
        *_required(sa.Text(), "url", "types", "app_ids"),
        *_required(sa.SmallInteger(), "state"),
        *_required(sa.Text(), "secrets", "display_name"),
        *_required(sa.BigInteger(), "create_time", "update_time", "revision"),
    )
    op.create_index("webhook_place", "webhook", ["tenant_id", "place"], unique=True)
    op.create_table(
        "webhook_progress",
        _key("tenant_id"),
        _key("webhook_id"),
        *_required(sa.BigInteger(), "position"),
        sa.Column("pending", sa.BigInteger()),
        *_required(sa.Integer(), "replays", "failures"),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("next_attempt_time", sa.BigInteger()),
        sa.Column("failure_time", sa.BigInteger()),
        sa.Column("failure_status", sa.Integer()),
        sa.Column("failure_text", sa.Text()),
        sa.Column("lost_time", sa.BigInteger()),
        *_required(sa.BigInteger(), "attempts", "revision"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "webhook_delivery",
        _key("tenant_id"),
        _key("webhook_id"),
        sa.Column("slot", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
        *_required(sa.BigInteger(), "number"),
        *_required(sa.Text(), "message_id"),
        *_required(sa.BigInteger(), "first_position", "last_position"),
        *_required(sa.Integer(), "events", "attempt"),
        *_required(sa.BigInteger(), "time", "latency"),
        *_required(sa.Integer(), "status"),
        *_required(sa.Text(), "failure"),
        sqlite_with_rowid=False,
    )


def _key(name: str) -> sa.Column[str]:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, text, primary_key=True, nullable=False)


def _required(type_: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, type_, nullable=False) for name in names]
