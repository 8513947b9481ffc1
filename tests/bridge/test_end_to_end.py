"""The bridge with the real service (X1-X5)."""

import asyncio
import signal
import socket
import ssl
import struct
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme

import appprofile.aio
from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.spool import facts as spool_facts
from tests.bridge.conftest import request, status
from tests.bridge.processes import Program, Site
from tests.support.limits import wait_s

SELECTOR = "12869E0E6E553673C54F29105A0647204C416A2A:7C3A0D14"
MSGS = "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J"
PUSH_APPS = "push_app_ids=com.cloudsoftphone.app:FCM:IOS,com.cloudsoftphone.app.pushkit:APNS_VOIP:IOS:INCOMING_CALL"
HEADERS = "Host: example.com\r\nConnection: close\r\nCache-Control: max-age=0\r\nUser-Agent: CloudSoftphone/1.5.6\r\n"
GET = (
    f"GET /removeToken/?username=johndow&password=12345678&selector={SELECTOR}&token_msgs={MSGS}"
    "&appid_msgs=com.cloudsoftphone.app&token_calls=Udl99X2JFP1bWwS5gR%2FwGeLE1hmAB2CMpr1Ej0wxkrY%3D"
    f"&appid_calls=com.cloudsoftphone.app.pushkit HTTP/1.1\r\n{HEADERS}\r\n"
).encode()
JSON = (
    f'{{\n    "token_msgs"    : "{MSGS}",\n    "appid_msgs"    : "com.cloudsoftphone.app",\n'
    '    "token_calls"   : "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wxkrY=",\n'
    f'    "appid_calls"   : "com.cloudsoftphone.app.pushkit",\n    "selector"      : "{SELECTOR}"\n}}'
)
POST = (
    f"POST /removeToken/johndow/ HTTP/1.1\r\n{HEADERS}Content-Type: application/json\r\n"
    f"Content-Length: {len(JSON)}\r\n\r\n{JSON}"
).encode()
FORM_BODY = GET.decode().partition("?")[2].partition(" ")[0].replace("&password=12345678", "")
FORM = (
    f"POST /removeToken/ HTTP/1.1\r\n{HEADERS}Content-Type: application/x-www-form-urlencoded\r\n"
    f"Content-Length: {len(FORM_BODY)}\r\n\r\n{FORM_BODY}"
).encode()
PATH = (
    f"GET /removePushToken/johndow/{SELECTOR}/{MSGS}&appid=com.cloudsoftphone.app HTTP/1.1\r\n{HEADERS}\r\n"
).encode()


@asynccontextmanager
async def profiles(address: str, key: str = "") -> AsyncIterator["Profiles"]:
    async with appprofile.aio.connect(address, plaintext=True, key=key or None, deadline=300) as client:
        yield Profiles(client)


class Profiles:
    """The service, as an SDK and an operator use it."""

    def __init__(self, client: appprofile.aio.Client) -> None:
        self._stub = client.profiles

    async def register(self, app: str, user: str, selector: str, device: str = "phone", token: str = "") -> None:
        message = pb.RegisterRequest(account_selector=selector)
        message.key.app_id, message.key.user_id, message.key.device_id = app, user, device
        message.push_endpoints.add(
            provider=profile_pb2.PUSH_PROVIDER_FCM,
            token=token or "APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb",
            push_app_id="com.cloudsoftphone.app",
        )
        if not token:
            message.push_endpoints.add(
                provider=profile_pb2.PUSH_PROVIDER_APNS_VOIP,
                token="51D97DF57D8914FD5B5B04B9811FF019E2C4D6198007608CA6BD448F4C3192B6",
                push_app_id="com.cloudsoftphone.app.pushkit",
                purpose=profile_pb2.PUSH_PURPOSE_INCOMING_CALL,
            )
        await self._stub.Register(message)

    async def statuses(self, app: str) -> dict[str, str]:
        """Each user's status."""
        found: dict[str, str] = {}
        page = ""
        while True:
            response = await self._stub.ListProfiles(
                pb.ListProfilesRequest(app_id=app, page_size=1000, page_token=page)
            )
            for profile in response.profiles:
                found[profile.key.user_id] = profile_pb2.ProfileStatus.Name(profile.status).rpartition("_")[2]
            page = response.next_page_token
            if not page:
                return found

    async def devices(self, app: str) -> set[tuple[str, str, str]]:
        """User, device and status of every profile."""
        response = await self._stub.ListProfiles(pb.ListProfilesRequest(app_id=app, page_size=1000))
        return {
            (p.key.user_id, p.key.device_id, profile_pb2.ProfileStatus.Name(p.status).removeprefix("PROFILE_STATUS_"))
            for p in response.profiles
        }

    async def becomes(self, app: str, expected: dict[str, str], seconds: float = 300) -> None:
        async with asyncio.timeout(seconds):
            while await self.statuses(app) != expected:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.02)


async def send(address: str, raw: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    await writer.drain()
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), wait_s())
    writer.close()
    return answer


@pytest.mark.parametrize("raw", [GET, POST, FORM, PATH], ids=["get", "post-json", "post-form", "path"])
async def test_the_documented_requests_byte_for_byte(tmp_path: Path, raw: bytes) -> None:
    """X2, X3: in development, where no key is needed; only that account's profile is touched on a shared device."""
    site = Site(tmp_path)
    with site.serve("--dev", "--bridge-port", "0") as server:
        site.administer("app", "set", "demo", "--set", PUSH_APPS, "--set", "multi_user_per_device=true")
        async with profiles(server.said("gRPC on")) as service:
            await service.register("demo", "johndow", SELECTOR)
            await service.register("demo", "somebody", "12869E0E6E553673C54F29105A0647204C416A2A:FFFFFFFF")
            # The bridge has read its apps before the push app ids were set, and reads them again when it misses one.
            assert status(await send(server.said("bridge on"), raw)) == 200
            await service.becomes("demo", {"johndow": "UNREGISTERED", "somebody": "ACTIVE"})
        assert server.end(signal.SIGTERM) == 0


async def test_a_late_report_after_signing_in_again_changes_nothing(tmp_path: Path) -> None:
    """X3: with keys, the bridge as its own process, and the service down when the report came."""
    site = await Site(tmp_path).prepare(PUSH_APPS)
    raw = GET.replace(b"\r\n\r\n", f"\r\nX-Api-Key: {site.keys['bridge']}\r\n\r\n".encode())
    late = raw.replace(b"johndow", b"late")
    with site.serve() as server:
        async with profiles(server.said("gRPC on"), site.keys["profile"]) as service:
            await service.register("shop", "late", SELECTOR)
    with site.bridge() as bridge:
        assert status(await send(bridge.said("bridge on"), late)) == 200
        assert bridge.end(signal.SIGTERM) == 0
    with site.serve() as server:
        async with profiles(server.said("gRPC on"), site.keys["profile"]) as service:
            await service.register("shop", "late", SELECTOR)  # signs in again
            with site.bridge() as bridge:
                await service.register("shop", "johndow", SELECTOR, "other-phone")
                assert status(await send(bridge.said("bridge on"), raw)) == 200
                await service.becomes("shop", {"johndow": "UNREGISTERED", "late": "ACTIVE"})
                assert bridge.end(signal.SIGTERM) == 0
    assert site.administer("bridge", "dead", "list", "--json", "--spool", str(site.spool)) == "[]"


async def test_a_hangup_ends_no_bridge(tmp_path: Path) -> None:
    """Operators send SIGHUP after they have renewed a certificate."""
    site = await Site(tmp_path).prepare(PUSH_APPS)
    with site.bridge() as bridge:
        bridge.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(wait_s()):
            while "read without a signal" not in (tmp_path / "bridge.log").read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert status(await send(bridge.said("bridge on"), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) == 200
        assert bridge.end(signal.SIGTERM) == 0


async def test_accounts_of_one_phone_and_its_new_token(tmp_path: Path) -> None:
    """X5: two accounts share the device, and both move to the one of the new token."""
    site = await Site(tmp_path).prepare(PUSH_APPS, "multi_user_per_device=true")
    key = f"\r\nX-Api-Key: {site.keys['bridge']}\r\n\r\n".encode()
    with site.serve("--bridge-port", "0") as server:
        address = server.said("bridge on")
        async with profiles(server.said("gRPC on"), site.keys["profile"]) as service:
            report = GET.replace(b"removeToken", b"reportToken").replace(b"\r\n\r\n", key)
            other = report.replace(b"johndow", b"ann").replace(b":7C3A0D14", b":another")
            for raw in (report, other):
                assert status(await send(address, raw)) == 200
            await service.becomes("shop", {"johndow": "ACTIVE", "ann": "ACTIVE"})
            first = await service.devices("shop")
            assert len({device for _, device, _ in first}) == 1
            for raw in (report, other):
                assert status(await send(address, raw.replace(MSGS.encode(), b"a-new-token"))) == 200
            async with asyncio.timeout(wait_s()):
                while len(found := await service.devices("shop")) < 4:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.02)
                while sum(state == "UNREGISTERED" for *_, state in found) < 2:
                    await asyncio.sleep(0.02)
                    found = await service.devices("shop")
            assert {(user, device, "UNREGISTERED") for user, device, _ in first} < found
            assert len({device for _, device, state in found if state == "ACTIVE"}) == 1
        assert server.end(signal.SIGTERM) == 0


async def test_a_push_token_report_signs_in_and_a_removal_out(tmp_path: Path) -> None:
    """X5, then X3: the app integrates by two URLs."""
    site = await Site(tmp_path).prepare(PUSH_APPS)
    key = f"\r\nX-Api-Key: {site.keys['bridge']}\r\n\r\n".encode()
    with site.serve("--bridge-port", "0") as server:
        address = server.said("bridge on")
        async with profiles(server.said("gRPC on"), site.keys["profile"]) as service:
            report = GET.replace(b"removeToken", b"reportToken").replace(b"\r\n\r\n", key)
            assert status(await send(address, report)) == 200
            await service.becomes("shop", {"johndow": "ACTIVE"})
            assert status(await send(address, GET.replace(b"\r\n\r\n", key))) == 200
            await service.becomes("shop", {"johndow": "UNREGISTERED"})
            assert status(await send(address, GET)) == 401
        assert server.end(signal.SIGTERM) == 0
    assert b"12345678" not in (tmp_path / "serve.log").read_bytes()


async def test_logs_and_metrics_hold_nothing_that_a_request_brought(tmp_path: Path) -> None:
    """X2: at any level, for reports that are applied, dead, refused or no HTTP."""
    site = await Site(tmp_path).prepare(PUSH_APPS)
    key = site.keys["bridge"]
    target = f"/removeToken/?username=marker-user&password=marker-password&key={key}&selector={SELECTOR}"
    pair = f"&token_msgs={MSGS}&appid_msgs=com.cloudsoftphone.app"
    raws = [
        request("GET", target + pair, key=""),
        request("GET", f"/shop{target}", key=""),
        request("GET", f"/shop{target}".replace(key, "apk_marker_key"), key=""),
        request("POST", "/removeToken/marker-user/", body=b'{"marker": '),
        b"GET /removeToken/?marker HTTP/9.9\r\n\r\n",
    ]
    with site.serve("--bridge-port", "0", "--log-level", "debug", "--metrics-port", "0") as server:
        answers = [status(await send(server.said("bridge on"), raw)) for raw in raws]
        assert answers == [200, 200, 401, 400, 400]
        metrics = ""
        async with asyncio.timeout(wait_s()):
            while 'died_total{reason="MISSING_TOKEN"} 1.0' not in metrics:
                metrics = await asyncio.to_thread(read, f"http://{server.said('metrics on')}")
        assert server.end(signal.SIGTERM) == 0
    log = (tmp_path / "serve.log").read_text()
    assert 'profile_grpc_bridge_delivered_total{kind="REMOVAL",outcome="NO_MATCH"} 1.0' in metrics
    for told in ("a report was accepted", "a report was delivered", "a report became a dead letter"):
        assert told in log
    for secret in ("marker", key, key.rpartition("_")[2], SELECTOR, MSGS, "com.cloudsoftphone"):
        assert secret not in log
        assert secret not in metrics


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=wait_s()) as response:  # noqa: S310 - of this test's own server
        return str(response.read().decode())


def certified(folder: Path) -> tuple[list[str], Path]:
    """The options of a listener with a certificate for bridge.example.com, and who signed that."""
    authority = trustme.CA()
    certificate = authority.issue_cert("bridge.example.com")
    cert, key, ca = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
    certificate.private_key_pem.write_to_path(key)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(cert, append=True)
    authority.cert_pem.write_to_path(ca)
    return ["--tls-cert", str(cert), "--tls-key", str(key)], ca


async def test_tls_on_both_sides(tmp_path: Path) -> None:
    site = await Site(tmp_path).prepare(PUSH_APPS)
    tls, ca = certified(tmp_path)
    raw = GET.replace(b"\r\n\r\n", f"\r\nX-Api-Key: {site.keys['bridge']}\r\n\r\n".encode())
    trusted = ssl.create_default_context(cafile=str(ca))
    with (
        site.serve(*tls, "--bridge-port", "0") as server,
        site.bridge(*tls, "--ca", str(ca), "--server-name", "bridge.example.com") as bridge,
    ):
        for program in (server, bridge):
            host, _, port = program.said("bridge on").rpartition(":")
            reader, writer = await asyncio.open_connection(
                host, int(port), ssl=trusted, server_hostname="bridge.example.com"
            )
            writer.write(raw)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), wait_s())
            assert status(answer) == 200
            assert b"strict-transport-security: " in answer
            writer.close()
            await asks_the_service(program)


async def test_reports_over_tls_count_though_their_client_resets(tmp_path: Path) -> None:
    """X1: what TLS itself writes after the handshake must not meet the reset before the report is read."""
    site = await Site(tmp_path).prepare(PUSH_APPS)
    tls, ca = certified(tmp_path)
    trusted = ssl.create_default_context(cafile=str(ca))
    raw = GET.replace(b"\r\n\r\n", f"\r\nX-Api-Key: {site.keys['bridge']}\r\n\r\n".encode())
    count = 40

    def send_and_reset(host: str, port: int) -> None:
        with socket.create_connection((host, port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or the report never leaves
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with trusted.wrap_socket(connection, server_hostname="bridge.example.com") as client:
                client.sendall(raw)

    with site.bridge(*tls, "--metrics-port", "0") as bridge:
        host, _, port = bridge.said("bridge on").rpartition(":")
        for _ in range(count):
            await asyncio.to_thread(send_and_reset, host, int(port))
        metrics = ""
        async with asyncio.timeout(wait_s()):
            while f'received_total{{kind="REMOVAL"}} {count}.0' not in metrics:
                metrics = await asyncio.to_thread(read, f"http://{bridge.said('metrics on')}")


async def asks_the_service(program: Program) -> None:
    """A wrong key is refused: with a certificate that it did not trust, the bridge could not tell."""
    host, _, port = program.said("bridge on").rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    writer.write(request("GET", "/shop/removeToken/?username=a&token_msgs=b", key="wrong"))
    assert status(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), wait_s())) == 401
    writer.close()


@pytest.mark.slow
async def test_reports_survive_kill_9(tmp_path: Path) -> None:
    """X1, X4: taken while the service is stopped, the bridge killed in the middle; each 200 is applied."""
    count, half = 2_000, 1_000
    site = await Site(tmp_path).prepare(PUSH_APPS)
    users = [f"user{n}" for n in range(count)]
    with site.serve() as server:
        async with profiles(server.said("gRPC on"), site.keys["profile"]) as service:
            for start in range(0, count, 50):  # a connection may have so many streams
                names = users[start : start + 50]
                await asyncio.gather(*(service.register("shop", u, f"s-{u}", f"d-{u}", f"token-of-{u}") for u in names))
            await service.register("shop", "bystander", "s", "d", "token-of-bystander")
    taken: set[str] = set()
    with site.bridge() as bridge:
        address = bridge.said("bridge on")
        senders = [asyncio.create_task(report(address, site, users[n::50], taken)) for n in range(50)]
        while len(taken) < half:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        bridge.end(signal.SIGKILL)
        await asyncio.gather(*senders, return_exceptions=True)
    acknowledged = set(taken)
    assert half <= len(acknowledged) < count
    with site.bridge() as bridge:
        address = bridge.said("bridge on")
        rest = [user for user in users if user not in acknowledged]
        await asyncio.gather(*(report(address, site, rest[n::50], taken) for n in range(50)))
        assert taken == set(users)
        with site.serve() as server:
            async with profiles(server.said("gRPC on"), site.keys["profile"]) as service:
                expected = dict.fromkeys(users, "UNREGISTERED") | {"bystander": "ACTIVE"}
                while spool_facts.read(site.spool).waiting:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.2)
                assert await service.statuses("shop") == expected
        assert bridge.end(signal.SIGTERM) == 0


async def report(address: str, site: Site, users: list[str], taken: set[str]) -> None:
    """Reports one after the other on one connection, and notes each 200."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for user in users:
            target = f"/removeToken/?username={user}&token_msgs=token-of-{user}&appid_msgs=com.cloudsoftphone.app"
            writer.write(request("GET", target, key=site.keys["bridge"]))
            answer = await reader.readuntil(b"\r\n\r\n")
            if status(answer) == 200:
                taken.add(user)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
