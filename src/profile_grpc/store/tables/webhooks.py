"""Webhooks, how far each has delivered, and its last attempts (E6)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Table, Text

from profile_grpc.store.tables.columns import IN_THE_KEY, OF_TENANT, index, key, metadata, required

webhook = Table(
    "webhook",
    metadata,
    key("tenant_id"),
    key("webhook_id"),
    required("place", SmallInteger()),
    required("url", Text()),
    required("types", Text()),
    required("app_ids", Text()),
    required("state", SmallInteger()),
    required("secrets", Text()),
    required("display_name", Text()),
    required("create_time", BigInteger()),
    required("update_time", BigInteger()),
    required("revision", BigInteger()),
    info=OF_TENANT,
)
# Two webhooks of a tenant cannot have the same place, so their number is limited by the number of places (E6).
index("webhook_place", webhook.c.tenant_id, webhook.c.place, unique=True)

# Separate from `webhook`, because each delivery writes it: so an operator's change never conflicts with a delivery.
webhook_progress = Table(
    "webhook_progress",
    metadata,
    key("tenant_id"),
    key("webhook_id"),
    required("position", BigInteger()),
    Column("pending", BigInteger()),
    required("replays", Integer()),
    required("failures", Integer()),
    Column("failing_since", BigInteger()),
    Column("next_attempt_time", BigInteger()),
    Column("failure_time", BigInteger()),
    Column("failure_status", Integer()),
    Column("failure_text", Text()),
    Column("lost_time", BigInteger()),
    required("attempts", BigInteger()),
    required("revision", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    postgresql_with={"fillfactor": 50},
    info=OF_TENANT,
)

# The last attempts of each webhook: a new one replaces the oldest.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    key("tenant_id"),
    key("webhook_id"),
    key("slot", Integer()),
    required("number", BigInteger()),
    required("message_id", Text()),
    required("first_position", BigInteger()),
    required("last_position", BigInteger()),
    required("events", Integer()),
    required("attempt", Integer()),
    required("time", BigInteger()),
    required("latency", BigInteger()),  # microseconds
    required("status", Integer()),
    required("failure", Text()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_TENANT,
)
