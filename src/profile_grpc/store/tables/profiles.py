"""Profiles, and what the rules keep beside them: guards, tokens, calls, tombstones, billing, counts, imports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Integer, SmallInteger, Table, Text, and_, not_
from sqlalchemy import literal_column as literal

from profile_grpc.domain.profile import ProfileStatus, UserState
from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    KEPT_AFTER_APP,
    NAME,
    OF_APP,
    added,
    index,
    keys,
    metadata,
    optional,
    required,
)

profile = Table(
    "profile",
    metadata,
    *keys(NAME, "app_id", "user_id", "device_id"),
    *required(BigInteger(), "create_time", "register_time", "update_time"),
    *required(Integer(), "register_day"),
    *required(SmallInteger(), "status", "user_state", "platform"),
    *required(SmallInteger(), "channels"),  # one bit for each channel: 1 << number
    *optional(Text(), "push_endpoints"),
    *optional(SmallInteger(), "push_permission"),
    *required(Boolean(create_constraint=False), "push_superseded"),
    *optional(NAME, "customer_id"),
    *optional(Text(), "attributes"),
    *optional(BigInteger(), "last_heartbeat_time"),
    *optional(Integer(), "heartbeat_day"),
    *optional(BigInteger(), "unregister_time"),
    *optional(Text(), "unregister_reason"),
    *optional(BigInteger(), "call_sequence"),
    *optional(SmallInteger(), "call_method"),
    *required(BigInteger(), "mad_count_time"),
    *required(Integer(), "mad_number"),
    *optional(BigInteger(), "mad_deletion_time"),
    *required(BigInteger(), "revision"),
    added("version", BigInteger(), "0"),
    # What filters compare (T3), derived from `attributes`: language and versions by their keys.
    *optional(NAME, "language", "time_zone", "sdk_version", "os_version"),
    *optional(BigInteger(), "last_opened_time"),
    # Leaves space for a heartbeat's new row version on the same page, so that no index is changed (HOT).
    postgresql_with={"fillfactor": 80},
    info=OF_APP | KEPT_AFTER_APP,
)

# The partial indexes name the status as a number in the text of the statement: an engine uses such an index only if it
# can prove, without the values, that the statement's condition implies the index's condition.
IS_ACTIVE = profile.c.status == literal(str(ProfileStatus.ACTIVE.value))
IS_CURRENT = and_(IS_ACTIVE, profile.c.user_state == literal(str(UserState.ACTIVE.value)))
IS_RECEIVING = and_(IS_ACTIVE, not_(profile.c.push_superseded))
IS_UNREGISTERED = profile.c.status == literal(str(ProfileStatus.UNREGISTERED.value))
HAS_HEARTBEAT = and_(IS_ACTIVE, profile.c.heartbeat_day.is_not(None))
HAS_NO_HEARTBEAT = and_(IS_ACTIVE, profile.c.heartbeat_day.is_(None))
HAS_CUSTOMER = profile.c.customer_id.is_not(None)

# The profiles on a device that a registration may change (R5, R6), and those whose push it may supersede (R7). The
# indexes contain user and device: so any of them finds a single profile fast, even if very many profiles share the
# device or the user.
index("profile_on_device", profile, "app_id", "device_id", "status", "user_state", "user_id")
index("profile_receiving", profile, "app_id", "user_id", "device_id", where=IS_RECEIVING)
index("profile_customer", profile, "app_id", "customer_id", where=HAS_CUSTOMER)
# By the day, not by the time: so most heartbeats do not change the index (HOT updates on PostgreSQL).
index("profile_heartbeat", profile, "app_id", "heartbeat_day", where=HAS_HEARTBEAT)
index("profile_register", profile, "app_id", "register_day", where=HAS_NO_HEARTBEAT)
# In the order of keys, so that a page of the profiles with one value is a range. `last_opened_time` has no index: it
# changes with most updates, which are HOT without one.
index("profile_language", profile, "app_id", "language", "user_id", "device_id", where=profile.c.language.is_not(None))
index(
    "profile_time_zone", profile, "app_id", "time_zone", "user_id", "device_id", where=profile.c.time_zone.is_not(None)
)
index("profile_unregister", profile, "app_id", "unregister_time", where=IS_UNREGISTERED)

guard = Table(
    "guard",
    metadata,
    *keys(NAME, "app_id"),
    *keys(Integer(), "number"),
    *required(BigInteger(), "revision"),
    sqlite_with_rowid=IN_THE_KEY,
    # Registrations change these rows frequently. The fill factor keeps each row on its page (HOT).
    postgresql_with={"fillfactor": 50},
    info=OF_APP | KEPT_AFTER_APP,
)

# The table has only key columns: the holders of a token, which belong to one device (R4), by the token's keyed hash.
token_holder = Table(
    "token_holder",
    metadata,
    *keys(NAME, "app_id", "token_hash", "device_id", "user_id"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)

# The highest call of a device (R13). Without a forget_time it is deleted with the device's next deletion. For the
# highest removal of an account, the device id is replaced by a keyed hash of the report.
device_order = Table(
    "device_order",
    metadata,
    *keys(NAME, "app_id", "device_id"),
    *required(BigInteger(), "sequence"),
    *required(SmallInteger(), "method"),
    *optional(BigInteger(), "forget_time"),
    *required(BigInteger(), "revision"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
index("device_order_forget_time", device_order, "app_id", "forget_time", where=device_order.c.forget_time.is_not(None))

# Each endpoint that is lost to feedback changes its app's row. The fill factor keeps the row on its page (HOT).
feedback_breaker = Table(
    "feedback_breaker",
    metadata,
    *keys(NAME, "app_id"),
    *required(Text(), "lost"),
    *optional(BigInteger(), "held_time", "go_until", "stop_time"),
    *required(BigInteger(), "revision"),
    sqlite_with_rowid=IN_THE_KEY,
    postgresql_with={"fillfactor": 50},
    info=OF_APP,
)

tombstone = Table(
    "tombstone",
    metadata,
    *keys(NAME, "app_id", "profile_hash"),
    *required(Text(), "reason"),
    *required(BigInteger(), "delete_time", "mad_deletion_time"),
    added("version", BigInteger(), "0"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
index("tombstone_delete_time", tombstone, "app_id", "delete_time")

# The key contains the number of the count, so a second count with the same number cannot be written (M4).
mad_ledger = Table(
    "mad_ledger",
    metadata,
    *keys(NAME, "app_id", "profile_hash"),
    *keys(Integer(), "number"),
    *required(Integer(), "day"),
    *required(BigInteger(), "count_time"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
index("mad_ledger_day", mad_ledger, "app_id", "day")

# Each transaction adds to a random one of several rows, so that transactions rarely wait for each other.
profile_count = Table(
    "profile_count",
    metadata,
    *keys(NAME, "app_id"),
    *keys(SmallInteger(), "status", "platform", "shard"),
    *required(BigInteger(), "profiles"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)

endpoint_count = Table(
    "endpoint_count",
    metadata,
    *keys(NAME, "app_id"),
    *keys(SmallInteger(), "shard"),
    *required(BigInteger(), "endpoints"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)

# When imports began, for 90 days (I1).
import_start = Table(
    "import_start",
    metadata,
    *keys(NAME, "app_id", "import_id"),
    *required(BigInteger(), "start_time", "revision"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)
