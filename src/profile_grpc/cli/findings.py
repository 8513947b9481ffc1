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
    """Worth knowing; nothing must be done."""
    MEND = "mend"
    """Must be mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what it found; `mend` says what to do where something is to be done."""

    check: str
    verdict: Verdict
    detail: str
    mend: str = ""


def permissions(path: Path) -> Finding:
    """Tokens and keys are in there: it must be closed to others, itself or by its folder."""
    mode, folder = path.stat().st_mode, path.absolute().parent.stat().st_mode
    if mode & _OTHERS and folder & _OTHERS:
        return Finding("file", Verdict.MEND, f"others may open {path}", f"chmod 600 {path}*")
    return Finding("file", Verdict.OK, f"{path} is closed to others")
