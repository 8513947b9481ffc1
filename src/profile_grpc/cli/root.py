"""The program: its commands, and options before them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from profile_grpc.cli import apps, bridge, database, doctor, keys, output, profiles, reaping, serving, tenants, usage
from profile_grpc.config import PROGRAM

app = typer.Typer(
    name=PROGRAM,
    help="App profile management for push and in-app messaging.",
    epilog="Every option can be given as an environment variable: --metrics-port is PROFILE_GRPC_METRICS_PORT.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it
    if asked:
        output.line(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def program(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and leave.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """App profile management for push and in-app messaging."""


app.command()(serving.serve)
app.command()(database.migrate)
app.command()(doctor.doctor)
app.add_typer(tenants.app, name="tenant")
app.add_typer(apps.app, name="app")
app.add_typer(keys.app, name="key")
app.command()(reaping.reap)
app.command()(usage.mad)
app.add_typer(profiles.app, name="profile")
app.add_typer(bridge.app, name="bridge")
