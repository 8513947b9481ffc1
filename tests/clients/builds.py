"""The languages of the clients, and how one is built: by one test process at a time, as its folder knows no other."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.limits import wait_s

LANGUAGES = ("go", "java", "python", "rust", "typescript")
"""Written out, not found in the folders: a client that got lost is missed."""
TOOLCHAIN_MISSING = 3
BUILD_LIMIT_S = 1200.0
FOLDER = Path(__file__).parent.parent.parent / ".tools"


@contextmanager
def alone_with(language: str) -> Iterator[None]:
    """Waits until no other test process builds or runs this language's client."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"client-{language}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        yield


def build(language: str, command: Path) -> None:
    """Runs a client's `check` or `conformance/build`.

    Where its toolchain is not here, the test is skipped and says so. With REQUIRE_TOOLS=1 (continuous
    integration) it fails instead: no language is left out unseen.
    """
    done = subprocess.run(
        [command], capture_output=True, text=True, timeout=wait_s(BUILD_LIMIT_S), check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode == TOOLCHAIN_MISSING:
        reason = f"{language}: its toolchain is not here: {done.stderr.strip()}"
        if os.environ.get("REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    assert done.returncode == 0, f"{language}: {command.name} failed:\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
