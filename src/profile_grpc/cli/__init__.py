"""The command line, `profile-grpc`: one module for each group of commands."""

from __future__ import annotations

import os
from collections.abc import Sequence

import typer

from profile_grpc.cli import errors, output
from profile_grpc.cli.root import app
from profile_grpc.config import PROGRAM, LogConfig, LogLevel
from profile_grpc.telemetry.logs import configure_logs, silence_logs

DEBUG_VARIABLE = "PROFILE_GRPC_DEBUG"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and answers the exit status: 0, 1 (failed) or 2 (usage).

    Whatever goes wrong is one line on stderr that says what to do. PROFILE_GRPC_DEBUG=1 shows where it went wrong.
    """
    debug = bool(os.environ.get(DEBUG_VARIABLE))
    if debug:
        configure_logs(LogConfig(LogLevel.DEBUG))
    else:
        silence_logs()  # `serve` sets up its own
    command = typer.main.get_command(app)
    try:
        status = command.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except Exception as error:
        if debug:
            raise
        message, status = errors.explain(error)
        if message:
            output.note(f"{PROGRAM}: {message}")
    return status if isinstance(status, int) else 0
