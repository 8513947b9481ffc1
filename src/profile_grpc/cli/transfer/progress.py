"""How far an import or an export is, in a file beside the one that is read or written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.transfer.files import STANDARD


@dataclass(slots=True)
class Progress:
    """What an interrupted command needs to go on."""

    of: str
    """What the command does. It can be resumed only by the same command."""
    name: str = ""
    """The id of an import."""
    entries: int = 0
    """Entries of the file that are done; of an export: records written."""
    size: int = 0
    """Of an import: the size of the file in bytes; of an export: how many bytes are complete."""
    resume_token: str = ""


class ProgressFile:
    """Replaced at each step, so that it is never read half-written."""

    def __init__(self, path: str, ending: str) -> None:
        self._path = None if path == STANDARD else Path(path + ending)

    def exists(self) -> bool:
        """Whether a command was interrupted."""
        return self._path is not None and self._path.exists()

    def read(self, begun: Progress, *, resume: bool) -> Progress:
        """The progress of the interrupted command, if it is to be resumed, or `begun`.

        Raises:
            CommandFailed: there is nothing to resume, or an interrupted command that must be resumed or given up.
        """
        if self._path is None:
            if resume:
                raise CommandFailed("standard input and output cannot be resumed; use a file")
            return begun
        if not self.exists():
            return begun
        if not resume:
            raise CommandFailed(
                f"an earlier run was interrupted: go on with --resume, or remove {self._path} to start again"
            )
        try:
            found = Progress(**json.loads(self._path.read_text()))
        except (ValueError, TypeError):
            found = None
        if found is None or found.of != begun.of:
            raise CommandFailed(f"{self._path} belongs to another command; remove it to start again")
        return found

    def write(self, progress: Progress) -> None:
        if self._path is not None:
            beside = self._path.with_name(self._path.name + ".new")
            beside.write_text(json.dumps(asdict(progress)))
            os.replace(beside, self._path)  # noqa: PTH105 - replaces at once

    def remove(self) -> None:
        """Removes the file, because the command is complete."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
