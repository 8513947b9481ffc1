"""Versions of profiles and positions of events (E2, E3).

Events that are there keep version 0, and get their positions from the first sequencer, in order of their ids. Versions
are counted from now on: from 1 for every profile, also for those that had events before.

Older programs can use it: what they write has the columns' defaults. A change by one of them leaves an event of version
0, and a deletion by one of them forgets the profile's version.

Revision ID: 0011
"""

from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
oldest_program = "0009"

_Type: TypeAlias = "sa.types.TypeEngine[Any]"


def upgrade() -> None:
    """Adds the versions, the log of positions and what guards it."""
    _add("profile", "version", sa.BigInteger(), "0")
    _add("tombstone", "version", sa.BigInteger(), "0")
    _add("event", "customer_id", sa.Text(), "''")
    _add("event", "version", sa.BigInteger(), "0")
    op.create_index("event_of_profile", "event", ["app_id", "user_id", "device_id", "version", "id"])
    op.create_table(
        "event_log",
        _key("position", sa.BigInteger()),
        _key("app_id", _name()),
        _required("event_id", sa.Text()),
        _required("position_time", sa.BigInteger()),
        _required("time", sa.BigInteger()),
        *(_required(name, sa.Text()) for name in ("type", "user_id", "device_id", "customer_id", "reason")),
        _required("version", sa.BigInteger()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_head",
        _key("id", sa.SmallInteger()),
        _required("epoch", sa.BigInteger()),
        _required("epoch_id", sa.Text()),
        *(_required(name, sa.BigInteger()) for name in ("allocated", "published", "oldest")),
        _required("apps", sa.Text()),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "event_epoch",
        _key("epoch", sa.BigInteger()),
        _required("epoch_id", sa.Text()),
        _required("begin", sa.BigInteger()),
    )
    op.create_table(
        "event_fence", _key("app_id", _name()), _required("epoch", sa.BigInteger()), sqlite_with_rowid=False
    )


def _add(table: str, name: str, type_: _Type, default: str) -> None:
    op.add_column(table, sa.Column(name, type_, nullable=False, server_default=sa.literal_column(default)))


def _key(name: str, type_: _Type) -> "sa.Column[Any]":
    return sa.Column(name, type_, primary_key=True, nullable=False, autoincrement=False)


def _required(name: str, type_: _Type) -> "sa.Column[Any]":
    return sa.Column(name, type_, nullable=False)


def _name() -> _Type:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
