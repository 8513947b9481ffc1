"""Service and bridge as processes of their own, for tests that kill them."""

import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from profile_grpc.bootstrap.administration import administration
from profile_grpc.cli.settings import apply
from profile_grpc.config import DatabaseConfig
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.credentials import NewKey
from profile_grpc.service.directory_ports import KeyKind, Tenant
from profile_grpc.store import migrate
from tests.cli.program import environment, run_here
from tests.support.limits import wait_s
from tests.support.ports import free_port


@dataclass
class Program:
    """`profile-grpc` with these arguments, which has printed its ready line. Its stderr is in `log`."""

    arguments: Sequence[str]
    log: Path
    changes: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""

    def __enter__(self) -> Self:
        self._stderr: IO[bytes] = self.log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "profile_grpc", *self.arguments],
            env=environment(self.changes),
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().decode().strip()
        if not self.ready.startswith("ready: "):
            self.end()
            raise AssertionError(f"not ready: {self.ready!r} {self.log.read_text()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self, number: int = signal.SIGKILL) -> int:
        """Ends it and answers its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(wait_s())
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._stderr.close()
        return status

    def said(self, what: str) -> str:
        """What follows `what` in the ready line: `bridge on `, `gRPC on `."""
        return self.ready.partition(f"{what} ")[2].partition(",")[0].removeprefix("http://").removeprefix("https://")


@dataclass
class Site:
    """A database with tenant `acme` and app `shop`, keys, and the programs on them."""

    folder: Path
    keys: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    hash_key: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def changes(self) -> dict[str, str]:
        return {
            "PROFILE_GRPC_DATABASE_URL": f"sqlite:///{self.folder / 'profiles.db'}",
            "PROFILE_GRPC_HASH_KEY": self.hash_key,
            "PROFILE_GRPC_BRIDGE_KEY": self.keys.get("profile", ""),
        }

    @property
    def spool(self) -> Path:
        return self.folder / "spool.db"

    def administer(self, *arguments: str) -> str:
        outcome = run_here(arguments, self.changes)
        assert outcome.status == 0, outcome.err
        return outcome.out.strip()

    async def prepare(self, *settings: str) -> Self:
        """Makes tenant, app and keys, without a process for each."""
        url = self.changes["PROFILE_GRPC_DATABASE_URL"]
        await migrate(url)
        async with administration(DatabaseConfig(url, bytes.fromhex(self.hash_key))) as admin:
            await admin.store.directory.add_tenant(Tenant("acme", admin.clock.now()))
            await admin.apps.create("shop", "acme", "", apply(AppSettings(), settings))
            for name, kind, app in (("profile", KeyKind.PROFILE, ""), ("bridge", KeyKind.BRIDGE, "shop")):
                _, self.keys[name] = await admin.apps.create_key(NewKey(kind, "acme", app))
        return self

    def serve(self, *arguments: str) -> Program:
        return Program(["serve", "--port", str(self.port), *arguments], self.folder / "serve.log", self.changes)

    def bridge(self, *arguments: str) -> Program:
        target = ["--target", f"127.0.0.1:{self.port}", "--spool", str(self.spool), "--port", "0"]
        return Program(["bridge", *target, *arguments], self.folder / "bridge.log", self.changes)
