"""Imports (I2): what the stubs add to them, and how those that resume by themselves go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from clients.python.tests.conftest import Connector
from clients.python.tests.service import Refusal, ScriptedService

from appprofile import ApiError, _resumption, aio
from appprofile.v1.profile_service_pb2 import ImportProfilesRequest
from appprofile.v1.transfer_pb2 import ProfileRecord

UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE, "STREAM_AGED")
REFUSED = Refusal(grpc.StatusCode.PERMISSION_DENIED, "METHOD_NOT_ALLOWED")
MASKED = ""
"""No reason: where the client was writing when the service ended the stream, grpcio reports INTERNAL instead."""
CALLERS_FAULT = "the file cannot be read"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_resumption, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(_resumption, "LONGEST_PAUSE_S", 0.02)


def part(records: int = 1) -> ImportProfilesRequest:
    return ImportProfilesRequest(app_id="shop", import_id="move", records=[ProfileRecord()] * records)


async def parts(*records: int) -> AsyncIterator[ImportProfilesRequest]:
    for count in records:
        yield part(count)


async def collected(responses: Any) -> list[int]:
    """The acknowledged numbers, of either kind of stream."""
    if hasattr(responses, "__aiter__"):
        return [response.acknowledged async for response in responses]
    return [response.acknowledged for response in responses]


async def test_the_stub_of_an_import_carries_the_credentials_and_has_no_deadline(
    connect: Connector, service: ScriptedService
) -> None:
    client = connect(key="k", jwt=lambda: "today", deadline=0.01)
    await collected(client.profiles.ImportProfiles(iter([part()])))
    (call,) = service.seen
    assert (call.headers["x-api-key"], call.headers["authorization"]) == ("k", "Bearer today")
    assert call.seconds is None or call.seconds > 1e6


async def test_the_stub_of_an_import_decodes_errors(connect: Connector, service: ScriptedService) -> None:
    service.imports = [[None, REFUSED]]
    with pytest.raises(ApiError) as raised:
        await collected(connect().profiles.ImportProfiles(iter([part()])))
    assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.PERMISSION_DENIED, "METHOD_NOT_ALLOWED")


async def test_I2_an_interrupted_import_resumes_after_the_last_acknowledged_record(
    target: str, service: ScriptedService
) -> None:
    service.imports = [[None, UNAVAILABLE], [None, UNAVAILABLE], []]
    async with aio.connect(target, plaintext=True) as client:
        interruptions: list[ApiError] = []
        responses = client.import_profiles(parts(2, 3, 1), on_interruption=interruptions.append)
        assert await collected(responses) == [2, 5, 6]
    assert [call.request.first_record for call in service.seen] == [1, 3, 6]
    assert len(interruptions) == 2
    assert {error.reason for error in interruptions} <= {"STREAM_AGED", MASKED}


async def test_I2_an_interruption_does_not_stop_the_callers_iterator(
    target: str, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to be cancelled where it waited, and the import ended as if it were complete."""
    monkeypatch.setattr(_resumption, "IDLE_S", 0.3)
    service.imports = [["silence"], []]
    interrupted = asyncio.Event()

    async def waiting() -> AsyncIterator[ImportProfilesRequest]:
        yield part()
        await interrupted.wait()
        yield part()

    async with aio.connect(target, plaintext=True) as client:
        responses = client.import_profiles(waiting(), on_interruption=lambda _: interrupted.set())
        assert await collected(responses) == [1, 2]


async def test_an_import_that_is_refused_fails(target: str, service: ScriptedService) -> None:
    service.imports = [[REFUSED]] * 100  # see MASKED: then the import is tried again
    async with aio.connect(target, plaintext=True) as client:
        with pytest.raises(ApiError, match="METHOD_NOT_ALLOWED"):
            await collected(client.import_profiles(parts(1)))


async def test_a_failure_of_the_requests_fails_the_import(target: str, service: ScriptedService) -> None:
    """It used to end as if it were complete."""

    async def broken() -> AsyncIterator[ImportProfilesRequest]:
        yield part()
        raise OSError(CALLERS_FAULT)

    async with aio.connect(target, plaintext=True) as client:
        responses = client.import_profiles(broken())
        with pytest.raises(OSError, match=CALLERS_FAULT):
            await collected(responses)
        with pytest.raises(StopAsyncIteration):
            await anext(responses)
