"""Customers, the schema of their attributes, and the tombstones of deleted customers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Table, Text

from profile_grpc.store.tables.columns import IN_THE_KEY, NAME, OF_TENANT, index, keys, metadata, optional, required

customer = Table(
    "customer",
    metadata,
    *keys(NAME, "tenant_id", "customer_id"),
    *required(BigInteger(), "create_time", "update_time"),
    *optional(Text(), "name"),
    *optional(NAME, "email", "msisdn"),
    *optional(Text(), "attributes"),
    *required(BigInteger(), "schema_version", "version", "revision"),
    info=OF_TENANT,
)
index("customer_email", customer, "tenant_id", "email", where=customer.c.email.is_not(None))
index("customer_msisdn", customer, "tenant_id", "msisdn", where=customer.c.msisdn.is_not(None))

# The attributes that a tenant's customers may have, and a change of them that is being checked.
customer_schema = Table(
    "customer_schema",
    metadata,
    *keys(NAME, "tenant_id"),
    *required(BigInteger(), "version"),
    *required(Text(), "attributes"),
    *optional(BigInteger(), "update_time"),
    *optional(Text(), "change_attributes"),
    *optional(BigInteger(), "change_time"),
    *required(BigInteger(), "revision"),
    info=OF_TENANT,
)

customer_tombstone = Table(
    "customer_tombstone",
    metadata,
    *keys(NAME, "tenant_id", "customer_hash"),
    *required(Text(), "reason"),
    *required(BigInteger(), "delete_time", "version"),
    *optional(NAME, "target_id"),
    *required(BigInteger(), "revision"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_TENANT,
)
index(
    "customer_tombstone_target",
    customer_tombstone,
    "tenant_id",
    "target_id",
    where=customer_tombstone.c.target_id.is_not(None),
)
index("customer_tombstone_delete_time", customer_tombstone, "tenant_id", "delete_time")
