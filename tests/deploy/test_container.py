"""deploy/container: the file itself, and its steps in a Debian that debootstrap makes."""

import json
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from profile_grpc.cli.root import variables_of_options
from tests.deploy.containerfile import LIMIT_S, Build, Stage, assignments, network_settings, parse
from tests.support.limits import wait_s
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/container/Containerfile"
_IN_THE_CONTAINER = """
mount --bind "$ROOT" "$ROOT" && mount -o remount,bind,ro "$ROOT" && mount -t proc proc "$ROOT/proc" &&
mount -t tmpfs tmpfs "$ROOT/tmp" && mount -t tmpfs -o uid=10001,gid=10001,mode=700 tmpfs "$ROOT/var/lib/profile-grpc" &&
exec chroot --userspec="$USERSPEC" "$ROOT" "$@"
"""

pytestmark = pytest.mark.timeout(2 * LIMIT_S)


def test_hadolint_finds_nothing(deploy_tool: Callable[[str], str]) -> None:
    done = subprocess.run([deploy_tool("hadolint"), FILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def final() -> dict[str, str]:
    """The instructions of the last stage; the last of each name."""
    steps = parse(FILE)
    last = max(i for i, step in enumerate(steps) if step.name == "FROM")
    return {step.name: step.arguments for step in steps[last:]}


def test_the_image_runs_as_an_unprivileged_user() -> None:
    """By number, so that Kubernetes can check that it is not root."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", final()["USER"])


def test_the_image_sets_variables_that_exist_and_no_secret() -> None:
    given = assignments(final()["ENV"])
    names = {name for name in given if name.startswith("PROFILE_GRPC_")}
    assert names <= variables_of_options().keys()
    assert all(value == "0.0.0.0" for name, value in given.items() if name in names)  # noqa: S104 - a container's


def test_signals_reach_the_program_itself() -> None:
    """The forms with a shell would make the shell the first process."""
    assert json.loads(final()["ENTRYPOINT"]) == ["profile-grpc"]
    assert json.loads(final()["CMD"]) == ["serve"]
    assert json.loads(final()["HEALTHCHECK"].partition("CMD ")[2]) == ["profile-grpc", "health"]


def test_the_build_context_has_exactly_what_is_copied() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        path
        for step in parse(FILE)
        if step.name == "COPY" and not step.arguments.startswith("--from=")
        for path in step.arguments.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)


@pytest.fixture(scope="module")
def image(deploy_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The image's last stage, built on Debian's own Python. It takes minutes and root, so only on request."""
    if os.environ.get("CHROOT_TESTS") != "1":
        pytest.skip("CHROOT_TESTS=1 makes a Debian with debootstrap, for some minutes")
    debootstrap = Path(deploy_tool("debootstrap"))
    probe = ["unshare", "--mount", "--pid", "--fork", "true"]
    if os.geteuid() != 0 or subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("a chroot and its mounts need root")
    folder = tmp_path_factory.mktemp("image")
    base = folder / "base"
    scripts = debootstrap.parents[1] / "share/debootstrap"
    made = subprocess.run(
        [debootstrap, "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", base],
        env=os.environ | {"DEBOOTSTRAP_DIR": str(scripts)},
        capture_output=True,
        text=True,
        timeout=wait_s(LIMIT_S),
        check=False,
    )
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr
    variables = network_settings(base)
    yield Build(ROOT, base, folder, variables).of(parse(FILE))
    subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)


@pytest.mark.slow
def test_the_steps_make_a_server_that_runs_read_only_and_ends_on_sigterm(image: Stage, tmp_path: Path) -> None:
    for missing in ("cc", "gcc", "/opt/profile-grpc/bin/pip"):
        assert image.run(["/bin/sh", "-c", f"command -v {missing}"]).returncode != 0
    image.at("/secret").write_text(secrets.token_hex(32) + "\n")
    image.at("/secret").chmod(0o444)
    port = free_port()
    environment = image.environment | {
        "PROFILE_GRPC_HOST": "127.0.0.1",
        "PROFILE_GRPC_PORT": str(port),
        "PROFILE_GRPC_HASH_KEY_FILE": "/secret",
        "PROFILE_GRPC_DRAIN_NOTICE": "0",
    }
    process = subprocess.Popen(
        [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "sh",
            "-c",
            _IN_THE_CONTAINER,
            "sh",
            *image.entrypoint,
            *image.command,
        ],
        env=environment | {"ROOT": str(image.root), "USERSPEC": image.user, "PATH": f"{environment['PATH']}:/usr/sbin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            raise AssertionError(process.communicate(timeout=wait_s())[1])
        assert f"gRPC on 127.0.0.1:{port}, database sqlite:////var/lib/profile-grpc/profiles.db" in ready
        [server] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        status = Path(f"/proc/{server}/status").read_text()
        assert re.search(r"^NSpid:\t\d+\t1$", status, re.MULTILINE)  # the first process of the container
        assert re.search(r"^Uid:\t10001\t", status, re.MULTILINE)
        assert "ro" in _options_of_root(server)
        healthy = image.run(json.loads(final()["HEALTHCHECK"].partition("CMD ")[2]), environment)
        assert healthy.stdout == "SERVING\n", healthy.stderr
        os.kill(int(server), signal.SIGTERM)
        _, err = process.communicate(timeout=wait_s())
    assert process.returncode == 0, err
    assert image.run(["profile-grpc", "health"], environment).returncode == 1


def _options_of_root(pid: str) -> list[str]:
    """How the root file system of a process is mounted."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    [options] = [fields[5] for fields in map(str.split, lines) if fields[4] == "/"]
    return options.split(",")
