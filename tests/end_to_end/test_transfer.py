"""Imports and exports survive kill -9 of both ends: nothing twice, nothing missing (I2, I3)."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import environment, run
from tests.end_to_end.conftest import APP, Deployment
from tests.support.limits import wait_s
from tests.support.ports import free_port

PROFILES = 4000

pytestmark = pytest.mark.slow


def write_file(path: Path) -> None:
    """Each device has two users in turn, the later one first: the earlier one must lose it."""
    with path.open("w") as file:
        for n in range(PROFILES // 2):
            for user, day in (("later", 2), ("earlier", 1)):
                profile = {
                    "key": {"userId": f"{user}-{n}", "deviceId": f"device-{n}"},
                    "pushEndpoints": [{"provider": "PUSH_PROVIDER_FCM", "token": f"token-{n}"}],
                }
                file.write(json.dumps({"profile": profile, "registerTime": f"2026-01-{day:02}T00:00:00Z"}) + "\n")


def command(deployment: Deployment, tmp_path: Path, *arguments: str) -> list[str]:
    key = tmp_path / "key"
    key.write_text(deployment.keys["profile"])
    target = deployment.servers[-1].address
    return [*arguments, "--app", APP, "--target", target, "--plaintext", "--key-file", str(key)]


def begun(arguments: list[str]) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "profile_grpc", *arguments]
    return subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], beside: Path, entries: int) -> None:
    """Until so many entries of the file are acknowledged."""
    for _ in range(6000):
        assert process.poll() is None, process.communicate()
        try:
            if json.loads(beside.read_text())["entries"] >= entries:
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    pytest.fail("the import does not go on")


def exported(deployment: Deployment, tmp_path: Path, name: str) -> list[dict[str, Any]]:
    file = tmp_path / name
    outcome = run(command(deployment, tmp_path, "export", "-o", str(file)))
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_I2_kill_9_of_client_and_server_in_the_middle_of_an_import(deployment: Deployment, tmp_path: Path) -> None:
    """The server is killed, and the client goes on by itself; the client is killed, and goes on with --resume."""
    deployment.administer("app", "set", APP, "--set", "multi_user_per_device=false")
    file = tmp_path / "in.jsonl"
    write_file(file)
    port = str(free_port())
    deployment.serve("--port", port)
    importing = command(deployment, tmp_path, "import", str(file), "--json")
    client = begun(importing)
    wait_for(client, Path(f"{file}.import"), 500)
    deployment.servers[0].process.send_signal(signal.SIGKILL)
    deployment.servers[0].process.wait(wait_s())
    deployment.serve("--port", port)
    wait_for(client, Path(f"{file}.import"), 2000)
    client.kill()
    client.communicate()
    resumed = run([*importing, "--resume"])
    assert resumed.status == 0, resumed.err
    told = json.loads(resumed.out)
    assert told["refused"] == {}
    assert told["created"] + told["unchanged"] < PROFILES, "the acknowledged part is not sent again"
    assert not Path(f"{file}.import").exists()

    found = exported(deployment, tmp_path, "out.jsonl")
    assert len(found) == PROFILES
    for record in found:
        profile = record["profile"]
        later = profile["key"]["userId"].startswith("later")
        assert profile["status"] == ("PROFILE_STATUS_ACTIVE" if later else "PROFILE_STATUS_UNREGISTERED")
        assert len(profile.get("pushEndpoints", ())) == later
    confirmed = {e["confirmTime"] for one in found for e in one["profile"].get("pushEndpoints", ())}
    assert len(confirmed) == 1, "every token is confirmed at the start of the import"
    again = run([*importing])
    assert json.loads(again.out)["unchanged"] == PROFILES
    assert exported(deployment, tmp_path, "again.jsonl") == found
    events = deployment.administer("watch", APP, "--from-oldest", "--once", "--type", "PROFILE_CREATED")
    ids = [json.loads(line)["user_id"] for line in events.splitlines()]
    assert len(ids) == len(set(ids)) == PROFILES, "nothing was created twice"
    assert deployment.mad() == 0
