"""deploy/envoy: a real Envoy serves gRPC and gRPC-Web over TLS in front of a real server."""

import base64
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPSConnection
from pathlib import Path

import grpc
import pytest
import trustme

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from tests.cli.program import START_LIMIT_S, Server, sqlite_url

FOLDER = Path(__file__).parents[2] / "deploy/envoy"
ORIGIN = "https://app.example.com"
REGISTER = "/appprofile.v1.ProfileService/Register"


def request(user: str) -> profile_service_pb2.RegisterRequest:
    key = profile_pb2.ProfileKey(app_id="demo", user_id=user, device_id="browser-1")
    return profile_service_pb2.RegisterRequest(key=key)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        return int(reserved.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    """What a browser gets."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Edge:
    """A running Envoy."""

    port: int
    authority: bytes

    def web(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """A request as a browser sends it."""
        tls = ssl.create_default_context(cadata=self.authority.decode())
        with closing(HTTPSConnection("localhost", self.port, context=tls, timeout=START_LIMIT_S)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            with connection.getresponse() as answer:
                return Answer(answer.status, answer.headers, answer.read())

    def channel(self) -> grpc.Channel:
        return grpc.secure_channel(f"localhost:{self.port}", grpc.ssl_channel_credentials(self.authority))


def configure(folder: Path, edge: int, admin: int, server: int) -> Path:
    """The configuration with the addresses and the files of a test."""
    (folder / "tls").mkdir()
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(folder / "tls/tls.key"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "tls/tls.crt"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    changes = {
        "/etc/envoy": str(folder),
        "port_value: 8443": f"port_value: {edge}",
        "address: 0.0.0.0": "address: 127.0.0.1",
        "port_value: 9901": f"port_value: {admin}",
        "profile-grpc.internal, port_value: 50051": f"127.0.0.1, port_value: {server}",
    }
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    return folder / "envoy.yaml"


@pytest.fixture(scope="module")
def edge(deploy_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    program = deploy_tool("envoy")
    folder = tmp_path_factory.mktemp("envoy")
    with Server(["--dev", "--port", "0", "--database-url", sqlite_url(folder)]) as server:
        port = free_port()
        path = configure(folder, port, free_port(), server.port)
        checked = subprocess.run(
            [program, "--mode", "validate", "-c", path], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        command = [program, "-c", str(path), "--disable-hot-restart", "--concurrency", "1", "--log-level", "error"]
        with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                found = Edge(port, (folder / "ca.pem").read_bytes())
                with found.channel() as channel:
                    grpc.channel_ready_future(channel).result(START_LIMIT_S)
                    stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
                    stub.Register(request("first"), timeout=START_LIMIT_S, wait_for_ready=True)
                yield found
            finally:
                process.kill()


def test_grpc_passes_through(edge: Edge) -> None:
    with edge.channel() as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        assert stub.Register(request("alice"), timeout=START_LIMIT_S).created
        watching = stub.WatchProfiles(
            profile_service_pb2.WatchProfilesRequest(app_ids=["demo"], from_oldest=True), timeout=START_LIMIT_S
        )
        assert next(iter(watching)).resume_token
        watching.cancel()


@pytest.mark.parametrize("kind", ["application/grpc-web+proto", "application/grpc-web-text+proto"])
def test_browsers_call_by_grpc_web(edge: Edge, kind: str) -> None:
    message = request(kind.replace("/", ".")).SerializeToString()
    body = b"\0" + struct.pack(">I", len(message)) + message
    text = "text" in kind
    answer = edge.web(
        "POST",
        REGISTER,
        base64.b64encode(body) if text else body,
        content_type=kind,
        accept=kind,
        origin=ORIGIN,
        x_grpc_web="1",
    )
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    received = answer.body
    if text:  # parts of base64, each with its own padding
        received = b"".join(
            base64.b64decode(part + b"=" * (-len(part) % 4)) for part in received.replace(b"=", b" ").split()
        )
    size = struct.unpack(">I", received[1:5])[0]
    assert received[0] == 0
    assert profile_service_pb2.RegisterResponse.FromString(received[5 : 5 + size]).created
    assert received[5 + size] == 0x80  # the trailers
    assert b"grpc-status:0\r\n" in received[5 + size :].lower()


@pytest.mark.parametrize(("origin", "allowed"), [(ORIGIN, ORIGIN), ("https://evil.example", None)])
def test_only_known_pages_may_call(edge: Edge, origin: str, allowed: str | None) -> None:
    answer = edge.web(
        "OPTIONS",
        REGISTER,
        origin=origin,
        access_control_request_method="POST",
        access_control_request_headers="x-grpc-web,x-api-key",
    )
    assert answer.headers["access-control-allow-origin"] == allowed


def test_methods_cannot_be_discovered_from_outside(edge: Edge) -> None:
    assert edge.web("POST", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo").status == 404
    assert edge.web("GET", "/").status == 404


def test_one_address_cannot_take_the_place_of_all(edge: Edge) -> None:
    """The bucket of an address has 200 calls; it fills while this test runs, however slow the machine is."""
    give_up = time.monotonic() + START_LIMIT_S
    with edge.channel() as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        refused = False
        while not refused and time.monotonic() < give_up:
            calls = [stub.Register.future(request("flood"), timeout=START_LIMIT_S) for _ in range(1000)]
            refused = any(call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED for call in calls)
    assert refused
