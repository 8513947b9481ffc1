"""The commands of docs/guides run as they are written, on the samples of the converters (I4)."""

import gzip
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import Commands

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
FILES = ROOT / "tests" / "converters" / "files"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAMPLES = {
    "pinpoint.md": ("pinpoint.jsonl", "pinpoint.jsonl.gz"),
    "sns.md": ("sns.json", "sns.json"),
    "azure-notification-hubs.md": ("azure.xml", "registrations.xml"),
    "onesignal.md": ("onesignal_api.csv", "onesignal.csv.gz"),
    "parse.md": ("parse_mongoexport.jsonl", "installations.jsonl"),
    "django.md": ("django.json", "devices.jsonl"),
}


def test_every_guide_is_tried_and_listed() -> None:
    assert {path.name for path in GUIDES.glob("*.md")} == {*SAMPLES, "README.md"}
    for name in SAMPLES:
        assert f"]({name})" in (GUIDES / "README.md").read_text()


@pytest.mark.parametrize("guide", SAMPLES)
def test_the_commands_of_a_guide_run_as_written(
    guide: str, commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, name = SAMPLES[guide]
    monkeypatch.chdir(tmp_path)
    content = (FILES / sample).read_bytes()
    Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    expected = [json.loads(line) for line in (FILES / f"{sample}.expected").read_text().splitlines()]
    commands.succeed("migrate")
    for words in commands_of("README.md"):
        commands.succeed(*words)
        if words[0] == "app":  # the other steps of this page come after the import
            break

    imports = [words for words in commands_of(guide) if words[0] == "import"]
    dry, real = [json.loads(commands(*words, "--json").out) for words in imports]
    counts = [
        json.loads(commands.succeed(*words, "--json")) for words in commands_of(guide) if words[0] == "recipients"
    ]

    records = [entry for entry in expected if "record" in entry]
    skipped = [entry["skipped"] for entry in expected if "skipped" in entry]
    refused = [entry["refused"] for entry in expected if "refused" in entry]
    profiles = {json.dumps(entry["record"]["profile"]["key"]) for entry in records}
    for report in (dry, real):
        assert report["created"] + report["updated"] + report["unchanged"] == len(records)
        assert report["skipped"] == {reason: skipped.count(reason) for reason in skipped}
        assert report["refused"] == {reason: refused.count(reason) for reason in refused}
    assert real["created"] == len(profiles)
    assert len(Path("left-out.jsonl").read_text().splitlines()) == len(skipped) + len(refused)
    calls = sum("APNS_VOIP" in json.dumps(entry["record"]) for entry in records)
    assert counts[0]["recipients"] == len(profiles) - calls  # everyone; the filter of the last finds some of them
    assert 0 < counts[-1]["recipients"] < len(profiles)


def test_the_commands_of_the_first_page_run_as_written(commands: Commands) -> None:
    commands.succeed("migrate")
    for words in commands_of("README.md"):
        commands.succeed(*words)


@pytest.mark.parametrize("guide", [*SAMPLES, "README.md"])
def test_the_other_commands_are_sound_shell(guide: str) -> None:
    shell = shutil.which("bash")
    assert shell is not None
    for block in BLOCK.findall((GUIDES / guide).read_text()):
        done = subprocess.run([shell, "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def commands_of(guide: str) -> list[list[str]]:
    """The arguments of every call of this program in the guide."""
    blocks = "\n".join(BLOCK.findall((GUIDES / guide).read_text())).replace("\\\n", " ")
    lines = [shlex.split(line) for line in blocks.splitlines() if line.startswith("profile-grpc ")]
    return [words[1:] for words in lines]
