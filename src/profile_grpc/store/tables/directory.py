"""Tenants, apps, and what there is once for the whole database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, SmallInteger, Table, Text

from profile_grpc.store.tables.columns import KEPT_AFTER_APP, ON_COORDINATOR, index, key, metadata, required, text

tenant = Table(
    "tenant",
    metadata,
    key("tenant_id"),
    required("create_time", BigInteger()),
    info=ON_COORDINATOR,
)

app = Table(
    "app",
    metadata,
    key("app_id"),
    required("tenant_id", text()),
    required("create_time", BigInteger()),
    required("update_time", BigInteger()),
    required("display_name", Text()),
    required("settings", Text()),
    required("deleting", Boolean(create_constraint=False)),
    required("revision", BigInteger()),
    # Set: the app is deleted, and its id reserved for the tenant (D4).
    Column("delete_time", BigInteger()),
    info=ON_COORDINATOR | KEPT_AFTER_APP,
)
index("app_tenant", app.c.tenant_id, app.c.app_id)

# The addresses to which reminders for a tenant go (K4).
tenant_contact = Table(
    "tenant_contact",
    metadata,
    key("tenant_id"),
    key("email"),
    required("create_time", BigInteger()),
    info=ON_COORDINATOR,
)

# One row, whose id is 1.
directory_version = Table(
    "directory_version",
    metadata,
    key("id", SmallInteger()),
    required("version", BigInteger()),
    info=ON_COORDINATOR,
)

# One row: the hash of a fixed text under the hash key. It detects another key, with which no token would be found and
# every device would be counted again.
hash_key = Table(
    "hash_key",
    metadata,
    key("id", SmallInteger()),
    required("check_value", Text()),
    info=ON_COORDINATOR,
)
