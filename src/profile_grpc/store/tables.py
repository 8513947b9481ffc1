"""The tables: one declaration for every engine. The migrations create them; a test checks that both are the same.

Instants are BIGINT microseconds since 1970-01-01T00:00:00Z, days are UTC days since then, hashes are the 22 characters
of `Hasher`, JSON is TEXT that no statement inspects. Every row that is changed after a decision has a `revision`.
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


def _added(name: str, type_: TypeEngine[Any], default: str) -> Column[Any]:
    """A column that older programs do not write: rows of theirs have the default."""
    return Column(name, type_, nullable=False, server_default=literal(default))


def sealed(name: str) -> Column[Any]:
    """A secret that `Vault.seal` has encrypted for its row: `row_of` the table and its primary key (K2).

    `credential reseal` and `doctor` find every such column by this declaration. A column may hold public texts too.
    """
    return Column(name, Text(), nullable=False, info={SEALED: True})


SEALED = "sealed"
_DISTRIBUTION = "distribution"


# Each table declares its distribution on a Citus cluster. All rows of an app are on one shard, and so are all rows of a
# tenant. So every commit takes place on one node. The distribution column is part of every unique key.
_OF_APP = {_DISTRIBUTION: "app_id"}
_OF_TENANT = {_DISTRIBUTION: "tenant_id"}
# On the coordinator only, through which every statement passes. These tables stay available if another node fails, and
# a change of them commits on one node too.
_ON_COORDINATOR = {_DISTRIBUTION: None}
# The rows of an app are deleted with it, in one transaction. In a table with this mark they are not: they go with the
# app's profiles, or once their retention is over.
_KEPT = {"kept": True}


# On SQLite, a row of few columns is stored in the tree of its primary key: one tree to search and write instead of two.
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
    _added("version", BigInteger(), "0"),
    # What filters compare (T3), derived from `attributes`: language and versions by their keys.
    Column("language", _text()),
    Column("time_zone", _text()),
    Column("sdk_version", _text()),
    Column("os_version", _text()),
    Column("last_opened_time", BigInteger()),
    # Leaves space for a heartbeat's new row version on the same page, so that no index is changed (HOT).
    postgresql_with={"fillfactor": 80},
    info=_OF_APP | _KEPT,
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


def _index(name: str, *columns: Column[Any], where: ColumnElement[bool] | None = None) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


# The profiles on a device that a registration may change (R5, R6), and those whose push it may supersede (R7). The
# indexes contain user and device: so any of them finds a single profile fast, even if very many profiles share the
# device or the user.
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
# By the day, not by the time: so most heartbeats do not change the index (HOT updates on PostgreSQL).
_index("profile_heartbeat", profile.c.app_id, profile.c.heartbeat_day, where=HAS_HEARTBEAT)
_index("profile_register", profile.c.app_id, profile.c.register_day, where=HAS_NO_HEARTBEAT)
# In the order of keys, so that a page of the profiles with one value is a range. `last_opened_time` has no index: it
# changes with most updates, which are HOT without one.
_index(
    "profile_language",
    profile.c.app_id,
    profile.c.language,
    profile.c.user_id,
    profile.c.device_id,
    where=profile.c.language.is_not(None),
)
_index(
    "profile_time_zone",
    profile.c.app_id,
    profile.c.time_zone,
    profile.c.user_id,
    profile.c.device_id,
    where=profile.c.time_zone.is_not(None),
)
_index("profile_unregister", profile.c.app_id, profile.c.unregister_time, where=IS_UNREGISTERED)

guard = Table(
    "guard",
    metadata,
    _key("app_id"),
    _key("number", Integer()),
    _required("revision", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    # Registrations change these rows frequently. The fill factor keeps each row on its page (HOT).
    postgresql_with={"fillfactor": 50},
    info=_OF_APP | _KEPT,
)

# The table has only key columns: the holders of a token, which belong to one device (R4), by the token's keyed hash.
token_holder = Table(
    "token_holder",
    metadata,
    _key("app_id"),
    _key("token_hash"),
    _key("device_id"),
    _key("user_id"),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP | _KEPT,
)

# The highest call of a device (R13). Without a forget_time it is deleted with the device's next deletion. For the
# highest removal of an account, the device id is replaced by a keyed hash of the report.
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
    info=_OF_APP | _KEPT,
)
_index(
    "device_order_forget_time",
    device_order.c.app_id,
    device_order.c.forget_time,
    where=device_order.c.forget_time.is_not(None),
)

# Each endpoint that is lost to feedback changes its app's row. The fill factor keeps the row on its page (HOT).
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
    _added("version", BigInteger(), "0"),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP | _KEPT,
)
_index("tombstone_delete_time", tombstone.c.app_id, tombstone.c.delete_time)

# The key contains the number of the count, so a second count with the same number cannot be written (M4).
mad_ledger = Table(
    "mad_ledger",
    metadata,
    _key("app_id"),
    _key("profile_hash"),
    _key("number", Integer()),
    _required("day", Integer()),
    _required("count_time", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP | _KEPT,
)
_index("mad_ledger_day", mad_ledger.c.app_id, mad_ledger.c.day)

# What changes have left, until the sequencer gives it a position (E3): a short queue. The id begins with the time
# (`rows.event_id`).
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
    _added("customer_id", Text(), "''"),
    _added("version", BigInteger(), "0"),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP | _KEPT,
)
# The sequencer takes a limited number: of each profile those of the lowest versions.
_index("event_of_profile", event.c.app_id, event.c.user_id, event.c.device_id, event.c.version, event.c.id)

# The events with their positions, for readers. In order of position; the app is in the key for the cluster's sake.
event_log = Table(
    "event_log",
    metadata,
    _key("position", BigInteger()),
    _key("app_id"),
    _required("event_id", Text()),
    _required("position_time", BigInteger()),
    _required("time", BigInteger()),
    _required("type", Text()),
    _required("user_id", Text()),
    _required("device_id", Text()),
    _required("customer_id", Text()),
    _required("reason", Text()),
    _required("version", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP | _KEPT,
)

# The events of a person, to erase and to export them (C8, C9). Erased events leave the indexes.
_index(
    "event_log_user",
    event_log.c.app_id,
    event_log.c.user_id,
    event_log.c.device_id,
    where=event_log.c.user_id != literal("''"),
)
_index(
    "event_log_customer",
    event_log.c.app_id,
    event_log.c.customer_id,
    where=event_log.c.customer_id != literal("''"),
)

# One row, whose id is 1: how far positions are given (`store.events`).
event_head = Table(
    "event_head",
    metadata,
    _key("id", SmallInteger()),
    _required("epoch", BigInteger()),
    _required("epoch_id", Text()),
    _required("allocated", BigInteger()),
    _required("published", BigInteger()),
    _required("oldest", BigInteger()),
    _required("apps", Text()),
    _added("erasures", BigInteger(), "0"),
    postgresql_with={"fillfactor": 50},
    info=_ON_COORDINATOR,
)

# Every sequencer, by its number, with the position after which it began.
event_epoch = Table(
    "event_epoch",
    metadata,
    _key("epoch", BigInteger()),
    _required("epoch_id", Text()),
    _required("begin", BigInteger()),
    info=_ON_COORDINATOR,
)

# On a cluster: the newest sequencer that an app's shard knows. It refuses earlier ones.
event_fence = Table(
    "event_fence",
    metadata,
    _key("app_id"),
    _required("epoch", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_APP | _KEPT,
)

# Each transaction adds to a random one of several rows, so that transactions rarely wait for each other.
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

# When imports began, for 90 days (I1).
import_start = Table(
    "import_start",
    metadata,
    _key("app_id"),
    _key("import_id"),
    _required("start_time", BigInteger()),
    _required("revision", BigInteger()),
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
# Two webhooks of a tenant cannot have the same place, so their number is limited by the number of places (E6).
Index("webhook_place", webhook.c.tenant_id, webhook.c.place, unique=True)

# Separate from `webhook`, because each delivery writes it: so an operator's change never conflicts with a delivery.
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

# The last attempts of each webhook: a new one replaces the oldest.
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

customer = Table(
    "customer",
    metadata,
    _key("tenant_id"),
    _key("customer_id"),
    _required("create_time", BigInteger()),
    _required("update_time", BigInteger()),
    Column("name", Text()),
    Column("email", _text()),
    Column("msisdn", _text()),
    Column("attributes", Text()),
    _required("schema_version", BigInteger()),
    _required("version", BigInteger()),
    _required("revision", BigInteger()),
    info=_OF_TENANT,
)
_index("customer_email", customer.c.tenant_id, customer.c.email, where=customer.c.email.is_not(None))
_index("customer_msisdn", customer.c.tenant_id, customer.c.msisdn, where=customer.c.msisdn.is_not(None))

# The attributes that a tenant's customers may have, and a change of them that is being checked.
customer_schema = Table(
    "customer_schema",
    metadata,
    _key("tenant_id"),
    _required("version", BigInteger()),
    _required("attributes", Text()),
    Column("update_time", BigInteger()),
    Column("change_attributes", Text()),
    Column("change_time", BigInteger()),
    _required("revision", BigInteger()),
    info=_OF_TENANT,
)

customer_tombstone = Table(
    "customer_tombstone",
    metadata,
    _key("tenant_id"),
    _key("customer_hash"),
    _required("reason", Text()),
    _required("delete_time", BigInteger()),
    _required("version", BigInteger()),
    Column("target_id", _text()),
    _required("revision", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_OF_TENANT,
)
_index(
    "customer_tombstone_target",
    customer_tombstone.c.tenant_id,
    customer_tombstone.c.target_id,
    where=customer_tombstone.c.target_id.is_not(None),
)
_index("customer_tombstone_delete_time", customer_tombstone.c.tenant_id, customer_tombstone.c.delete_time)

# One version of a push credential, with what may be shown of it (`public`) and its private part, encrypted.
push_credential = Table(
    "push_credential",
    metadata,
    _key("app_id"),
    _key("credential_id"),
    _required("name", Text()),
    _required("version", Integer()),
    _required("platforms", Text()),
    _required("push_app_ids", Text()),
    _required("public", Text()),
    Column("expire_time", BigInteger()),
    sealed("sealed"),
    _required("create_time", BigInteger()),
    Column("reminder_days", SmallInteger()),
    Column("reminder_time", BigInteger()),
    _required("mail_due", Boolean(create_constraint=False)),
    _required("revision", BigInteger()),
    info=_OF_APP,
)
# Two uploads of one name cannot get the same version (K1).
Index(
    "push_credential_version", push_credential.c.app_id, push_credential.c.name, push_credential.c.version, unique=True
)

# Whom the tenant has told us to send e-mails to (K4).
tenant_contact = Table(
    "tenant_contact",
    metadata,
    _key("tenant_id"),
    _key("email"),
    _required("create_time", BigInteger()),
    info=_ON_COORDINATOR,
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

# The apps in which the reaper's breaker held at its last pass (P6).
reaper_hold = Table(
    "reaper_hold",
    metadata,
    _key("app_id"),
    _required("time", BigInteger()),
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
    info=_ON_COORDINATOR | _KEPT,
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
    info=_ON_COORDINATOR | _KEPT,
)
_index("api_key_tenant", api_key.c.tenant_id, api_key.c.app_id)

# The keys of JWT authorization. `material` of a shared secret is encrypted.
jwt_key = Table(
    "jwt_key",
    metadata,
    _key("app_id"),
    _key("jwt_key_id"),
    _required("place", SmallInteger()),
    _required("kind", SmallInteger()),
    _required("kid", _text()),
    sealed("material"),  # of a shared secret; otherwise a public key, a document or a URL
    _required("create_time", BigInteger()),
    Column("document", Text()),
    Column("fetch_time", BigInteger()),
    Column("attempt_time", BigInteger()),
    Column("failing_since_time", BigInteger()),
    _required("failure", Text()),
    info=_ON_COORDINATOR,
)
# Two keys of an app cannot have the same place, so their number is limited by the number of places (J2).
Index("jwt_key_place", jwt_key.c.app_id, jwt_key.c.place, unique=True)
Index(
    "jwt_key_kid",
    jwt_key.c.app_id,
    jwt_key.c.kid,
    unique=True,
    sqlite_where=jwt_key.c.kid != literal("''"),
    postgresql_where=jwt_key.c.kid != literal("''"),
)

# How many calls of devices were checked, by what the check found (J7).
jwt_count = Table(
    "jwt_count",
    metadata,
    _key("app_id"),
    _key("day", Integer()),
    _key("outcome", SmallInteger()),
    _key("sdk_version"),
    _required("calls", BigInteger()),
    sqlite_with_rowid=_IN_THE_KEY,
    info=_ON_COORDINATOR,
)
_index("jwt_count_day", jwt_count.c.day)

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
"""The hash of a fixed text under the hash key. It detects another key, with which no token would be found and every
device would be counted again."""

DISTRIBUTED = tuple((table, column) for table in metadata.sorted_tables if (column := table.info[_DISTRIBUTION]))
"""The tables that Citus distributes, and their distribution columns."""

ON_COORDINATOR = tuple(table for table in metadata.sorted_tables if not table.info[_DISTRIBUTION])
"""The tables that are only on the coordinator of a Citus cluster."""

DELETED_WITH_APP = tuple(table for table in metadata.sorted_tables if "app_id" in table.c and "kept" not in table.info)
"""The tables whose rows are deleted with their app (D4)."""

WITH_SECRETS = tuple(
    (table, column) for table in metadata.sorted_tables for column in table.c if column.info.get(SEALED)
)
"""The tables that hold encrypted secrets, and the column."""


def distributed_by(table: Table) -> str | None:
    """The column that Citus distributes the table by, or None."""
    column: str | None = table.info[_DISTRIBUTION]
    return column
