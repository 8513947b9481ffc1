"""Webhooks, how far each has delivered, and its last attempts (E6)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, SmallInteger, Table, Text

from profile_grpc.store.tables.columns import IN_THE_KEY, NAME, OF_TENANT, index, keys, metadata, optional, required

webhook = Table(
    "webhook",
    metadata,
    *keys(NAME, "tenant_id", "webhook_id"),
    *required(SmallInteger(), "place"),
    *required(Text(), "url", "types", "app_ids"),
    *required(SmallInteger(), "state"),
    *required(Text(), "secrets", "display_name"),
    *required(BigInteger(), "create_time", "update_time", "revision"),
    info=OF_TENANT,
)
# Two webhooks of a tenant cannot have the same place, so their number is limited by the number of places (E6).
index("webhook_place", webhook, "tenant_id", "place", unique=True)

# Separate from `webhook`, because each delivery writes it: so an operator's change never conflicts with a delivery.
webhook_progress = Table(
    "webhook_progress",
    metadata,
    *keys(NAME, "tenant_id", "webhook_id"),
    *required(BigInteger(), "position"),
    *optional(BigInteger(), "pending"),
    *required(Integer(), "replays", "failures"),
    *optional(BigInteger(), "failing_since", "next_attempt_time", "failure_time"),
    *optional(Integer(), "failure_status"),
    *optional(Text(), "failure_text"),
    *optional(BigInteger(), "lost_time"),
    *required(BigInteger(), "attempts", "revision"),
    sqlite_with_rowid=IN_THE_KEY,
    postgresql_with={"fillfactor": 50},
    info=OF_TENANT,
)

# The last attempts of each webhook: a new one replaces the oldest.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    *keys(NAME, "tenant_id", "webhook_id"),
    *keys(Integer(), "slot"),
    *required(BigInteger(), "number"),
    *required(Text(), "message_id"),
    *required(BigInteger(), "first_position", "last_position"),
    *required(Integer(), "events", "attempt"),
    *required(BigInteger(), "time"),
    *required(BigInteger(), "latency"),  # microseconds
    *required(Integer(), "status"),
    *required(Text(), "failure"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_TENANT,
)
