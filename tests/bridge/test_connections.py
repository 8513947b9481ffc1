"""Limits on one client, and the reports of clients that disconnect early (X1)."""

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from pathlib import Path

import pytest
import trustme

from profile_grpc.bridge.bridge import Bridge, ListenerTls
from profile_grpc.bridge.http.connection import ServerLimits
from tests.bridge.conftest import Harness, request, status, until
from tests.bridge.test_requests import JSON, QUERY
from tests.support.limits import wait_s

RESET = struct.pack("ii", 1, 0)


async def is_cut(reader: asyncio.StreamReader) -> bytes:
    """Waits until the bridge has ended the connection; answers what came before."""
    found = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(wait_s()):
            while chunk := await reader.read(65_536):
                found += chunk
    return found


async def test_slow_and_endless_clients_are_cut(harness: Harness) -> None:
    await harness.serve()
    bridge = await harness.start(server=ServerLimits(message_seconds=0.2, head_bytes=2000))
    for raw in (b"", b"GET /removeToken/ HT", request("POST", "/removeToken/", "Content-Length: 9")):
        reader, writer = await asyncio.open_connection(*bridge.address)
        writer.write(raw)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), wait_s())
        writer.close()
    endless = b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 3000
    for raw in (endless, endless + b"\r\n\r\n", request("GET", f"/removeToken/?{QUERY}&x={'x' * 3000}")):
        reader, writer = await asyncio.open_connection(*bridge.address)
        writer.write(raw)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readuntil(b" 200 "), wait_s())
        writer.close()
    assert bridge._spool.waiting == 0
    large = request("POST", "/removeToken/johndow/", body=JSON.ljust(9000))
    assert status(await harness.send(large)) == 200  # a large body beside a small head


async def test_lines_that_begin_no_request_hold_no_connection(harness: Harness) -> None:
    await harness.serve()
    bridge = await harness.start(server=ServerLimits(message_seconds=0.2))
    for first in (b"", request("GET", "/healthz")):
        reader, writer = await asyncio.open_connection(*bridge.address)
        writer.write(first)
        if first:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), wait_s())
        writer.write(b"\r\n")
        assert await is_cut(reader) == b""
        writer.close()


async def test_one_sender_has_so_many_connections(harness: Harness) -> None:
    await harness.serve()
    bridge = await harness.start(server=ServerLimits(connections_each=2))
    held = [await asyncio.open_connection(*bridge.address) for _ in range(2)]
    await until(lambda: len(bridge._http._server.server_state.connections) == 2)
    beyond, writer = await asyncio.open_connection(*bridge.address)
    assert await is_cut(beyond) == b""
    writer.close()
    held[0][1].close()
    await until(lambda: len(bridge._http._server.server_state.connections) == 1)
    assert await harness.get(f"/removeToken/?{QUERY}") == 200
    held[1][1].close()


async def test_a_client_that_pipelines_without_end_is_cut(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    """Where one connection could queue without limit, it held up everybody else's reports."""
    await harness.serve()
    bridge = await harness.start(server=ServerLimits(pipelined=10))
    for raw in (request("GET", "/x"), request("POST", "/x", body=b"a=1")):
        reader, writer = await asyncio.open_connection(*bridge.address)
        writer.write(raw * 1000)
        answers = await is_cut(reader)
        assert answers.count(b"HTTP/1.1 404") <= 11
        writer.close()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_client_may_pipeline_more_than_wait_at_a_time(harness: Harness) -> None:
    """It is read from again when it has its answers."""
    await harness.serve()
    bridge = await harness.start(server=ServerLimits(pipelined=10))
    reader, writer = await asyncio.open_connection(*bridge.address)
    for _ in range(30):
        writer.write(request("GET", "/x"))
        await writer.drain()
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), wait_s())
    writer.close()


async def test_pipelined_reports_of_a_client_that_left_count(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    """X1: each that came whole, with a body or without, and nothing is logged."""
    await harness.serve()
    bridge = await harness.start()
    assert await harness.get(f"/removeToken/?{QUERY}") == 200  # the key is known from here on
    names = [f"user{n}" for n in range(20)]
    raw = b"".join(
        request("POST", f"/removeToken/{name}/", body=JSON.replace(b"johndow", name.encode())) for name in names
    )
    _, writer = await asyncio.open_connection(*bridge.address)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.write(raw)
    await writer.drain()
    await until(lambda: bool(bridge.metrics) and harness.metric("received_total", kind="REMOVAL") > 1)
    writer.close()
    await until(lambda: harness.metric("received_total", kind="REMOVAL") == 21)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def certify(folder: Path) -> bytes:
    """Writes a new certificate and its key; answers the certificate as a client sees it."""
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    return ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())


async def shown(bridge: Bridge) -> bytes | None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection(*bridge.address, ssl=context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return bytes(certificate)


async def test_a_renewed_certificate_is_shown_without_a_restart(harness: Harness, tmp_path: Path) -> None:
    """One that does not fit its key changes nothing."""
    first = certify(tmp_path)
    await harness.serve()
    bridge = await harness.start(tls=ListenerTls(tmp_path / "cert.pem", tmp_path / "key.pem"))
    assert await shown(bridge) == first
    (tmp_path / "key.pem").write_text("no key")
    assert bridge._certificate is not None
    bridge._certificate.renew()
    assert await shown(bridge) == first
    second = certify(tmp_path)
    async with asyncio.timeout(wait_s()):
        while await shown(bridge) != second:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.fixture
async def secure(harness: Harness, tmp_path: Path) -> Bridge:
    """A bridge with TLS."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(cert, append=True)
    await harness.serve()
    return await harness.start(tls=ListenerTls(cert, key), server=ServerLimits(message_seconds=0.5))


async def test_a_client_that_begins_no_tls_is_cut(secure: Bridge) -> None:
    for first in (b"", b"\x16\x03\x01"):
        reader, writer = await asyncio.open_connection(*secure.address)
        writer.write(first)
        await is_cut(reader)
        writer.close()
