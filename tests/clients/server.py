"""The real server as a process of its own, on a SQLite file, for tests of the clients."""

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import grpc

from tests.cli.program import run_here
from tests.support.limits import wait_s
from tests.support.ports import free_port


@dataclass(frozen=True)
class Tls:
    """PEM files: what the server presents for `localhost`, and the authority that signed it."""

    certificate: Path
    private_key: Path
    ca: Path


class ServerProcess:
    """`profile-grpc serve` on a loopback port that stays the same over restarts. Its log is `folder/server.log`."""

    def __init__(self, folder: Path, tls: Tls | None = None, *, dev: bool = False) -> None:
        self.tls = tls
        self._log_path = folder / "server.log"
        self._changes = {
            "PROFILE_GRPC_HASH_KEY": secrets.token_hex(32),
            "PROFILE_GRPC_SEAL_KEYS": f"test:{secrets.token_hex(32)}",
            "PROFILE_GRPC_DATABASE_URL": f"sqlite:///{folder / 'profiles.db'}",
        }
        self._port = free_port()
        self._command = ["serve", "--host", "127.0.0.1", "--port", str(self._port)]
        if tls is not None:
            self._command += ["--tls-cert", str(tls.certificate), "--tls-key", str(tls.private_key)]
        if dev:
            self._command.append("--dev")
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def target(self) -> str:
        """`host:port`, by the name that the certificate has."""
        return f"localhost:{self._port}"

    @property
    def pid(self) -> int:
        """The process that runs."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.pid

    def __enter__(self) -> Self:
        self._log = self._log_path.open("wb")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(wait_s())
        if self._log is not None:
            self._log.close()

    def administer(self, *arguments: str, folder: Path | None = None) -> str:
        """What the administration command, started in the folder, prints, without the space around it."""
        done = run_here(arguments, self._changes, folder)
        assert done.status == 0, f"profile-grpc {arguments[0]}: {done.err}"
        return done.out.strip()

    def create_keys(self, tenant: str = "acme") -> dict[str, str]:
        """A new tenant's keys of the kinds that reach all of it, by name."""
        self.administer("tenant", "create", tenant)
        return {
            kind: self.administer("key", "create", "--tenant", tenant, "--kind", kind) for kind in ("admin", "profile")
        }

    def start(self) -> None:
        """Returns when the server accepts calls."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "profile_grpc", *self._command],
            env=os.environ | self._changes,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        limit = time.monotonic() + wait_s()
        with self._channel() as channel:
            ready = grpc.channel_ready_future(channel)
            while True:
                with suppress(grpc.FutureTimeoutError):
                    ready.result(timeout=1)
                    return
                if self._process.poll() is not None or time.monotonic() > limit:
                    raise AssertionError(f"the server did not start:\n{self._log_path.read_text()[-4000:]}")

    def restart(self) -> None:
        """Asks the process to end, waits for it, and starts the next one."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(wait_s())
        self.start()

    def kill(self) -> None:
        """Ends the process at once, and starts the next one."""
        assert self._process is not None
        self._signal(signal.SIGKILL)
        self._process.wait(wait_s())
        self.start()

    def pause(self) -> None:
        """From now on the server neither answers nor closes a connection."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undoes `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def _channel(self) -> grpc.Channel:
        if self.tls is None:
            return grpc.insecure_channel(self.target)
        return grpc.secure_channel(self.target, grpc.ssl_channel_credentials(self.tls.ca.read_bytes()))
