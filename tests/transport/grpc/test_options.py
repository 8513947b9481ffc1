"""The options of gRPC's core, which passes over a name that it does not know: each is seen at work."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import grpc
import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, PingAckReceived, PingReceived, RemoteSettingsChanged
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from profile_grpc.transport.grpc.in_flight import CallLimits
from profile_grpc.transport.grpc.options import ServerOptions, channel_options
from tests.support.http2 import PREFACE, Http2, framed
from tests.support.limits import wait_s
from tests.transport.grpc.support import OPTIONS, Serve, Served, refused

CHECK = "/grpc.health.v1.Health/Check"
SOON = 0.2
"""Seconds; what waits for them waits for longer, too."""
Seen = Callable[[Serve], Awaitable[None]]
SEEN: dict[str, Seen] = {}
"""By the option that each of them sees at work."""
ELSEWHERE = {
    "grpc.so_reuseport": "test_two_servers_share_a_port_if_both_agree",
    "grpc.compression_enabled_algorithms_bitset": "test_compressed_messages_are_not_unpacked",
}
"""... in test_server."""


def sees(option: str) -> Callable[[Seen], Seen]:
    def keep(seen: Seen) -> Seen:
        SEEN[option] = seen
        return seen

    return keep


def test_every_option_is_seen_at_work() -> None:
    assert {name for name, _ in channel_options(ServerOptions())} == SEEN.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("option", SEEN)
async def test_the_option_has_its_effect(serve: Serve, option: str) -> None:
    await SEEN[option](serve)


async def connect(served: Served) -> Http2:
    return await Http2.connect("127.0.0.1", served.port)


def terminated(client: Http2) -> bool:
    return bool(client.of(ConnectionTerminated)) or client.closed


async def silent_until_closed(served: Served, first: bytes) -> None:
    """Says no more than that, answers nothing, and waits until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(first)
    async with asyncio.timeout(wait_s()):
        while await reader.read(2**16):
            pass
    writer.close()


@sees("grpc.max_receive_message_length")
async def message_length(serve: Serve) -> None:
    served = await serve()
    limit = ServerOptions().max_message
    told = await refused(served.raw("/appprofile.v1.ProfileService/GetProfile", b"\0" * (limit + 1), served.admin))
    assert told.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    told = await refused(served.raw("/appprofile.v1.ProfileService/GetProfile", b"\0" * limit, served.admin))
    assert told.code is grpc.StatusCode.INVALID_ARGUMENT, "it was read"


async def answered_with(served: Served, size: int) -> grpc.StatusCode:
    """The code of a call with about so many bytes of metadata of its own."""
    request = ps.ListProfilesRequest(app_id="shop")
    metadata = (*served.admin, *((f"x-filling-{n:04}", "x" * 954) for n in range(size // 1000)))
    try:
        await served.profiles.ListProfiles(request, metadata=metadata, timeout=wait_s())
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@sees("grpc.max_metadata_size")
async def metadata_size(serve: Serve) -> None:
    served = await serve()
    assert {await answered_with(served, 7000) for _ in range(20)} == {grpc.StatusCode.OK}


@sees("grpc.absolute_max_metadata_size")
async def absolute_metadata_size(serve: Serve) -> None:
    served = await serve()
    for size in (9000, 12_000, 15_000, 40_000):
        assert {await answered_with(served, size) for _ in range(20)} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert await answered_with(served, 0) is grpc.StatusCode.OK


@sees("grpc.max_concurrent_streams")
async def concurrent_streams(serve: Serve) -> None:
    served = await serve()
    async with await connect(served) as client:
        await client.heard(lambda: bool(client.of(RemoteSettingsChanged)))
        changed = client.of(RemoteSettingsChanged)[0].changed_settings
        assert changed[SettingCodes.MAX_CONCURRENT_STREAMS].new_value == ServerOptions().max_streams == 100


@sees("grpc.http.overload_protection")
async def more_calls_than_streams(serve: Serve) -> None:
    """Callers with more calls than streams wait in their library, and none of them is refused."""
    served = await serve(options=replace(OPTIONS, max_streams=5))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}", options=[("grpc.enable_retries", 0)]) as channel:
        stub = ProfileServiceStub(channel)
        request = ps.ListProfilesRequest(app_id="shop")
        for _ in range(5):
            await asyncio.gather(
                *(stub.ListProfiles(request, metadata=served.admin, timeout=wait_s()) for _ in range(100))
            )


@sees("grpc.http2.bdp_probe")
async def unread_windows(serve: Serve) -> None:
    """A caller that sends megabytes gets no larger window for the bodies that are not read yet."""
    served = await serve()
    async with await connect(served) as client:
        body = framed(b"\0" * 2**20)
        for _ in range(8):
            stream = await client.begin(CHECK)
            assert client.connection.local_flow_control_window(stream) < 2**17
            await client.send(stream, body, end=True)
            await client.heard(lambda: client.ended(stream))  # noqa: B023 - called here only


@sees("grpc.max_allowed_incoming_connections")
async def connections(serve: Serve) -> None:
    served = await serve(options=replace(OPTIONS, max_connections=2))
    async with await connect(served) as first, await connect(served) as second:
        await first.heard(lambda: bool(first.of(RemoteSettingsChanged)))
        await second.heard(lambda: bool(second.of(RemoteSettingsChanged)))
        async with await connect(served) as third:
            await third.heard(lambda: third.closed)
            assert not third.events
        assert not first.closed
        assert not second.closed


@sees("grpc.server_handshake_timeout_ms")
async def handshake(serve: Serve) -> None:
    await silent_until_closed(await serve(options=replace(OPTIONS, handshake_timeout=SOON)), b"")


@sees("grpc.keepalive_time_ms")
async def keepalive_time(serve: Serve) -> None:
    served = await serve(options=replace(OPTIONS, keepalive_time=SOON))
    async with await connect(served) as client:
        await client.heard(lambda: bool(client.of(PingReceived)))


@sees("grpc.keepalive_permit_without_calls")
async def keepalive_without_calls(serve: Serve) -> None:
    """`keepalive_time` has no call either."""
    await keepalive_time(serve)


@sees("grpc.http2.ping_timeout_ms")
async def keepalive_timeout(serve: Serve) -> None:
    await silent_until_closed(
        await serve(options=replace(OPTIONS, keepalive_time=SOON, keepalive_timeout=SOON)), PREFACE
    )


@sees("grpc.http2.min_ping_interval_without_data_ms")
async def pings(serve: Serve) -> None:
    """Clients behind load balancers ping every 10 to 20 seconds; gRPC's own limit is five minutes."""
    assert ServerOptions().min_ping_interval < 10
    served = await serve(options=replace(OPTIONS, min_ping_interval=0.01))
    async with await connect(served) as client:
        for _ in range(10):
            client.events.clear()
            await client.ping()
            await client.heard(lambda: bool(client.of(PingAckReceived)) or terminated(client))
            assert not terminated(client)
            await asyncio.sleep(0.05)
    served = await serve(options=replace(OPTIONS, min_ping_interval=3600.0))
    async with await connect(served) as client:
        while not terminated(client):
            await client.ping()
            await asyncio.sleep(0.01)
        assert {event.error_code for event in client.of(ConnectionTerminated)} <= {ErrorCodes.ENHANCE_YOUR_CALM}


@sees("grpc.max_connection_idle_ms")
async def idle(serve: Serve) -> None:
    served = await serve(options=replace(OPTIONS, max_connection_idle=SOON))
    async with await connect(served) as client:
        await client.heard(lambda: terminated(client))


@sees("grpc.max_connection_age_ms")
async def age(serve: Serve) -> None:
    """Also of a connection that is not idle."""
    served = await serve(options=replace(OPTIONS, max_connection_age=SOON))
    async with await connect(served) as client:
        with suppress(ProtocolError):  # on a slow machine the connection may be old by now
            await client.begin("/grpc.health.v1.Health/Watch")
        await client.heard(lambda: bool(client.of(ConnectionTerminated)))


@sees("grpc.max_connection_age_grace_ms")
async def age_grace(serve: Serve) -> None:
    served = await serve(options=replace(OPTIONS, max_connection_age=SOON, limits=CallLimits(seconds=SOON)))
    async with await connect(served) as client:
        with suppress(ProtocolError):  # as above
            await client.begin("/grpc.health.v1.Health/Watch")
        await client.heard(lambda: client.closed)
