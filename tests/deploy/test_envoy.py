"""deploy/envoy: a real Envoy serves gRPC and gRPC-Web over TLS in front of a real server."""

import base64
import struct
import time

import grpc
import pytest

from appprofile.v1 import profile_service_pb2, profile_service_pb2_grpc
from tests.deploy.envoy import Edge, request
from tests.support.limits import wait_s

ORIGIN = "https://app.example.com"
REGISTER = "/appprofile.v1.ProfileService/Register"


def test_grpc_passes_through(edge: Edge) -> None:
    with edge.channel() as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        assert stub.Register(request("alice"), timeout=wait_s()).created
        watching = stub.WatchProfiles(
            profile_service_pb2.WatchProfilesRequest(app_ids=["demo"], from_oldest=True), timeout=wait_s()
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
    """Reflection and health are for the inside."""
    assert edge.web("POST", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo").status == 404
    assert edge.web("GET", "/").status == 404


def test_one_address_cannot_take_the_place_of_all(edge: Edge) -> None:
    """The bucket of an address has 200 calls; it fills while this test runs, however slow the machine is."""
    give_up = time.monotonic() + wait_s()
    with edge.channel() as channel:
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        refused = False
        while not refused and time.monotonic() < give_up:
            calls = [stub.Register.future(request("flood"), timeout=wait_s()) for _ in range(1000)]
            refused = any(call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED for call in calls)
    assert refused
