"""Upgrades: two versions of the program on one PostgreSQL, as real processes.

The newer version is this one with one more migration, made when a test runs: this works in a shallow clone, and holds
for the next release what is promised of it, rather than for releases that are out.
"""

import secrets
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from profile_grpc.store.schema import REVISIONS
from tests.cli.program import Outcome, Server, run
from tests.support.limits import wait_s
from tests.support.versions import ADDS, NEXT, next_version

pytestmark = [pytest.mark.engines("postgresql"), pytest.mark.slow, pytest.mark.timeout(400)]
DESTROYS = 'op.drop_table("lease")'
Newer = Callable[[str, bool], dict[str, str]]
ARGUMENTS = ["--dev", "--port", "0", "--drain-notice", "0", "--workers"]


@pytest.fixture
def newer(tmp_path: Path) -> Newer:
    """Makes the next version of the program, by what its migration does; answers the environment in which it runs."""
    return lambda does, older_may_stay: next_version(tmp_path, does, older_may_stay=older_may_stay)


class Versions:
    """Both versions on one database, with one hash key."""

    def __init__(self, url: str, share: Path, newer: dict[str, str]) -> None:
        self.url = url
        self.older = {"XDG_DATA_HOME": str(share)}
        self.newer = self.older | newer

    def migrate(self, version: dict[str, str]) -> Outcome:
        return run(["migrate", "--database-url", self.url], version)

    def serve(self, version: dict[str, str], workers: int = 1) -> Server:
        return Server([*ARGUMENTS, str(workers), "--database-url", self.url], version)


def used(server: Server, user: str) -> None:
    """Registers a user on the server, or registers it again, and sends a heartbeat."""
    key = profile_pb2.ProfileKey(app_id="demo", user_id=user, device_id=secrets.token_hex(4))
    with grpc.insecure_channel(server.address) as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        stub.Register(profile_service_pb2.RegisterRequest(key=key), timeout=wait_s(), wait_for_ready=True)
        stub.Heartbeat(profile_service_pb2.HeartbeatRequest(key=key), timeout=wait_s())


def seen(server: Server, user: str) -> int:
    """How many profiles of the user the server lists."""
    with grpc.insecure_channel(server.address) as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        listed = stub.ListProfiles(
            profile_service_pb2.ListProfilesRequest(app_id="demo", user_id=user), timeout=wait_s(), wait_for_ready=True
        )
    return len(listed.profiles)


def test_two_versions_serve_side_by_side_through_a_migration_that_adds(
    engine_url: str, tmp_path: Path, newer: Newer
) -> None:
    versions = Versions(engine_url, tmp_path / "share", newer(ADDS, True))
    assert versions.migrate(versions.older).status == 0
    with ExitStack() as running:
        older = running.enter_context(versions.serve(versions.older))
        used(older, "before")
        assert NEXT in versions.migrate(versions.newer).out
        later = running.enter_context(versions.serve(versions.newer))
        for server, user in ((older, "by-the-older"), (later, "by-the-newer")):
            used(server, user)
        for server in (older, later):
            assert [seen(server, user) for user in ("before", "by-the-older", "by-the-newer")] == [1, 1, 1]
        again = running.enter_context(versions.serve(versions.older))  # a restart, or a roll-back without a restore
        used(again, "by-the-older")
        assert versions.migrate(versions.older).status == 0, "there is nothing to do for it"
        with pytest.raises(subprocess.TimeoutExpired):
            older.process.wait(12)  # twice as long as it takes to look at the schema
        assert older.terminate() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_that_the_schema_left_behind_drains_and_says_so(
    engine_url: str, tmp_path: Path, newer: Newer, workers: int
) -> None:
    versions = Versions(engine_url, tmp_path / "share", newer(DESTROYS, False))
    assert versions.migrate(versions.older).status == 0
    with versions.serve(versions.older, workers) as older:
        used(older, "before")
        assert versions.migrate(versions.newer).status == 0
        assert older.process.wait(wait_s()) == 1
        older.wait_for_log("this program is too old for the schema")
        older.wait_for_log("install a newer version")
        older.wait_for_log("draining")
    refused = run(["serve", *ARGUMENTS, "1", "--database-url", engine_url], versions.older)
    assert refused.status == 1
    assert f"schema {NEXT} is newer than this program can use ({REVISIONS[-1]})" in refused.error_line
