"""Webhooks of a real service to a real HTTPS server, with the service killed in between (E6)."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from appprofile.v1 import event_pb2, profile_service_pb2
from appprofile.webhooks import Verifier
from tests.cli.program import Server
from tests.end_to_end.conftest import Client, Deployment
from tests.support.https_server import Received, Receiver, receiver
from tests.support.limits import wait_s

USERS = 30
ROUNDS = 4
NETWORKS = ("--webhook-network", "127.0.0.0/8", "--webhook-network", "::1/128")

pytestmark = pytest.mark.slow


async def register(client: Client, deployment: Deployment, number: int) -> None:
    """Users sign in and out in turn: each leaves an event with each call."""
    for user in range(USERS):
        key = deployment.key(f"user-{user}", f"phone-{user}")
        if number % 2:
            unregister = profile_service_pb2.UnregisterRequest(key=key)
            await client.stub.Unregister(unregister, metadata=client.metadata, timeout=wait_s())
        else:
            request = profile_service_pb2.RegisterRequest(key=key)
            await client.stub.Register(request, metadata=client.metadata, timeout=wait_s())


class Book:
    """What a receiver knows of each profile: the versions that it was sent, each held to its order."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self.versions: dict[str, int] = defaultdict(int)
        self.repeated = 0

    def take(self, received: Received) -> None:
        for event in self._verifier.events(received.body, received.headers):
            known = self.versions[event.user_id]
            assert event.version <= known + 1, f"{event.user_id}: {event.version} after {known}"
            self.repeated += event.version <= known
            self.versions[event.user_id] = max(known, event.version)

    @property
    def complete(self) -> bool:
        return len(self.versions) == USERS and set(self.versions.values()) == {ROUNDS}


async def test_E6_every_event_arrives_in_order_through_failures_and_kill_9(
    deployment: Deployment, connect: Callable[[Server], Client], tmp_path: Path
) -> None:
    chance = random.Random(3)
    async with receiver(tmp_path) as hook:
        url = hook.url(host="localhost")
        options = [*NETWORKS, "--webhook-ca", hook.ca_file]
        secret = deployment.administer("webhook", "create", url, "--tenant", "acme", *NETWORKS).strip()
        book, done = Book(Verifier(secret)), asyncio.Event()

        async def unreliable(_request: web.Request, received: Received) -> web.StreamResponse:
            book.take(received)
            if book.complete:
                done.set()
                return web.Response()
            return web.Response(status=503 if chance.random() < 0.2 else 204)

        hook.respond = unreliable
        server = deployment.serve(*options)
        client = connect(server)
        for number in range(2):
            await register(client, deployment, number)
        server.process.send_signal(signal.SIGKILL)
        assert server.process.wait(wait_s()) == -signal.SIGKILL
        client = connect(deployment.serve(*options))
        for number in range(2, ROUNDS):
            await register(client, deployment, number)
        async with asyncio.timeout(wait_s()):
            await done.wait()
    assert book.complete


async def test_E6_the_command_line_from_creation_to_replay(
    deployment: Deployment, connect: Callable[[Server], Client], tmp_path: Path
) -> None:
    async with receiver(tmp_path) as hook:
        url, options = hook.url(host="localhost"), [*NETWORKS, "--webhook-ca", hook.ca_file]
        create = ("webhook", "create", url, "--tenant", "acme", "--type", "profile_created", "--json", *NETWORKS)
        made = json.loads(deployment.administer(*create))
        webhook_id, verifier = made["webhook_id"], Verifier(made["secret"])
        sent = json.loads(await offline(deployment, "webhook", "test", webhook_id, "--json", *options))
        assert (sent["delivered"], sent["events"], sent["http_status"]) == (True, 0, 204)
        assert verifier.events(hook.received[0].body, hook.received[0].headers) == []

        client = connect(deployment.serve(*options))
        for number in range(2):
            await register(client, deployment, number)
        assert await events(hook, verifier, USERS) == [event_pb2.EVENT_TYPE_PROFILE_CREATED] * USERS

        hook.received.clear()
        again = await offline(deployment, "webhook", "replay", webhook_id, "--from-oldest")
        assert "delivers again" in again
        assert await events(hook, verifier, USERS) == [event_pb2.EVENT_TYPE_PROFILE_CREATED] * USERS

        rotated = await offline(deployment, "webhook", "rotate", webhook_id)
        hook.received.clear()
        await offline(deployment, "webhook", "replay", webhook_id, "--from", "1h")
        await events(hook, verifier, USERS)
        await events(hook, Verifier(rotated.strip()), USERS)

        await offline(deployment, "webhook", "pause", webhook_id)
        shown = json.loads(await offline(deployment, "webhook", "show", webhook_id, "--json"))
        assert (shown["state"], shown["types"], shown["last_failure"]) == ("PAUSED", ["PROFILE_CREATED"], None)
        kept = json.loads(await offline(deployment, "webhook", "deliveries", webhook_id, "--json"))["deliveries"]
        assert sum(one["events"] for one in kept) == 3 * USERS
        await offline(deployment, "webhook", "enable", webhook_id)
        await offline(deployment, "webhook", "set", webhook_id, "--all-types", "--display-name", "CRM")
        assert "CRM" in await offline(deployment, "webhook", "list")
        await offline(deployment, "webhook", "delete", webhook_id, "--yes")
        assert json.loads(await offline(deployment, "webhook", "list", "--json")) == {"webhooks": []}


async def offline(deployment: Deployment, *arguments: str) -> str:
    """What a command prints that the receiver must answer meanwhile."""
    return await asyncio.to_thread(deployment.administer, *arguments)


async def events(hook: Receiver, verifier: Verifier, number: int) -> list[int]:
    """The types of the events that were received, as soon as there are so many."""
    async with asyncio.timeout(wait_s()):
        while True:
            found = [event.type for got in hook.received for event in verifier.events(got.body, got.headers)]
            if len(found) >= number:
                return list(found)
            await asyncio.sleep(0.05)
