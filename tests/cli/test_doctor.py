"""`doctor` says what is wrong, and what to do about it."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bridge.report import MICROSECONDS, Kind
from profile_grpc.bridge.spool.records import Death, Incoming
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.cli import doctor, findings
from tests.cli import seeds
from tests.cli.program import HASH_KEY, Commands
from tests.support.postgres import Postgres


def examine(commands: Commands, *arguments: str) -> tuple[int, dict[str, Any]]:
    outcome = commands("doctor", "--json", *arguments)
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


FSYNC = {"off": ("mend", "set fsync = on in postgresql.conf"), "on": ("ok", "")}


@pytest.mark.engines("postgresql")
def test_on_postgresql_it_reads_what_durability_rests_on(on_engine: Commands, database_server: Postgres) -> None:
    """The tests' own server runs with fsync off, which is reported; one that is given has it on."""
    setting = database_server.execute("SHOW fsync")
    status, found = examine(on_engine)
    assert found["engine"]["detail"].startswith("PostgreSQL ")
    assert found["synchronous_commit"]["verdict"] == "ok"
    assert found["schema"]["verdict"] == "ok"
    verdict, mend = FSYNC[setting]
    assert found["fsync"] == {"check": "fsync", "verdict": verdict, "detail": setting, "mend": mend}
    assert status == (verdict == "mend")


@pytest.mark.parametrize("damage", ["DROP TABLE event_log", "ALTER TABLE event_log RENAME COLUMN reason TO other"])
def test_a_damaged_schema_is_reported(commands: Commands, tmp_path: Path, damage: str) -> None:
    commands.succeed("migrate")
    with closing(sqlite3.connect(tmp_path / "profiles.db")) as database:
        database.execute(damage)
    status, found = examine(commands)
    assert (status, found["schema"]["verdict"]) == (1, "mend")
    assert found["schema"]["detail"].endswith(": event_log")


def test_a_directory_is_not_to_be_closed(commands: Commands, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    status, found = examine(commands, "--database-url", f"sqlite:///{tmp_path}")
    assert (status, found.keys() & {"file", "database"}) == (1, {"database"})


def test_a_file_that_is_no_database_is_to_be_restored(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_text("junk" * 1000)
    status, found = examine(commands, "--database-url", f"sqlite:///{tmp_path / 'junk.db'}")
    assert status == 1
    assert "restore it from a backup" in found["database"]["detail"]


def test_a_missing_database_is_to_be_made(commands: Commands) -> None:
    status, found = examine(commands)
    assert status == 1
    assert "profile-grpc migrate" in found["database"]["detail"]


def test_another_schema_is_named(commands: Commands, tmp_path: Path) -> None:
    commands.succeed("migrate")
    with closing(sqlite3.connect(tmp_path / "profiles.db")) as connection, connection:
        connection.execute("UPDATE schema_revision SET version_num = '9999', oldest_program = '9999'")
    status, found = examine(commands)
    assert status == 1
    assert "newer than this program can use" in found["database"]["detail"]


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
    """Times of the future in the database come from a clock that was wrong, then or now."""
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


async def fill(path: Path, age_seconds: int, dead: int, hash_key: str) -> None:
    spool = Spool(path, bytes.fromhex(hash_key))
    _ = spool.start()
    arrived = SystemClock().microseconds() - age_seconds * MICROSECONDS
    for number in range(3 + dead):
        report = Incoming(
            Kind.REMOVAL, "shop", arrived, b"t" * 16, True, None, b"", None, b"x" * 100, number.to_bytes(16)
        )
        await spool.add(report)
    for waiting in await spool.read(0, dead):
        spool.bury(Death(waiting.id, arrived, "MISSING_TOKEN"))
    await spool.close()


def make_spool(path: Path, *, age_seconds: int = 0, dead: int = 0, hash_key: str = HASH_KEY) -> None:
    """A spool with three reports that wait and `dead` that cannot be applied."""
    asyncio.run(fill(path, age_seconds, dead, hash_key))


def test_a_sound_spool_needs_nothing(commands: Commands, tmp_path: Path) -> None:
    """X1, X4: also while a bridge works on it."""
    commands.succeed("migrate")
    assert "spool" not in examine(commands)[1]
    path = tmp_path / "profiles.db.bridge-spool"  # where `serve --bridge-port` keeps it
    make_spool(path)
    before = sorted(path.name for path in tmp_path.iterdir())
    status, found = examine(commands)
    assert status == 0
    assert found["spool"]["detail"] == f"{path}, used by no bridge now"
    assert found["spool oldest"]["detail"].startswith("3 wait, the oldest for ")
    assert found["spool room"]["detail"].startswith("0.0 of 1,024 MiB wait, ")
    assert found["dead letters"] == {"check": "dead letters", "verdict": "ok", "detail": "none", "mend": ""}
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    working = Spool(path, bytes.fromhex(HASH_KEY))
    try:
        status, found = examine(commands)
        assert (status, found["spool"]["detail"]) == (0, f"{path}, used by a bridge")
    finally:
        asyncio.run(working.close())


def test_reports_that_wait_too_long_and_dead_letters_are_reported(commands: Commands, tmp_path: Path) -> None:
    """X4."""
    commands.succeed("migrate")
    path = tmp_path / "spool.db"
    make_spool(path, age_seconds=600, dead=2)
    status, found = examine(commands, "--bridge-spool", str(path))
    assert (status, found["spool oldest"]["verdict"]) == (1, "mend")
    assert found["spool oldest"]["mend"] == "start the bridge, which delivers them"
    assert found["dead letters"]["verdict"] == "note"
    assert found["dead letters"]["detail"] == "MISSING_TOKEN 2"
    assert found["dead letters"]["mend"] == f"profile-grpc bridge dead list --spool {path}"


def test_a_full_spool_is_reported(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X1: the only case in which a valid report is not taken."""
    commands.succeed("migrate")
    path = tmp_path / "spool.db"
    make_spool(path)
    monkeypatch.setenv("PROFILE_GRPC_BRIDGE_SPOOL", str(path))
    assert examine(commands)[1]["spool room"]["verdict"] == "ok"
    monkeypatch.setattr(findings, "LEAST_FREE", 1 << 62)
    status, found = examine(commands)
    assert (status, found["spool room"]["verdict"]) == (1, "mend")
    assert "free space on its disk" in found["spool room"]["mend"]
    monkeypatch.setattr(findings, "NEARLY_FULL", 0.000_001)
    assert "raise the bridge's limit" in examine(commands)[1]["spool room"]["mend"]


def test_an_unusable_spool_is_reported(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands.succeed("migrate")
    path = tmp_path / "spool.db"
    status, found = examine(commands, "--bridge-spool", str(path))
    assert (status, found["spool"]["verdict"]) == (0, "note")
    status, found = examine(commands, "--bridge-spool", str(tmp_path / "no" / "spool.db"))
    assert (status, found["spool"]["mend"]) == (1, "create the folder")
    make_spool(path, hash_key="0" * 64)
    status, found = examine(commands, "--bridge-spool", str(path))
    assert (status, found["spool key"]["verdict"]) == (1, "mend")
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda place, mode: mode != os.W_OK or place != path)
        status, found = examine(commands, "--bridge-spool", str(path))
    assert (status, found["spool"]["detail"]) == (1, f"{path} cannot be written")
    path.write_text("no database at all, but long enough to be read as one" * 20)
    status, found = examine(commands, "--bridge-spool", str(path))
    assert (status, found["spool"]["verdict"]) == (1, "mend")
    assert "is damaged" in found["spool"]["detail"]  # a bridge's lock file is beside it
    for lock in path.parent.glob("spool.db.*"):
        lock.unlink()
    assert "another kind of file" in examine(commands, "--bridge-spool", str(path))[1]["spool"]["detail"]


def test_K2_it_says_which_keys_of_the_ring_are_needed(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And that a lost one harms nothing else."""

    def keys(ring: str) -> dict[str, tuple[str, str]]:
        monkeypatch.setenv("PROFILE_GRPC_SEAL_KEYS", ring)
        checks = json.loads(commands("doctor", "--json").out)["checks"]
        return {check["detail"]: (check["verdict"], check["mend"]) for check in checks if check["check"] == "seal keys"}

    commands.succeed("migrate")
    [(none, (verdict, todo))] = keys("").items()
    assert none.startswith("no key ring")
    assert verdict == "note"
    assert "PROFILE_GRPC_SEAL_KEYS" in todo
    [(unusable, (verdict, _))] = [one for one in keys("x").items() if one[0] == "unusable"]
    assert (unusable, verdict) == ("unusable", "mend")
    old, new = f"old:{'a1' * 32}", f"new:{'b2' * 32}"
    keys(old)
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    commands.succeed("credential", "create-vapid", "shop", "--name", "web", "--subject", "mailto:ops@example.com")
    assert keys(old) == {"the key 'old' encrypts; 1 secrets need it": ("ok", "")}
    assert keys(f"{new} {old}") == {
        "the key 'new' encrypts; 0 secrets need it": ("ok", ""),
        "1 secrets still need the key 'old'": ("note", "to replace it: profile-grpc credential reseal"),
    }
    lost = keys(new)
    assert lost["the key 'new' encrypts; 0 secrets need it"] == ("ok", "")
    [(detail, (verdict, todo))] = [one for one in lost.items() if "'old'" in one[0]]
    assert detail == "1 secrets need the key 'old', which is not in the ring; everything else works"
    assert (verdict, "upload these secrets again" in todo) == ("mend", True)
    [(wrong, (verdict, _))] = [one for one in keys(f"old:{'c3' * 32}").items() if "open" in one[0]]
    assert (wrong, verdict) == ("1 of 1 secrets do not open under the key 'old'", "mend")
    keys(f"{new} {old}")
    assert "moved 1 secrets to the key new" in commands.succeed("credential", "reseal")
    assert keys(f"{new} {old}") == {
        "the key 'new' encrypts; 1 secrets need it": ("ok", ""),
        "the key 'old' is not needed any more": ("note", "remove it"),
    }
    outcome = commands("credential", "reseal", "--json")
    assert json.loads(outcome.out) == {"moved": 0, "kept": 1, "changed": 0, "damaged": 0, "lost": {}}
