"""ProfileSession does what a device SDK does (H1, H2, H4)."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import grpc
import pytest
from clients.python.tests.conftest import Connector, answer
from clients.python.tests.service import INTERVAL_S, Refusal, ScriptedService

import appprofile
from appprofile import ApiError
from appprofile.v1.profile_pb2 import (
    PUSH_PROVIDER_APNS,
    PUSH_PROVIDER_FCM,
    PUSH_PROVIDER_HMS,
    PUSH_PURPOSE_DEFAULT,
    PUSH_PURPOSE_INCOMING_CALL,
    ProfileKey,
    PushEndpoint,
)
from appprofile.v1.profile_service_pb2 import RegisterRequest

KEY = ProfileKey(app_id="shop", user_id="ann", device_id="phone")
FCM = PushEndpoint(provider=PUSH_PROVIDER_FCM, token="old")
APNS = PushEndpoint(provider=PUSH_PROVIDER_APNS, token="other")
CALLS = PushEndpoint(provider=PUSH_PROVIDER_FCM, purpose=PUSH_PURPOSE_INCOMING_CALL, token="calls")


class HandClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def session(kind: Any, connect: Connector, clock: HandClock) -> Any:
    registration = RegisterRequest(key=KEY, push_endpoints=[FCM, APNS, CALLS])
    return kind.ProfileSession(connect(), registration, clock=clock)


def refuse(reason: str, code: grpc.StatusCode = grpc.StatusCode.NOT_FOUND, cause: str = "") -> Refusal:
    return Refusal(code, reason, cause=cause)


async def test_the_first_tick_registers_and_the_next_waits_for_the_interval(
    session: Any, service: ScriptedService, clock: HandClock
) -> None:
    wait = await answer(session.tick())
    assert service.methods == ["Register"]
    assert session.registered
    assert 0.9 * INTERVAL_S <= wait <= INTERVAL_S, "up to a tenth early, never late"
    clock.now = wait - 1
    assert await answer(session.tick()) == pytest.approx(1)
    assert service.methods == ["Register"]
    clock.now = wait
    wait = await answer(session.tick())
    assert service.methods == ["Register", "Heartbeat"]
    assert 0.9 * INTERVAL_S <= wait <= INTERVAL_S


async def test_sessions_drift_apart(kind: Any, connect: Connector) -> None:
    client = connect()
    waits = set()
    for _ in range(5):
        session = kind.ProfileSession(client, RegisterRequest(key=KEY), clock=HandClock())
        waits.add(await answer(session.tick()))
    assert len(waits) == 5


@pytest.mark.parametrize("cause", ["INACTIVE", "PUSH_UNREGISTERED", "DELETED", "UNREGISTERED", "UNKNOWN"])
async def test_a_lost_profile_is_registered_again_and_says_that_it_is_alive(
    session: Any, service: ScriptedService, cause: str
) -> None:
    """A registration is no heartbeat (H4), so one follows."""
    await answer(session.register())
    service.refusals = [refuse("REREGISTER_REQUIRED", cause=cause)]
    await answer(session.heartbeat())
    assert service.methods == ["Register", "Heartbeat", "Register", "Heartbeat"]
    first, again = service.seen[0].request, service.seen[2].request
    assert (first.sequence, again.sequence) == (1, 2)
    again.sequence = first.sequence
    assert again == first


@pytest.mark.parametrize(
    "refusal",
    [
        refuse("PROFILE_UNREGISTERED", grpc.StatusCode.FAILED_PRECONDITION),
        refuse("REREGISTER_REQUIRED", cause="ACCOUNT_REMOVED"),
        refuse("REREGISTER_REQUIRED", cause="ERASED"),
    ],
    ids=["unregistered", "account-removed", "erased"],
)
async def test_what_somebody_decided_is_not_undone(session: Any, service: ScriptedService, refusal: Refusal) -> None:
    await answer(session.register())
    service.refusals = [refusal]
    with pytest.raises(ApiError):
        await answer(session.heartbeat())
    assert not session.registered
    assert await answer(session.tick()) == math.inf
    assert service.methods == ["Register", "Heartbeat"]
    await answer(session.register())
    assert session.registered, "the caller may begin anew"


async def test_a_passing_failure_is_tried_again_later(
    session: Any, service: ScriptedService, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    service.refusals = [Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", retry_s=7)]
    wait = await answer(session.tick())
    assert 7 <= wait <= 7.7
    assert "QUEUE_FULL" in caplog.text
    clock.now = wait
    await answer(session.tick())
    assert session.registered
    service.refusals = [Refusal(grpc.StatusCode.ABORTED, "CONFLICT")]
    clock.now += INTERVAL_S
    assert 60 <= await answer(session.tick()) <= 66


async def test_a_lasting_failure_is_the_callers(session: Any, service: ScriptedService) -> None:
    service.refusals = [refuse("APP_NOT_ALLOWED", grpc.StatusCode.PERMISSION_DENIED)]
    with pytest.raises(ApiError, match="APP_NOT_ALLOWED"):
        await answer(session.tick())


async def test_R3_a_new_token_replaces_the_one_of_its_provider_and_keeps_the_other_providers(
    session: Any, service: ScriptedService
) -> None:
    """The service replaces all endpoints of a purpose, so a rotation of one of two sends both."""
    await answer(session.register())
    new = PushEndpoint(provider=PUSH_PROVIDER_FCM, purpose=PUSH_PURPOSE_DEFAULT, token="new")
    await answer(session.rotate_token(new))
    assert service.methods == ["Register", "UpdateProfileData"]
    assert list(service.seen[1].request.profile.push_endpoints) == [APNS, new]
    await answer(session.register())
    assert list(service.seen[2].request.push_endpoints) == [APNS, CALLS, new]
    await answer(session.rotate_token(FCM, APNS))
    assert list(service.seen[3].request.profile.push_endpoints) == [FCM, APNS]


async def test_R3_a_provider_new_to_the_purpose_replaces_all_others(session: Any, service: ScriptedService) -> None:
    """The app has moved: it must not get every push twice."""
    await answer(session.register())
    moved = PushEndpoint(provider=PUSH_PROVIDER_HMS, token="moved")
    await answer(session.rotate_token(moved))
    assert list(service.seen[1].request.profile.push_endpoints) == [moved]
    await answer(session.rotate_token(moved, FCM))
    assert list(service.seen[2].request.profile.push_endpoints) == [moved, FCM], "both are given"
    await answer(session.register())
    assert list(service.seen[3].request.push_endpoints) == [CALLS, moved, FCM]


async def test_R13_each_call_carries_the_next_number(session: Any, service: ScriptedService) -> None:
    await answer(session.register())
    await answer(session.heartbeat())
    await answer(session.rotate_token(FCM))
    await answer(session.unregister())
    assert [call.request.sequence for call in service.seen if call.method != "Heartbeat"] == [1, 2, 3]
    assert session.sequence == 3


async def test_R13_a_session_goes_on_after_the_one_before_it(
    kind: Any, connect: Connector, service: ScriptedService
) -> None:
    session = kind.ProfileSession(connect(), RegisterRequest(key=KEY), sequence=41)
    await answer(session.register())
    assert service.seen[0].request.sequence == 42
    with pytest.raises(ValueError, match="sequence"):
        kind.ProfileSession(None, RegisterRequest(key=KEY), sequence=-1)


async def test_R13_a_session_that_forgot_its_number_catches_up(session: Any, service: ScriptedService) -> None:
    behind = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "OUT_OF_ORDER", sequence="1", highest="7")
    service.refusals = [behind]
    await answer(session.register())
    assert [call.request.sequence for call in service.seen] == [1, 8]
    service.refusals = [behind, behind]
    with pytest.raises(ApiError, match="OUT_OF_ORDER"):
        await answer(session.unregister())
    assert service.methods == ["Register", "Register", "Unregister", "Unregister"], "once more, not for ever"


async def test_a_new_token_of_a_lost_profile_comes_with_its_registration(
    session: Any, service: ScriptedService
) -> None:
    await answer(session.register())
    service.refusals = [refuse("REREGISTER_REQUIRED", cause="PUSH_UNREGISTERED")]
    await answer(session.rotate_token(PushEndpoint(provider=PUSH_PROVIDER_FCM, token="new")))
    assert service.methods == ["Register", "UpdateProfileData", "Register"]
    assert "new" in {endpoint.token for endpoint in service.seen[2].request.push_endpoints}


async def test_a_new_token_before_the_registration_waits_for_it(session: Any, service: ScriptedService) -> None:
    await answer(session.rotate_token(PushEndpoint(provider=PUSH_PROVIDER_FCM, token="new")))
    assert service.methods == []
    await answer(session.register())
    assert "new" in {endpoint.token for endpoint in service.seen[0].request.push_endpoints}


async def test_unregistering_ends_the_session(session: Any, service: ScriptedService) -> None:
    await answer(session.register())
    await answer(session.unregister())
    assert service.seen[1].request.allow_missing
    assert await answer(session.tick()) == math.inf
    assert service.methods == ["Register", "Unregister"]


async def test_the_registration_is_the_sessions_own(kind: Any, connect: Connector, service: ScriptedService) -> None:
    registration = RegisterRequest(key=KEY)
    session = kind.ProfileSession(connect(), registration)
    registration.key.user_id = "somebody else"
    await answer(session.register())
    assert service.seen[0].request.key == KEY


def test_a_jitter_that_is_no_share_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="jitter"):
        kind.ProfileSession(None, RegisterRequest(key=KEY), jitter=1.0)


def test_run_goes_on_until_it_is_stopped(target: str, service: ScriptedService) -> None:
    stop = threading.Event()
    with appprofile.connect(target, plaintext=True) as client:
        session = appprofile.ProfileSession(client, RegisterRequest(key=KEY))
        running = threading.Thread(target=session.run, args=(stop,))
        running.start()
        stop.set()
        running.join()
    assert service.methods == ["Register"]


async def test_run_goes_on_until_it_is_cancelled(target: str, service: ScriptedService) -> None:
    async with appprofile.aio.connect(target, plaintext=True) as client:
        session = appprofile.aio.ProfileSession(client, RegisterRequest(key=KEY))
        running = asyncio.create_task(session.run())
        while not session.registered:  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await session.unregister()
        await session.run()  # nothing is left to do
    assert service.methods == ["Register", "Unregister"]
