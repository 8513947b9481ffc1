"""Customers, the schema of their attributes, and the tombstones of deleted customers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text

from profile_grpc.store.tables.columns import IN_THE_KEY, OF_TENANT, index, key, metadata, required, text

customer = Table(
    "customer",
    metadata,
    key("tenant_id"),
    key("customer_id"),
    required("create_time", BigInteger()),
    required("update_time", BigInteger()),
    Column("name", Text()),
    Column("email", text()),
    Column("msisdn", text()),
    Column("attributes", Text()),
    required("schema_version", BigInteger()),
    required("version", BigInteger()),
    required("revision", BigInteger()),
    info=OF_TENANT,
)
index("customer_email", customer.c.tenant_id, customer.c.email, where=customer.c.email.is_not(None))
index("customer_msisdn", customer.c.tenant_id, customer.c.msisdn, where=customer.c.msisdn.is_not(None))

# The attributes that a tenant's customers may have, and a change of them that is being checked.
customer_schema = Table(
    "customer_schema",
    metadata,
    key("tenant_id"),
    required("version", BigInteger()),
    required("attributes", Text()),
    Column("update_time", BigInteger()),
    Column("change_attributes", Text()),
    Column("change_time", BigInteger()),
    required("revision", BigInteger()),
    info=OF_TENANT,
)

customer_tombstone = Table(
    "customer_tombstone",
    metadata,
    key("tenant_id"),
    key("customer_hash"),
    required("reason", Text()),
    required("delete_time", BigInteger()),
    required("version", BigInteger()),
    Column("target_id", text()),
    required("revision", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_TENANT,
)
index(
    "customer_tombstone_target",
    customer_tombstone.c.tenant_id,
    customer_tombstone.c.target_id,
    where=customer_tombstone.c.target_id.is_not(None),
)
index("customer_tombstone_delete_time", customer_tombstone.c.tenant_id, customer_tombstone.c.delete_time)
