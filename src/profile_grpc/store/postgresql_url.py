"""Parses the URLs of PostgreSQL databases."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from profile_grpc.service.ports import StoreError
from profile_grpc.store import libpq

CONNECT_TIMEOUT = 10.0
_CACHE_SIZES = ("prepared_statement_cache_size", "statement_cache_size")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d+)?")


@dataclass(frozen=True, slots=True)
class PostgresqlUrl:
    """`postgresql://user:password@host:port/database?option=value`, with libpq's options."""

    dsn: str = field(repr=False)
    """For asyncpg: it understands sslmode, sslrootcert, several hosts, passfile and more. Holds a password."""
    connect_timeout: float = CONNECT_TIMEOUT
    """Seconds; libpq's connect_timeout."""
    pooled: bool = False
    """A pooler in transaction mode is in use (`prepared_statement_cache_size=0`): prepare no statements."""


def parse(url: str) -> PostgresqlUrl:
    """Parses the URL.

    Raises:
        StoreError: it cannot be used.
    """
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
    # In libpq, 0 or less means no limit. Here a limit always applies: waiting for a server that never answers is
    # useless.
    return PostgresqlUrl(dsn, timeout if timeout > 0 else CONNECT_TIMEOUT, pooled=pooled)


_UNREADABLE = "the PostgreSQL URL cannot be read; percent-encode special characters in the user name and the password"


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise StoreError(f"{name} in the database URL is not a number") from None
