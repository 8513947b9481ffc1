"""Indexes of the events of a person, which erasures and exports look up (C8, C9).

Older programs can use it: they do not depend on indexes.

Revision ID: 0018
"""

from profile_grpc.store.migrations.changes import index

revision = "0018"
down_revision = "0017"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `event_log_user` and `event_log_customer`."""
    index("event_log_user", "event_log", ["app_id", "user_id", "device_id"], "user_id <> ''")
    index("event_log_customer", "event_log", ["app_id", "customer_id"], "customer_id <> ''")
