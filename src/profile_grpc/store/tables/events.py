"""Events: those without a position yet, the log that readers read, and the state of the sequencer (E3)."""

from __future__ import annotations

from sqlalchemy import BigInteger, SmallInteger, Table, Text
from sqlalchemy import literal_column as literal

from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    KEPT_AFTER_APP,
    NAME,
    OF_APP,
    ON_COORDINATOR,
    added,
    index,
    keys,
    metadata,
    required,
)

# What changes have left, until the sequencer gives it a position (E3): a short queue. The id begins with the time
# (`rows.EventRows`).
event = Table(
    "event",
    metadata,
    *keys(NAME, "app_id", "id"),
    *required(BigInteger(), "time"),
    *required(Text(), "type", "user_id", "device_id", "reason"),
    added("customer_id", Text(), "''"),
    added("version", BigInteger(), "0"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
# The sequencer takes a limited number: of each profile those of the lowest versions.
index("event_of_profile", event, "app_id", "user_id", "device_id", "version", "id")

# The events with their positions, for readers. In order of position; the app is in the key for the cluster's sake.
event_log = Table(
    "event_log",
    metadata,
    *keys(BigInteger(), "position"),
    *keys(NAME, "app_id"),
    *required(Text(), "event_id"),
    *required(BigInteger(), "position_time", "time"),
    *required(Text(), "type", "user_id", "device_id", "customer_id", "reason"),
    *required(BigInteger(), "version"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)

# The events of a person, to erase and to export them (C8, C9). Erased events leave the indexes.
index("event_log_user", event_log, "app_id", "user_id", "device_id", where=event_log.c.user_id != literal("''"))
index("event_log_customer", event_log, "app_id", "customer_id", where=event_log.c.customer_id != literal("''"))

# One row, whose id is 1: how far positions are given (`store.events`).
event_head = Table(
    "event_head",
    metadata,
    *keys(SmallInteger(), "id"),
    *required(BigInteger(), "epoch"),
    *required(Text(), "epoch_id"),
    *required(BigInteger(), "allocated", "published", "oldest"),
    *required(Text(), "apps"),
    added("erasures", BigInteger(), "0"),
    postgresql_with={"fillfactor": 50},
    info=ON_COORDINATOR,
)

# Every sequencer, by its number, with the position after which it began.
event_epoch = Table(
    "event_epoch",
    metadata,
    *keys(BigInteger(), "epoch"),
    *required(Text(), "epoch_id"),
    *required(BigInteger(), "begin"),
    info=ON_COORDINATOR,
)

# On a cluster: the newest sequencer that an app's shard knows. It refuses earlier ones.
event_fence = Table(
    "event_fence",
    metadata,
    *keys(NAME, "app_id"),
    *required(BigInteger(), "epoch"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
