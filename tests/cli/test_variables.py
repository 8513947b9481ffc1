"""Environment variables, and variables that name a file with the value."""

import secrets
from pathlib import Path

import pytest

from profile_grpc.cli import variables
from profile_grpc.cli.root import variables_of_options
from profile_grpc.config import ConfigError
from tests.cli.program import run, sqlite_url

SECRET = secrets.token_hex(32)


def prepared(environment: dict[str, str]) -> dict[str, str]:
    variables.prepare(environment, variables_of_options)
    return environment


@pytest.mark.parametrize("name", ["HASH_KEY", "SEAL_KEYS", "DATABASE_URL", "BRIDGE_KEY", "METRICS_PORT"])
def test_a_file_gives_the_value_of_any_variable(name: str, tmp_path: Path) -> None:
    """Orchestrators mount secrets as files: NAME_FILE names the file with the value of NAME."""
    (tmp_path / "secret").write_text(f"\n{SECRET}\n")
    assert prepared({f"PROFILE_GRPC_{name}_FILE": str(tmp_path / "secret"), "PATH": "/bin"}) == {
        f"PROFILE_GRPC_{name}": SECRET,
        "PATH": "/bin",
    }


def test_commands_use_the_secrets_in_files(tmp_path: Path) -> None:
    (tmp_path / "hash-key").write_text(SECRET)
    (tmp_path / "url").write_text(sqlite_url(tmp_path))
    files = {
        "PROFILE_GRPC_HASH_KEY": "",
        "PROFILE_GRPC_HASH_KEY_FILE": str(tmp_path / "hash-key"),
        "PROFILE_GRPC_DATABASE_URL_FILE": str(tmp_path / "url"),
    }
    assert run(["migrate"], files).status == 0
    assert run(["tenant", "create", "acme"], files).status == 0
    assert (tmp_path / "profiles.db").exists()


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"a\0b", b"x" * 70_000])
def test_an_unusable_file_is_refused_without_its_content(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ConfigError, match=r"secret, the file of PROFILE_GRPC_HASH_KEY_FILE, must contain text"):
        prepared({"PROFILE_GRPC_HASH_KEY_FILE": str(tmp_path / "secret")})


@pytest.mark.parametrize("path", ["missing", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"cannot read .*, the file of PROFILE_GRPC_HASH_KEY_FILE"):
        prepared({"PROFILE_GRPC_HASH_KEY_FILE": path})


def test_a_value_and_a_file_of_one_variable_are_refused() -> None:
    """Nobody could say which of them counts."""
    with pytest.raises(ConfigError, match="PROFILE_GRPC_HASH_KEY and PROFILE_GRPC_HASH_KEY_FILE are both set"):
        prepared({"PROFILE_GRPC_HASH_KEY": SECRET, "PROFILE_GRPC_HASH_KEY_FILE": "/nowhere"})


@pytest.mark.parametrize("name", ["TLS_KEY", "BRIDGE_TLS_KEY", "BRIDGE_SPOOL", "WEBHOOK_CA"])
def test_a_path_is_read_from_no_file(name: str, tmp_path: Path) -> None:
    """Whoever sets PROFILE_GRPC_TLS_KEY_FILE means the key: its content must not be shown as a path."""
    (tmp_path / "key").write_text(SECRET)
    with pytest.raises(ConfigError, match=f"PROFILE_GRPC_{name} is a path itself") as raised:
        prepared({f"PROFILE_GRPC_{name}_FILE": str(tmp_path / "key")})
    assert SECRET not in str(raised.value)


def test_a_file_of_a_variable_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"there is no variable PROFILE_GRPC_HASHKEY_FILE; did you mean"):
        prepared({"PROFILE_GRPC_HASHKEY_FILE": "/nowhere"})
