"""Events: those without a position yet, the log that readers read, and the state of the sequencer (E3)."""

from __future__ import annotations

from sqlalchemy import BigInteger, SmallInteger, Table, Text
from sqlalchemy import literal_column as literal

from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    KEPT_AFTER_APP,
    OF_APP,
    ON_COORDINATOR,
    added,
    index,
    key,
    metadata,
    required,
)

# What changes have left, until the sequencer gives it a position (E3): a short queue. The id begins with the time
# (`rows.event_id`).
event = Table(
    "event",
    metadata,
    key("app_id"),
    key("id"),
    required("time", BigInteger()),
    required("type", Text()),
    required("user_id", Text()),
    required("device_id", Text()),
    required("reason", Text()),
    added("customer_id", Text(), "''"),
    added("version", BigInteger(), "0"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
# The sequencer takes a limited number: of each profile those of the lowest versions.
index("event_of_profile", event.c.app_id, event.c.user_id, event.c.device_id, event.c.version, event.c.id)

# The events with their positions, for readers. In order of position; the app is in the key for the cluster's sake.
event_log = Table(
    "event_log",
    metadata,
    key("position", BigInteger()),
    key("app_id"),
    required("event_id", Text()),
    required("position_time", BigInteger()),
    required("time", BigInteger()),
    required("type", Text()),
    required("user_id", Text()),
    required("device_id", Text()),
    required("customer_id", Text()),
    required("reason", Text()),
    required("version", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)

# The events of a person, to erase and to export them (C8, C9). Erased events leave the indexes.
index(
    "event_log_user",
    event_log.c.app_id,
    event_log.c.user_id,
    event_log.c.device_id,
    where=event_log.c.user_id != literal("''"),
)
index(
    "event_log_customer",
    event_log.c.app_id,
    event_log.c.customer_id,
    where=event_log.c.customer_id != literal("''"),
)

# One row, whose id is 1: how far positions are given (`store.events`).
event_head = Table(
    "event_head",
    metadata,
    key("id", SmallInteger()),
    required("epoch", BigInteger()),
    required("epoch_id", Text()),
    required("allocated", BigInteger()),
    required("published", BigInteger()),
    required("oldest", BigInteger()),
    required("apps", Text()),
    added("erasures", BigInteger(), "0"),
    postgresql_with={"fillfactor": 50},
    info=ON_COORDINATOR,
)

# Every sequencer, by its number, with the position after which it began.
event_epoch = Table(
    "event_epoch",
    metadata,
    key("epoch", BigInteger()),
    required("epoch_id", Text()),
    required("begin", BigInteger()),
    info=ON_COORDINATOR,
)

# On a cluster: the newest sequencer that an app's shard knows. It refuses earlier ones.
event_fence = Table(
    "event_fence",
    metadata,
    key("app_id"),
    required("epoch", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
