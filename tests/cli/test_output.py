"""What commands show of values that others made."""

import json
from pathlib import Path

import pytest

from profile_grpc.cli import output
from profile_grpc.cli.errors import FAILED, CommandFailed, explain
from tests.cli.program import Commands


def test_a_device_cannot_speak_to_the_operators_terminal() -> None:
    """It may register what moves the cursor, sets the title or forges a line."""
    shown = output.human("note=x\x1b]0;title\x07\x1b[2J\x9b31m\nstatus   DELETED\u202e")
    assert shown == r"note=x\x1b]0;title\x07\x1b[2J\x9b31m\nstatus   DELETED\u202e"
    assert output.human("Jürgen 日本 🎉") == "Jürgen 日本 🎉"


def test_a_server_cannot_speak_to_the_terminal_in_an_error() -> None:
    assert explain(CommandFailed("refused: \x1b[2J\x9b31m")) == (r"refused: \x1b[2J\x9b31m", FAILED)


@pytest.mark.parametrize("command", [["export", "--app"], ["recipients", "list", "--everyone", "--json"]])
def test_JSON_on_a_terminal_has_no_control_characters(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """JSON escapes only those below the space; to files and pipes the bytes stay as they are."""
    spoken = "red\x1b[31m\x9b31m\u202e"
    fields = {"language": "en", "deviceModel": "Jürgen", "customerId": "\u061cc\u2066"}
    endpoint = {"provider": "PUSH_PROVIDER_FCM", "token": "t"}
    profile = {"key": {"userId": "ann\u202e", "deviceId": "d"}, "customAttributes": {"c": spoken}, **fields}
    (tmp_path / "in.jsonl").write_text(json.dumps({"profile": {**profile, "pushEndpoints": [endpoint]}}) + "\n")
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    commands.succeed("import", str(tmp_path / "in.jsonl"), "--app", "shop")

    piped = commands.succeed(*command, "shop")
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    shown = commands.succeed(*command, "shop")

    assert "\u202e" in piped
    assert not output._CONTROL.search(shown.replace("\n", ""))
    assert json.loads(shown) == json.loads(piped)
