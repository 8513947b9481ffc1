"""API keys, keys of JWT authorization, and push credentials."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text
from sqlalchemy import literal_column as literal

from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    KEPT_AFTER_APP,
    OF_APP,
    ON_COORDINATOR,
    index,
    key,
    metadata,
    required,
    sealed,
    text,
)

# One version of a push credential, with what may be shown of it (`public`) and its private part, encrypted.
push_credential = Table(
    "push_credential",
    metadata,
    key("app_id"),
    key("credential_id"),
    required("name", Text()),
    required("version", Integer()),
    required("platforms", Text()),
    required("push_app_ids", Text()),
    required("public", Text()),
    Column("expire_time", BigInteger()),
    sealed("sealed"),
    required("create_time", BigInteger()),
    Column("reminder_days", SmallInteger()),
    Column("reminder_time", BigInteger()),
    required("mail_due", Boolean(create_constraint=False)),
    required("revision", BigInteger()),
    info=OF_APP,
)
# Two uploads of one name cannot get the same version (K1).
index(
    "push_credential_version", push_credential.c.app_id, push_credential.c.name, push_credential.c.version, unique=True
)

api_key = Table(
    "api_key",
    metadata,
    key("key_id"),
    required("secret_hash", Text()),
    required("kind", SmallInteger()),
    required("tenant_id", text()),
    required("app_id", text()),
    required("create_time", BigInteger()),
    Column("revoke_time", BigInteger()),
    Column("label", Text()),
    Column("expire_time", BigInteger()),
    Column("last_used_day", Integer()),
    info=ON_COORDINATOR | KEPT_AFTER_APP,
)
index("api_key_tenant", api_key.c.tenant_id, api_key.c.app_id)

# The keys of JWT authorization. `material` of a shared secret is encrypted.
jwt_key = Table(
    "jwt_key",
    metadata,
    key("app_id"),
    key("jwt_key_id"),
    required("place", SmallInteger()),
    required("kind", SmallInteger()),
    required("kid", text()),
    sealed("material"),  # of a shared secret; otherwise a public key, a document or a URL
    required("create_time", BigInteger()),
    Column("document", Text()),
    Column("fetch_time", BigInteger()),
    Column("attempt_time", BigInteger()),
    Column("failing_since_time", BigInteger()),
    required("failure", Text()),
    info=ON_COORDINATOR,
)
# Two keys of an app cannot have the same place, so their number is limited by the number of places (J2).
index("jwt_key_place", jwt_key.c.app_id, jwt_key.c.place, unique=True)
index(
    "jwt_key_kid",
    jwt_key.c.app_id,
    jwt_key.c.kid,
    unique=True,
    where=jwt_key.c.kid != literal("''"),
)

# How many calls of devices were checked, by what the check found (J7).
jwt_count = Table(
    "jwt_count",
    metadata,
    key("app_id"),
    key("day", Integer()),
    key("outcome", SmallInteger()),
    key("sdk_version"),
    required("calls", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=ON_COORDINATOR,
)
index("jwt_count_day", jwt_count.c.day)
