"""The server: how it starts, what it shows without a key, and how it ends."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from profile_grpc.transport.grpc.certificates import ServeError
from profile_grpc.transport.grpc.options import ServerOptions, Tls
from tests.support.limits import wait_s
from tests.transport.grpc.support import OPTIONS, Backend, Serve, Served, key, refused
from tests.transport.grpc.test_pipeline import BEAT, Gate


def health_of(channel: grpc.aio.Channel) -> Any:
    return HealthStub(channel)


class Reflection:
    """A caller of one version of the protocol: both have the same messages, which the library names by the older."""

    def __init__(self, served: Served, version: str) -> None:
        self.call: Any = served.channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )

    async def ask(self, request: ServerReflectionRequest) -> ServerReflectionResponse:
        call = self.call(iter([request]))
        answer: ServerReflectionResponse = await call.read()
        call.cancel()
        return answer


@pytest.fixture(params=["v1", "v1alpha"])
def reflection(served: Served, request: pytest.FixtureRequest) -> Reflection:
    return Reflection(served, request.param)


def files_in(answer: ServerReflectionResponse) -> set[str]:
    described = answer.file_descriptor_response.file_descriptor_proto
    return {FileDescriptorProto.FromString(raw).name for raw in described}


async def test_compressed_messages_are_not_unpacked(served: Served) -> None:
    """GRPC would unpack them before it knows their size, and before anybody's key is looked at."""
    request = ps.GetProfileRequest(key=key(user="x" * 200))
    told = await refused(served.profiles.GetProfile(request, metadata=served.admin, compression=grpc.Compression.Gzip))
    assert told.code is grpc.StatusCode.UNIMPLEMENTED


# --- reflection ---


async def test_reflection_needs_no_key_and_shows_every_service(reflection: Reflection) -> None:
    listed = await reflection.ask(ServerReflectionRequest(list_services=""))
    assert sorted(service.name for service in listed.list_services_response.service) == [
        "appprofile.v1.AppService",
        "appprofile.v1.CredentialService",
        "appprofile.v1.CustomerService",
        "appprofile.v1.ProfileService",
        "appprofile.v1.UsageService",
        "appprofile.v1.WebhookService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]


@pytest.mark.parametrize(
    "symbol", ["ProfileService", "ProfileService.Register", "RegisterRequest", "RegisterRequest.key"]
)
async def test_reflection_describes_a_symbol(reflection: Reflection, symbol: str) -> None:
    request = ServerReflectionRequest(file_containing_symbol=f"appprofile.v1.{symbol}")
    assert ps.DESCRIPTOR.name in files_in(await reflection.ask(request))


async def test_reflection_describes_itself(reflection: Reflection) -> None:
    for version in ("v1", "v1alpha"):
        request = ServerReflectionRequest(file_containing_symbol=f"grpc.reflection.{version}.ServerReflection")
        [file] = (await reflection.ask(request)).file_descriptor_response.file_descriptor_proto
        described = FileDescriptorProto.FromString(file)
        assert described.package == f"grpc.reflection.{version}"
        [method] = described.service[0].method
        assert method.input_type == f".grpc.reflection.{version}.ServerReflectionRequest"


async def test_reflection_knows_every_file_of_the_contract(reflection: Reflection) -> None:
    """Also those that no method needs, as that of the error reasons."""
    contract = Path(__file__).parents[3] / "protos"
    names = [str(path.relative_to(contract)) for path in (contract / "appprofile").rglob("*.proto")]
    assert "appprofile/v1/error_reason.proto" in names
    for name in names:
        assert name in files_in(await reflection.ask(ServerReflectionRequest(file_by_filename=name)))
    request = ServerReflectionRequest(file_containing_symbol="appprofile.v1.ErrorReason")
    assert "appprofile/v1/error_reason.proto" in files_in(await reflection.ask(request))


async def test_reflection_knows_no_method_that_is_not_there(reflection: Reflection) -> None:
    request = ServerReflectionRequest(file_containing_symbol="appprofile.v1.ProfileService.Registre")
    answer = await reflection.ask(request)
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_can_be_switched_off(serve: Serve, version: str) -> None:
    served = await serve(options=replace(OPTIONS, reflection=False))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await Reflection(served, version).ask(ServerReflectionRequest(list_services=""))
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    "path",
    [
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
    ],
)
async def test_bytes_that_are_no_message_are_the_callers_fault(served: Served, path: str) -> None:
    """As they are in our own methods: see test_pipeline."""
    method: Any = served.channel.stream_stream(path)
    call = method(iter([b"\xff\xff\xff\xff"]))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


# --- the end ---


async def test_a_draining_server_ends_calls_in_flight_and_refuses_new_ones(serve: Serve) -> None:
    gate = Gate()
    served = await serve(options=replace(OPTIONS, drain_notice=0.0, drain_grace=30.0), profiles=gate)
    in_flight = asyncio.ensure_future(_beat(served))
    await gate.arrivals(1)
    drained = asyncio.create_task(served.server.drain())
    await asyncio.sleep(0)  # lets the drain begin
    told = await refused(served.profiles.Heartbeat(BEAT, metadata=served.client))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert told.retry_after == 0.1
    health = await served.health.Check(HealthCheckRequest())
    assert health.status == HealthCheckResponse.NOT_SERVING
    assert not drained.done()
    gate.open.set()
    assert await in_flight
    async with asyncio.timeout(wait_s()):
        await drained
    told = await refused(served.profiles.Heartbeat(BEAT, metadata=served.client))
    assert told.reason == "DRAINING", "it refuses until the process ends"
    await served.server.stop()
    assert (await refused(served.profiles.Heartbeat(BEAT, metadata=served.client))).code is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", served.port)


async def test_a_call_that_outlives_the_grace_is_ended(serve: Serve) -> None:
    gate = Gate()
    served = await serve(options=replace(OPTIONS, drain_grace=0.05), profiles=gate)
    in_flight = asyncio.ensure_future(_beat(served))
    await gate.arrivals(1)
    async with asyncio.timeout(wait_s()):
        await served.server.drain()
        await served.server.stop()
    assert gate.cancelled.is_set()
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await in_flight


async def test_the_listener_stays_for_a_moment(serve: Serve) -> None:
    """So that a client that comes late is told to go elsewhere rather than finding nobody."""
    served = await serve(options=replace(OPTIONS, drain_notice=0.3))
    drained = asyncio.create_task(served.server.drain())
    await asyncio.sleep(0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as late:
        told = await refused(ProfileServiceStub(late).Heartbeat(BEAT, metadata=served.client))
    assert told.reason == "DRAINING"
    await drained


async def test_nothing_is_lost_when_the_queue_is_closed_after_the_drain(serve: Serve) -> None:
    served = await serve()
    calls = [
        served.profiles.Register(ps.RegisterRequest(key=key(f"user-{n}", f"device-{n}")), metadata=served.admin)
        for n in range(50)
    ]
    answers = asyncio.gather(*calls, return_exceptions=True)
    await served.observer.first_codes(1)
    await served.server.drain()
    await served.backend.queue.close()
    answered = [answer for answer in await answers if isinstance(answer, ps.RegisterResponse)]
    assert answered
    counts = await served.backend.store.profiles.counts()
    assert sum(counts.values()) == served.observer.codes.count("OK") >= len(answered)


# --- the port ---


async def test_a_taken_port_is_one_clear_line(serve: Serve, backend: Backend) -> None:
    served = await serve()
    with pytest.raises(ServeError, match=rf"^cannot listen on 127.0.0.1:{served.port}: the port is in use[^\n]*$"):
        await backend.serve(options=replace(OPTIONS, port=served.port))


async def test_a_foreign_address_is_one_clear_line(backend: Backend) -> None:
    with pytest.raises(ServeError, match=r"^cannot listen on 192\.0\.2\.1:0: [^\n]*$"):
        await backend.serve(options=replace(OPTIONS, host="192.0.2.1"))


async def test_two_servers_share_a_port_if_both_agree(serve: Serve) -> None:
    shared = replace(OPTIONS, so_reuseport=True)
    first = await serve(options=shared)
    second = await serve(options=replace(shared, port=first.port))
    assert second.port == first.port


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_an_ipv6_address_is_served(serve: Serve) -> None:
    served = await serve(options=replace(OPTIONS, host="::1"))
    async with grpc.aio.insecure_channel(f"[::1]:{served.port}") as channel:
        assert (await health_of(channel).Check(HealthCheckRequest())).status == HealthCheckResponse.SERVING


# --- TLS ---


class Pki:
    """An authority and the files of a server and a caller."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        server = authority.issue_cert("localhost")
        self.caller = authority.issue_cert("caller@shop.example")
        self.ca = authority.cert_pem.bytes()
        self.client_ca = folder / "ca.pem"
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        self.client_ca.write_bytes(self.ca)
        self.nonsense = folder / "nonsense.pem"
        self.nonsense.write_bytes(b"nonsense")
        self.certificate.write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
        self.key.write_bytes(server.private_key_pem.bytes())


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


async def _serves(served: Served, credentials: grpc.ChannelCredentials) -> bool:
    async with grpc.aio.secure_channel(f"localhost:{served.port}", credentials) as channel:
        try:
            answer = await health_of(channel).Check(HealthCheckRequest(), timeout=wait_s())
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
        return bool(answer.status == HealthCheckResponse.SERVING)


async def test_tls_proves_the_server(serve: Serve, pki: Pki) -> None:
    served = await serve(options=replace(OPTIONS, tls=Tls(pki.certificate, pki.key)))
    assert await _serves(served, grpc.ssl_channel_credentials(pki.ca))
    assert not await _serves(served, grpc.ssl_channel_credentials(trustme.CA().cert_pem.bytes()))


async def test_mutual_tls_proves_the_caller(serve: Serve, pki: Pki) -> None:
    served = await serve(options=replace(OPTIONS, tls=Tls(pki.certificate, pki.key, pki.client_ca)))
    chain = b"".join(pem.bytes() for pem in pki.caller.cert_chain_pems)
    assert await _serves(served, grpc.ssl_channel_credentials(pki.ca, pki.caller.private_key_pem.bytes(), chain))
    assert not await _serves(served, grpc.ssl_channel_credentials(pki.ca))


async def test_a_renewed_certificate_is_shown_without_a_restart(serve: Serve, pki: Pki) -> None:
    served = await serve(options=replace(OPTIONS, tls=Tls(pki.certificate, pki.key, pki.client_ca)))
    chain = b"".join(pem.bytes() for pem in pki.caller.cert_chain_pems)
    old = grpc.ssl_channel_credentials(pki.ca, pki.caller.private_key_pem.bytes(), chain)
    assert await _serves(served, old)
    pki.certificate.write_bytes(b"half a file")
    assert await _serves(served, old), "what cannot be used changes nothing"
    pki.certificate.unlink()
    assert await _serves(served, old), "nor does a file that is not there for a moment"
    authority = trustme.CA()
    server, caller = authority.issue_cert("localhost"), authority.issue_cert("caller@shop.example")
    pki.certificate.write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
    pki.key.write_bytes(server.private_key_pem.bytes())
    pki.client_ca.write_bytes(authority.cert_pem.bytes())
    chain = b"".join(pem.bytes() for pem in caller.cert_chain_pems)
    new = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), caller.private_key_pem.bytes(), chain)
    assert await _serves(served, new)
    assert not await _serves(served, old), "also who may call is renewed"


async def test_a_renewed_client_ca_alone_is_in_force_without_a_restart(serve: Serve, pki: Pki) -> None:
    served = await serve(options=replace(OPTIONS, tls=Tls(pki.certificate, pki.key, pki.client_ca)))
    authority = trustme.CA()
    caller = authority.issue_cert("caller@shop.example")
    chain = b"".join(pem.bytes() for pem in caller.cert_chain_pems)
    credentials = grpc.ssl_channel_credentials(pki.ca, caller.private_key_pem.bytes(), chain)
    assert not await _serves(served, credentials)
    pki.client_ca.write_bytes(authority.cert_pem.bytes())
    assert await _serves(served, credentials)


@pytest.mark.parametrize("unusable", ["certificate", "key", "client_ca"])
async def test_unusable_tls_files_are_one_clear_line(backend: Backend, pki: Pki, tmp_path: Path, unusable: str) -> None:
    usable = Tls(pki.certificate, pki.key, pki.client_ca)
    for path in (pki.nonsense, tmp_path / "missing.pem"):
        tls = replace(usable, **{unusable: path})
        with pytest.raises(ServeError, match=rf"^cannot use the [^\n]*{path.name}[^\n]*$"):
            await backend.serve(options=replace(OPTIONS, tls=tls))


async def test_a_key_of_another_certificate_is_one_clear_line(backend: Backend, pki: Pki) -> None:
    pki.key.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
    with pytest.raises(ServeError, match=r"(?i)mismatch"):
        await backend.serve(options=replace(OPTIONS, tls=Tls(pki.certificate, pki.key)))


def test_one_process_serves_a_port_by_default() -> None:
    """Otherwise a second server would go unseen."""
    assert not ServerOptions().so_reuseport


async def _beat(served: Served) -> bool:
    answer = await served.profiles.Heartbeat(BEAT, metadata=served.client)
    return answer.HasField("expire_time")
