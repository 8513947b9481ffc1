"""Tests of one client run in one process at a time: its build folder knows no other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / ".tools"


@contextmanager
def alone_with(language: str) -> Iterator[None]:
    """Waits until no other test process builds or runs this language's client."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"client-{language}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        yield
