"""Every client carries out the same scenario against the real server, and prints the same transcript. See README.md."""

import json
import os
import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
import trustme

from tests.clients.builds import BUILD_LIMIT_S, LANGUAGES, alone_with, build
from tests.clients.server import ServerProcess, Tls
from tests.clients.transcripts import SCENARIO, expected, run

ROOT = Path(__file__).parent.parent.parent
# The part of the scenario that is repeated over TLS: up to the first heartbeat.
TLS_STEPS = 8

pytestmark = [pytest.mark.slow, pytest.mark.timeout(BUILD_LIMIT_S + 600)]


@pytest.fixture(scope="module", params=LANGUAGES)
def program(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The command of one language's conformance program, built."""
    with alone_with(request.param):
        yield build_program(request.param)


def build_program(language: str) -> list[str]:
    folder = ROOT / "clients" / language / "conformance"
    build(language, folder / "build")
    return [str(folder / "run")]


def test_every_client_takes_part(request: pytest.FixtureRequest) -> None:
    """The clients there are, those that this run tests, and those of the table in clients/README.md are the same."""
    collected = {
        str(item.callspec.params["program"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_a_client_does_all_the_scenario_says"
    }
    folders = {folder.parent.name for folder in (ROOT / "clients").glob("*/conformance")}
    table = re.findall(r"^\| \w+ \| \[(\w+)\]", (ROOT / "clients/README.md").read_text(), re.MULTILINE)
    assert folders == set(table) == set(LANGUAGES)
    if len(collected) < len(LANGUAGES) and os.environ.get("REQUIRE_TOOLS") != "1":
        pytest.skip(f"only these were chosen for this run: {', '.join(sorted(collected))}")
    assert collected == set(LANGUAGES)


@pytest.mark.parametrize(("required", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_toolchain_is_told_and_fails_where_all_are_required(
    required: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "build"
    script.write_text("#!/bin/sh\necho 'cobc not found' >&2\nexit 3\n")
    script.chmod(0o700)
    monkeypatch.setenv("REQUIRE_TOOLS", required)
    with pytest.raises(outcome, match="cobol: its toolchain is not here: cobc not found"):
        build("cobol", script)


def test_a_client_does_all_the_scenario_says(program: list[str], tmp_path: Path) -> None:
    """Also: a restart and a crash of the server during a thousand calls are not seen by the caller."""
    with ServerProcess(tmp_path) as server:
        transcript = run(program, SCENARIO, server, tmp_path)
    assert_same(expected(json.loads(SCENARIO.read_text())), transcript)


def test_a_client_speaks_tls(program: list[str], tmp_path: Path) -> None:
    """With an authority of the caller's own, as in a company's network."""
    scenario = json.loads(SCENARIO.read_text())
    scenario["steps"] = scenario["steps"][:TLS_STEPS]
    shortened = tmp_path / "scenario.json"
    shortened.write_text(json.dumps(scenario))
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    with ServerProcess(tmp_path, Tls(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")) as server:
        transcript = run(program, shortened, server, tmp_path)
    assert_same(expected(scenario), transcript)


def assert_same(demanded: list[str], printed: list[str]) -> None:
    difference = list(unified_diff(demanded, printed, "expected", "transcript", lineterm="", n=1))
    assert not difference, "\n" + "\n".join(difference)
