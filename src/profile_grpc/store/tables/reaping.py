"""Leases, and what the reaper records of its passes."""

from __future__ import annotations

from sqlalchemy import BigInteger, SmallInteger, Table, Text

from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    NAME,
    OF_APP,
    ON_COORDINATOR,
    keys,
    metadata,
    optional,
    required,
)

reaper_deletion = Table(
    "reaper_deletion",
    metadata,
    *keys(NAME, "app_id"),
    *keys(BigInteger(), "time"),
    *required(BigInteger(), "deletions"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)

lease = Table(
    "lease",
    metadata,
    *keys(NAME, "name"),
    *required(Text(), "holder"),
    *required(BigInteger(), "expire_time"),
    info=ON_COORDINATOR,
)

# One row, whose id is 1.
reaper_record = Table(
    "reaper_record",
    metadata,
    *keys(SmallInteger(), "id"),
    *optional(BigInteger(), "last_pass_time", "held_since"),
    info=ON_COORDINATOR,
)

# The apps in which the reaper's breaker held at its last pass (P6).
reaper_hold = Table(
    "reaper_hold",
    metadata,
    *keys(NAME, "app_id"),
    *required(BigInteger(), "time"),
    info=ON_COORDINATOR,
)
