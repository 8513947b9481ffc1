"""Database URLs as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from profile_grpc.service.ports import StoreError
from profile_grpc.store import libpq

CONNECT_TIMEOUT = 10.0
_CACHE_SIZES = ("prepared_statement_cache_size", "statement_cache_size")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d+)?")


@dataclass(frozen=True, slots=True)
class SqliteUrl:
    """`sqlite:///relative/path` or `sqlite:////absolute/path`."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresqlUrl:
    """`postgresql://user:password@host:port/database?option=value`, with libpq's options."""

    dsn: str = field(repr=False)
    """For asyncpg: it understands sslmode, sslrootcert, several hosts, passfile and more. Holds a password."""
    connect_timeout: float = CONNECT_TIMEOUT
    """Seconds; libpq's connect_timeout."""
    pooled: bool = False
    """A pooler in transaction mode is in between (`prepared_statement_cache_size=0`): prepare nothing."""


DatabaseUrl: TypeAlias = SqliteUrl | PostgresqlUrl


def parse(url: str) -> DatabaseUrl:
    """What the URL says.

    Raises:
        StoreError: it cannot be used. The text repeats nothing of it but the scheme: the rest may be a password.
    """
    if "\x00" in unquote(url):
        raise StoreError("a database URL holds the character NUL")
    scheme = url.partition("://")[0].partition("+")[0].lower()
    if "://" not in url or scheme not in ("sqlite", "postgresql", "postgres"):
        kind = f"not {scheme}://…" if "://" in url else "and this has no scheme"
        raise StoreError(f"a database URL begins with sqlite:/// or postgresql://, {kind}")
    return _sqlite(url) if scheme == "sqlite" else _postgresql(url)


def _sqlite(url: str) -> SqliteUrl:
    location = url.partition("://")[2]
    if not location.startswith("/"):
        raise StoreError("an SQLite URL has three slashes before a relative path (sqlite:///data.db), four before /")
    path, _, options = location[1:].partition("?")
    if options:
        raise StoreError("an SQLite URL takes no options")
    if path in ("", ":memory:"):
        raise StoreError("the database needs a file (sqlite:///data.db): what is only in memory is lost")
    return SqliteUrl(Path(unquote(path)).expanduser())


def _postgresql(url: str) -> PostgresqlUrl:
    try:
        parts = urlsplit(url)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise StoreError(_UNREADABLE) from None
    # An unescaped # or / in a password ends the URL, or the host, there.
    if parts.fragment or not all(_HOST.fullmatch(host) for host in parts.netloc.rpartition("@")[2].split(",")):
        raise StoreError(_UNREADABLE)
    options = dict(given)
    sizes = [_number(name, options.pop(name)) for name in _CACHE_SIZES if name in options]
    timeout = _number("connect_timeout", options.pop("connect_timeout", str(CONNECT_TIMEOUT)))
    pooled = 0 in sizes or libpq.is_pooled(options)
    kept = libpq.translate(options)
    dsn = f"postgresql://{parts.netloc}{parts.path}" + (f"?{urlencode(kept)}" if kept else "")
    # libpq: 0 or less means to wait without an end; a server that never answers is no use to anybody here.
    return PostgresqlUrl(dsn, timeout if timeout > 0 else CONNECT_TIMEOUT, pooled=pooled)


_UNREADABLE = "the PostgreSQL URL cannot be read; percent-encode special characters in the user name and the password"


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise StoreError(f"{name} in the database URL is not a number") from None
