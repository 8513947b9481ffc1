"""The memory of a real server under short attacks from one host. No time is asserted."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from tests.adversary import attacks
from tests.cli.program import Server, run_here, sqlite_url
from tests.support.limits import wait_s

pytestmark = pytest.mark.slow

LIMIT_MB = 400
APP = "shop"


@contextmanager
def descriptors(soft: int) -> Iterator[None]:
    """What is started meanwhile has this soft limit of descriptors."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Victim:
    """A server with an app, its key, and an ordinary caller."""

    def __init__(self, server: Server, key: str) -> None:
        self.server, self.key, self.port = server, key, server.port
        self.pid = server.process.pid
        self.channel = grpc.aio.insecure_channel(server.address)
        self.stub = ProfileServiceStub(self.channel)

    async def register(self, number: int, size: int = 0) -> None:
        key = pb.ProfileKey(app_id=APP, user_id=f"user-{number}", device_id="phone")
        request = ps.RegisterRequest(key=key, custom_attributes={f"a{n}": "x" * 1000 for n in range(size)})
        await self.stub.Register(request, metadata=(("x-api-key", self.key),), timeout=wait_s())

    async def serves_while(self, attack: asyncio.Task[object]) -> None:
        """An ordinary caller is answered until the attack ends, and the process stays within its memory."""
        while not attack.done():
            await self.register(0)
            await asyncio.sleep(0.05)
        await attack
        await self.register(0)
        assert attacks.peak(self.pid) < LIMIT_MB


@pytest.fixture
async def victim(tmp_path: Path) -> AsyncIterator[Victim]:
    changes = {"PROFILE_GRPC_DATABASE_URL": sqlite_url(tmp_path)}
    with ExitStack() as stack:
        with descriptors(1024):
            server = stack.enter_context(Server(["--port", "0"], changes))
        for arguments in (["tenant", "create", "acme"], ["app", "create", APP, "--tenant", "acme"]):
            outcome = run_here(arguments, changes)
            assert outcome.status == 0, outcome.err
        key = run_here(["key", "create", "--tenant", "acme", "--kind", "profile"], changes).out.strip()
        victim = Victim(server, key)
        yield victim
        await victim.channel.close()


async def test_streams_that_are_reset_at_once(victim: Victim) -> None:
    await victim.serves_while(asyncio.create_task(attacks.reset_streams(victim.port, 200_000)))


@pytest.mark.parametrize("path", [attacks.HEARTBEAT, attacks.CHECK])
async def test_bodies_without_their_last_byte(victim: Victim, path: str) -> None:
    """Of callers without a key, who need one or not."""
    await victim.serves_while(asyncio.create_task(attacks.withhold_last_bytes(victim.port, 90, path, 5)))


async def test_bodies_without_their_last_byte_of_callers_with_a_key(victim: Victim) -> None:
    """Slow ones give way; what the process holds at a time is bounded by its limit of slow bodies."""
    key = (("x-api-key", victim.key),)
    attack = attacks.withhold_last_bytes(victim.port, 40, attacks.HEARTBEAT, 5, key)
    await victim.serves_while(asyncio.create_task(attack))


async def test_memory_of_unread_answers_is_limited(victim: Victim) -> None:
    await asyncio.gather(*(victim.register(number, size=60) for number in range(1, 31)))
    attack = asyncio.create_task(attacks.take_no_answers(victim.port, victim.key, APP, 200, 8))
    await victim.serves_while(attack)
    assert attack.result() > 0


async def test_idle_connections_do_not_block_other_callers(victim: Victim) -> None:
    """More of them than the soft limit of descriptors that the server was started with."""
    async with await attacks.idle(victim.port, 1200), grpc.aio.insecure_channel(victim.server.address) as late:
        request = ps.ListProfilesRequest(app_id=APP)
        await ProfileServiceStub(late).ListProfiles(request, metadata=(("x-api-key", victim.key),), timeout=wait_s())
