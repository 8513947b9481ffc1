"""The command line, `profile-grpc`: one module for each group of commands.

A module is imported when one of its commands is called, and what only some commands need, in their functions: the
program's help and version answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from profile_grpc.cli import errors, output, variables
from profile_grpc.cli.root import app, variables_of_options
from profile_grpc.config import PROGRAM, LogConfig, LogLevel

_NO_COMMAND_RUNS = frozenset({"-h", "--help", "--version"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status: 0, 1 (failed) or 2 (usage).

    Whatever goes wrong is one line on stderr that says what to do. PROFILE_GRPC_DEBUG=1 shows where it went wrong.
    """
    debug = bool(os.environ.get(variables.DEBUG))
    words = sys.argv[1:] if arguments is None else arguments
    runs = bool(words) and _NO_COMMAND_RUNS.isdisjoint(words)
    if runs:
        _set_up_logs(debug=debug)  # before all else: until then, structlog would show the variables of a traceback
    command = typer.main.get_command(app)
    try:
        if runs:
            variables.prepare(os.environ, variables_of_options)
        status = command.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except Exception as error:
        if debug:
            raise
        message, status = errors.explain(error)
        if message:
            output.note(f"{PROGRAM}: {message}")
    return status if isinstance(status, int) else 0


def _set_up_logs(*, debug: bool) -> None:
    from profile_grpc.telemetry.logs import configure_logs, silence_logs

    if debug:
        configure_logs(LogConfig(LogLevel.DEBUG))
    else:
        silence_logs()  # `serve` sets up its own
