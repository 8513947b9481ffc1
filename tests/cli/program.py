"""The program as people run it: in this process for commands that end, as a process of its own for `serve`."""

import io
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from unittest.mock import patch

import pytest

from profile_grpc.cli import main
from tests.support.limits import wait_s

HASH_KEY = secrets.token_hex(32)
_LEAVE_OUT = "PROFILE_GRPC_"
_ONE_AT_A_TIME = threading.Lock()
"""Environment, folder and standard streams are the process's."""


@dataclass(frozen=True)
class Outcome:
    """What a command that has ended left."""

    status: int
    out: str
    err: str

    @property
    def error_line(self) -> str:
        """What went wrong: one line on stderr, nothing on stdout, no stack trace."""
        assert self.out == ""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("profile-grpc: ")
        assert "internal error" not in lines[0]
        return lines[0]


class Commands:
    """Runs commands in this process, on one database, with an environment of their own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        self._capsys = capsys
        self.url = url
        for name in [name for name in os.environ if name.startswith(_LEAVE_OUT)]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PROFILE_GRPC_DATABASE_URL", url)
        monkeypatch.setenv("PROFILE_GRPC_HASH_KEY", HASH_KEY)

    def __call__(self, *arguments: str) -> Outcome:
        self._capsys.readouterr()
        status = main(arguments)
        said = self._capsys.readouterr()
        return Outcome(status, said.out, said.err)

    def succeed(self, *arguments: str) -> str:
        """Runs a command that must succeed; answers its stdout."""
        outcome = self(*arguments)
        assert outcome.status == 0, outcome.err
        return outcome.out


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process of its own, with a hash key unless the changes empty it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEAVE_OUT)}
    return kept | {"PROFILE_GRPC_HASH_KEY": HASH_KEY} | dict(changes or {})


def run(arguments: Sequence[str], changes: Mapping[str, str] | None = None, **more: object) -> Outcome:
    """Runs a command as a process of its own until it ends."""
    done = subprocess.run(  # type: ignore[call-overload]  # the rest is handed on
        [sys.executable, "-m", "profile_grpc", *arguments],
        env=environment(changes),
        capture_output=True,
        text=True,
        timeout=wait_s(),
        check=False,
        **more,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_here(arguments: Sequence[str], changes: Mapping[str, str] | None = None, folder: Path | None = None) -> Outcome:
    """Runs a command in a thread of this process until it ends, started in the folder.

    For what a test prepares or looks up: the start of a process takes two seconds of CPU. A test whose event loop must
    go on meanwhile calls it with `asyncio.to_thread`.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        _ONE_AT_A_TIME,
        patch.dict(os.environ, environment(changes), clear=True),
        chdir(folder or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
        ThreadPoolExecutor(1) as thread,
    ):
        status = thread.submit(main, list(arguments)).result()
    return Outcome(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))


@dataclass
class Server:
    """`profile-grpc serve` as a process of its own, which has said that it is ready; use as a context manager."""

    arguments: Sequence[str]
    changes: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str] = ("-m", "profile_grpc")
    """What Python runs."""
    ready: str = ""
    """The ready line."""
    said: list[str] = field(default_factory=list)
    """The lines of stdout after it, so far."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, *self.program, "serve", *self.arguments],
            env=environment(self.changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._out: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._err: list[str] = []
        self._err_grew = threading.Condition()
        self._readers = [threading.Thread(target=self._read_out), threading.Thread(target=self._read_err)]
        for reader in self._readers:
            reader.start()
        self.ready = self.next_line()
        if not self.ready.startswith("ready: "):
            self.__exit__()
            raise AssertionError(f"not ready: {self.ready!r} {self.log}")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(wait_s())
        for reader in self._readers:
            reader.join(wait_s())

    @property
    def address(self) -> str:
        """`host:port` of the ready line."""
        return self.ready.removeprefix("ready: gRPC on ").partition(",")[0].partition(" ")[0]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def metrics_url(self) -> str:
        return self.ready.partition("metrics on ")[2].partition(",")[0]

    @property
    def log(self) -> str:
        """What it has said on stderr so far."""
        return "".join(self._err)

    def next_line(self) -> str:
        """The next line of stdout, or an empty text when there is none any more."""
        return (self._out.get(timeout=wait_s()) or "").rstrip("\n")

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """Waits until stderr has said the text that often."""
        with self._err_grew:
            assert self._err_grew.wait_for(lambda: self.log.count(text) >= times, wait_s()), self.log

    def terminate(self, number: int = signal.SIGTERM) -> int:
        """Asks it to end, waits, and answers its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(wait_s())
        for reader in self._readers:
            reader.join(wait_s())
        return status

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._out.put(line)
        self._out.put(None)

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                with self._err_grew:
                    self._err.append(line)
                    self._err_grew.notify_all()


def sqlite_url(folder: Path) -> str:
    """A database file that does not exist yet."""
    return f"sqlite:///{folder / 'profiles.db'}"
