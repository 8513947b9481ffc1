"""What the command line says to what it cannot do: one line, an exit status, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from profile_grpc.cli import main, root
from tests.cli.program import HASH_KEY, Commands, run


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words."""

    def below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words, command
        else:
            for name, one in inner.items():
                yield from below(f"{words} {name}".strip(), one)

    return below("", typer.main.get_command(root.app))


COMMANDS = dict(all_commands())


def test_the_commands_of_the_contract_are_there() -> None:
    assert set(COMMANDS) >= {
        "serve",
        "migrate",
        "tenant create",
        "tenant list",
        "app create",
        "app set",
        "app show",
        "app list",
        "app delete",
        "key create",
        "key list",
        "key revoke",
        "reap",
        "mad",
        "profile get",
        "profile list",
        "profile delete",
        "doctor",
    }


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_is_an_environment_variable_and_says_so(
    words: str, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    shown = commands.succeed(*words.split(), "--help")
    for parameter in COMMANDS[words].params:
        flags = [flag for flag in parameter.opts if flag.startswith("--") and flag != "--help"]
        if flags:
            name = flags[0].removeprefix("--").replace("-", "_").upper()
            assert parameter.envvar.startswith("PROFILE_GRPC_")
            assert parameter.envvar.endswith(f"_{name}")
            assert parameter.envvar in shown


def test_version_is_one_line(commands: Commands) -> None:
    outcome = commands("--version")
    assert outcome.status == 0
    assert outcome.out.startswith("profile-grpc ")
    assert outcome.out.count("\n") == 1


def test_nothing_asked_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr()
    assert "Usage: profile-grpc" in said.out + said.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("paint", "No such command 'paint'"),
        ("app", ""),
        ("serve --colour", "No such option"),
        ("serve --port 70000", "65535"),
        ("serve --port http", "'--port'"),
        ("serve --workers 0", "'--workers'"),
        ("serve --workers 2 --dev", "--workers 2 needs PostgreSQL"),
        ("serve --dev --host 0.0.0.0", "loopback"),
        ("serve --tls-cert c.pem", "--tls-key"),
        ("serve --tls-client-ca ca.pem", "--tls-cert"),
        ("serve --reaper-interval 0", "--reaper-interval"),
        ("migrate --database-url mysql://host/db", "postgresql://"),
        ("migrate --database-url sqlite:///:memory:", "in memory"),
        ("tenant create", "NAME"),
        ("tenant create Acme", "tenant_id"),
        ("app create shop", "--tenant"),
        ("app create Shop --tenant acme", "app_id"),
        ("app create shop --tenant acme --set colour=red", "there is no setting 'colour'"),
        ("app create shop --tenant acme --set inactivity_period=366d", "inactivity_period"),
        ("app set shop", "--set"),
        ("key create --tenant acme --kind client", "--app"),
        ("key create --tenant acme --kind admin --app shop", "--app"),
        ("key create --tenant acme --kind root", "root"),
        ("reap --dry-run --confirm", "--confirm"),
        ("mad shop --from yesterday", "2026-01-31"),
        ("mad shop --to 0001-01-05", "--from"),
        ("serve --dev --call-timeout inf", "'--call-timeout'"),
        ("serve --dev --max-connection-age 2592000", "'--max-connection-age'"),
        ("serve --dev --database-url sqlite:///a%00.db", "NUL"),
        ("app create shop --tenant acme --set reaper_breaker.minimum=99999999999999999999", "too large"),
        ("mad", "APP"),
        ("profile delete shop --user u", "--all-devices"),
        ("profile delete shop --device d", "--customer"),
        ("profile list shop --status GONE", "'GONE' is none of"),
        ("profile list shop --limit 0", "'--limit'"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: str, says: str, commands: Commands) -> None:
    outcome = commands(*arguments.split())
    assert outcome.status == 2
    if says:
        assert says in outcome.error_line


def test_a_missing_hash_key_says_how_to_make_one(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROFILE_GRPC_HASH_KEY")
    for command in (["serve"], ["tenant", "list"], ["key", "list"]):
        outcome = commands(*command)
        assert outcome.status == 2
        assert "PROFILE_GRPC_HASH_KEY is not set" in outcome.error_line
        assert "secrets.token_hex(32)" in outcome.error_line


@pytest.mark.parametrize(
    "key", [HASH_KEY[:-1], HASH_KEY[:-1] + "x", HASH_KEY + "00"], ids=["short", "no digit", "long"]
)
def test_a_malformed_hash_key_is_refused_and_never_shown(
    key: str, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFILE_GRPC_HASH_KEY", key)
    outcome = commands("tenant", "list")
    assert outcome.status == 2
    assert "64 hexadecimal digits" in outcome.error_line
    assert key not in outcome.err


def test_a_database_that_is_not_there_names_the_command_that_makes_it(commands: Commands) -> None:
    outcome = commands("tenant", "list")
    assert outcome.status == 1
    assert "profile-grpc migrate" in outcome.error_line


def test_a_folder_that_is_not_there_is_one_line(commands: Commands, tmp_path: Path) -> None:
    outcome = commands("migrate", "--database-url", f"sqlite:///{tmp_path}/missing/profiles.db")
    assert outcome.status == 2
    assert "no such file or directory" in outcome.error_line


def test_a_password_in_the_url_is_never_shown(commands: Commands) -> None:
    url = "postgresql://somebody:hunter2@127.0.0.1:1/profiles?connect_timeout=5"
    for command in (["tenant", "list"], ["migrate"], ["doctor", "--json"], ["doctor"]):
        outcome = commands(*command, "--database-url", url)
        assert outcome.status == 1
        assert "hunter2" not in outcome.out + outcome.err
        assert "Traceback" not in outcome.err


def test_an_unforeseen_error_is_one_line(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_url: str) -> str:
        raise RuntimeError("first\nsecond apk_abcdefghijkl_" + 43 * "s")

    monkeypatch.setattr("profile_grpc.cli.database.migrate_schema", fail)
    outcome = commands("migrate")
    assert outcome.status == 1
    assert outcome.err.startswith(
        "profile-grpc: internal error: RuntimeError: first second apk_abcdefghijkl_[redacted]"
    )
    assert outcome.err.count("\n") == 1


def test_the_module_is_the_program() -> None:
    outcome = run(["--version"])
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("profile-grpc ")
