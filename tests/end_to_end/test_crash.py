"""What was acknowledged survives a crash of the service."""

import asyncio
import signal
from collections.abc import Callable

import grpc
import pytest

from appprofile.v1 import profile_pb2, profile_service_pb2
from tests.cli.program import Server
from tests.end_to_end.conftest import APP, Client, Deployment
from tests.support.flood import over
from tests.support.limits import wait_s

WRITERS = 40
ENOUGH = 400

pytestmark = pytest.mark.slow


async def test_every_acknowledged_write_is_there_after_kill_9(
    deployment: Deployment, connect: Callable[[Server], Client]
) -> None:
    """The process is killed in full flow; each registration that was answered is found after the restart."""
    server = deployment.serve()
    client = connect(server)
    acknowledged: dict[str, str] = {}

    async def write(writer: int) -> None:
        for n in range(10_000):
            key = deployment.key(f"user-{writer}", f"device-{writer}-{n}")
            request = profile_service_pb2.RegisterRequest(
                key=key,
                language=f"{writer}/{n}",
                push_endpoints=[
                    profile_pb2.PushEndpoint(provider=profile_pb2.PUSH_PROVIDER_FCM, token=f"token-{writer}-{n}")
                ],
            )
            try:
                await client.stub.Register(request, metadata=client.metadata, timeout=wait_s())
            except grpc.aio.AioRpcError:
                return
            acknowledged[f"{key.user_id}/{key.device_id}"] = request.language
            if len(acknowledged) == ENOUGH:
                server.process.send_signal(signal.SIGKILL)

    writers = asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    assert await asyncio.to_thread(server.process.wait, wait_s()) == -signal.SIGKILL
    await over(writers)
    assert len(acknowledged) >= ENOUGH

    after = connect(deployment.serve())
    found: dict[str, str] = {}
    token = ""
    while True:
        request = profile_service_pb2.ListProfilesRequest(app_id=APP, page_size=1000, page_token=token)
        page = await after.stub.ListProfiles(request, metadata=after.metadata, timeout=wait_s())
        found |= {f"{p.key.user_id}/{p.key.device_id}": p.language for p in page.profiles}
        assert all(p.push_endpoints[0].token for p in page.profiles), "a profile was stored in part"
        token = page.next_page_token
        if not token:
            break
    assert acknowledged.items() <= found.items()


async def test_a_drained_server_loses_no_answered_call_and_exits_with_0(
    deployment: Deployment, connect: Callable[[Server], Client]
) -> None:
    """SIGTERM in full flow: what was answered OK is there; the others were told UNAVAILABLE; exit status 0."""
    server = deployment.serve()
    client = connect(server)
    acknowledged: set[str] = set()
    refused: set[grpc.StatusCode] = set()
    flowing = asyncio.Event()

    async def write(writer: int) -> None:
        for n in range(10_000):
            key = deployment.key(f"user-{writer}", f"device-{writer}-{n}")
            request = profile_service_pb2.RegisterRequest(key=key)
            try:
                await client.stub.Register(request, metadata=client.metadata, timeout=wait_s())
            except grpc.aio.AioRpcError as error:
                refused.add(error.code())
                return
            acknowledged.add(f"{key.user_id}/{key.device_id}")
            if len(acknowledged) == ENOUGH:
                flowing.set()

    writers = asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    await flowing.wait()
    status = await asyncio.to_thread(server.terminate)
    await over(writers)
    assert status == 0, server.log
    assert refused == {grpc.StatusCode.UNAVAILABLE}
    deployment.serve()
    counted = deployment.mad()
    assert counted >= len(acknowledged)
