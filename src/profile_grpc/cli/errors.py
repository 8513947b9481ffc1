"""The errors of the command line: one line of text and an exit status each."""

from __future__ import annotations

import typer

from profile_grpc.cli import output
from profile_grpc.config import ConfigError, OperatorError, why
from profile_grpc.domain.errors import Reason, Refused

FAILED = 1
USAGE = 2
_WRONG_INPUT = frozenset({Reason.INVALID_SETTINGS, Reason.INVALID_REQUEST})


class CommandFailed(OperatorError):  # noqa: N818 - an outcome
    """The command failed; the message says why, and what to do."""


def file_failure(verb: str, file: object, error: OSError) -> CommandFailed:
    """That a file cannot be read or written (`verb`), and why."""
    return CommandFailed(f"cannot {verb} {file}: {why(error)}")


def explain(error: Exception) -> tuple[str, int]:
    """The line to print (empty: nothing) and the exit status for an error."""
    from profile_grpc.telemetry.logs import redact_text

    message, status = _explain(error)
    return output.printable(" ".join(redact_text(message).split())), status


def _explain(error: Exception) -> tuple[str, int]:
    match error:
        case typer.TyperException():
            return _usage(error), error.exit_code
        case typer.Abort():
            return "stopped", FAILED
        case UnicodeEncodeError():
            return "an argument is not text in UTF-8", USAGE
        case ConfigError():
            return str(error), USAGE
        case OperatorError():
            return str(error), FAILED
        case Refused():
            return error.message, USAGE if error.reason in _WRONG_INPUT else FAILED
        case OSError(filename=str(file), strerror=str()):
            return str(file_failure("open", file, error)), FAILED
        case OSError():
            return error.strerror or str(error), FAILED
        case _:
            return _explain_store(error)


def _explain_store(error: Exception) -> tuple[str, int]:
    from profile_grpc.service.ports import StoreError, StoreUnavailable

    if isinstance(error, StoreUnavailable) and ";" not in str(error):  # else it says what to do
        return f"{error}; check that the database runs and that --database-url names it", FAILED
    if isinstance(error, StoreError):
        return str(error), FAILED
    return f"internal error: {type(error).__name__}: {error} (PROFILE_GRPC_DEBUG=1 shows where)", FAILED


def _usage(error: typer.TyperException) -> str:
    """The usage error, and where to find help. `profile-grpc` without arguments has printed its help already."""
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if not message or context is None:
        return message
    message = message.replace(": Value error, ", ": ")  # the library's own words
    return f"{message.rstrip('.')}; see `{context.command_path} --help`"
