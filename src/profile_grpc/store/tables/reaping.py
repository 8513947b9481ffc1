"""Leases, and what the reaper records of its passes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, SmallInteger, Table, Text

from profile_grpc.store.tables.columns import IN_THE_KEY, OF_APP, ON_COORDINATOR, key, metadata, required

reaper_deletion = Table(
    "reaper_deletion",
    metadata,
    key("app_id"),
    key("time", BigInteger()),
    required("deletions", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)

lease = Table(
    "lease",
    metadata,
    key("name"),
    required("holder", Text()),
    required("expire_time", BigInteger()),
    info=ON_COORDINATOR,
)

# One row, whose id is 1.
reaper_record = Table(
    "reaper_record",
    metadata,
    key("id", SmallInteger()),
    Column("last_pass_time", BigInteger()),
    Column("held_since", BigInteger()),
    info=ON_COORDINATOR,
)

# The apps in which the reaper's breaker held at its last pass (P6).
reaper_hold = Table(
    "reaper_hold",
    metadata,
    key("app_id"),
    required("time", BigInteger()),
    info=ON_COORDINATOR,
)
