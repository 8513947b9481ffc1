"""Requests to addresses that a tenant names, against a real HTTPS server (E6, J2)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from profile_grpc.outbound.addresses import AddressPolicy, AddressRefused
from profile_grpc.outbound.answers import Limits, RequestFailed
from profile_grpc.outbound.client import OutboundClient
from profile_grpc.outbound.destinations import Destinations, UrlRefused
from profile_grpc.outbound.resolver import Lookup
from tests.support.https_server import HOST, Received, Receiver, receiver

LIMITS = Limits(seconds=300, answer_bytes=4096)
LOOPBACK = AddressPolicy.allowing(["127.0.0.0/8"])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiver(tmp_path) as running:
        yield running


def here(_name: str) -> Sequence[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def client(
    server: Receiver, *, addresses: AddressPolicy = LOOPBACK, lookup: Lookup = here, limits: Limits = LIMITS
) -> AsyncIterator[OutboundClient]:
    destinations = Destinations(addresses, ca_file=server.ca_file)
    async with OutboundClient(destinations, limits, agent="test/1", lookup=lookup) as made:
        yield made


async def test_E6_the_request_goes_to_the_checked_address_with_the_hosts_own_name(server: Receiver) -> None:
    async with client(server) as sender:
        answer = await sender.post(server.url("/hook?x=1"), b"[1]", {"content-type": "application/json"})
    assert answer.status == 204
    [got] = server.received
    assert (got.path, got.body) == ("/hook?x=1", b"[1]")
    assert got.headers["host"] == f"{HOST}:{server.port}"
    assert got.headers["user-agent"] == "test/1"
    assert server.server_names == [HOST]


async def test_E6_a_name_with_one_private_address_is_refused_whole(server: Receiver) -> None:
    async with client(server, lookup=lambda _: ["127.0.0.1", "10.0.0.1"]) as sender:
        with pytest.raises(AddressRefused, match="an address of the host is not allowed: it is private") as refused:
            await sender.post(server.url(), b"", {})
    assert refused.value.address == "10.0.0.1"
    assert "10.0.0.1" not in str(refused.value)  # tenants read the text
    assert not server.received


async def test_E6_dns_that_changes_its_answer_between_check_and_connection_does_no_harm(server: Receiver) -> None:
    """Each connection looks up once, and connects to what it has checked."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def changing(name: str) -> Sequence[str]:
        asked.append(name)
        return next(answers)

    async def closes(_request: web.Request, _received: Received) -> web.StreamResponse:
        return web.Response(headers={"connection": "close"})

    server.respond = closes
    async with client(server, lookup=changing) as sender:
        assert (await sender.post(server.url(), b"", {})).status == 200
        assert asked == [HOST]
        for _ in range(2):
            with pytest.raises(AddressRefused):
                await sender.post(server.url(), b"", {})
    assert len(server.received) == 1


async def test_E6_an_address_in_the_url_is_checked_at_the_connection_too(server: Receiver) -> None:
    """The text of a URL is checked first; a parser that reads it otherwise does not lead around the check."""
    async with client(server, addresses=AddressPolicy()) as sender:
        with pytest.raises(UrlRefused):
            await sender.post(server.url(host="127.0.0.1"), b"", {})
        with pytest.raises(aiohttp.ClientConnectorError) as failed:
            await sender._checked.post(server.url(host="127.0.0.1"))
        assert isinstance(failed.value.os_error, AddressRefused)
    assert not server.received


async def test_E6_a_redirect_is_not_followed(server: Receiver) -> None:
    async def elsewhere(_request: web.Request, _received: Received) -> web.StreamResponse:
        return web.Response(status=307, headers={"location": server.url("/secret")})

    server.respond = elsewhere
    async with client(server) as sender:
        assert (await sender.post(server.url(), b"", {})).status == 307
    assert [got.path for got in server.received] == ["/hook"]


async def test_E6_an_answer_is_read_up_to_its_limit(server: Receiver) -> None:
    written = 0

    async def endless(request: web.Request, _received: Received) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            written += 65536

    server.respond = endless
    async with client(server) as sender:
        answer = await sender.post(server.url(), b"", {})
        assert (answer.status, answer.body) == (200, b"x" * 4096)
        # The connection is closed: the next request opens another.
        await sender.post(server.url(), b"", {})
    assert len(server.server_names) == 2


async def test_E6_a_compressed_answer_is_not_unpacked(server: Receiver) -> None:
    async def packed(_request: web.Request, _received: Received) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b packed", headers={"content-encoding": "gzip"})

    server.respond = packed
    async with client(server) as sender:
        assert (await sender.post(server.url(), b"", {})).body == b"\x1f\x8b packed"


async def test_E6_a_request_has_a_limit_of_time_however_slowly_its_answer_drips(server: Receiver) -> None:
    async def drips(request: web.Request, _received: Received) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.01)

    server.respond = drips
    async with client(server, limits=Limits(seconds=0.3, answer_bytes=4096)) as sender:
        with pytest.raises(RequestFailed, match=r"0\.3 seconds"):
            await sender.post(server.url(), b"", {})


async def test_E6_a_name_that_does_not_resolve_blocks_one_thread_and_no_other_call(server: Receiver) -> None:
    go, looked_up = threading.Event(), []

    def lookup(name: str) -> Sequence[str]:
        looked_up.append(name)
        if name != HOST:
            go.wait()
        return ["127.0.0.1"]

    async with client(server, lookup=lookup, limits=Limits(seconds=0.2, answer_bytes=1)) as sender:
        for _ in range(3):
            with pytest.raises(RequestFailed):
                await sender.post("https://hangs.example.com/", b"", {})
    async with client(server, lookup=lookup) as sender:
        hanging = asyncio.create_task(sender.post("https://hangs.example.com/", b"", {}))
        assert (await sender.post(server.url(), b"", {})).status == 204
        assert not hanging.done()
        while looked_up.count("hangs.example.com") < 2:  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.01)
        hanging.cancel()
        go.set()
    assert looked_up.count("hangs.example.com") == 2  # one for each client


async def test_E6_a_failure_says_why_and_repeats_nothing_of_the_other_side(server: Receiver, tmp_path: Path) -> None:
    async def nonsense(request: web.Request, _received: Received) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"SECRET-ANSWER\r\n\r\n")
        request.transport.close()
        return web.Response()

    def nobody(_name: str) -> Sequence[str]:
        raise OSError(-2, "unknown")

    server.respond = nonsense
    async with client(server) as sender:
        with pytest.raises(RequestFailed) as failed:
            await sender.post(server.url(), b"", {})
        assert "SECRET" not in str(failed.value)
    async with client(server, lookup=nobody) as sender:
        with pytest.raises(RequestFailed, match="cannot be resolved"):
            await sender.post(server.url(), b"", {})
    async with OutboundClient(Destinations(LOOPBACK), LIMITS, agent="test/1", lookup=here) as sender:
        with pytest.raises(RequestFailed, match="not trusted"):
            await sender.post(server.url(), b"", {})


async def test_E6_a_certificate_for_another_host_is_refused(server: Receiver) -> None:
    async with client(server) as sender:
        with pytest.raises(RequestFailed, match="not for this host"):
            await sender.post(server.url(host="other.example.com"), b"", {})
    assert not server.received
