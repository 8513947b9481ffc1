"""Two servers behind one address are upgraded one after the other, under load: callers notice nothing."""

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import appprofile.aio
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from tests.cli.program import Server, environment
from tests.end_to_end.conftest import APP
from tests.support.limits import wait_s
from tests.support.versions import ADDS, next_version, oldest_that_may_stay

pytestmark = [pytest.mark.engines("postgresql"), pytest.mark.slow, pytest.mark.timeout(900)]
CLIENTS, CALLERS = 3, 4
"""Connections, and callers on each."""
ROUNDS = 4
"""How many calls each caller makes between two steps of the upgrade, at least."""
_COMMANDS = """
import json, sys
from profile_grpc.cli import main
for command in json.loads(sys.argv[1]):
    if status := main(command):
        sys.exit(status)
"""


@dataclass
class Balancer:
    """One address for several servers: each connection goes to the next server that accepts it.

    It knows nothing of health: new connections reach servers that drain.
    """

    ports: list[int] = field(default_factory=list)
    taken: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            for _ in self.ports:
                self.taken += 1
                with suppress(OSError):
                    onward, back = await asyncio.open_connection("127.0.0.1", self.ports[self.taken % len(self.ports)])
                    try:
                        await asyncio.gather(_pipe(reader, back), _pipe(onward, writer))
                    finally:
                        back.transport.abort()
                    return
        finally:
            writer.transport.abort()
            self._open.discard(task)


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()


@dataclass
class Load:
    """Callers that go on until told to stop, and what they were answered."""

    client: appprofile.aio.Client
    name: str
    calls: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)
    """The language that each device was last acknowledged to have."""
    stopped: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._caller(number) for number in range(CALLERS)))

    async def _caller(self, number: int) -> None:
        profiles = self.client.profiles
        for turn in itertools.count():
            device = f"{self.name}-{number}-{turn // 4}"
            key = pb.ProfileKey(app_id=APP, user_id=f"user-{device}", device_id=device)
            match turn % 4:
                case 0:
                    if self.stopped:
                        return
                    await profiles.Register(ps.RegisterRequest(key=key, language="en"))
                    self.acknowledged[device] = "en"
                case 1:
                    await profiles.Heartbeat(ps.HeartbeatRequest(key=key))
                case 2:
                    update = ps.UpdateProfileDataRequest(profile=pb.Profile(key=key, language="de"))
                    update.update_mask.paths.append("language")
                    await profiles.UpdateProfileData(update)
                    self.acknowledged[device] = "de"
                case _:
                    found = await profiles.GetProfile(ps.GetProfileRequest(key=key))
                    assert found.profile.language == "de"
            self.calls += 1


class Fleet:
    """The callers of several clients, of which none may fail."""

    def __init__(self, loads: list[Load]) -> None:
        self.loads = loads
        self._tasks = [asyncio.create_task(load.run()) for load in loads]

    async def go_on(self) -> None:
        """Waits until every client's callers have made some more calls."""
        before = [load.calls for load in self.loads]
        async with asyncio.timeout(wait_s()):
            while any(load.calls < past + ROUNDS * CALLERS for load, past in zip(self.loads, before, strict=True)):
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.05)

    async def end(self) -> dict[str, str]:
        """Lets every caller finish its turn; raises what any of them met. Answers what was acknowledged."""
        for load in self.loads:
            load.stopped = True
        async with asyncio.timeout(wait_s()):
            await asyncio.gather(*self._tasks)
        return {device: language for load in self.loads for device, language in load.acknowledged.items()}


Pair = tuple[dict[str, str], dict[str, str]]


def _from_the_oldest(folder: Path) -> Pair:
    return oldest_that_may_stay(folder), {}


def _to_the_next(folder: Path) -> Pair:
    return {}, next_version(folder, ADDS, older_may_stay=True)


@dataclass
class Site:
    """A database, and the programs of two versions on it."""

    url: str
    running: ExitStack

    @property
    def _database(self) -> dict[str, str]:
        return {"PROFILE_GRPC_DATABASE_URL": self.url}

    def administer(self, version: dict[str, str], *arguments: str) -> str:
        """What a command of that version prints."""
        return self._run(version, [arguments])

    def _run(self, version: dict[str, str], commands: Sequence[Sequence[str]]) -> str:
        """What commands of that version print, which run in one process."""
        done = subprocess.run(
            [sys.executable, "-c", _COMMANDS, json.dumps(commands)],
            env=environment(self._database | version),
            capture_output=True,
            text=True,
            timeout=wait_s(),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().rpartition("\n")[2]

    def prepare(self, version: dict[str, str]) -> str:
        """Makes the schema, a tenant, an app and a key."""
        commands = [
            ["migrate"],
            ["tenant", "create", "acme"],
            ["app", "create", APP, "--tenant", "acme", "--set", "heartbeat_granularity=0s"],
            ["key", "create", "--tenant", "acme", "--kind", "profile"],
        ]
        return self._run(version, commands)

    def serve(self, version: dict[str, str]) -> Server:
        """A server of that version, with the settings of every day."""
        return self.running.enter_context(Server(["--port", "0"], self._database | version))


async def language(client: appprofile.aio.Client, device: str) -> str:
    key = pb.ProfileKey(app_id=APP, user_id=f"user-{device}", device_id=device)
    return (await client.profiles.GetProfile(ps.GetProfileRequest(key=key))).profile.language


@pytest.mark.parametrize("versions", [_from_the_oldest, _to_the_next])
async def test_no_error_reaches_a_caller_while_servers_are_upgraded_one_by_one(
    engine_url: str, tmp_path: Path, versions: Callable[[Path], Pair]
) -> None:
    """From the oldest version that this one's schema permits to this one, and from this one to the next."""
    older, newer = versions(tmp_path)
    with ExitStack() as running:
        site = Site(engine_url, running)
        key = site.prepare(older)
        before = [site.serve(older) for _ in range(2)]
        balancer = Balancer([server.port for server in before])
        async with balancer.listening() as address:
            limit = wait_s()
            clients = [appprofile.aio.connect(address, plaintext=True, key=key, deadline=limit) for _ in range(CLIENTS)]
            fleet = Fleet([Load(client, f"client{number}") for number, client in enumerate(clients)])
            await fleet.go_on()
            await asyncio.to_thread(site.administer, newer, "migrate")
            await fleet.go_on()
            for place, server in enumerate(before):
                assert await asyncio.to_thread(server.terminate) == 0
                balancer.ports[place] = (await asyncio.to_thread(site.serve, newer)).port
                await fleet.go_on()
            acknowledged = await fleet.end()
            stored = {device: await language(clients[0], device) for device in acknowledged}
            for client in clients:
                await client.close()
    assert stored == acknowledged
