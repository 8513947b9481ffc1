"""What must hold whatever happens at once: one server process, and two on one PostgreSQL."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle, islice

import grpc
import pytest

from appprofile.v1 import app_service_pb2, app_service_pb2_grpc, profile_pb2, profile_service_pb2
from tests.cli import seeds
from tests.cli.program import Server, run
from tests.end_to_end.conftest import APP, Client, Deployment
from tests.support.limits import wait_s

Connect = Callable[[Server], Client]

pytestmark = pytest.mark.slow


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def servers(request: pytest.FixtureRequest, deployment: Deployment) -> list[Server]:
    return [deployment.serve() for _ in range(request.param)]


def endpoint(token: str) -> profile_pb2.PushEndpoint:
    return profile_pb2.PushEndpoint(provider=profile_pb2.PUSH_PROVIDER_FCM, token=token, push_app_id="com.example.shop")


async def register(client: Client, key: profile_pb2.ProfileKey, *tokens: str) -> profile_service_pb2.RegisterResponse:
    request = profile_service_pb2.RegisterRequest(key=key, push_endpoints=[endpoint(t) for t in tokens])
    return await client.stub.Register(request, metadata=client.metadata, timeout=wait_s())


async def profiles(client: Client) -> Sequence[profile_pb2.Profile]:
    request = profile_service_pb2.ListProfilesRequest(app_id=APP, page_size=1000)
    return (await client.stub.ListProfiles(request, metadata=client.metadata, timeout=wait_s())).profiles


async def test_R1_M4_fifty_registrations_of_one_device_leave_one_profile_and_one_count(
    servers: list[Server], deployment: Deployment, connect: Connect
) -> None:
    """One profile, created once, counted once; no caller sees an error."""
    clients = [connect(server) for server in servers]
    key = deployment.key("alice", "phone")
    answers = await asyncio.gather(*(register(c, key, "token") for c, _ in zip(cycle(clients), range(50))))
    assert sum(answer.created for answer in answers) == 1
    assert len(await profiles(clients[0])) == 1
    assert deployment.mad() == 1


async def test_R4_two_devices_that_claim_a_token_at_once_leave_one_owner(
    servers: list[Server], deployment: Deployment, connect: Connect
) -> None:
    """1,000 registrations with one token: whoever answered last, exactly one device holds it."""
    clients = [connect(server) for server in servers]
    keys = [deployment.key("alice", "phone"), deployment.key("bob", "tablet")]

    async def fight(client: Client, key: profile_pb2.ProfileKey) -> None:
        for _ in range(500 // 10):
            await asyncio.gather(*(register(client, key, "token") for _ in range(10)))

    await asyncio.gather(*(fight(client, key) for client, key in zip(cycle(clients), keys)))
    holders = [p.key.device_id for p in await profiles(clients[0]) if p.push_endpoints]
    assert len(holders) == 1


async def test_R5_users_that_register_on_a_device_at_once_leave_one_active(
    servers: list[Server], deployment: Deployment, connect: Connect
) -> None:
    """Multi-user on: at most one ACTIVE user on the device, and nobody is lost."""
    deployment.administer("app", "set", APP, "--set", "multi_user_per_device=on")
    clients = [connect(server) for server in servers]
    users = [deployment.key(f"user-{n}", "phone") for n in range(10)]
    for _ in range(5):
        await asyncio.gather(*(register(c, key) for c, key in zip(cycle(clients), users)))
    found = await profiles(clients[0])
    assert len(found) == len(users)
    assert sum(p.user_state == profile_pb2.USER_STATE_ACTIVE for p in found) == 1


async def test_R7_devices_that_register_a_user_at_once_leave_one_with_push(
    servers: list[Server], deployment: Deployment, connect: Connect
) -> None:
    """Single device on: exactly one device of the user has a deliverable endpoint."""
    deployment.administer("app", "set", APP, "--set", "single_device_per_user=on")
    clients = [connect(server) for server in servers]
    devices = [deployment.key("alice", f"phone-{n}") for n in range(10)]
    for _ in range(5):
        await asyncio.gather(*(register(c, key, f"token-{key.device_id}") for c, key in zip(cycle(clients), devices)))
    endpoints = [e for p in await profiles(clients[0]) for e in p.push_endpoints]
    states = sorted(profile_pb2.PushEndpointState.Name(e.state) for e in endpoints)
    assert states == ["PUSH_ENDPOINT_STATE_DELIVERABLE", *["PUSH_ENDPOINT_STATE_SUPERSEDED"] * 9]


async def test_P4_a_heartbeat_that_was_acknowledged_wins_against_the_reaper(
    servers: list[Server], deployment: Deployment, connect: Connect
) -> None:
    """While another process reaps, each profile is either revived for good or gone, never acknowledged and gone."""
    devices = [f"phone-{n:03}" for n in range(300)]
    await asyncio.to_thread(seeds.register, deployment.url, APP, devices, seeds.ago(100))
    clients = [connect(server) for server in servers]
    stored = {p.key.device_id: p.key for p in await profiles(clients[0])}
    reaping = asyncio.create_task(
        asyncio.to_thread(run, ["reap", "--confirm", "--json"], {"PROFILE_GRPC_DATABASE_URL": deployment.url})
    )
    acknowledged: set[str] = set()
    gone: set[str] = set()

    async def beat(client: Client, device: str) -> None:
        request = profile_service_pb2.HeartbeatRequest(key=stored[device])
        try:
            await client.stub.Heartbeat(request, metadata=client.metadata, timeout=wait_s())
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            gone.add(device)
        else:
            acknowledged.add(device)

    waiting = iter(zip(cycle(clients), devices))
    while not reaping.done():
        for client, device in islice(waiting, 10):
            await beat(client, device)
        await asyncio.wait([reaping], timeout=0.02)
    for client, device in waiting:
        await beat(client, device)
    assert (await reaping).status == 0, (await reaping).err
    left = {p.key.device_id for p in await profiles(clients[0])}
    assert left == acknowledged
    assert gone == set(devices) - acknowledged
    assert sum(json.loads((await reaping).out)["reaped"].values()) == len(gone)


@pytest.mark.engines("postgresql")
async def test_D3_a_deletion_of_an_app_erases_no_registration_unasked(deployment: Deployment, connect: Connect) -> None:
    """One process deletes the app, unforced, while another still knows it: what that one acknowledges stays."""
    deleting, other = (connect(deployment.serve()) for _ in range(2))
    key = deployment.key("alice", "phone")
    assert await code_of(beat(other, key)) is grpc.StatusCode.NOT_FOUND, "from now on it knows the app"
    apps = app_service_pb2_grpc.AppServiceStub(deleting.channel)
    metadata = (("x-api-key", deployment.keys["admin"]),)
    request = app_service_pb2.DeleteAppRequest(app_id=APP)
    deletion = asyncio.ensure_future(code_of(apps.DeleteApp(request, metadata=metadata, timeout=wait_s())))
    known: grpc.StatusCode | None = grpc.StatusCode.NOT_FOUND
    while known is grpc.StatusCode.NOT_FOUND:  # until the app is closed there
        known = await code_of(beat(deleting, key))
    acknowledged = await code_of(register(other, key)) is None
    if await deletion is None:
        assert not acknowledged
    else:
        assert deletion.result() is grpc.StatusCode.FAILED_PRECONDITION
        assert acknowledged
        assert [p.key.device_id for p in await profiles(deleting)] == ["phone"]


async def beat(client: Client, key: profile_pb2.ProfileKey) -> profile_service_pb2.HeartbeatResponse:
    request = profile_service_pb2.HeartbeatRequest(key=key)
    return await client.stub.Heartbeat(request, metadata=client.metadata, timeout=wait_s())


async def code_of(call: Awaitable[object]) -> grpc.StatusCode | None:
    """The code of an error, or None."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return None
