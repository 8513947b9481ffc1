"""When imports began, so that one that is resumed confirms tokens at the same time (I1, I2).

Older programs can use it: they do not look at this table.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.tables.columns import NAME, keys, required

revision = "0017"
down_revision = "0016"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `import_start`."""
    op.create_table(
        "import_start",
        *keys(NAME, "app_id", "import_id"),
        *required(sa.BigInteger(), "start_time", "revision"),
        sqlite_with_rowid=False,
    )
