"""The store on SQLite and PostgreSQL: the only place that knows SQL."""

from profile_grpc.store.schema import SchemaError, SchemaTooNew, check_schema, migrate
from profile_grpc.store.store import Description, SqlStore, open_store

__all__ = ["Description", "SchemaError", "SchemaTooNew", "SqlStore", "check_schema", "migrate", "open_store"]
