"""`doctor` says what is wrong, and what to do about it."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from profile_grpc.cli import doctor
from tests.cli import seeds
from tests.cli.program import Commands


def examine(commands: Commands) -> tuple[int, dict[str, Any]]:
    outcome = commands("doctor", "--json")
    assert outcome.err == ""
    report = json.loads(outcome.out)
    assert report["ok"] is (outcome.status == 0)
    return outcome.status, {check["check"]: check for check in report["checks"]}


def test_a_sound_database_needs_nothing(commands: Commands) -> None:
    commands.succeed("migrate")
    status, found = examine(commands)
    assert status == 0
    assert {check["verdict"] for check in found.values()} <= {"ok", "note"}
    assert found["engine"]["detail"].startswith("SQLite 3.")
    assert (found["journal_mode"]["detail"], found["synchronous"]["detail"]) == ("wal", "full")
    assert "what to do" in commands.succeed("doctor")


@pytest.mark.engines("postgresql")
def test_on_postgresql_it_reads_what_durability_rests_on(on_engine: Commands) -> None:
    status, found = examine(on_engine)
    assert found["engine"]["detail"].startswith("PostgreSQL ")
    assert found["synchronous_commit"]["verdict"] == "ok"
    assert found["fsync"] == {
        "check": "fsync",
        "verdict": "mend",
        "detail": "off",
        "mend": "set fsync = on in postgresql.conf",
    }
    assert status == 1


def test_a_missing_database_is_to_be_made(commands: Commands) -> None:
    status, found = examine(commands)
    assert status == 1
    assert "profile-grpc migrate" in found["database"]["detail"]


def test_another_schema_is_named(commands: Commands, tmp_path: Path) -> None:
    commands.succeed("migrate")
    with closing(sqlite3.connect(tmp_path / "profiles.db")) as connection, connection:
        connection.execute("UPDATE schema_revision SET version_num = '9999'")
    status, found = examine(commands)
    assert status == 1
    assert "newer than this program knows" in found["database"]["detail"]


def test_a_missing_or_malformed_hash_key_is_to_be_set(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    commands.succeed("migrate")
    monkeypatch.setenv("PROFILE_GRPC_HASH_KEY", "much-too-short")
    status, found = examine(commands)
    assert (status, found["hash key"]["verdict"]) == (1, "mend")
    assert "much-too-short" not in json.dumps(found)
    monkeypatch.delenv("PROFILE_GRPC_HASH_KEY")
    status, found = examine(commands)
    assert (status, found["hash key"]["verdict"]) == (1, "mend")
    assert "secrets.token_hex(32)" in found["hash key"]["mend"]


def test_a_file_that_others_may_open_is_to_be_closed(commands: Commands, tmp_path: Path) -> None:
    commands.succeed("migrate")
    path = tmp_path / "profiles.db"
    assert examine(commands)[1]["file"]["verdict"] == "ok"
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    status, found = examine(commands)
    assert (status, found["file"]["verdict"]) == (1, "mend")
    assert found["file"]["mend"] == f"chmod 600 {path}*"
    tmp_path.chmod(0o700)
    assert examine(commands)[0] == 0


def test_a_clock_behind_what_was_stored_is_to_be_set(on_engine: Commands) -> None:
    on_engine.succeed("tenant", "create", "acme")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme")
    seeds.register(on_engine.url, "shop", ["d"], seeds.ago(-1))
    found = examine(on_engine)[1]
    assert found["clock"]["verdict"] == "mend"
    assert "behind the newest registration or heartbeat" in found["clock"]["detail"]


def test_a_clock_apart_from_the_databases_is_to_be_set(on_engine: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examine(on_engine)[1]
    assert found["clock"]["verdict"] == "ok"
    monkeypatch.setattr(doctor, "CLOCK_TOLERANCE", timedelta(seconds=-1))
    found = examine(on_engine)[1]
    assert found["clock"]["verdict"] == "mend"
    assert "from the database's" in found["clock"]["detail"]
