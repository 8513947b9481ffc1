"""The clients' examples, which their READMEs show in full, work against a server in development mode."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.builds import BUILD_LIMIT_S, LANGUAGES, alone_with, build
from tests.clients.server import ServerProcess
from tests.support.limits import wait_s

CLIENTS = Path(__file__).parent.parent.parent / "clients"
TARGET = "127.0.0.1:50051"
EXAMPLES = {
    "go": "example/main.go",
    "java": "example/FirstCall.java",
    "python": "examples/first_call.py",
    "rust": "examples/first_call.rs",
    "typescript": "example/first_call.ts",
}
INTERVAL_S = 15 * 24 * 3600

pytestmark = [pytest.mark.slow, pytest.mark.timeout(BUILD_LIMIT_S)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), dev=True) as running:
        yield running


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_shows_the_example(language: str) -> None:
    example = (CLIENTS / language / EXAMPLES[language]).read_text()
    assert f"\n{example}```\n" in (CLIENTS / language / "README.md").read_text()


def test_the_python_example(server: ServerProcess) -> None:
    command = [sys.executable, "-W", "error", "-c", example("python", server)]
    assert run(command, CLIENTS) == "next heartbeat in 15 days, 0:00:00\n"


def test_the_go_example(server: ServerProcess, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    program = tmp_path / "main.go"
    program.write_text(example("go", server))
    assert run([require_tool("go"), "run", str(program)], CLIENTS / "go") == "next heartbeat in 360h0m0s\n"


def test_the_java_example(server: ServerProcess, tmp_path: Path) -> None:
    program = tmp_path / "FirstCall.java"
    program.write_text(example("java", server))
    with alone_with("java"):
        build("java", CLIENTS / "java/conformance/build")
        target = CLIENTS / "java/target"
        command = ["java", "-cp", f"{target / 'classes'}:{(target / 'classpath').read_text()}", str(program)]
        assert run(command, tmp_path) == f"next heartbeat in {INTERVAL_S} seconds\n"


def test_the_rust_example(server: ServerProcess, tmp_path: Path) -> None:
    """As the program of a user's package, made as the README says."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text(example("rust", server))
    (tmp_path / "Cargo.toml").write_text(
        f"""
[package]
name = "first_call_of_a_user"
edition = "2024"

[dependencies]
appprofile = {{ path = "{CLIENTS / "rust"}" }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}
"""
    )
    with alone_with("rust"):
        build("rust", CLIENTS / "rust/conformance/build")
        # The same versions and profile in the same folder: much of what is compiled already is not compiled again.
        shutil.copy(CLIENTS / "rust/Cargo.lock", tmp_path)
        folder = {"CARGO_TARGET_DIR": str(CLIENTS / "rust/target"), "CARGO_PROFILE_DEV_DEBUG": "false"}
        assert run(["cargo", "run", "--quiet"], tmp_path, folder) == f"next heartbeat in {INTERVAL_S} seconds\n"


def test_the_typescript_example(server: ServerProcess) -> None:
    with alone_with("typescript"):
        build("typescript", CLIENTS / "typescript/conformance/build")
        command = ["node", "--input-type=module", "--eval", example("typescript", server)]
        assert (CLIENTS / "typescript/build/example/first_call.js").exists()  # its types were checked too
        assert run(command, CLIENTS / "typescript") == f"next heartbeat in {INTERVAL_S} seconds\n"


def example(language: str, server: ServerProcess) -> str:
    """The example's text, for this server. That in TypeScript has nothing that is not JavaScript too."""
    text = (CLIENTS / language / EXAMPLES[language]).read_text()
    assert TARGET in text
    return text.replace(TARGET, server.target)


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """What the command prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=wait_s(BUILD_LIMIT_S),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
