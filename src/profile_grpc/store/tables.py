"""The tables: one declaration for every engine. The migrations build them; a test holds both to be the same.

Instants are BIGINT microseconds since 1970-01-01T00:00:00Z, days are UTC days since then, hashes are the 22 characters
of `Hasher`, JSON is TEXT that no statement looks into. Every row that is changed after a decision has a `revision`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    and_,
    not_,
)
from sqlalchemy import literal_column as literal
from sqlalchemy.types import TypeEngine

from profile_grpc.domain.model import ProfileStatus, UserState

metadata = MetaData()


def _text() -> TypeEngine[str]:
    """Text in the order of its bytes, on each engine: SQLite's default, on PostgreSQL the collation "C".

    A collation of the operating system is slower and may change with an upgrade, which silently breaks indexes.
    """
    return Text().with_variant(Text(collation="C"), "postgresql")


def _key(name: str, type_: TypeEngine[Any] | None = None) -> Column[Any]:
    return Column(name, type_ or _text(), primary_key=True, nullable=False, autoincrement=False)


def _required(name: str, type_: TypeEngine[Any]) -> Column[Any]:
    return Column(name, type_, nullable=False)


_DISTRIBUTION = "distribution"


# Each table says where a Citus cluster has it. What is of an app is on one shard, what is of a tenant likewise: then
# every commit is one node's. The column is in every unique key of the table.
_OF_APP = {_DISTRIBUTION: "app_id"}
_OF_TENANT = {_DISTRIBUTION: "tenant_id"}
# On the coordinator alone, through which every statement comes: these stay at hand whichever other node is away, and a
# change of them is one node's commit as well.
_ON_COORDINATOR = {_DISTRIBUTION: None}


# A row of few columns lives in its primary key's tree on SQLite: one tree to search and to write instead of two.
_IN_THE_KEY = False

profile = Table(
    "profile",
    metadata,
    _key("app_id"),
    _key("user_id"),
    _key("device_id"),
    _required("create_time", BigInteger()),
    _required("register_time", BigInteger()),
    _required("update_time", BigInteger()),
    _required("register_day", Integer()),
    _required("status", SmallInteger()),
    _required("user_state", SmallInteger()),
    _required("platform", SmallInteger()),
    _required("channels", SmallInteger()),  # one bit for each channel: 1 << number
    Column("push_endpoints", Text()),
    Column("push_permission", SmallInteger()),
    _required("push_superseded", Boolean(create_constraint=False)),
    Column("customer_id", _text()),
    Column("attributes", Text()),
    Column("last_heartbeat_time", BigInteger()),
    Column("heartbeat_day", Integer()),
    Column("unregister_time", BigInteger()),
    Column("unregister_reason", Text()),
    Column("call_sequence", BigInteger()),
    Column("call_method", SmallInteger()),
    _required("mad_count_time", BigInteger()),
    _required("mad_number", Integer()),
    Column("mad_deletion_time", BigInteger()),
    _required("revision", BigInteger()),
    # Room for a heartbeat's new row version on the page of the old one: then no index is touched (HOT).
    postgresql_with={"fillfactor": 80},
    info=_OF_APP,
)

# The partial indexes name the status as a number in the text of the statement: an engine uses such an index only
# where it can prove, before it knows any value, that a statement's condition implies the index's.
IS_ACTIVE = profile.c.status == literal(str(ProfileStatus.ACTIVE.value))
IS_CURRENT = and_(IS_ACTIVE, profile.c.user_state == literal(str(UserState.ACTIVE.value)))
IS_RECEIVING = and_(IS_ACTIVE, not_(profile.c.push_superseded))
IS_UNREGISTERED = profile.c.status == literal(str(ProfileStatus.UNREGISTERED.value))
HAS_HEARTBEAT = and_(IS_ACTIVE, profile.c.heartbeat_day.is_not(None))
HAS_NO_HEARTBEAT = and_(IS_ACTIVE, profile.c.heartbeat_day.is_(None))
HAS_CUSTOMER = profile.c.customer_id.is_not(None)


def _index(name: str, *columns: Column[Any], where: ColumnElement[bool] | None = None) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


# Who is on a device, of those that a registration may change (R5, R6), and whose push it may supersede (R7). With user
# and device: whichever index an engine takes to find one profile, a device or a user that very many share is no
# obstacle.
_index(
    "profile_on_device",
    profile.c.app_id,
    profile.c.device_id,
    profile.c.status,
    profile.c.user_state,
    profile.c.user_id,
)
_index("profile_receiving", profile.c.app_id, profile.c.user_id, profile.c.device_id, where=IS_RECEIVING)
_index("profile_customer", profile.c.app_id, profile.c.customer_id, where=HAS_CUSTOMER)
# By the day, not by the time: most heartbeats then leave the index alone (HOT updates on PostgreSQL).
_index("profile_heartbeat", profile.c.app_id, profile.c.heartbeat_day, where=HAS_HEARTBEAT)
_index("profile_register", profile.c.app_id, profile.c.register_day, where=HAS_NO_HEARTBEAT)
_index("profile_unregister", profile.c.app_id, profile.c.unregister_time, where=IS_UNREGISTERED)

guard = Table(
    "guard",
    metadata,
    _key("app_id"),
    _key("number", Integer()),
    _required("revision", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    # A registration changes one or two of these rows, again and again: each keeps to its page (HOT).
    postgresql_with={"fillfactor": 50},
    info=_OF_APP,
)

# The key is all there is: who holds a token, of one device (R4), by the token's keyed hash.
token_holder = Table(
    "token_holder",
    metadata,
    _key("app_id"),
    _key("token_hash"),
    _key("device_id"),
    _key("user_id"),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)

# The highest call of a phone (R13). Without a forget_time it goes with the device's next deletion. The highest removal
# of an account has a keyed hash of its report in place of the device id.
device_order = Table(
    "device_order",
    metadata,
    _key("app_id"),
    _key("device_id"),
    _required("sequence", BigInteger()),
    _required("method", SmallInteger()),
    Column("forget_time", BigInteger()),
    _required("revision", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)
_index(
    "device_order_forget_time",
    device_order.c.app_id,
    device_order.c.forget_time,
    where=device_order.c.forget_time.is_not(None),
)

# Whoever loses an endpoint to feedback changes its app's row, again and again: each keeps to its page (HOT).
feedback_breaker = Table(
    "feedback_breaker",
    metadata,
    _key("app_id"),
    _required("lost", Text()),
    Column("held_time", BigInteger()),
    Column("go_until", BigInteger()),
    Column("stop_time", BigInteger()),
    _required("revision", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    postgresql_with={"fillfactor": 50},
    info=_OF_APP,
)

tombstone = Table(
    "tombstone",
    metadata,
    _key("app_id"),
    _key("profile_hash"),
    _required("reason", Text()),
    _required("delete_time", BigInteger()),
    _required("mad_deletion_time", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)
_index("tombstone_delete_time", tombstone.c.app_id, tombstone.c.delete_time)

# The key holds the number of the count: a second one with the same number cannot be written (M4).
mad_ledger = Table(
    "mad_ledger",
    metadata,
    _key("app_id"),
    _key("profile_hash"),
    _key("number", Integer()),
    _required("day", Integer()),
    _required("count_time", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)
_index("mad_ledger_day", mad_ledger.c.app_id, mad_ledger.c.day)

# The id begins with the time (`rows.event_id`), so that the primary key also serves to purge and to read in order.
event = Table(
    "event",
    metadata,
    _key("app_id"),
    _key("id"),
    _required("time", BigInteger()),
    _required("type", Text()),
    _required("user_id", Text()),
    _required("device_id", Text()),
    _required("reason", Text()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)

# Each transaction adds to a shard of its own choice, so that they rarely wait for each other's rows.
profile_count = Table(
    "profile_count",
    metadata,
    _key("app_id"),
    _key("status", SmallInteger()),
    _key("platform", SmallInteger()),
    _key("shard", SmallInteger()),
    _required("profiles", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)

endpoint_count = Table(
    "endpoint_count",
    metadata,
    _key("app_id"),
    _key("shard", SmallInteger()),
    _required("endpoints", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)

reaper_deletion = Table(
    "reaper_deletion",
    metadata,
    _key("app_id"),
    _key("time", BigInteger()),
    _required("deletions", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP,
)

webhook = Table(
    "webhook",
    metadata,
    _key("tenant_id"),
    _key("webhook_id"),
    _required("place", SmallInteger()),
    _required("url", Text()),
    _required("types", Text()),
    _required("app_ids", Text()),
    _required("state", SmallInteger()),
    _required("secrets", Text()),
    _required("display_name", Text()),
    _required("create_time", BigInteger()),
    _required("update_time", BigInteger()),
    _required("revision", BigInteger()),
    info=_OF_TENANT,
)
# No two webhooks of a tenant have one place, so that there are never more than places (E6).
Index("webhook_place", webhook.c.tenant_id, webhook.c.place, unique=True)

# Apart from `webhook`, because each delivery writes it: an operator's change never meets a delivery's.
webhook_progress = Table(
    "webhook_progress",
    metadata,
    _key("tenant_id"),
    _key("webhook_id"),
    _required("position", BigInteger()),
    Column("pending", BigInteger()),
    _required("replays", Integer()),
    _required("failures", Integer()),
    Column("failing_since", BigInteger()),
    Column("next_attempt_time", BigInteger()),
    Column("failure_time", BigInteger()),
    Column("failure_status", Integer()),
    Column("failure_text", Text()),
    Column("lost_time", BigInteger()),
    _required("attempts", BigInteger()),
    _required("revision", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    postgresql_with={"fillfactor": 50},
    info=_OF_TENANT,
)

# The last attempts of each webhook: a newer one takes the slot of the oldest.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    _key("tenant_id"),
    _key("webhook_id"),
    _key("slot", Integer()),
    _required("number", BigInteger()),
    _required("message_id", Text()),
    _required("first_position", BigInteger()),
    _required("last_position", BigInteger()),
    _required("events", Integer()),
    _required("attempt", Integer()),
    _required("time", BigInteger()),
    _required("latency", BigInteger()),  # microseconds
    _required("status", Integer()),
    _required("failure", Text()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_TENANT,
)

lease = Table(
    "lease",
    metadata,
    _key("name"),
    _required("holder", Text()),
    _required("expire_time", BigInteger()),
    info=_ON_COORDINATOR,
)

# One row, whose id is 1.
reaper_record = Table(
    "reaper_record",
    metadata,
    _key("id", SmallInteger()),
    Column("last_pass_time", BigInteger()),
    Column("held_since", BigInteger()),
    info=_ON_COORDINATOR,
)

tenant = Table(
    "tenant",
    metadata,
    _key("tenant_id"),
    _required("create_time", BigInteger()),
    info=_ON_COORDINATOR,
)

app = Table(
    "app",
    metadata,
    _key("app_id"),
    _required("tenant_id", _text()),
    _required("create_time", BigInteger()),
    _required("update_time", BigInteger()),
    _required("display_name", Text()),
    _required("settings", Text()),
    _required("deleting", Boolean(create_constraint=False)),
    _required("revision", BigInteger()),
    # Set: the app is deleted, and its id reserved for the tenant (D4).
    Column("delete_time", BigInteger()),
    info=_ON_COORDINATOR,
)
_index("app_tenant", app.c.tenant_id, app.c.app_id)

api_key = Table(
    "api_key",
    metadata,
    _key("key_id"),
    _required("secret_hash", Text()),
    _required("kind", SmallInteger()),
    _required("tenant_id", _text()),
    _required("app_id", _text()),
    _required("create_time", BigInteger()),
    Column("revoke_time", BigInteger()),
    Column("label", Text()),
    Column("expire_time", BigInteger()),
    Column("last_used_day", Integer()),
    info=_ON_COORDINATOR,
)
_index("api_key_tenant", api_key.c.tenant_id, api_key.c.app_id)

# One row, whose id is 1.
directory_version = Table(
    "directory_version",
    metadata,
    _key("id", SmallInteger()),
    _required("version", BigInteger()),
    info=_ON_COORDINATOR,
)

hash_key = Table(
    "hash_key",
    metadata,
    _key("id", SmallInteger()),
    _required("check_value", Text()),
    info=_ON_COORDINATOR,
)
"""What the hash key makes of a fixed text: with another key, no token would be found and every device counted again."""

DISTRIBUTED = tuple((table, column) for table in metadata.sorted_tables if (column := table.info[_DISTRIBUTION]))
"""What Citus spreads over its nodes, and by which column."""

ON_COORDINATOR = tuple(table for table in metadata.sorted_tables if not table.info[_DISTRIBUTION])
"""What is on the coordinator of a Citus cluster alone."""


def distributed_by(table: Table) -> str | None:
    """The column that Citus distributes the table by, or None."""
    column: str | None = table.info[_DISTRIBUTION]
    return column
