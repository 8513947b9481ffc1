"""The program: its commands, and options before them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from profile_grpc.cli import output
from profile_grpc.cli.help import Lazy, LazyGroup
from profile_grpc.config import PROGRAM

_HERE = "profile_grpc.cli"
COMMANDS = {
    "serve": Lazy(f"{_HERE}.serving", "serve", "Serve, and clean up in the background, until SIGTERM or Ctrl-C."),
    "migrate": Lazy(
        f"{_HERE}.database", "migrate", "Create the schema, or bring it up to date; on Citus, distribute the tables."
    ),
    "doctor": Lazy(
        f"{_HERE}.doctor",
        "doctor",
        "Check schema, engine, clock, lease, reaper, keys, file permissions, and the spool of an HTTP bridge.",
    ),
    "health": Lazy(f"{_HERE}.health", "health", "Ask a server on this machine whether it serves."),
    "tenant": Lazy(f"{_HERE}.tenants", "app", "The companies that use the service."),
    "app": Lazy(f"{_HERE}.apps", "app", "Apps and their settings."),
    "key": Lazy(f"{_HERE}.keys", "app", "Keys: the credentials of a tenant."),
    "reap": Lazy(f"{_HERE}.reaping", "reap", "Run one reaper pass now."),
    "feedback": Lazy(f"{_HERE}.feedback", "app", "The breaker of push feedback: show, go, stop."),
    "mad": Lazy(
        f"{_HERE}.usage",
        "mad",
        "Report monthly active devices: counted per day, distinct in the range, distinct in the 30 days up to now.",
    ),
    "watch": Lazy(f"{_HERE}.watching", "watch", "Print the events of an app as JSON Lines"),
    "credential": Lazy(f"{_HERE}.credentials", "app", "Push credentials: checked, and stored encrypted."),
    "webhook": Lazy(f"{_HERE}.webhooks", "app", "Webhooks: events delivered over HTTPS."),
    "profile": Lazy(f"{_HERE}.profiles", "app", "Profiles, for support."),
    "customer": Lazy(f"{_HERE}.customers", "app", "Customers: the people behind the profiles of a tenant's apps."),
    "erase": Lazy(f"{_HERE}.people", "erase", "Erase people: their data and their ids."),
    "person": Lazy(f"{_HERE}.people", "person", "What is stored about a person."),
    "recipients": Lazy(f"{_HERE}.recipients", "app", "Whom a message can reach: count, list."),
    "explain": Lazy(f"{_HERE}.recipients", "explain", "Say why somebody can, or cannot, be reached."),
    "import": Lazy(f"{_HERE}.transfer.importing", "import_", "Import profiles or customers from a file, in any order."),
    "export": Lazy(
        f"{_HERE}.transfer.exporting",
        "export",
        "Export the profiles of an app or the customers of a tenant, in the order of their keys, with push tokens.",
    ),
    "bridge": Lazy(
        f"{_HERE}.bridge",
        "app",
        "The HTTP bridge: accepts reports of apps over HTTP and delivers them to the service over gRPC.",
    ),
}


def variables_of_options() -> dict[str, bool]:
    """The environment variables that set options of `serve` and `bridge`, and whether their values are paths."""
    commands = [COMMANDS[name].load(name) for name in ("serve", "bridge")]
    options = [p for command in commands for p in command.params if isinstance(p.envvar, str)]
    return {option.envvar: option.type_descriptor.annotation is Path for option in options}


class Program(LazyGroup):
    """The commands of the program."""

    lazy = COMMANDS


app = typer.Typer(
    name=PROGRAM,
    cls=Program,
    help="App profile management for push and in-app messaging.",
    epilog=(
        "Options of `serve` and `bridge`, and --database-url, can be given as environment variables: --metrics-port"
        " is PROFILE_GRPC_METRICS_PORT, and of the bridge PROFILE_GRPC_BRIDGE_METRICS_PORT. NAME_FILE"
        " names a file that contains the value of the variable NAME, unless the value is a path."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it
    if asked:
        from importlib.metadata import version

        output.line(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def program(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """App profile management for push and in-app messaging."""
