"""What `profile-grpc doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_OTHERS = 0o077


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    NOTE = "note"
    """For information; nothing must be done."""
    MEND = "mend"
    """Must be fixed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its result; `mend` says how to fix it, if needed."""

    check: str
    verdict: Verdict
    detail: str
    mend: str = ""


def permissions(path: Path) -> Finding:
    """Checks that other users cannot read the file, which contains tokens or keys: by its mode or its folder's."""
    mode, folder = path.stat().st_mode, path.absolute().parent.stat().st_mode
    if mode & _OTHERS and folder & _OTHERS:
        return Finding("file", Verdict.MEND, f"other users can read {path}", f"chmod 600 {path}*")
    return Finding("file", Verdict.OK, f"{path} is private")
