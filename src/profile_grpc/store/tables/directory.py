"""Tenants, apps, and what there is once for the whole database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, SmallInteger, Table, Text

from profile_grpc.store.tables.columns import (
    KEPT_AFTER_APP,
    NAME,
    ON_COORDINATOR,
    index,
    keys,
    metadata,
    optional,
    required,
)

tenant = Table(
    "tenant",
    metadata,
    *keys(NAME, "tenant_id"),
    *required(BigInteger(), "create_time"),
    info=ON_COORDINATOR,
)

app = Table(
    "app",
    metadata,
    *keys(NAME, "app_id"),
    *required(NAME, "tenant_id"),
    *required(BigInteger(), "create_time", "update_time"),
    *required(Text(), "display_name", "settings"),
    *required(Boolean(create_constraint=False), "deleting"),
    *required(BigInteger(), "revision"),
    # Set: the app is deleted, and its id reserved for the tenant (D4).
    *optional(BigInteger(), "delete_time"),
    info=ON_COORDINATOR | KEPT_AFTER_APP,
)
index("app_tenant", app, "tenant_id", "app_id")

# The addresses to which reminders for a tenant go (K4).
tenant_contact = Table(
    "tenant_contact",
    metadata,
    *keys(NAME, "tenant_id", "email"),
    *required(BigInteger(), "create_time"),
    info=ON_COORDINATOR,
)

# One row, whose id is 1.
directory_version = Table(
    "directory_version",
    metadata,
    *keys(SmallInteger(), "id"),
    *required(BigInteger(), "version"),
    info=ON_COORDINATOR,
)

# One row: the hash of a fixed text under the hash key. It detects another key, with which no token would be found and
# every device would be counted again.
hash_key = Table(
    "hash_key",
    metadata,
    *keys(SmallInteger(), "id"),
    *required(Text(), "check_value"),
    info=ON_COORDINATOR,
)
