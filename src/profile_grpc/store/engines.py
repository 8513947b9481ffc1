"""Which engine a URL asks for."""

from __future__ import annotations

from profile_grpc.store.engine import Engine
from profile_grpc.store.postgresql import Postgresql
from profile_grpc.store.sqlite import Sqlite
from profile_grpc.store.urls import DatabaseUrl, SqliteUrl


def connect(url: DatabaseUrl, *, pool_size: int) -> Engine:
    """The engine for the URL. It connects when it is first used.

    Raises:
        StoreError: an SQLite file is not there.
    """
    return Sqlite(url.path, readers=pool_size) if isinstance(url, SqliteUrl) else Postgresql(url, pool_size=pool_size)
