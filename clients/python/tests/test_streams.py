"""Streams that resume by themselves (E4): after which failures, where, after which pause, and how they end."""

from __future__ import annotations

import asyncio
import math
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from clients.python.tests.conftest import Connector
from clients.python.tests.service import Refusal, ScriptedService

from appprofile import ApiError, ResumeTokenExpiredError, _resumption
from appprofile.v1.event_pb2 import Event
from appprofile.v1.profile_service_pb2 import WatchProfilesRequest, WatchProfilesResponse

OLDEST = WatchProfilesRequest(app_ids=["shop"], from_oldest=True)
NOW = WatchProfilesRequest(from_now=True)
UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE, "STREAM_AGED")
FOR_EVER_S = 1e9
EXPIRED = Refusal(grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED", oldest_resume_token="old")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_resumption, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(_resumption, "LONGEST_PAUSE_S", 0.02)


def message(number: int) -> WatchProfilesResponse:
    return WatchProfilesResponse(events=[Event(position=number)], resume_token=f"after {number}")


def checkpoint(number: int) -> WatchProfilesResponse:
    return WatchProfilesResponse(resume_token=f"after {number}")


async def following(stream: Any) -> Any:
    """The next message, of either kind of stream."""
    return await anext(stream) if hasattr(stream, "__anext__") else next(stream)


async def take(stream: Any, count: int) -> list[str]:
    """The tokens of the next messages."""
    return [(await following(stream)).resume_token for _ in range(count)]


async def failure(stream: Any) -> ApiError:
    with pytest.raises(ApiError) as raised:
        await following(stream)
    return raised.value


async def is_over(stream: Any) -> bool:
    over = object()
    if hasattr(stream, "__anext__"):
        return await anext(stream, over) is over
    return next(stream, over) is over


def later(stream: Any, act: Callable[[], object]) -> None:
    """Acts in a tenth of a second: in another thread, or in the loop."""
    if hasattr(stream, "__anext__"):
        asyncio.get_running_loop().call_later(0.1, act)
    else:
        threading.Timer(0.1, act).start()


async def test_E4_an_interrupted_stream_resumes_after_the_last_message(
    connect: Connector, service: ScriptedService
) -> None:
    service.streams = [[message(1), message(2), UNAVAILABLE], [UNAVAILABLE], [message(3)]]
    with_key = connect(key="k", deadline=0.01)  # which is of calls, and not of streams
    stream = with_key.watch_profiles(OLDEST)
    assert await take(stream, 3) == ["after 1", "after 2", "after 3"]
    assert [call.headers["x-api-key"] for call in service.seen] == ["k"] * len(service.seen)
    assert all((call.seconds or math.inf) > FOR_EVER_S for call in service.seen)
    first, *others = [call.request for call in service.seen]
    assert first == OLDEST
    # gRPC repeats a stream that was refused before its first message, and so do we.
    assert len(others) >= 2
    assert all(other == WatchProfilesRequest(app_ids=["shop"], resume_token="after 2") for other in others)
    stream.cancel()


async def test_E4_a_stream_that_breaks_before_its_first_message_starts_at_the_requested_place(
    connect: Connector, service: ScriptedService
) -> None:
    service.streams = [[Refusal(grpc.StatusCode.INTERNAL)], [checkpoint(7)]]
    stream = connect().watch_profiles(NOW)
    assert await take(stream, 1) == ["after 7"]
    assert [call.request for call in service.seen] == [NOW, NOW]
    stream.cancel()


async def test_E4_a_checkpoint_reaches_the_caller_and_can_be_resumed_from(
    connect: Connector, service: ScriptedService
) -> None:
    service.streams = [[checkpoint(1), UNAVAILABLE], [message(2)]]
    stream = connect().watch_profiles(OLDEST)
    assert await take(stream, 2) == ["after 1", "after 2"]
    assert service.seen[-1].request.resume_token == "after 1"
    stream.cancel()


async def test_the_request_is_the_callers_own(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[message(1)]]
    request = WatchProfilesRequest(from_oldest=True)
    stream = connect().watch_profiles(request)
    request.app_ids.append("other")
    await take(stream, 1)
    assert service.seen[0].request == request.__class__(from_oldest=True)
    assert request.from_oldest
    stream.cancel()


async def test_E4_an_expired_token_raises_an_error_with_the_oldest_token(
    connect: Connector, service: ScriptedService
) -> None:
    service.streams = [[message(1), EXPIRED]]
    stream = connect().watch_profiles(OLDEST)
    await take(stream, 1)
    error = await failure(stream)
    assert isinstance(error, ResumeTokenExpiredError)
    assert (error.code, error.oldest_resume_token) == (grpc.StatusCode.OUT_OF_RANGE, "old")
    assert await is_over(stream)


async def test_a_refusal_is_raised_and_ends_the_stream(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[Refusal(grpc.StatusCode.PERMISSION_DENIED, "APP_NOT_ALLOWED")]]
    stream = connect().watch_profiles(OLDEST)
    assert (await failure(stream)).reason == "APP_NOT_ALLOWED"
    assert await is_over(stream)
    assert len(service.seen) == 1


async def test_the_stubs_own_stream_fails_with_an_api_error(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[message(1), EXPIRED]]
    stream = aiter(call) if hasattr(call := connect().profiles.WatchProfiles(OLDEST), "__aiter__") else call
    await take(stream, 1)
    error = await failure(stream)
    assert isinstance(error, ResumeTokenExpiredError)
    assert isinstance(error.__cause__, grpc.RpcError)


async def test_a_failing_token_supplier_fails_the_stream_with_its_own_error(
    connect: Connector, service: ScriptedService
) -> None:
    def lost() -> str:
        raise LookupError("no token")

    stream = connect(jwt=lost).watch_profiles(OLDEST)
    with pytest.raises(LookupError, match="no token"):
        await following(stream)
    assert await is_over(stream)
    assert not service.seen


async def test_cancel_ends_a_stream_that_waits_for_a_message(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[message(1)]]
    stream = connect().watch_profiles(OLDEST)
    await take(stream, 1)
    later(stream, stream.cancel)
    assert await is_over(stream)
    assert await is_over(stream)


async def test_cancel_ends_the_pause_after_an_interruption(
    connect: Connector, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_resumption, "FIRST_PAUSE_S", 3600)
    monkeypatch.setattr(_resumption, "LONGEST_PAUSE_S", 3600)
    service.streams = [[message(1), UNAVAILABLE]]
    stream: Any = connect().watch_profiles(OLDEST, on_interruption=lambda _: later(stream, stream.cancel))
    await take(stream, 1)
    assert await is_over(stream)


async def test_leaving_the_with_statement_ends_the_stream(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[message(1)]]
    stream = connect().watch_profiles(OLDEST)
    if hasattr(stream, "__anext__"):
        async with stream:
            await take(stream, 1)
    else:
        with stream:
            await take(stream, 1)
    assert await is_over(stream)


@pytest.mark.parametrize("kind", ["aio"], indirect=True)
async def test_a_cancelled_task_is_cancelled(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[message(1)]]
    stream = connect().watch_profiles(OLDEST)
    await take(stream, 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await anext(stream)
    assert await is_over(stream)


async def test_E4_a_silent_stream_counts_as_lost_and_is_resumed(
    connect: Connector, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.streams = [[message(1)], [message(2)]]
    interruptions: list[ApiError] = []

    def interrupted(error: ApiError) -> None:
        interruptions.append(error)
        monkeypatch.setattr(_resumption, "IDLE_S", 600.0)  # only the first one is taken for lost

    stream = connect().watch_profiles(OLDEST, on_interruption=interrupted)
    await take(stream, 1)
    monkeypatch.setattr(_resumption, "IDLE_S", 0.1)
    assert await take(stream, 1) == ["after 2"]
    assert [(each.code, each.reason) for each in interruptions] == [(grpc.StatusCode.UNAVAILABLE, "")]
    assert "nothing came" in interruptions[0].message
    stream.cancel()


async def test_interruptions_are_told(connect: Connector, service: ScriptedService) -> None:
    service.streams = [[message(1), UNAVAILABLE], [message(2)]]
    interruptions: list[ApiError] = []
    stream = connect().watch_profiles(OLDEST, on_interruption=interruptions.append)
    await take(stream, 2)
    assert [each.reason for each in interruptions] == ["STREAM_AGED"]
    stream.cancel()


@pytest.mark.parametrize(
    ("code", "reason", "began", "delay", "passes"),
    [
        (grpc.StatusCode.UNAVAILABLE, "DRAINING", False, None, True),
        (grpc.StatusCode.UNKNOWN, "", False, None, True),
        (grpc.StatusCode.INTERNAL, "", False, None, True),
        (grpc.StatusCode.CANCELLED, "", False, None, True),
        (grpc.StatusCode.INTERNAL, "INTERNAL", False, None, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", False, timedelta(seconds=1), False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", True, timedelta(seconds=1), True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", True, None, False),
        (grpc.StatusCode.UNAUTHENTICATED, "", True, None, False),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", True, None, False),
    ],
)
def test_which_failures_pass(
    code: grpc.StatusCode, reason: str, delay: timedelta | None, *, began: bool, passes: bool
) -> None:
    resumption = resumed(OLDEST)
    if began:
        resumption.received(message(1))
    error = ApiError(code, reason=reason, retry_delay=delay)
    if passes:
        assert resumption.pause(error) >= (delay or timedelta()).total_seconds()
    else:
        with pytest.raises(ApiError) as raised:
            resumption.pause(error)
        assert raised.value is error


def test_pauses_grow_until_a_message_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    resumption = resumed(OLDEST)
    error = ApiError(grpc.StatusCode.UNAVAILABLE)
    assert [resumption.pause(error) for _ in range(6)] == [0.5, 1, 2, 4, 5, 5]
    resumption.received(message(1))
    assert resumption.pause(error) == 0.5


def resumed(request: WatchProfilesRequest) -> _resumption.Resumption[WatchProfilesRequest]:
    return _resumption.Resumption(request, None)
