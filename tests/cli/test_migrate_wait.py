"""`profile-grpc migrate --wait`: a server that starts before the schema is there waits for it."""

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.program import environment, run
from tests.support.limits import wait_s


def waiting(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "profile_grpc", "migrate", "--wait", "--database-url", url],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.engines("postgresql")
def test_it_waits_until_another_process_has_migrated(engine_url: str) -> None:
    with waiting(engine_url) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "waiting: the database is empty; run: profile-grpc migrate\n"
        assert run(["migrate", "--database-url", engine_url]).status == 0
        out, err = process.communicate(timeout=wait_s())
    assert (process.returncode, err) == (0, "")
    assert "which this program works on" in out


def test_it_waits_for_a_database_that_cannot_be_reached_and_ends_on_sigterm() -> None:
    """As the first process of a container, which ignores signals without a handler."""
    with waiting("postgresql://nobody@127.0.0.1:1/none") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("waiting: ")
        os.kill(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=wait_s())
    assert (process.returncode, out) == (1, "")
    assert err == "profile-grpc: stopped before the schema could be used\n"


def test_a_sqlite_file_needs_no_waiting(tmp_path: str) -> None:
    assert run(["migrate", "--wait", "--database-url", f"sqlite:///{tmp_path}/x.db"]).status == 2
