"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import index
from profile_grpc.store.tables.columns import NAME, keys, optional, required

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table."""
    _profiles()
    _guards()
    _records()
    _tallies()
    _directory()


def _profiles() -> None:
    op.create_table(
        "profile",
        *keys(NAME, "app_id", "user_id", "device_id"),
        *required(sa.BigInteger(), "create_time", "register_time", "update_time"),
        *required(sa.Integer(), "register_day"),
        *required(sa.SmallInteger(), "status", "user_state", "platform", "channels"),
        *optional(sa.Text(), "push_endpoints"),
        *required(sa.Boolean(create_constraint=False), "push_superseded"),
        *optional(NAME, "customer_id"),
        *optional(sa.Text(), "attributes"),
        *optional(sa.BigInteger(), "last_heartbeat_time"),
        *optional(sa.Integer(), "heartbeat_day"),
        *optional(sa.BigInteger(), "unregister_time"),
        *optional(sa.Text(), "unregister_reason"),
        *required(sa.BigInteger(), "mad_count_time"),
        *required(sa.Integer(), "mad_number"),
        *optional(sa.BigInteger(), "mad_deletion_time"),
        *required(sa.BigInteger(), "revision"),
        postgresql_with={"fillfactor": 80},
    )
    index("profile_device", "profile", ["app_id", "device_id", "user_id"])
    index("profile_customer", "profile", ["app_id", "customer_id"], "customer_id IS NOT NULL")
    index("profile_heartbeat", "profile", ["app_id", "heartbeat_day"], "status = 1 AND heartbeat_day IS NOT NULL")
    index("profile_register", "profile", ["app_id", "register_day"], "status = 1 AND heartbeat_day IS NULL")
    index("profile_unregister", "profile", ["app_id", "unregister_time"], "status = 2")


def _guards() -> None:
    for table, name in (("device", "device_id"), ("app_user", "user_id")):
        op.create_table(
            table,
            *keys(NAME, "app_id", name),
            *required(sa.Integer(), "profiles"),
            *required(sa.BigInteger(), "revision"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "push_token",
        *keys(NAME, "app_id", "token_hash"),
        *keys(sa.SmallInteger(), "provider"),
        *keys(NAME, "push_app_id"),
        *required(NAME, "device_id"),
        *required(sa.Integer(), "holders"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
    )


def _records() -> None:
    op.create_table(
        "tombstone",
        *keys(NAME, "app_id", "profile_hash"),
        *required(sa.Text(), "reason"),
        *required(sa.BigInteger(), "delete_time", "mad_deletion_time"),
        sqlite_with_rowid=False,
    )
    index("tombstone_delete_time", "tombstone", ["delete_time"])
    op.create_table(
        "mad_ledger",
        *keys(NAME, "app_id", "profile_hash"),
        *keys(sa.Integer(), "number"),
        *required(sa.Integer(), "day"),
        *required(sa.BigInteger(), "count_time"),
        sqlite_with_rowid=False,
    )
    index("mad_ledger_day", "mad_ledger", ["app_id", "day"])
    index("mad_ledger_count_time", "mad_ledger", ["count_time"])
    op.create_table(
        "event",
        *keys(NAME, "id"),
        *required(NAME, "app_id"),
        *required(sa.BigInteger(), "time"),
        *required(sa.Text(), "type", "user_id", "device_id", "reason"),
        sqlite_with_rowid=False,
    )


def _tallies() -> None:
    op.create_table(
        "profile_count",
        *keys(NAME, "app_id"),
        *keys(sa.SmallInteger(), "status", "platform", "shard"),
        *required(sa.BigInteger(), "profiles"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reaper_deletion",
        *keys(NAME, "app_id"),
        *keys(sa.BigInteger(), "time"),
        *required(sa.BigInteger(), "deletions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lease", *keys(NAME, "name"), *required(sa.Text(), "holder"), *required(sa.BigInteger(), "expire_time")
    )
    op.create_table(
        "reaper_record", *keys(sa.SmallInteger(), "id"), *optional(sa.BigInteger(), "last_pass_time", "held_since")
    )


def _directory() -> None:
    op.create_table("tenant", *keys(NAME, "tenant_id"), *required(sa.BigInteger(), "create_time"))
    op.create_table(
        "app",
        *keys(NAME, "app_id"),
        *required(NAME, "tenant_id"),
        *required(sa.BigInteger(), "create_time", "update_time"),
        *required(sa.Text(), "display_name", "settings"),
        *required(sa.Boolean(create_constraint=False), "deleting"),
        *required(sa.BigInteger(), "revision"),
    )
    index("app_tenant", "app", ["tenant_id", "app_id"])
    op.create_table(
        "api_key",
        *keys(NAME, "key_id"),
        *required(sa.Text(), "secret_hash"),
        *required(sa.SmallInteger(), "kind"),
        *required(NAME, "tenant_id", "app_id"),
        *required(sa.BigInteger(), "create_time"),
        *optional(sa.BigInteger(), "revoke_time"),
    )
    index("api_key_tenant", "api_key", ["tenant_id", "app_id"])
    op.create_table("directory_version", *keys(sa.SmallInteger(), "id"), *required(sa.BigInteger(), "version"))
    op.create_table("hash_key", *keys(sa.SmallInteger(), "id"), *required(sa.Text(), "check_value"))
