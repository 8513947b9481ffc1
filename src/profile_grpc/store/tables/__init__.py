"""The tables: one declaration for every engine. The migrations create them; a test checks that both are the same.

Instants are BIGINT microseconds since 1970-01-01T00:00:00Z, days are UTC days since then, hashes are the 22 characters
of `Hasher`, JSON is TEXT that no statement inspects. Every row that is changed after a decision has a `revision`.
"""

from __future__ import annotations

from sqlalchemy import Table

from profile_grpc.store.tables.columns import DISTRIBUTION, KEPT, SEALED, metadata
from profile_grpc.store.tables.credentials import api_key, jwt_count, jwt_key, push_credential
from profile_grpc.store.tables.customers import customer, customer_schema, customer_tombstone
from profile_grpc.store.tables.directory import app, directory_version, hash_key, tenant, tenant_contact
from profile_grpc.store.tables.events import event, event_epoch, event_fence, event_head, event_log
from profile_grpc.store.tables.profiles import (
    HAS_CUSTOMER,
    HAS_HEARTBEAT,
    HAS_NO_HEARTBEAT,
    IS_ACTIVE,
    IS_CURRENT,
    IS_RECEIVING,
    IS_UNREGISTERED,
    device_order,
    endpoint_count,
    feedback_breaker,
    guard,
    import_start,
    mad_ledger,
    profile,
    profile_count,
    token_holder,
    tombstone,
)
from profile_grpc.store.tables.reaping import lease, reaper_deletion, reaper_hold, reaper_record
from profile_grpc.store.tables.webhooks import webhook, webhook_delivery, webhook_progress

DISTRIBUTED = tuple((table, column) for table in metadata.sorted_tables if (column := table.info[DISTRIBUTION]))
"""The tables that Citus distributes, and their distribution columns."""

ON_COORDINATOR = tuple(table for table in metadata.sorted_tables if not table.info[DISTRIBUTION])
"""The tables that are only on the coordinator of a Citus cluster."""

DELETED_WITH_APP = tuple(table for table in metadata.sorted_tables if "app_id" in table.c and KEPT not in table.info)
"""The tables whose rows are deleted with their app (D4)."""

WITH_SECRETS = tuple(
    (table, column) for table in metadata.sorted_tables for column in table.c if column.info.get(SEALED)
)
"""The tables that hold encrypted secrets, and the column."""


def distributed_by(table: Table) -> str | None:
    """The column that Citus distributes the table by, or None."""
    column: str | None = table.info[DISTRIBUTION]
    return column
