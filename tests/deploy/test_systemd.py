"""The units of deploy/systemd: valid, hardened, and the program works under what they forbid."""

import configparser
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from profile_grpc.cli.root import variables_of_options
from profile_grpc.config import HASH_KEY_VARIABLE, DatabaseConfig, ServeConfig
from tests.cli.program import environment, sqlite_url
from tests.support.limits import wait_s

UNITS = sorted((Path(__file__).parents[2] / "deploy/systemd").glob("*.service"))
EXPOSURE = 13
"""The exposure level that `systemd-analyze security` may find, times ten."""
_DENY_WRITE_EXECUTE = """
import ctypes, os, sys
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, REFUSE_EXEC_GAIN = 38, 65, 1
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
if libc.prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
    sys.exit("this kernel has no PR_SET_MDWE")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def settings(unit: Path) -> dict[str, list[str]]:
    """The settings of the section [Service]; a name may be given several times."""
    found: dict[str, list[str]] = {}
    parser = configparser.RawConfigParser(strict=False, dict_type=dict)
    parser.read_string("\n".join(re.findall(r"^\[.*\]$", unit.read_text(), re.MULTILINE)))
    assert parser.sections() == ["Unit", "Service", "Install"]
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_accepts_the_unit(unit: Path, require_debian_tool: Callable[[str], str], tmp_path: Path) -> None:
    """The program itself is replaced by one that exists here."""
    analyze = require_debian_tool("systemd-analyze")
    (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/profile-grpc/bin/profile-grpc", sys.executable))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_the_unit_is_hardened(unit: Path, require_debian_tool: Callable[[str], str]) -> None:
    analyze = require_debian_tool("systemd-analyze")
    command = [analyze, "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_the_unit_sets_variables_that_exist(unit: Path) -> None:
    assignments = [value.partition("=") for value in settings(unit)["Environment"]]
    names = {name.removesuffix("_FILE") for name, _, _ in assignments if name.startswith("PROFILE_GRPC_")}
    assert names
    assert names <= {HASH_KEY_VARIABLE, "PROFILE_GRPC_DATABASE_URL", *variables_of_options()}
    credentials = {value.partition(":")[0] for value in settings(unit)["LoadCredential"]}
    assert credentials == {value.removeprefix("%d/") for _, _, value in assignments if value.startswith("%d/")}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_K2_a_crash_leaves_no_core_file(unit: Path) -> None:
    """It would hold the keys of the ring, and whatever is decrypted at that moment."""
    assert settings(unit)["LimitCORE"] == ["0"]


def test_systemd_waits_longer_than_a_drain_takes() -> None:
    """Otherwise it would kill a server with calls in flight."""
    [unit] = [unit for unit in UNITS if unit.stem == "profile-grpc"]
    defaults = ServeConfig(database=DatabaseConfig("sqlite:///", b""))
    limit = int(settings(unit)["TimeoutStopSec"][0].removesuffix("s"))
    assert limit > (defaults.drain_notice + defaults.drain_grace).total_seconds() + 10


def test_the_service_runs_without_memory_that_is_writable_and_executable(tmp_path: Path) -> None:
    """MemoryDenyWriteExecute= and NoNewPrivileges=: no dependency makes code at run time."""
    arguments = ["-m", "profile_grpc", "serve", "--dev", "--port", "0", "--database-url", sqlite_url(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-c", _DENY_WRITE_EXECUTE, *arguments, "--bridge-port", "0", "--metrics-port", "0"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if line.startswith("ready: "):
            address = line.removeprefix("ready: gRPC on ").partition(",")[0]
            example = Path(__file__).parents[2] / "clients/python/examples/first_call.py"
            subprocess.run([sys.executable, example, address], check=True, timeout=wait_s(), env=environment())
        process.terminate()
        _, err = process.communicate(timeout=wait_s())
    if "no PR_SET_MDWE" in err:
        pytest.skip(err)
    assert (process.returncode, line[:7]) == (0, "ready: "), err
