"""What every call passes through: the order of the checks, limits, deadlines, errors, metrics and the log."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest
import structlog
from grpc_health.v1.health_pb2 import HealthCheckRequest
from structlog.testing import capture_logs

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.results import Beat
from profile_grpc.service.credentials import Caller
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.transport.grpc import outcome
from profile_grpc.transport.grpc.in_flight import CallLimits
from tests.support.domain import T0, days
from tests.support.limits import wait_s
from tests.transport.grpc.support import (
    APP,
    FOREIGN_APP,
    OPTIONS,
    TENANT,
    VALID,
    Serve,
    Served,
    fcm,
    key,
    refused,
)
from tests.transport.grpc.test_access import METHODS

HEARTBEAT = "/appprofile.v1.ProfileService/Heartbeat"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
CREATE_APP = "/appprofile.v1.AppService/CreateApp"
GARBAGE = b"\xff\xff\xff\xff"
BEAT = ps.HeartbeatRequest(key=key())


class Gate:
    """Stands for the use cases: heartbeats wait at a gate."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting = 0
        self.arrived = asyncio.Condition()
        self.cancelled = asyncio.Event()

    async def submit(self, *_: object) -> Beat:
        async with self.arrived:
            self.waiting += 1
            self.arrived.notify_all()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return Beat(T0, T0 + days(40), timedelta(days=15))

    async def arrivals(self, number: int) -> None:
        """Waits until so many heartbeats have come."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.waiting >= number)


class Broken:
    """Stands for use cases that fail."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def submit(self, *_: object) -> Beat:
        raise type(self.error)(*self.error.args)


# --- what is left of a call ---

EVERY = ps.ListProfilesRequest(app_id=APP)
ENDINGS: dict[str, tuple[object, Callable[[Served], Any]]] = {
    "answered": (None, lambda served: served.profiles.ListProfiles(EVERY, metadata=served.admin)),
    "without a key": (None, lambda served: served.profiles.Heartbeat(BEAT)),
    "not valid": (None, lambda served: served.profiles.Heartbeat(ps.HeartbeatRequest(), metadata=served.admin)),
    "no message": (None, lambda served: served.raw(HEARTBEAT, GARBAGE, served.admin)),
    "not found": (None, lambda served: served.profiles.Heartbeat(BEAT, metadata=served.admin)),
    "a fault": (Broken(KeyError("x")), lambda served: served.profiles.Heartbeat(BEAT, metadata=served.admin)),
    "an outage": (Broken(StoreUnavailable("x")), lambda served: served.profiles.Heartbeat(BEAT, metadata=served.admin)),
    "overdue": (Gate(), lambda served: served.profiles.Heartbeat(BEAT, metadata=served.admin)),
    "deadline": (Gate(), lambda served: served.profiles.Heartbeat(BEAT, metadata=served.admin, timeout=0.05)),
    "no such method": (None, lambda served: served.raw("/appprofile.v1.ProfileService/Nothing", b"")),
    "no such service": (None, lambda served: served.health.Check(HealthCheckRequest(service="x"))),
    "health: no message": (None, lambda served: served.raw("/grpc.health.v1.Health/Check", GARBAGE)),
    "health: left": (None, lambda served: served.raw("/grpc.health.v1.Health/Watch", b"", timeout=0.05)),
    "reflection": (None, lambda served: served.raw(REFLECTION, GARBAGE)),
}


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_call_that_has_ended_is_freed_at_once(serve: Serve, ending: str) -> None:
    """Not only when the garbage collector runs, which it rarely does."""
    profiles, end = ENDINGS[ending]
    limits = CallLimits(seconds=0.05 if ending == "overdue" else CallLimits().seconds)
    served = await serve(options=replace(OPTIONS, limits=limits), profiles=profiles)
    with capture_logs():  # structlog's tracebacks for people would keep the call
        for _ in range(20):
            with suppress(grpc.aio.AioRpcError):
                await end(served)
    async with asyncio.timeout(wait_s()):  # reached only where it fails
        while sum(type(one).__name__ == "_ServicerContext" for one in gc.get_objects()) > 1:  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.01)


# --- the order: credential, shape, permission, state ---


@pytest.mark.parametrize("request_", [GARBAGE, b"", BEAT.SerializeToString()])
async def test_the_credential_is_checked_before_the_shape(served: Served, request_: bytes) -> None:
    told = await refused(served.raw(HEARTBEAT, request_))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_MISSING")
    assert told.metadata == {"header": "x-api-key"}


@pytest.mark.parametrize("kind", KeyKind)
async def test_the_shape_is_checked_before_the_permission(served: Served, kind: KeyKind) -> None:
    for request, reason in ((GARBAGE, "MALFORMED_MESSAGE"), (b"", "INVALID_REQUEST")):
        told = await refused(served.raw(CREATE_APP, request, served.key(kind)))
        assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


async def test_the_permission_is_checked_before_the_state(served: Served) -> None:
    """Whether a foreign app has the profile, or exists at all, is not told."""
    for app in (FOREIGN_APP, "missing"):
        told = await refused(served.profiles.Heartbeat(ps.HeartbeatRequest(key=key(app=app)), metadata=served.client))
        assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "APP_NOT_ALLOWED")
        assert told.message == f"The key does not reach app '{app}'; use a key of its tenant."


async def test_a_missing_app_is_told_to_admin_keys_only(served: Served) -> None:
    request = ps.HeartbeatRequest(key=key(app="missing"))
    told = await refused(served.profiles.Heartbeat(request, metadata=served.admin))
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "APP_NOT_FOUND")
    told = await refused(served.profiles.Heartbeat(request, metadata=served.key(KeyKind.PROFILE)))
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "APP_NOT_ALLOWED")


async def test_H2_the_state_is_decided_last(served: Served) -> None:
    told = await refused(served.profiles.Heartbeat(BEAT, metadata=served.client))
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "REREGISTER_REQUIRED")
    assert told.metadata == {"app_id": APP, "cause": "UNKNOWN"}


# --- credentials ---


@pytest.mark.parametrize(
    "bad",
    [
        lambda good: good + "x",
        lambda good: good[:-1] + ("A" if good[-1] != "A" else "B"),
        lambda good: good.replace("apk_", "apk-"),
        lambda good: "apk_" + "z" * 12 + good[16:],
        lambda _: "nonsense",
    ],
)
async def test_a_bad_key_is_refused_without_a_word_on_what_is_wrong(served: Served, bad: Callable[[str], str]) -> None:
    presented = bad(served.backend.keys[KeyKind.CLIENT])
    told = await refused(served.profiles.Heartbeat(BEAT, metadata=(("x-api-key", presented),)))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_INVALID")
    assert told.message == "The key in 'x-api-key' is not valid; check it, or create a new one."
    assert presented not in told.text


async def test_a_call_without_a_key_is_admitted_where_the_server_allows_it(serve: Serve) -> None:
    served = await serve(anonymous=Caller(KeyKind.ADMIN, TENANT))
    assert (await served.profiles.Register(ps.RegisterRequest(key=key()))).created


# --- limits ---


async def test_too_many_calls_are_refused_before_any_work_and_again_and_again(serve: Serve) -> None:
    gate = Gate()
    served = await serve(options=replace(OPTIONS, limits=CallLimits(calls=2)), profiles=gate)
    calls = [asyncio.ensure_future(_beat(served)) for _ in range(2)]
    await gate.arrivals(2)
    for _ in range(50):  # grpc's own limit lets calls through after its first rejections
        told = await refused(served.raw(HEARTBEAT, GARBAGE))  # no credential, no message: neither is looked at
        assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
        assert (told.metadata["limit"], told.retry_after) == ("2", 1.0)
    assert gate.waiting == 2
    gate.open.set()
    assert all([await call for call in calls])
    assert await _beat(served)


async def test_a_call_that_takes_too_long_is_ended(serve: Serve) -> None:
    gate = Gate()
    served = await serve(options=replace(OPTIONS, limits=CallLimits(seconds=0.05)), profiles=gate)
    calls = 0
    while calls < 3 or not gate.waiting:  # on a slow machine a call may end before it reaches the gate
        told = await refused(_beat(served))
        assert (told.code, told.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE")
        calls += 1
    assert gate.cancelled.is_set()
    assert await served.observer.first_codes(calls) == ["DEADLINE_EXCEEDED"] * calls


async def test_the_callers_deadline_ends_the_call_and_is_counted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "_DEADLINE_SLACK", wait_s())  # however long the request was on its way
    gate = Gate()
    served = await serve(profiles=gate)
    seconds = 0.1
    while not gate.waiting:  # on a slow machine the deadline may pass before the call is here
        told = await refused(served.profiles.Heartbeat(BEAT, metadata=served.client, timeout=seconds))
        assert told.code is grpc.StatusCode.DEADLINE_EXCEEDED
        seconds *= 2
    await asyncio.wait_for(gate.cancelled.wait(), wait_s())
    assert await served.observer.first_codes(1) == ["DEADLINE_EXCEEDED"]


async def test_a_caller_that_goes_away_ends_the_call_and_is_counted(serve: Serve) -> None:
    gate = Gate()
    served = await serve(profiles=gate)
    call = served.profiles.Heartbeat(BEAT, metadata=served.client, timeout=3600.0)
    sent = asyncio.ensure_future(_forgiving(call))
    await gate.arrivals(1)
    call.cancel()
    await sent
    await asyncio.wait_for(gate.cancelled.wait(), wait_s())
    assert await served.observer.first_codes(1) == ["CANCELLED"]


async def test_a_write_goes_on_without_its_caller(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    served = await serve()
    backend = served.backend
    committing, go_on = asyncio.Event(), asyncio.Event()
    write = backend.store.profiles.write

    @asynccontextmanager
    async def slow_write() -> AsyncIterator[Any]:
        async with write() as transaction:
            yield transaction
            committing.set()
            await go_on.wait()

    monkeypatch.setattr(backend.store.profiles, "write", slow_write)
    call = served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
    sent = asyncio.ensure_future(_forgiving(call))
    await committing.wait()
    call.cancel()
    await sent
    assert await served.observer.first_codes(1) == ["CANCELLED"]
    go_on.set()
    monkeypatch.undo()
    await served.profiles.Heartbeat(BEAT, metadata=served.client)


# --- faults ---


async def test_a_fault_is_told_by_its_trace_id_and_logged_once(serve: Serve) -> None:
    served = await serve(profiles=Broken(ValueError("secret of the inside")))
    with capture_logs() as logs:
        told = await refused(_beat(served))
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret of the inside" not in told.text
    assert "Traceback" not in told.text
    faults = [entry for entry in logs if "exc_info" in entry]
    assert [entry["trace_id"] for entry in faults] == [told.metadata["trace_id"]]
    [line] = [entry for entry in logs if entry["event"] == "call"]
    assert (line["log_level"], line["reason"], line["trace_id"]) == ("warning", "INTERNAL", told.metadata["trace_id"])


async def test_an_unreachable_database_is_told_as_such(serve: Serve) -> None:
    served = await serve(profiles=Broken(StoreUnavailable("connection to db.internal refused")))
    told = await refused(_beat(served))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
    assert told.retry_after == 1.0
    assert "db.internal" not in told.text


async def test_an_unreachable_database_is_no_bad_credential(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(served.backend.store.directory, "key", unreachable)
    told = await refused(served.profiles.Heartbeat(BEAT, metadata=served.key(KeyKind.PROFILE)))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")


@pytest.mark.parametrize("error", [TimeoutError("of the inside"), grpc.RpcError(), KeyError("x"), RecursionError()])
async def test_no_fault_passes_as_something_else(serve: Serve, error: Exception) -> None:
    served = await serve(profiles=Broken(error))
    told = await refused(_beat(served))
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert await _lives(served)


async def test_an_unknown_method_is_unimplemented(served: Served) -> None:
    for path in ("/appprofile.v1.ProfileService/Missing", "/appprofile.v1.Missing/Register"):
        told = await refused(served.raw(path, b"", served.admin))
        assert told.code is grpc.StatusCode.UNIMPLEMENTED


# --- metrics and log ---


async def test_every_call_is_counted_by_method_and_code(served: Served) -> None:
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
    await refused(served.raw(HEARTBEAT, GARBAGE, served.client))
    await refused(served.raw(HEARTBEAT, b""))
    assert [(method, code) for method, code, _ in served.observer.calls] == [
        ("/appprofile.v1.ProfileService/Register", "OK"),
        (HEARTBEAT, "INVALID_ARGUMENT"),
        (HEARTBEAT, "UNAUTHENTICATED"),
    ]
    assert all(seconds > 0 for _, _, seconds in served.observer.calls)


async def test_each_call_is_logged_on_the_level_of_its_outcome(served: Served) -> None:
    with capture_logs() as logs:
        await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
        await refused(served.raw(HEARTBEAT, GARBAGE, served.client))
        await refused(served.raw(HEARTBEAT, GARBAGE))
    lines = [entry for entry in logs if entry["event"] == "call"]
    assert [line["log_level"] for line in lines] == ["debug", "info", "info"]
    assert [line.get("reason") for line in lines] == [None, "MALFORMED_MESSAGE", "CREDENTIAL_MISSING"]
    assert [line.get("caller") for line in lines] == ["CLIENT", "CLIENT", None]
    assert [line.get("app_id") for line in lines] == [APP, None, None]
    assert all(line["peer"].startswith("ipv4:127.0.0.1") and line["seconds"] >= 0 for line in lines)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("given", "logged"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"cc-{TRACE}-00f067aa0ba902b7-00", TRACE),
        (None, None),
        ("", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-00f067aa0ba902b7-01 and more", None),
        ("marker-of-a-person", None),
    ],
)
async def test_the_callers_trace_is_logged_if_it_is_one(served: Served, given: str | None, logged: str | None) -> None:
    """Its id only; anything else that a caller writes there stays out of the log."""
    metadata = served.client if given is None else (*served.client, ("traceparent", given))
    with capture_logs() as logs:
        await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=metadata)
        await refused(served.raw(HEARTBEAT, GARBAGE, metadata))
    lines = [entry for entry in logs if entry["event"] == "call"]
    assert [line.get("caller_trace_id") for line in lines] == [logged, logged]
    assert "00f067aa0ba902b7" not in str(logs)


async def test_no_secret_and_no_id_reaches_the_log(served: Served) -> None:
    """Not from a call that succeeds, not from any that is refused, at any step."""
    marked = key(user="user-of-the-log", device="device-of-the-log")
    token = "token-of-the-log"
    endpoints = [fcm(token)]
    wrong = "apk_" + "w" * 12 + "_" + "W" * 43
    with capture_logs() as logs:
        register = ps.RegisterRequest(key=marked, push_endpoints=endpoints, account_selector="selector-of-the-log")
        await served.profiles.Register(register, metadata=served.client)
        await served.profiles.Heartbeat(ps.HeartbeatRequest(key=marked), metadata=served.admin)
        await served.profiles.BatchHeartbeat(ps.BatchHeartbeatRequest(keys=[marked, key()]), metadata=served.admin)
        await served.profiles.GetProfile(ps.GetProfileRequest(key=marked), metadata=served.admin)
        await refused(served.profiles.Register(register, metadata=(("x-api-key", wrong),)))
        register.push_endpoints.extend(endpoints)
        await refused(served.profiles.Register(register, metadata=served.client))
        register.key.app_id = FOREIGN_APP
        await refused(served.profiles.Register(register, metadata=served.client))
        feedback = ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token=token, error_message=token)
        await served.profiles.ReportPushFeedback(
            ps.ReportPushFeedbackRequest(app_id=APP, feedback=[feedback]), metadata=served.admin
        )
        masked = ps.UpdateProfileDataRequest(profile=pb.Profile(key=marked), etag="nonsense")
        await refused(served.profiles.UpdateProfileData(masked, metadata=served.client))
        masked.update_mask.paths.append("token-of-the-log")
        await refused(served.profiles.UpdateProfileData(masked, metadata=served.client))
    written = repr(logs)
    assert len([entry for entry in logs if entry["event"] == "call"]) == 10
    assert "of-the-log" not in written
    for secret in (wrong, *served.backend.keys.values()):
        assert secret not in written
        assert secret[17:] not in written


async def test_lines_below_the_configured_level_are_not_made(serve: Serve) -> None:
    configured = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    try:
        served = await serve()
    finally:
        structlog.configure(wrapper_class=configured)
    with capture_logs() as logs:
        await refused(served.profiles.Heartbeat(BEAT, metadata=served.client))
    assert [entry for entry in logs if entry["event"] == "call"] == []


@pytest.mark.parametrize("name", VALID)
async def test_garbage_is_the_callers_fault_in_every_method(served: Served, name: str) -> None:
    told = await refused(served.raw(METHODS[name].path, GARBAGE, served.admin))
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE")
    assert told.metadata == {"type": f"appprofile.v1.{name}Request"}


async def _beat(served: Served) -> bool:
    answer = await served.profiles.Heartbeat(BEAT, metadata=served.client)
    return answer.HasField("expire_time")


async def _lives(served: Served) -> bool:
    """Whether the server still answers."""
    told = await refused(served.raw(HEARTBEAT, b""))
    return told.reason == "CREDENTIAL_MISSING"


async def _forgiving(call: Any) -> None:
    """Awaits a call that may be cancelled."""
    with suppress(asyncio.CancelledError):
        await call
