"""What the thin layer adds to the stubs: credentials, deadlines, retries, errors, TLS."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import grpc
import pytest
import trustme
from clients.python.tests.conftest import Connector, answer
from clients.python.tests.service import PING, Refusal, ScriptedService, serving, silent

import appprofile
from appprofile import ApiError, FieldViolation, _connecting, _options
from appprofile.v1.profile_service_pb2 import HeartbeatRequest, WatchProfilesRequest
from appprofile.v1.usage_service_pb2 import GetMadUsageRequest

BEAT = HeartbeatRequest()
SECRET = "s3cret"


async def test_the_key_and_the_present_token_travel_with_each_call(
    connect: Connector, service: ScriptedService
) -> None:
    tokens = iter(["one", "two"])
    client = connect(key="k", jwt=lambda: next(tokens))
    for _ in range(2):
        await answer(client.profiles.Heartbeat(BEAT))
    assert [(call.headers["x-api-key"], call.headers["authorization"]) for call in service.seen] == [
        ("k", "Bearer one"),
        ("k", "Bearer two"),
    ]


async def test_without_a_key_none_is_sent(connect: Connector, service: ScriptedService) -> None:
    await answer(connect().profiles.Heartbeat(BEAT))
    assert not {"x-api-key", "authorization"} & service.seen[0].headers.keys()


async def test_the_callers_own_metadata_stays(connect: Connector, service: ScriptedService) -> None:
    await answer(connect(key="k").profiles.Heartbeat(BEAT, metadata=(("x-trace", "t"),)))
    assert service.seen[0].headers["x-trace"] == "t"


async def test_a_token_may_come_from_a_coroutine(target: str, service: ScriptedService) -> None:
    async def token() -> str:
        return "late"

    async with appprofile.aio.connect(target, jwt=token, plaintext=True) as client:
        await client.profiles.Heartbeat(BEAT)
    assert service.seen[0].headers["authorization"] == "Bearer late"


async def test_a_failing_token_supplier_fails_the_call_with_its_own_error(
    connect: Connector, service: ScriptedService
) -> None:
    def lost() -> str:
        raise LookupError("no token")

    with pytest.raises(LookupError, match="no token"):
        await answer(connect(jwt=lost).profiles.Heartbeat(BEAT))
    assert not service.seen


@pytest.mark.parametrize(
    ("options", "call", "seconds"), [({}, {}, 15), ({"deadline": 9000.0}, {}, 9000), ({}, {"timeout": 700.0}, 700)]
)
async def test_every_call_has_a_deadline(
    connect: Connector, service: ScriptedService, options: dict[str, float], call: dict[str, float], seconds: float
) -> None:
    started = time.monotonic()
    await answer(connect(**options).profiles.Heartbeat(BEAT, **call))
    taken = time.monotonic() - started
    left = service.seen[0].seconds
    assert left is not None
    assert seconds - taken - 1 < left < seconds + 1


async def test_an_error_is_decoded(connect: Connector, service: ScriptedService) -> None:
    service.refusals = [
        Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", fields=("key.user_id",), retry_s=3, fields_="x")
    ]
    with pytest.raises(ApiError) as raised:
        await answer(connect().profiles.Heartbeat(BEAT))
    error = raised.value
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (error.reason, error.message, error.metadata) == ("INVALID_REQUEST", "no", {"fields_": "x"})
    assert error.violations == (FieldViolation("key.user_id", "broken"),)
    assert error.retry_delay == timedelta(seconds=3)
    assert str(error) == "INVALID_ARGUMENT INVALID_REQUEST no"
    assert isinstance(error.__cause__, grpc.RpcError)


async def test_an_error_that_is_not_the_services_has_no_reason(connect: Connector, service: ScriptedService) -> None:
    with pytest.raises(ApiError) as raised:
        await answer(connect().usage.GetMadUsage(GetMadUsageRequest()))
    assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.UNIMPLEMENTED, "")


def test_the_status_of_a_batch_item_is_decoded() -> None:
    status = Refusal(grpc.StatusCode.NOT_FOUND, "REREGISTER_REQUIRED", cause="DELETED").status
    error = ApiError.from_status(status)
    assert (error.code, error.reason, error.metadata["cause"]) == (
        grpc.StatusCode.NOT_FOUND,
        "REREGISTER_REQUIRED",
        "DELETED",
    )


async def test_unavailable_is_retried(connect: Connector, service: ScriptedService) -> None:
    service.refusals = [Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING")]
    await answer(connect().profiles.Heartbeat(BEAT))
    assert service.methods == ["Heartbeat"] * 2


async def test_nothing_else_is_retried(connect: Connector, service: ScriptedService) -> None:
    service.refusals = [Refusal(grpc.StatusCode.ABORTED, "CONFLICT")]
    with pytest.raises(ApiError, match="CONFLICT"):
        await answer(connect().profiles.Heartbeat(BEAT))
    assert service.methods == ["Heartbeat"]


async def test_a_server_that_is_not_there_is_waited_for(kind: Any) -> None:
    """A call fails by its deadline, not because there is no connection yet."""
    client = kind.connect("localhost:1", plaintext=True)
    with pytest.raises(ApiError) as raised:
        await answer(client.profiles.Heartbeat(BEAT, timeout=0.2))
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    await answer(client.close())


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("127.0.0.1:{refused}", {"plaintext": True}, "connection refused: .*Connection refused"),
        ("no-such-host.invalid:443", {"plaintext": True}, r"name not found: .*no-such-host\.invalid"),
        ("127.0.0.1:{other}", {}, "TLS: .*handshake failed"),
        ("127.0.0.1:{other}", {"plaintext": True}, r"no connection: .*http1\.x server"),
        ("localhost:1", {"plaintext": True, "proxy_from_environment": True}, "proxy: .*proxy returned .*403"),
    ],
    ids=["refused", "dns", "tls", "another protocol", "proxy"],
)
async def test_a_call_tells_why_there_is_no_connection(
    kind: Any, target: str, options: dict[str, bool], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only that its deadline has passed: the kind of failure, then what gRPC says. Also where no call waits."""
    monkeypatch.setattr(_connecting, "_SECONDS", 300.0)
    with web_server() as port, closed_port() as refused:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        options = {"proxy_from_environment": False} | options
        for retries, seconds in ((True, 0.2), (False, 60)):
            client = kind.connect(target.format(refused=refused, other=port), retries=retries, **options)
            with pytest.raises(ApiError) as raised:
                await answer(client.profiles.Heartbeat(BEAT, timeout=seconds))
            assert raised.value.code in {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}
            assert re.search(says if retries else says.removeprefix("no connection: "), raised.value.message, re.DOTALL)
            await answer(client.close())


async def test_calls_that_fail_together_try_one_connection(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a host goes away, very many calls fail at the same time."""
    tried: list[object] = []
    said = _connecting._said

    def counted(error: Any) -> str:
        tried.append(error)
        return said(error)

    monkeypatch.setattr(_connecting, "_said", counted)
    monkeypatch.setattr(_connecting, "_SECONDS", 300.0)
    monkeypatch.setattr(_connecting, "_KEPT_S", 600.0)
    with closed_port() as refused:
        client = kind.connect(f"127.0.0.1:{refused}", plaintext=True)

        async def beat() -> None:
            method = client.profiles.Heartbeat
            # The synchronous client in threads of its own: the calls run side by side.
            call = asyncio.to_thread(method, BEAT, timeout=0.2) if kind is appprofile else method(BEAT, timeout=0.2)
            with pytest.raises(ApiError, match="connection refused"):
                await call

        await asyncio.gather(*(beat() for _ in range(5)))
        await answer(client.close())
    assert len(tried) == 1


@contextmanager
def web_server() -> Iterator[int]:
    """A server of HTTP/1 that refuses everything; its port."""
    done = threading.Event()

    def serve(server: socket.socket) -> None:
        while not done.is_set():
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, kept from others meanwhile."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@pytest.mark.parametrize("target", ["http://localhost:50051", "https://profiles.example.com", "HTTP://localhost:1"])
def test_a_url_is_no_target(kind: Any, target: str) -> None:
    with pytest.raises(ValueError, match=r"^target must be host:port, without http:// or https://$"):
        kind.connect(target, plaintext=True)


def test_an_empty_target_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"^target must be host:port, such as localhost:50051$"):
        kind.connect("", plaintext=True)


@pytest.mark.parametrize("key", [f"{SECRET}\n", f"{SECRET} ", f"\t{SECRET}", f"{SECRET}\u20ac"])
async def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(kind: Any, key: str) -> None:
    with pytest.raises(ValueError, match=r"^key has characters that no key has") as refused:
        kind.connect("localhost:1", key=key, plaintext=True)
    assert SECRET not in str(refused.value)


async def test_a_token_that_cannot_be_sent_is_not_repeated(connect: Connector, service: ScriptedService) -> None:
    client = connect(jwt=lambda: f"{SECRET}\n")
    with pytest.raises(ValueError, match=r"^jwt returned characters that no JWT has") as refused:
        await answer(client.profiles.Heartbeat(BEAT))
    assert SECRET not in str(refused.value)
    assert not service.seen


async def test_a_connection_is_tried_when_a_call_hears_nothing(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_options, "KEEPALIVE_MS", 200)
    with silent() as (target, heard):
        client = kind.connect(target, plaintext=True, retries=False)
        with pytest.raises(ApiError):
            await answer(client.profiles.Heartbeat(BEAT, timeout=300))
        await answer(client.close())
    assert PING in heard


async def _beat(client: appprofile.aio.Client) -> None:
    await client.profiles.Heartbeat(BEAT)


async def _watch(client: appprofile.aio.Client) -> None:
    async for _ in client.profiles.WatchProfiles(WatchProfilesRequest(app_ids=["shop"])):
        pass


async def _read(client: appprofile.aio.Client) -> None:
    await client.profiles.WatchProfiles(WatchProfilesRequest(app_ids=["shop"])).read()


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("use", [_beat, _watch, _read])
async def test_a_call_ends_with_an_error_if_the_client_is_closed_by_somebody_else(
    use: Callable[[appprofile.aio.Client], Awaitable[None]], closed: bool
) -> None:
    """CancelledError would end the task of a caller whom nobody has cancelled; a cancelled task still gets it."""
    called = asyncio.Event()

    def token() -> str:
        called.set()
        return "token"

    async def run() -> None:
        await use(client)

    with socket.create_server(("127.0.0.1", 0)) as unanswered:
        target = f"127.0.0.1:{unanswered.getsockname()[1]}"
        client = appprofile.aio.connect(target, jwt=token, plaintext=True)
        waiting = asyncio.create_task(run())
        await called.wait()
        if closed:
            await client.close()
            with pytest.raises(ApiError) as raised:
                await waiting
            assert raised.value.code is grpc.StatusCode.CANCELLED
        else:
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await client.close()


def test_a_future_raises_decoded_errors_too(target: str, service: ScriptedService) -> None:
    service.refusals = [None, Refusal(grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")]
    with appprofile.connect(target, plaintext=True) as client:
        assert client.profiles.Heartbeat.future(BEAT).result().HasField("next_heartbeat_after")
        call = client.profiles.Heartbeat.future(BEAT)
        with pytest.raises(ApiError, match="PROFILE_NOT_FOUND"):
            call.result()
        assert isinstance(call.exception(), ApiError)
        assert call.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("mutual", [False, True])
async def test_tls_is_the_default(kind: Any, service: ScriptedService, *, mutual: bool) -> None:
    authority = trustme.CA()
    own, clients = authority.issue_cert("localhost"), authority.issue_cert("client@example.com")
    ca = authority.cert_pem.bytes()
    credentials = grpc.ssl_server_credentials(
        [(own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())], ca if mutual else None, mutual
    )
    options = {"ca": ca}
    if mutual:
        options |= {
            "certificate": clients.cert_chain_pems[0].bytes(),
            "private_key": clients.private_key_pem.bytes(),
        }
    with serving(service, credentials) as target:
        client = kind.connect(target, key="k", **options)
        await answer(client.profiles.Heartbeat(BEAT))
        await answer(client.close())
    assert service.seen[0].headers["x-api-key"] == "k"


@pytest.mark.parametrize(
    "options",
    [{"plaintext": True, "ca": b"x"}, {"certificate": b"x"}, {"private_key": b"x"}, {"deadline": 0.0}],
    ids=["plaintext-with-ca", "certificate-alone", "private-key-alone", "no-deadline"],
)
def test_options_that_make_no_sense_are_refused(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"plaintext|certificate|deadline"):
        kind.connect("localhost:1", **options)


async def test_no_secret_is_shown(connect: Connector, service: ScriptedService) -> None:
    service.refusals = [Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_INVALID")]
    client = connect(key=SECRET, jwt=lambda: SECRET)
    with pytest.raises(ApiError) as raised:
        await answer(client.profiles.Heartbeat(BEAT))
    for shown in (repr(client), repr(raised.value), str(raised.value), str(raised.value.__cause__)):
        assert SECRET not in shown
