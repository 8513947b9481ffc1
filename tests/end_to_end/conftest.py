"""Real server processes on a database of each engine, with an app and keys made by the command line."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import grpc
import pytest

from appprofile.v1 import profile_pb2, profile_service_pb2_grpc
from tests.cli.program import Commands, Server, run_here

APP = "shop"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out several processes on SQLite, which has one by design."""
    left_out = [item for item in items if "two processes" in item.name and "sqlite" in item.name]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@dataclass
class Deployment:
    """A migrated database with tenant `acme`, app `shop` and a key of each kind, and the servers started on it."""

    url: str
    keys: dict[str, str]
    stack: ExitStack
    servers: list[Server] = field(default_factory=list)

    def serve(self, *arguments: str) -> Server:
        """One more server process on the database."""
        server = self.stack.enter_context(Server(["--port", "0", *arguments], {"PROFILE_GRPC_DATABASE_URL": self.url}))
        self.servers.append(server)
        return server

    def administer(self, *arguments: str) -> str:
        """What the administration command prints."""
        outcome = run_here(arguments, {"PROFILE_GRPC_DATABASE_URL": self.url})
        assert outcome.status == 0, outcome.err
        return outcome.out

    def mad(self) -> int:
        """How many devices were counted in the last 30 days."""
        report = json.loads(self.administer("mad", APP, "--json"))
        total: int = report["distinct"]
        return total

    def key(self, user: str, device: str) -> profile_pb2.ProfileKey:
        return profile_pb2.ProfileKey(app_id=APP, user_id=user, device_id=device)


class Client:
    """The profile service at one server, with the PROFILE key."""

    def __init__(self, server: Server, api_key: str) -> None:
        self.channel = grpc.aio.insecure_channel(server.address)
        self.stub = profile_service_pb2_grpc.ProfileServiceStub(self.channel)
        self.metadata = (("x-api-key", api_key),)


@pytest.fixture
def deployment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str
) -> Iterator[Deployment]:
    commands = Commands(capsys, monkeypatch, store_url)
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", APP, "--tenant", "acme", "--set", "heartbeat_granularity=0s")
    keys = {
        kind: commands.succeed("key", "create", "--tenant", "acme", "--kind", kind).strip()
        for kind in ("admin", "profile")
    }
    with ExitStack() as stack:
        yield Deployment(store_url, keys, stack)


@pytest.fixture
async def connect(deployment: Deployment) -> AsyncIterator[Callable[[Server], Client]]:
    """`connect(server)` is a client of the server, closed in the end."""
    clients: list[Client] = []

    def connect_to(server: Server) -> Client:
        clients.append(Client(server, deployment.keys["profile"]))
        return clients[-1]

    yield connect_to
    for client in clients:
        await client.channel.close()
