"""The schema says which programs can use it (docs/adr/0043).

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
oldest_program = "0003"
"""A program of that revision can use the schema after this migration. Without it: only programs that know it."""


def upgrade() -> None:
    """Adds `oldest_program` next to the revision; `schema.upgrade` writes it."""
    op.add_column("schema_revision", sa.Column("oldest_program", sa.Text(), nullable=True))
