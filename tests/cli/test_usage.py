"""What the command line says to what it cannot do: one line, an exit status, and nothing else."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from profile_grpc.cli import main, root
from tests.cli.program import HASH_KEY, Commands, environment, run
from tests.support.limits import wait_s


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words."""

    def below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
        if not hasattr(command, "list_commands"):
            yield words, command
            return
        if command.invoke_without_command:
            yield words, command
        for name in command.list_commands(None):
            yield from below(f"{words} {name}".strip(), command.get_command(None, name))

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
        "webhook create",
        "webhook list",
        "webhook enable",
        "webhook replay",
        "customer show",
        "customer list",
        "customer set",
        "customer merge",
        "customer delete",
        "customer schema show",
        "customer schema set",
        "erase user",
        "erase customer",
        "person export",
    }


def variables_of(words: str) -> dict[str, str | None]:
    """The options of a command, each with its environment variable."""
    flags = {f: p.envvar for p in COMMANDS[words].params for f in p.opts if f.startswith("--") and f != "--help"}
    return {flag: flags[flag] for flag in sorted(flags)}


@pytest.mark.parametrize(("words", "prefix"), [("serve", ""), ("bridge", "BRIDGE_")])
def test_every_option_of_a_process_is_an_environment_variable(words: str, prefix: str) -> None:
    shared = {"--database-url", "--log-level", "--log-format"}
    for flag, variable in variables_of(words).items():
        name = flag.removeprefix("--").replace("-", "_").upper()
        assert variable == f"PROFILE_GRPC_{'' if flag in shared else prefix}{name}"


@pytest.mark.parametrize("words", sorted(COMMANDS.keys() - {"serve", "bridge"}))
def test_no_environment_variable_sets_an_option_of_a_single_command(words: str) -> None:
    """Above all what deletes: --confirm, --all-devices, --app, --yes. `health` asks the server that they configure."""
    with_variables = {flag for flag, variable in variables_of(words).items() if variable}
    of_processes = {
        "--spool",
        "--bridge-spool",
        "--bridge-spool-limit",
        "--webhook-network",
        "--webhook-ca",
        "--jwks-hosts",
    }
    if words == "health":
        of_processes = {"--host", "--port", "--tls-cert"}
    assert with_variables <= {"--database-url", *of_processes}


@pytest.mark.parametrize("words", COMMANDS)
def test_the_help_is_whole_on_80_columns(words: str, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are not cut, and what stands in brackets is no markup."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = commands.succeed(*words.split(), "--help")
    assert max(map(len, shown.splitlines())) <= 80
    for variable in variables_of(words).values():
        assert variable is None or variable in shown
    for text in (COMMANDS[words].help, COMMANDS[words].epilog or ""):
        assert " ".join(text.split()) in " ".join(shown.split())


def test_the_help_keeps_brackets(commands: Commands) -> None:
    """The library for the help would read [TEXT] as markup and drop it."""
    assert "JSON: {apps: [as in `app show`]}" in commands.succeed("app", "list", "--help")
    assert "[ID]..." in commands.succeed("bridge", "dead", "replay", "--help")


def test_the_program_lists_its_commands_as_they_call_themselves(commands: Commands) -> None:
    shown = " ".join(commands.succeed("--help").split())
    for name, entry in root.COMMANDS.items():
        assert f"{name} {entry.summary}" in shown
        assert " ".join(entry.load(name).help.split()).startswith(entry.summary)


OTHERS = "aiohttp alembic asyncpg cryptography grpc grpc_health prometheus_client protovalidate uvicorn uvloop"
"""What a command on SQLite does not need."""
IMPORTED = "import sys; from profile_grpc.cli import main; main(sys.argv[1:]); print(*sorted(sys.modules), sep='\\n')"


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        ("--version", "alembic asyncpg cryptography google.protobuf grpc msgspec rich sqlalchemy structlog uvicorn"),
        ("--help", "alembic asyncpg cryptography google.protobuf grpc msgspec rich sqlalchemy structlog uvicorn"),
        ("app list --help", "alembic asyncpg google.protobuf grpc sqlalchemy uvicorn"),
        ("serve --help", "alembic asyncpg google.protobuf grpc prometheus_client sqlalchemy structlog"),
        ("key --help", "alembic asyncpg cryptography google.protobuf grpc sqlalchemy structlog uvicorn"),
        ("app list", OTHERS),
        ("reap --dry-run", OTHERS),
        ("profile list shop", OTHERS),
        ("mad shop", OTHERS),
        ("key list", OTHERS),
        ("doctor", "aiohttp alembic asyncpg grpc_health prometheus_client protovalidate uvicorn uvloop"),
    ],
)
def test_a_command_imports_only_what_it_needs(arguments: str, never: str, commands: Commands) -> None:
    """What takes time when a program starts is what it imports; the time itself depends on the machine."""
    if not arguments.endswith(("--version", "--help")):
        commands.succeed("migrate")
        commands.succeed("tenant", "create", "acme")
        commands.succeed("app", "create", "shop", "--tenant", "acme")
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments.split()],
        env=environment({"PROFILE_GRPC_DATABASE_URL": commands.url}),
        capture_output=True,
        text=True,
        check=True,
        timeout=wait_s(),
    )
    assert not done.stderr or "no" in done.stderr, done.stderr
    assert set(done.stdout.split()) & set(never.split()) == set()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("PROFILE_GRPC_METRIC_PORT", "did you mean PROFILE_GRPC_METRICS_PORT?"),
        ("PROFILE_GRPC_DATABASEURL", "did you mean PROFILE_GRPC_DATABASE_URL?"),
        ("PROFILE_GRPC_BRIDGE_SPOOOL", "did you mean PROFILE_GRPC_BRIDGE_SPOOL?"),
        ("PROFILE_GRPC_HASHKEY", "did you mean PROFILE_GRPC_HASH_KEY?"),
        ("PROFILE_GRPC_CONFIRM", "serve --help"),
        ("PROFILE_GRPC_ALL_DEVICES", "serve --help"),
        ("PROFILE_GRPC_APP", "there is no variable PROFILE_GRPC_APP"),
    ],
)
def test_a_variable_that_sets_nothing_is_refused(
    name: str, says: str, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt variable would otherwise be ignored without a word."""
    monkeypatch.setenv(name, "1")
    outcome = commands("tenant", "list")
    assert outcome.status == 2
    assert f"there is no variable {name}; " in outcome.error_line
    assert says in outcome.error_line
    assert commands("serve", "--help").status == 0


def test_what_kubernetes_sets_for_a_service_of_the_same_name_is_passed_over(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service called profile-grpc puts these into every container of its namespace."""
    monkeypatch.setenv("PROFILE_GRPC_SERVICE_HOST", "10.0.0.7")
    monkeypatch.setenv("PROFILE_GRPC_SERVICE_PORT", "50051")
    monkeypatch.setenv("PROFILE_GRPC_SERVICE_PORT_GRPC", "50051")
    monkeypatch.setenv("PROFILE_GRPC_PORT", "tcp://10.0.0.7:50051")
    monkeypatch.setenv("PROFILE_GRPC_PORT_50051_TCP", "tcp://10.0.0.7:50051")
    monkeypatch.setenv("PROFILE_GRPC_PORT_50051_TCP_ADDR", "10.0.0.7")
    monkeypatch.setenv("PROFILE_GRPC_METRICS_SERVICE_HOST", "10.0.0.8")
    monkeypatch.setenv("PROFILE_GRPC_METRICS_PORT", "tcp://10.0.0.8:9090")
    commands.succeed("migrate")
    assert "PROFILE_GRPC_PORT" not in os.environ


class Terminal(io.StringIO):
    """Standard input as a terminal has it."""

    def isatty(self) -> bool:  # type: ignore[explicit-override]
        return True


@pytest.mark.parametrize(
    "words",
    ["app delete shop", "app delete shop --force", "profile delete shop --user u --all-devices --allow-missing"],
)
def test_a_deletion_asks_on_a_terminal(words: str, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    outcome = commands(*words.split())
    assert outcome.status == 1
    assert "Delete the " in outcome.err
    assert commands("app", "show", "shop").status == 0
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert "Delete the " in commands(*words.split()).err
    if words.startswith("app"):
        commands.succeed("app", "create", "shop2", "--tenant", "acme")
        words = words.replace("shop", "shop2")
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert "Delete the " not in commands(*words.split(), "--yes").err


def test_version_is_one_line(commands: Commands) -> None:
    outcome = commands("--version")
    assert outcome.status == 0
    assert outcome.out.startswith("profile-grpc ")
    assert outcome.out.count("\n") == 1


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
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
        ("app create shop --tenant acme --set inactivty_period=40d", "did you mean inactivity_period?"),
        ("app create Shop --tenant acme", "app_id"),
        ("app create shop --tenant acme --set colour=red", "there is no setting 'colour'; settings: push_app_ids"),
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
        ("profile list shop --status GONE", "'GONE' is not one of"),
        ("profile list shop --limit 0", "'--limit'"),
    ],
)
def test_wrong_usage_is_an_error_of_one_line_with_status_2(arguments: str, says: str, commands: Commands) -> None:
    outcome = commands(*arguments.split())
    assert outcome.status == 2
    if says:
        assert says in outcome.error_line


def test_a_missing_hash_key_says_how_to_make_one(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has a command to copy."""
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


def test_a_missing_folder_is_an_error_of_one_line(commands: Commands, tmp_path: Path) -> None:
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


def test_an_unexpected_error_is_one_line(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_url: str, **_: object) -> str:
        raise RuntimeError("first\nsecond apk_abcdefghijkl_" + 43 * "s")

    monkeypatch.setattr("profile_grpc.store.migrate", fail)
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
