"""Every snippet of docs/cookbook.md runs as it is written, and its answer contains what the document says."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appprofile.v1 import (
    app_service_pb2,
    credential_service_pb2,
    customer_service_pb2,
    profile_service_pb2,
    usage_service_pb2,
    webhook_service_pb2,
)
from tests.clients.server import ServerProcess
from tests.support.limits import wait_s

ROOT = Path(__file__).parent.parent.parent
COOKBOOK = (ROOT / "docs" / "cookbook.md").read_text()
SNIPPET = re.compile(r"```sh\n(?P<command>.+?)```(\n\n```json\n(?P<answer>.+?)```)?", re.DOTALL)
TARGET = "localhost:50051"


def test_every_snippet_runs_and_answers_as_told(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    """In the order of the document, against one server: a snippet may need those before it."""
    tools = Path(require_tool("grpcurl")).parent
    with ServerProcess(tmp_path, dev=True) as server:
        for snippet in SNIPPET.finditer(COOKBOOK):
            if "evans " not in snippet["command"]:
                check(snippet, server, tmp_path, tools)


def test_the_snippet_of_evans_runs_where_evans_is(tmp_path: Path) -> None:
    """Never required: no script here installs evans. The document says that it is untested."""
    evans = shutil.which("evans")
    if evans is None:
        pytest.skip("evans not found: its snippet in docs/cookbook.md is untested")
    [snippet] = [snippet for snippet in SNIPPET.finditer(COOKBOOK) if "evans " in snippet["command"]]
    with ServerProcess(tmp_path, dev=True) as server:
        check(snippet, server, tmp_path, Path(evans).parent)


def check(snippet: re.Match[str], server: ServerProcess, folder: Path, tools: Path) -> None:
    """Runs it against the server, in the folder, with the tools on the path."""
    port = server.target.rpartition(":")[2]
    command = snippet["command"].replace(TARGET, server.target).replace("--port 50051", f"--port {port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env=os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=wait_s(),
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    if snippet["answer"]:
        documented, answered = json.loads(snippet["answer"]), json.loads(done.stdout)
        assert within(documented, answered), f"{command}\nanswers\n{done.stdout}"


def test_every_method_has_a_snippet() -> None:
    commands = "".join(snippet["command"] for snippet in SNIPPET.finditer(COOKBOOK))
    for module in (
        profile_service_pb2,
        app_service_pb2,
        usage_service_pb2,
        webhook_service_pb2,
        customer_service_pb2,
        credential_service_pb2,
    ):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                assert f"{service.full_name}/{method.name}" in commands


def within(documented: Any, answered: Any) -> bool:
    """Whether the answer has everything that is documented of it; a list may be longer."""
    if isinstance(documented, dict):
        return isinstance(answered, dict) and all(
            name in answered and within(value, answered[name]) for name, value in documented.items()
        )
    if isinstance(documented, list):
        return (
            isinstance(answered, list) and len(documented) <= len(answered) and all(map(within, documented, answered))
        )
    return bool(documented == answered)
