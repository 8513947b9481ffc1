"""Options that several commands share. Each option of every command is also an environment variable."""

from __future__ import annotations

import ipaddress
import os
from typing import Annotated, Any

import typer

from profile_grpc import config
from profile_grpc.config import DatabaseConfig
from profile_grpc.service.ports import StoreError
from profile_grpc.store import urls

PREFIX = "PROFILE_GRPC_"
MEBIBYTE = 1 << 20
BELIEVED_PROXY = "Address or network whose X-Forwarded-For is believed, or *; repeatable."


def option(flag: str, *others: str, help: str, **more: Any) -> Any:  # noqa: A002, ANN401 - as typer names and types it
    """An option with its environment variable: `--metrics-port` is PROFILE_GRPC_METRICS_PORT."""
    name = flag.partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return typer.Option(flag, *others, envvar=PREFIX + name, help=help, **more)


DatabaseUrl = Annotated[
    str | None,
    option(
        "--database-url",
        help="sqlite:///path/to/file.db or postgresql://user@host/database.",
        show_default="a SQLite file in the user's data directory",
    ),
]
Json = Annotated[bool, option("--json", help="Print JSON, for programs.")]
AppId = Annotated[str, typer.Argument(metavar="APP", help="The app's id.")]
OptionalApp = Annotated[str | None, option("--app", help="Only this app.", show_default="every app")]


def networks(values: list[str] | None) -> list[str] | None:
    """Addresses and networks as they were given, or `*`; a usage error when one is neither: it would match nobody."""
    for value in values or ():
        if value == "*":
            continue
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            raise typer.BadParameter(f"{error}; give 10.0.0.7, 10.0.0.0/8, 2001:db8::/32 or *") from None
    return ["*"] if values and "*" in values else values


def database(url: str | None) -> DatabaseConfig:
    """The database that a command works on, and the hash key for it.

    Raises:
        ConfigError: there is no hash key.
    """
    url = database_url(url)
    return DatabaseConfig(url, config.find_hash_key(url, os.environ))


def database_url(url: str | None) -> str:
    """The URL that was given, or the default; a usage error when it names no database."""
    url = url or config.default_database_url()
    try:
        urls.parse(url)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--database-url") from None
    return url
