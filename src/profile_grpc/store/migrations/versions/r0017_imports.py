"""When imports began, so that one that is resumed confirms tokens at the same time (I1, I2).

Older programs can use it: they do not look at this table.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
oldest_program = "0009"


def upgrade() -> None:
    """Creates `import_start`."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "import_start",
        sa.Column("app_id", text, primary_key=True, nullable=False),
        sa.Column("import_id", text, primary_key=True, nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
