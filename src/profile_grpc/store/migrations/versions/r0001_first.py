"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


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
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("user_id", _text(), primary_key=True, nullable=False),
        sa.Column("device_id", _text(), primary_key=True, nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("register_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("register_day", sa.Integer(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("user_state", sa.SmallInteger(), nullable=False),
        sa.Column("platform", sa.SmallInteger(), nullable=False),
        sa.Column("channels", sa.SmallInteger(), nullable=False),
        sa.Column("push_endpoints", sa.Text()),
        sa.Column("push_superseded", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("customer_id", _text()),
        sa.Column("attributes", sa.Text()),
        sa.Column("last_heartbeat_time", sa.BigInteger()),
        sa.Column("heartbeat_day", sa.Integer()),
        sa.Column("unregister_time", sa.BigInteger()),
        sa.Column("unregister_reason", sa.Text()),
        sa.Column("mad_count_time", sa.BigInteger(), nullable=False),
        sa.Column("mad_number", sa.Integer(), nullable=False),
        sa.Column("mad_deletion_time", sa.BigInteger()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        postgresql_with={"fillfactor": 80},
    )
    _index("profile_device", "profile", ["app_id", "device_id", "user_id"])
    _index("profile_customer", "profile", ["app_id", "customer_id"], "customer_id IS NOT NULL")
    _index("profile_heartbeat", "profile", ["app_id", "heartbeat_day"], "status = 1 AND heartbeat_day IS NOT NULL")
    _index("profile_register", "profile", ["app_id", "register_day"], "status = 1 AND heartbeat_day IS NULL")
    _index("profile_unregister", "profile", ["app_id", "unregister_time"], "status = 2")


def _guards() -> None:
    op.create_table(
        "device",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("device_id", _text(), primary_key=True, nullable=False),
        sa.Column("profiles", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "app_user",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("user_id", _text(), primary_key=True, nullable=False),
        sa.Column("profiles", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "push_token",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("token_hash", _text(), primary_key=True, nullable=False),
        sa.Column("provider", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("push_app_id", _text(), primary_key=True, nullable=False),
        sa.Column("device_id", _text(), nullable=False),
        sa.Column("holders", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _records() -> None:
    op.create_table(
        "tombstone",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("profile_hash", _text(), primary_key=True, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delete_time", sa.BigInteger(), nullable=False),
        sa.Column("mad_deletion_time", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    _index("tombstone_delete_time", "tombstone", ["delete_time"])
    op.create_table(
        "mad_ledger",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("profile_hash", _text(), primary_key=True, nullable=False),
        sa.Column("number", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("count_time", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    _index("mad_ledger_day", "mad_ledger", ["app_id", "day"])
    _index("mad_ledger_count_time", "mad_ledger", ["count_time"])
    op.create_table(
        "event",
        sa.Column("id", _text(), primary_key=True, nullable=False),
        sa.Column("app_id", _text(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )


def _tallies() -> None:
    op.create_table(
        "profile_count",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("status", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("platform", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("shard", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("profiles", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reaper_deletion",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("time", sa.BigInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("deletions", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lease",
        sa.Column("name", _text(), primary_key=True, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "reaper_record",
        sa.Column("id", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("last_pass_time", sa.BigInteger()),
        sa.Column("held_since", sa.BigInteger()),
    )


def _directory() -> None:
    op.create_table(
        "tenant",
        sa.Column("tenant_id", _text(), primary_key=True, nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "app",
        sa.Column("app_id", _text(), primary_key=True, nullable=False),
        sa.Column("tenant_id", _text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("deleting", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    )
    _index("app_tenant", "app", ["tenant_id", "app_id"])
    op.create_table(
        "api_key",
        sa.Column("key_id", _text(), primary_key=True, nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("tenant_id", _text(), nullable=False),
        sa.Column("app_id", _text(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("revoke_time", sa.BigInteger()),
    )
    _index("api_key_tenant", "api_key", ["tenant_id", "app_id"])
    op.create_table(
        "directory_version",
        sa.Column("id", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "hash_key",
        sa.Column("id", sa.SmallInteger(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("check_value", sa.Text(), nullable=False),
    )
