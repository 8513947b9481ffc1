"""What the README tells a newcomer to paste works as written."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import Server, sqlite_url
from tests.support.limits import wait_s

README = Path(__file__).parents[2] / "README.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def dev_server(tmp_path: Path) -> Server:
    return Server(["--dev", "--port", "0", "--database-url", sqlite_url(tmp_path)])


def test_the_grpcurl_calls_work(dev_server: Server, require_tool: Callable[[str], str]) -> None:
    grpcurl = require_tool("grpcurl")
    block = next(b for b in _blocks("sh") if "grpcurl" in b)
    answers = []
    with dev_server as server:
        for call in re.split(r"\n\n", block.replace("\\\n", " ").strip()):
            words = shlex.split(call.replace("localhost:50051", server.address), comments=True)
            done = subprocess.run([grpcurl, *words[1:]], capture_output=True, text=True, timeout=wait_s(), check=False)
            assert done.returncode == 0, done.stderr
            answers.append(json.loads(done.stdout))
    registered, beat, feedback = answers
    assert registered["created"] is True
    assert "expireTime" in beat
    assert feedback["results"][0]["outcome"] == "PUSH_FEEDBACK_OUTCOME_STALE"


def test_the_python_example_of_the_readme_succeeds(dev_server: Server) -> None:
    [block] = _blocks("python")
    with dev_server as server:
        program = block.replace("localhost:50051", server.address)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=wait_s(), check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True ")
