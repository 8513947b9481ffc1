"""What serving processes tell systemd: READY once calls are accepted, signs of life, STOPPING before they drain."""

import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.program import Server, sqlite_url
from tests.support.limits import wait_s


class Manager:
    """A stand-in for systemd: receives the messages of a process and its children."""

    def __init__(self, path: Path) -> None:
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channel.bind(str(path))
        self._channel.settimeout(wait_s())
        self.variables = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}

    def next(self) -> str:
        return self._channel.recv(4096).decode()

    def until(self, wanted: str) -> Sequence[str]:
        """The messages up to this one, without it."""
        before: list[str] = []
        while (message := self.next()) != wanted:
            before.append(message)
        return before

    def rest(self) -> Sequence[str]:
        """What else was sent by a process that has ended."""
        self._channel.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.next())
        except BlockingIOError:
            return found

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


def assert_told(server: Server, manager: Manager) -> None:
    """READY after the ready line, then signs of life without a call, then STOPPING, and signs of life up to the end."""
    assert set(manager.until("READY=1")) <= {"WATCHDOG=1"}
    assert [manager.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
    server.process.terminate()
    assert set(manager.until("STOPPING=1")) <= {"WATCHDOG=1"}
    assert server.terminate() == 0
    assert set(manager.rest()) <= {"WATCHDOG=1"}


def test_a_server_reports_to_systemd(tmp_path: Path, manager: Manager) -> None:
    arguments = ["--port", "0", "--database-url", sqlite_url(tmp_path), "--drain-notice", "0"]
    with Server(arguments, manager.variables) as server:
        assert_told(server, manager)


@pytest.mark.engines("postgresql")
def test_of_several_processes_only_the_parent_reports(store_url: str, manager: Manager) -> None:
    """And no worker has a secret in its environment: it gets its settings on its standard input."""
    arguments = ["--port", "0", "--workers", "2", "--database-url", store_url, "--drain-notice", "0"]
    with Server(arguments, manager.variables) as server:
        path = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        workers = path.read_text().split()
        assert len(workers) == 2
        for pid in workers:
            content = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"NOTIFY_SOCKET" not in content
            assert b"PROFILE_GRPC_" not in content
        assert_told(server, manager)


def test_without_a_watchdog_there_are_no_signs_of_life(tmp_path: Path, manager: Manager) -> None:
    arguments = ["--port", "0", "--database-url", sqlite_url(tmp_path), "--drain-notice", "0"]
    variables = {**manager.variables, "WATCHDOG_PID": str(os.getpid())}  # another process is watched
    with Server(arguments, variables) as server:
        assert manager.next() == "READY=1"
        assert server.terminate() == 0
    assert manager.rest() == ["STOPPING=1"]


def test_a_server_ignores_a_service_manager_that_has_ended(tmp_path: Path) -> None:
    """It logs that systemd cannot be notified, and serves."""
    arguments = ["--port", "0", "--database-url", sqlite_url(tmp_path), "--drain-notice", "0"]
    with Server(arguments, {"NOTIFY_SOCKET": "@profile-grpc.nobody"}) as server:
        server.wait_for_log("systemd cannot be notified")
        assert server.terminate() == 0
