"""Every client passes its own language's checks, carries the service's version, and reads well."""

import re
from pathlib import Path

import pytest

from appprofile.v1 import (
    app_service_pb2,
    credential_service_pb2,
    customer_service_pb2,
    profile_service_pb2,
    usage_service_pb2,
    webhook_service_pb2,
)
from tests.clients.builds import BUILD_LIMIT_S, LANGUAGES, alone_with, build

ROOT = Path(__file__).parent.parent.parent
CLIENTS = ROOT / "clients"
# Python's client is checked with the service itself.
CHECKED = [language for language in LANGUAGES if language != "python"]
EXAMPLE_LINES = 30
# A mirror that is exact needs a copy, events, and both together after a failure. A shorter one would teach a wrong one.
LONGER_EXAMPLES = {"mirror_profiles.py": 80}
# Where each package says its version.
VERSIONS = {
    "python": ("pyproject.toml", r'^version = "(.+)"'),
    "go": ("appprofile/doc.go", r'^const Version = "(.+)"'),
    "typescript": ("package.json", r'^  "version": "(.+)"'),
    "java": ("pom.xml", r"^  <version>(.+)</version>"),
    "rust": ("Cargo.toml", r'^version = "(.+)"'),
}


@pytest.mark.slow
@pytest.mark.timeout(3 * BUILD_LIMIT_S)  # it may have to wait for the conformance of the same client
@pytest.mark.parametrize("language", CHECKED)
def test_a_client_passes_its_own_checks(language: str) -> None:
    """Format, lint, build and the tests of the language, by the client's script `check`."""
    with alone_with(language):
        build(language, CLIENTS / language / "check")


@pytest.mark.parametrize("language", VERSIONS)
def test_a_client_has_the_version_of_the_service(language: str) -> None:
    service = version_in(ROOT / "pyproject.toml", VERSIONS["python"][1])
    name, pattern = VERSIONS[language]
    assert version_in(CLIENTS / language / name, pattern) == service


@pytest.mark.parametrize("language", VERSIONS)
def test_a_client_has_readme_and_licence(language: str) -> None:
    assert (CLIENTS / language / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (CLIENTS / language / "README.md").exists()


EXAMPLES = sorted(path for path in CLIENTS.glob("*/example*/**/*.*") if path.suffix != ".pyc")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short(example: Path) -> None:
    assert len(example.read_text().splitlines()) <= LONGER_EXAMPLES.get(example.name, EXAMPLE_LINES)


SERVICES = (
    app_service_pb2,
    credential_service_pb2,
    customer_service_pb2,
    profile_service_pb2,
    usage_service_pb2,
    webhook_service_pb2,
)


def test_the_rust_client_knows_every_method_that_streams() -> None:
    """Its transport collects the answers of all others, so that one that breaks off can be asked for again."""
    streams = {
        f"/{service.full_name}/{method.name}"
        for file in SERVICES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if method.server_streaming
    }
    source = (CLIENTS / "rust/src/reliable.rs").read_text()
    known = re.search(r"const STREAMS: [^=]*=\s*\[(.*?)\];", source, re.DOTALL)
    assert known is not None
    assert set(re.findall(r'"(.+?)"', known[1])) == streams


def version_in(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(), re.MULTILINE)
    assert found, f"{path} says no version"
    return found[1]
