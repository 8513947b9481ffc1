"""The options of a PostgreSQL URL: libpq's, and those in URLs of hosting providers and other drivers.

The driver passes unknown options to the server as settings of the session, which the server or a pooler then refuses.
So each option is kept, translated, dropped if it requests the behavior that the driver has anyway, or refused by name.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from difflib import get_close_matches

from profile_grpc.service.ports import StoreError

_POOLED = "pgbouncer"
"""Prisma's option: `true` means that a pooler in transaction mode is in use."""

# The driver reads these itself.
_KEPT = frozenset(
    [
        "host",
        "port",
        "dbname",
        "database",
        "user",
        "password",
        "passfile",
        "service",
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "sslpassword",
        "sslnegotiation",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
    ]
)
# Settings of the session. libpq passes the first two on; the others are common in URLs of this driver.
_SETTINGS = frozenset(
    [
        "application_name",
        "options",
        "search_path",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "transaction_timeout",
        "timezone",
        "jit",
    ]
)
# Options of the socket or of the server, and options that this program implements differently (Prisma's pool). Ignoring
# them reduces no safety.
_DROPPED = frozenset(
    [
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "sslcompression",
        "gssdelegation",
        "fallback_application_name",
        "connection_limit",
        "pool_timeout",
        "socket_timeout",
        "uselibpqcompat",
        "min_protocol_version",
        "max_protocol_version",
    ]
)
# Only these values request the behavior that the driver always has. It cannot provide any other value.
_ANYWAY: Mapping[str, frozenset[str]] = {
    "channel_binding": frozenset({"disable", "prefer"}),
    "gssencmode": frozenset({"disable", "prefer"}),
    "sslsni": frozenset({"1"}),
    "sslcertmode": frozenset({"allow"}),
    "load_balance_hosts": frozenset({"disable"}),
    "client_encoding": frozenset({"auto", "utf8", "utf-8"}),
    "replication": frozenset({"false", "off", "no", "0"}),
}
_NO_WAY = frozenset(
    [
        "hostaddr",
        "requirepeer",
        "require_auth",
        "sslcrldir",
        "servicefile",
        "scram_client_key",
        "scram_server_key",
        "sslkeylogfile",
        "sslaccept",
        "sslidentity",
    ]
)
_INSTEAD = {
    "channel_binding": "the driver has no channel binding; use sslmode=verify-full and sslrootcert=system, which keep"
    " others out of the connection as well, and take channel_binding out",
    "gssencmode": "the driver does not encrypt by GSSAPI; use TLS (sslmode)",
    "sslaccept": "use sslmode=verify-full for strict, sslmode=require for accept_invalid_certs",
    "hostaddr": "put the address in the place of the host",
}
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TRUE = frozenset({"true", "1", "on", "yes"})


def translate(given: Mapping[str, str]) -> dict[str, str]:
    """The options in the driver's form.

    Raises:
        StoreError: an option is not supported; the error names it, without its value.
    """
    options = dict(given)
    options.pop(_POOLED, None)
    _translate_ssl(options)
    _translate_schema(options, pooled=is_pooled(given))
    return {name: value for name, value in options.items() if _is_kept(name, value)}


def _translate_ssl(options: dict[str, str]) -> None:
    """`ssl=true` is JDBC's form, which libpq accepts too. SQLAlchemy's URLs use the modes of sslmode there."""
    asked = options.pop("ssl", None)
    if asked is not None:
        mode = "require" if asked.lower() in _TRUE else asked
        if mode not in _MODES:
            raise StoreError(
                "ssl in the database URL must be true; libpq's own option is sslmode, with sslmode=disable"
            )
        options.setdefault("sslmode", mode)
    if options.get("sslmode", "prefer") not in _MODES:
        raise StoreError(f"sslmode in the database URL is none of {', '.join(_MODES)}")
    if options.get("sslrootcert") == "system":
        if options.setdefault("sslmode", "verify-full") != "verify-full":
            raise StoreError("sslrootcert=system in the database URL needs sslmode=verify-full: everybody has such one")
        found = ssl.get_default_verify_paths().cafile
        if found is None:
            raise StoreError("this system has no file of authorities for sslrootcert=system; name one")
        options["sslrootcert"] = found


def _translate_schema(options: dict[str, str], *, pooled: bool) -> None:
    """Prisma's `schema` names the schema of the tables."""
    schema = options.pop("schema", "")
    if schema in ("", "public") or "search_path" in options:
        return
    if pooled:
        raise StoreError(
            "a pooler (pgbouncer=true) takes no schema from the database URL; set it once for the role:"
            " ALTER ROLE … SET search_path = …"
        )
    quoted = schema.replace('"', '""')
    options["search_path"] = f'"{quoted}"'


def _is_kept(name: str, value: str) -> bool:
    if name in _KEPT or name.lower() in _SETTINGS or "." in name:  # with a dot: a setting of an extension
        return True
    if name in _DROPPED or value.lower() in _ANYWAY.get(name, ()):
        return False
    if name in _ANYWAY or name in _NO_WAY:
        instead = _INSTEAD.get(name, "take it out of the URL")
        raise StoreError(f"{name} in the database URL, with this value, cannot be followed: {instead}")
    known = [*_KEPT, *_SETTINGS, *_DROPPED, *_ANYWAY, *_NO_WAY, "schema", "ssl", "connect_timeout", _POOLED]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "settings of the session go into options, as -c name=value"
    raise StoreError(f"{_shown(name)} in the database URL is none of libpq's options; {hint}")


def _shown(name: str) -> str:
    """An unescaped & in a password begins an "option"."""
    return name if name.isidentifier() and len(name) <= 40 else "an option"  # noqa: PLR2004 - a name, not a secret


def is_pooled(given: Mapping[str, str]) -> bool:
    """Whether the URL says, like Prisma's URLs, that a pooler in transaction mode is in use."""
    return given.get(_POOLED, "").lower() in _TRUE
