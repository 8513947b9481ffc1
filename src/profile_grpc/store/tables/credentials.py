"""API keys, keys of JWT authorization, and push credentials."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Integer, SmallInteger, Table, Text
from sqlalchemy import literal_column as literal

from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    KEPT_AFTER_APP,
    NAME,
    OF_APP,
    ON_COORDINATOR,
    index,
    keys,
    metadata,
    optional,
    required,
    sealed,
)

# One version of a push credential, with what may be shown of it (`public`) and its private part, encrypted.
push_credential = Table(
    "push_credential",
    metadata,
    *keys(NAME, "app_id", "credential_id"),
    *required(Text(), "name"),
    *required(Integer(), "version"),
    *required(Text(), "platforms", "push_app_ids", "public"),
    *optional(BigInteger(), "expire_time"),
    sealed("sealed"),
    *required(BigInteger(), "create_time"),
    *optional(SmallInteger(), "reminder_days"),
    *optional(BigInteger(), "reminder_time"),
    *required(Boolean(create_constraint=False), "mail_due"),
    *required(BigInteger(), "revision"),
    info=OF_APP,
)
# Two uploads of one name cannot get the same version (K1).
index("push_credential_version", push_credential, "app_id", "name", "version", unique=True)

api_key = Table(
    "api_key",
    metadata,
    *keys(NAME, "key_id"),
    *required(Text(), "secret_hash"),
    *required(SmallInteger(), "kind"),
    *required(NAME, "tenant_id", "app_id"),
    *required(BigInteger(), "create_time"),
    *optional(BigInteger(), "revoke_time"),
    *optional(Text(), "label"),
    *optional(BigInteger(), "expire_time"),
    *optional(Integer(), "last_used_day"),
    info=ON_COORDINATOR | KEPT_AFTER_APP,
)
index("api_key_tenant", api_key, "tenant_id", "app_id")

# The keys of JWT authorization. `material` of a shared secret is encrypted.
jwt_key = Table(
    "jwt_key",
    metadata,
    *keys(NAME, "app_id", "jwt_key_id"),
    *required(SmallInteger(), "place", "kind"),
    *required(NAME, "kid"),
    sealed("material"),  # of a shared secret; otherwise a public key, a document or a URL
    *required(BigInteger(), "create_time"),
    *optional(Text(), "document"),
    *optional(BigInteger(), "fetch_time", "attempt_time", "failing_since_time"),
    *required(Text(), "failure"),
    info=ON_COORDINATOR,
)
# Two keys of an app cannot have the same place, so their number is limited by the number of places (J2).
index("jwt_key_place", jwt_key, "app_id", "place", unique=True)
index("jwt_key_kid", jwt_key, "app_id", "kid", where=jwt_key.c.kid != literal("''"), unique=True)

# How many calls of devices were checked, by what the check found (J7).
jwt_count = Table(
    "jwt_count",
    metadata,
    *keys(NAME, "app_id"),
    *keys(Integer(), "day"),
    *keys(SmallInteger(), "outcome"),
    *keys(NAME, "sdk_version"),
    *required(BigInteger(), "calls"),
    sqlite_with_rowid=IN_THE_KEY,
    info=ON_COORDINATOR,
)
index("jwt_count_day", jwt_count, "day")
