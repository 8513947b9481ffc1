"""Profiles, and what the rules keep beside them: guards, tokens, calls, tombstones, billing, counts, imports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text, and_, not_
from sqlalchemy import literal_column as literal

from profile_grpc.domain.profile import ProfileStatus, UserState
from profile_grpc.store.tables.columns import (
    IN_THE_KEY,
    KEPT_AFTER_APP,
    OF_APP,
    added,
    index,
    key,
    metadata,
    required,
    text,
)

profile = Table(
    "profile",
    metadata,
    key("app_id"),
    key("user_id"),
    key("device_id"),
    required("create_time", BigInteger()),
    required("register_time", BigInteger()),
    required("update_time", BigInteger()),
    required("register_day", Integer()),
    required("status", SmallInteger()),
    required("user_state", SmallInteger()),
    required("platform", SmallInteger()),
    required("channels", SmallInteger()),  # one bit for each channel: 1 << number
    Column("push_endpoints", Text()),
    Column("push_permission", SmallInteger()),
    required("push_superseded", Boolean(create_constraint=False)),
    Column("customer_id", text()),
    Column("attributes", Text()),
    Column("last_heartbeat_time", BigInteger()),
    Column("heartbeat_day", Integer()),
    Column("unregister_time", BigInteger()),
    Column("unregister_reason", Text()),
    Column("call_sequence", BigInteger()),
    Column("call_method", SmallInteger()),
    required("mad_count_time", BigInteger()),
    required("mad_number", Integer()),
    Column("mad_deletion_time", BigInteger()),
    required("revision", BigInteger()),
    added("version", BigInteger(), "0"),
    # What filters compare (T3), derived from `attributes`: language and versions by their keys.
    Column("language", text()),
    Column("time_zone", text()),
    Column("sdk_version", text()),
    Column("os_version", text()),
    Column("last_opened_time", BigInteger()),
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
index(
    "profile_on_device",
    profile.c.app_id,
    profile.c.device_id,
    profile.c.status,
    profile.c.user_state,
    profile.c.user_id,
)
index("profile_receiving", profile.c.app_id, profile.c.user_id, profile.c.device_id, where=IS_RECEIVING)
index("profile_customer", profile.c.app_id, profile.c.customer_id, where=HAS_CUSTOMER)
# By the day, not by the time: so most heartbeats do not change the index (HOT updates on PostgreSQL).
index("profile_heartbeat", profile.c.app_id, profile.c.heartbeat_day, where=HAS_HEARTBEAT)
index("profile_register", profile.c.app_id, profile.c.register_day, where=HAS_NO_HEARTBEAT)
# In the order of keys, so that a page of the profiles with one value is a range. `last_opened_time` has no index: it
# changes with most updates, which are HOT without one.
index(
    "profile_language",
    profile.c.app_id,
    profile.c.language,
    profile.c.user_id,
    profile.c.device_id,
    where=profile.c.language.is_not(None),
)
index(
    "profile_time_zone",
    profile.c.app_id,
    profile.c.time_zone,
    profile.c.user_id,
    profile.c.device_id,
    where=profile.c.time_zone.is_not(None),
)
index("profile_unregister", profile.c.app_id, profile.c.unregister_time, where=IS_UNREGISTERED)

guard = Table(
    "guard",
    metadata,
    key("app_id"),
    key("number", Integer()),
    required("revision", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    # Registrations change these rows frequently. The fill factor keeps each row on its page (HOT).
    postgresql_with={"fillfactor": 50},
    info=OF_APP | KEPT_AFTER_APP,
)

# The table has only key columns: the holders of a token, which belong to one device (R4), by the token's keyed hash.
token_holder = Table(
    "token_holder",
    metadata,
    key("app_id"),
    key("token_hash"),
    key("device_id"),
    key("user_id"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)

# The highest call of a device (R13). Without a forget_time it is deleted with the device's next deletion. For the
# highest removal of an account, the device id is replaced by a keyed hash of the report.
device_order = Table(
    "device_order",
    metadata,
    key("app_id"),
    key("device_id"),
    required("sequence", BigInteger()),
    required("method", SmallInteger()),
    Column("forget_time", BigInteger()),
    required("revision", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
index(
    "device_order_forget_time",
    device_order.c.app_id,
    device_order.c.forget_time,
    where=device_order.c.forget_time.is_not(None),
)

# Each endpoint that is lost to feedback changes its app's row. The fill factor keeps the row on its page (HOT).
feedback_breaker = Table(
    "feedback_breaker",
    metadata,
    key("app_id"),
    required("lost", Text()),
    Column("held_time", BigInteger()),
    Column("go_until", BigInteger()),
    Column("stop_time", BigInteger()),
    required("revision", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    postgresql_with={"fillfactor": 50},
    info=OF_APP,
)

tombstone = Table(
    "tombstone",
    metadata,
    key("app_id"),
    key("profile_hash"),
    required("reason", Text()),
    required("delete_time", BigInteger()),
    required("mad_deletion_time", BigInteger()),
    added("version", BigInteger(), "0"),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
index("tombstone_delete_time", tombstone.c.app_id, tombstone.c.delete_time)

# The key contains the number of the count, so a second count with the same number cannot be written (M4).
mad_ledger = Table(
    "mad_ledger",
    metadata,
    key("app_id"),
    key("profile_hash"),
    key("number", Integer()),
    required("day", Integer()),
    required("count_time", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP | KEPT_AFTER_APP,
)
index("mad_ledger_day", mad_ledger.c.app_id, mad_ledger.c.day)

# Each transaction adds to a random one of several rows, so that transactions rarely wait for each other.
profile_count = Table(
    "profile_count",
    metadata,
    key("app_id"),
    key("status", SmallInteger()),
    key("platform", SmallInteger()),
    key("shard", SmallInteger()),
    required("profiles", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)

endpoint_count = Table(
    "endpoint_count",
    metadata,
    key("app_id"),
    key("shard", SmallInteger()),
    required("endpoints", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)

# When imports began, for 90 days (I1).
import_start = Table(
    "import_start",
    metadata,
    key("app_id"),
    key("import_id"),
    required("start_time", BigInteger()),
    required("revision", BigInteger()),
    sqlite_with_rowid=IN_THE_KEY,
    info=OF_APP,
)
