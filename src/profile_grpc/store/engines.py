"""The engines, and which of them a URL asks for. A new engine is its module and a place in `ENGINES`."""

from __future__ import annotations

from urllib.parse import unquote

from sqlalchemy import Connection

from profile_grpc.service.ports import StoreError
from profile_grpc.store.engine import Engine, EngineKind
from profile_grpc.store.postgresql import Postgresql
from profile_grpc.store.sqlite import Sqlite

ENGINES: tuple[EngineKind, ...] = (Sqlite, Postgresql)


def connect(url: str, *, pool_size: int) -> Engine:
    """Opens the database that the URL names.

    It connects at the first use. Raises: StoreError: the URL cannot be used, or an SQLite file does not exist.
    """
    return named_by(url).connect(url, pool_size=pool_size)


def check_url(url: str) -> None:
    """Raises StoreError if the URL cannot be used."""
    named_by(url).check_url(url)


def named_by(url: str) -> EngineKind:
    """The engine whose URL this is.

    Raises:
        StoreError: none's. The text repeats nothing of it but the scheme: the rest may be a password.
    """
    if "\x00" in unquote(url):
        raise StoreError("a database URL holds the character NUL")
    scheme, separator, _ = url.partition("://")
    scheme = scheme.partition("+")[0].lower()
    found = next((engine for engine in ENGINES if separator and scheme in engine.schemes), None)
    if found is None:
        kind = f"not {scheme}://…" if separator else "and this has no scheme"
        raise StoreError(f"a database URL begins with {' or '.join(engine.url_form for engine in ENGINES)}, {kind}")
    return found


def of(connection: Connection) -> EngineKind:
    """The kind of database of the connection."""
    return next(engine for engine in ENGINES if connection.dialect.name in engine.schemes)
