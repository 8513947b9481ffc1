"""The store on SQLite and PostgreSQL: the only place that knows SQL."""

from profile_grpc.store.schema import SchemaError, check_schema, migrate
from profile_grpc.store.store import Description, SqlStore, open_store

__all__ = ["Description", "SchemaError", "SqlStore", "check_schema", "migrate", "open_store"]
