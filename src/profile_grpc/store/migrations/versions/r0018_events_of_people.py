"""Indexes of the events of a person, which erasures and exports look up (C8, C9).

Older programs can use it: they do not depend on indexes.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `event_log_user` and `event_log_customer`."""
    for name, columns in (("user", ["user_id", "device_id"]), ("customer", ["customer_id"])):
        where = sa.text(f"{columns[0]} <> ''")
        op.create_index(
            f"event_log_{name}", "event_log", ["app_id", *columns], sqlite_where=where, postgresql_where=where
        )
