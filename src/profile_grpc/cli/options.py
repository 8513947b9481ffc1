"""Options that several commands share."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from profile_grpc import config
from profile_grpc.cli.variables import PREFIX
from profile_grpc.config import DatabaseConfig, LogFormat, LogLevel

MEBIBYTE = 1 << 20
PORT: Mapping[str, Any] = {"min": 0, "max": 65535, "metavar": "PORT"}
FILE: Mapping[str, Any] = {"exists": True, "dir_okay": False}
LOGS = "Logs and metrics"
BELIEVED_PROXY = "Address or network whose X-Forwarded-For is trusted, or *; repeatable."


def option(flag: str, text: str, panel: str | None = None, *, prefix: str = PREFIX, **more: Any) -> Any:  # noqa: ANN401 - as typer types it
    """An option of a serving process, with its variable: `--metrics-port` is PROFILE_GRPC_METRICS_PORT."""
    name = flag.partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return command_option(flag, text, panel, envvar=prefix + name, **more)


def command_option(flag: str, text: str, panel: str | None = None, **more: Any) -> Any:  # noqa: ANN401 - as typer types it
    """An option of an interactive command: only the command line sets it (see `variables`)."""
    return typer.Option(flag, help=text, rich_help_panel=panel, **more)


def _check_networks(values: Iterable[str], more: str) -> None:
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            raise typer.BadParameter(f"{error}; give 10.0.0.7, 10.0.0.0/8, 2001:db8::/32{more}") from None


def _only_networks(values: list[str] | None) -> list[str] | None:
    """Addresses and networks as given; a usage error if one is neither."""
    _check_networks(values or (), "")
    return values


DatabaseUrl = Annotated[
    str | None,
    option(
        "--database-url",
        "sqlite:///path/to/file.db or postgresql://user@host/database.",
        show_default="a SQLite file in the user's data directory",
    ),
]
WebhookNetworks = Annotated[
    list[str] | None,
    option(
        "--webhook-network",
        "Network that webhooks may go to, besides the public internet, as 10.1.0.0/16; repeatable (in the"
        " environment: separated by spaces).",
        "Webhooks",
        callback=_only_networks,
    ),
]
WebhookCa = Annotated[
    Path | None,
    option("--webhook-ca", "Certificates (PEM) that webhooks trust besides those of the system.", "Webhooks", **FILE),
]
JwksHosts = Annotated[
    list[str] | None,
    option(
        "--jwks-hosts",
        "Host whose JWKS documents may be fetched for JWT authorization, with a port where it is not 443;"
        " repeatable (in the environment: separated by spaces). Without one, none is fetched.",
        "JWT authorization",
    ),
]
JwksNetworks = Annotated[
    list[str] | None,
    option(
        "--jwks-network",
        "Network in which those hosts may be, besides the public internet, as 10.1.0.0/16; repeatable (in the"
        " environment: separated by spaces).",
        "JWT authorization",
        callback=_only_networks,
    ),
]
JwksCa = Annotated[
    Path | None,
    option(
        "--jwks-ca",
        "Certificates (PEM) to trust for those hosts besides those of the system.",
        "JWT authorization",
        **FILE,
    ),
]
Json = Annotated[bool, command_option("--json", "Print JSON, for programs.")]
AppId = Annotated[str, typer.Argument(metavar="APP", help="The app's id.")]
Yes = Annotated[bool, command_option("--yes", "Do not ask for confirmation, which is asked on a terminal only.")]
OnlyTenant = Annotated[str | None, command_option("--tenant", "Only this tenant's.", show_default="every tenant")]
DisplayName = Annotated[str | None, command_option("--display-name", "A name for people.")]
Limit = Annotated[int, command_option("--limit", "How many at most.", min=1)]
Timeout = Annotated[float, command_option("--timeout", "How long to wait for the answer.", min=0.1, metavar="SECONDS")]
LogLevelOption = Annotated[LogLevel, option("--log-level", "Least severity to log.", LOGS)]
LogFormatOption = Annotated[LogFormat, option("--log-format", "auto: console on a terminal, else json.", LOGS)]
OptionalApp = Annotated[str | None, command_option("--app", "Only this app.", show_default="every app")]


def confirm(question: str, *, yes: bool) -> None:
    """Asks for confirmation before a deletion. Without a terminal on standard input it does not ask.

    Raises:
        typer.Abort: the user declined.
    """
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def networks(values: list[str] | None) -> list[str] | None:
    """Addresses and networks as given, or `*`; a usage error if one is neither."""
    _check_networks((value for value in values or () if value != "*"), " or *")
    return ["*"] if values and "*" in values else values


def database(url: str | None) -> DatabaseConfig:
    """The database of a command, its hash key, and its key ring.

    Raises:
        ConfigError: there is no hash key, or the key ring is unusable.
    """
    url = database_url(url)
    hash_key = config.find_hash_key(url, os.environ)
    return DatabaseConfig(url, hash_key, config.seal_keys(url, os.environ, hash_key))


def database_url(url: str | None) -> str:
    """The given URL, or the default; a usage error if it is not a database URL."""
    from profile_grpc.service.ports import StoreError
    from profile_grpc.store import engines

    url = url or config.default_database_url()
    try:
        engines.named_by(url).check_url(url)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--database-url") from None
    return url
