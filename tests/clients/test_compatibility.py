"""A client that was generated from a released contract keeps working against today's server.

`released/VERSION/` holds that contract, compiled, and the scenario of its time.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.clients.server import ServerProcess
from tests.clients.transcripts import expected, run
from tests.support.limits import wait_s

ROOT = Path(__file__).parent.parent.parent
PYTHON_CLIENT = ROOT / "clients" / "python"
RELEASES = sorted(Path(__file__).with_name("released").iterdir())

pytestmark = [pytest.mark.slow]


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def release(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def old_client(release: Path, tmp_path: Path) -> Path:
    """The folder of a package `appprofile` with the release's stubs under today's thin layer.

    The layer imports stubs that the release did not have. There, any name is a function that does nothing.
    """
    generated = tmp_path / "clients/python/src"
    shutil.copytree(PYTHON_CLIENT / "src/appprofile", generated / "appprofile")
    subprocess.run(
        [
            ROOT / ".venv/bin/buf",
            "generate",
            release / "appprofile.binpb",
            "--template=buf.gen.yaml",
            "--path=appprofile",
            f"--output={tmp_path}",
        ],
        cwd=ROOT,
        check=True,
        timeout=wait_s(),
    )
    released = {file.name for file in FileDescriptorSet.FromString((release / "appprofile.binpb").read_bytes()).file}
    for stubs in (generated / "appprofile/v1").glob("*_pb2*.py"):
        if f"appprofile/v1/{stubs.stem.removesuffix('_grpc').removesuffix('_pb2')}.proto" not in released:
            stubs.write_text("def __getattr__(name):\n    return lambda *_given: None\n")
    return generated


def test_a_client_of_a_released_contract_still_works(release: Path, old_client: Path, tmp_path: Path) -> None:
    """What it is answered may have grown: more metadata, nothing less and nothing else."""
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(patient(json.loads((release / "scenario.json").read_text()))))
    environment = os.environ | {"PYTHONPATH": str(old_client)}
    program = [sys.executable, str(PYTHON_CLIENT / "conformance/program.py")]
    with ServerProcess(tmp_path) as server:
        printed = run(program, scenario, server, tmp_path, environment)
    demanded = [json.loads(line) for line in expected(json.loads(scenario.read_text()))]
    answered = [json.loads(line) for line in printed]
    for then, now in zip(demanded, answered, strict=True):
        if "metadata" in then:
            then["metadata"] = now.get("metadata", {}) | then["metadata"]
    assert answered == demanded


def patient(scenario: dict[str, Any]) -> dict[str, Any]:
    """The scenario, whose calls while the server starts anew wait for it as long as that takes on a slow machine."""
    for step in scenario["steps"]:
        if "during" in step:
            step.setdefault("deadline_ms", round(wait_s() * 1000))
    return scenario
