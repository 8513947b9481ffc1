"""Runs the migrations on the connection that `schema.upgrade` gives, in its transaction."""

from alembic import context

from profile_grpc.store.schema import VERSION_TABLE
from profile_grpc.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
