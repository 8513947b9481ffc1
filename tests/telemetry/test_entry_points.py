"""Whatever fails, and however early: what an entry point says shows no value of a variable."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import environment
from tests.support.limits import wait_s

ROOT = Path(__file__).parent.parent.parent
SECRET = "s3cr3t-s3cr3t-s3cr3t"
# The first thing of ours that the entry point calls logs an error, and fails.
CRASH = """
import runpy, sys, structlog
import {module} as module

def crash(*_, **__):
    local = "-".join(["s3cr3t"] * 3)
    try:
        raise RuntimeError("early")
    except RuntimeError:
        structlog.get_logger().exception("logged")
        raise

module.{function} = crash
sys.argv[1:] = {arguments}
runpy.run_module("{entry}", run_name="__main__")
"""
ENTRIES = {
    "command": ("profile_grpc", "typer.main", "get_command", ["doctor"]),
    "serve": ("profile_grpc", "profile_grpc.bootstrap.serving", "serve", ["serve", "--dev"]),
    "bridge": ("profile_grpc", "profile_grpc.bootstrap.bridging", "configure_logs", ["bridge", "--target", "h:1"]),
    "worker": ("profile_grpc.bootstrap.worker", "msgspec.json", "decode", []),
}


def said(entry: str, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    name, module, function, arguments = ENTRIES[entry]
    if entry == "bridge":
        arguments = [*arguments, "--spool", str(folder / "spool")]
    code = CRASH.format(entry=name, module=module, function=function, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment({"XDG_DATA_HOME": str(folder)} | changes),
        input="{}\n",
        capture_output=True,
        text=True,
        timeout=wait_s(),
        check=False,
        cwd=ROOT,
    )


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_an_early_crash_shows_no_local_variable(entry: str, debug: str, tmp_path: Path) -> None:
    done = said(entry, tmp_path, PROFILE_GRPC_DEBUG=debug)
    assert done.returncode == 1
    assert done.stderr, "it says that it failed"
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_without_a_command_nothing_can_log(arguments: list[str]) -> None:
    """The logs are not set up then, which takes longer than the help; so nothing that logs may be imported."""
    code = f"import sys; from profile_grpc.cli import main; main({arguments}); assert 'structlog' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=wait_s(), check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_worker_says_in_a_log_line_why_it_failed(tmp_path: Path) -> None:
    done = said("worker", tmp_path)
    assert "RuntimeError: early" in done.stderr
    assert "the worker has failed" in done.stderr
