"""Columns of profiles for what filters compare often (T3), filled from the attributes.

Programs of an earlier revision would change the attributes and leave these columns as they are: senders would then
reach the wrong people. So they must not work on this database any more.

The keys of versions are computed here and not in SQL: many profiles have few different versions.

Revision ID: 0013
"""

import json

import sqlalchemy as sa
from alembic import op

from profile_grpc.domain.filtering.values import version_key
from profile_grpc.store.migrations.changes import add, index
from profile_grpc.store.tables.columns import NAME, optional

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the columns, fills them, and creates the indexes."""
    add("profile", *optional(NAME, "language", "time_zone", "sdk_version", "os_version"))
    add("profile", *optional(sa.BigInteger(), "last_opened_time"))
    _fill(op.get_bind())
    for name in ("language", "time_zone"):
        index(f"profile_{name}", "profile", ["app_id", name, "user_id", "device_id"], f"{name} IS NOT NULL")


def _fill(bind: sa.Connection) -> None:
    if bind.dialect.name == "postgresql":
        # PostgreSQL fails where a document has a NUL.
        member = r"(replace(attributes, '\u0000', '\ufffd')::json ->> '{0}')"
        key, collation, number = f"CAST(:{{0}} AS jsonb) ->> {member}", ' COLLATE "C"', "::bigint"
    else:
        member = "json_extract(attributes, '$.{0}')"
        key, collation, number = f"(SELECT value FROM json_each(:{{0}}) WHERE key = {member})", "", ""  # noqa: S608 - no values
    values = {
        "language": f"lower(replace({member}, '_', '-'){collation})",
        "time_zone": member,
        "sdk_version": key,
        "os_version": key,
        "last_opened_time": member + number,
    }
    keys = {}
    for name in ("sdk_version", "os_version"):
        distinct = f"SELECT DISTINCT {member.format(name)} FROM profile WHERE attributes IS NOT NULL"  # noqa: S608 - no values
        found = bind.execute(sa.text(distinct))
        keys[name] = json.dumps({text: version_key(text) for (text,) in found if text is not None})
    assigned = ", ".join([f"{name} = {value.format(name)}" for name, value in values.items()])
    bind.execute(sa.text(f"UPDATE profile SET {assigned} WHERE attributes IS NOT NULL"), keys)  # noqa: S608 - no values
