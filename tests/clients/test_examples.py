"""What the clients' READMEs and examples say works as written, against a server in development mode."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.server import ServerProcess

CLIENTS = Path(__file__).parent.parent.parent / "clients"
TARGET = "127.0.0.1:50051"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), dev=True) as running:
        yield running


def test_the_first_call_of_the_python_readme(server: ServerProcess) -> None:
    found = re.search(r"```python\n(.+?)```", (CLIENTS / "python" / "README.md").read_text(), re.DOTALL)
    assert found
    program = found[1].replace(TARGET, server.target)
    assert run([sys.executable, "-W", "error", "-c", program], CLIENTS) == "next heartbeat in 15 days, 0:00:00\n"


def test_the_go_example(server: ServerProcess, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    example = tmp_path / "main.go"
    example.write_text((CLIENTS / "go/example/main.go").read_text().replace(TARGET, server.target))
    assert run([require_tool("go"), "run", str(example)], CLIENTS / "go") == "next heartbeat in 360h0m0s\n"


def run(command: list[str], folder: Path) -> str:
    """What the command prints."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
