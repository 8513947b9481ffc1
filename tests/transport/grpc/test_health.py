"""Health: the database's state and draining, told to those who ask and to those who watch."""

import asyncio

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from structlog.testing import capture_logs

from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.transport.grpc import health
from profile_grpc.transport.grpc.holdings import BodyReader, HoldingLimits
from tests.support.limits import wait_s
from tests.transport.grpc.support import OPTIONS, Serve, Served, refused

NAMES = [
    "",
    "appprofile.v1.ProfileService",
    "appprofile.v1.AppService",
    "appprofile.v1.UsageService",
    "appprofile.v1.WebhookService",
    "appprofile.v1.CustomerService",
]
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


class Database:
    """Answers a ping, fails it, or leaves it without an answer."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.silent = False

    async def ping(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


async def states(served: Served) -> set[int]:
    """The state of every service; no key is needed to ask."""
    check = served.health.Check
    return {(await check(HealthCheckRequest(service=name))).status for name in NAMES}


async def test_a_server_whose_database_answers_serves(served: Served) -> None:
    assert await states(served) == {SERVING}


async def test_an_unknown_service_is_not_found(served: Served) -> None:
    told = await refused(served.health.Check(HealthCheckRequest(service="appprofile.v1.Missing")))
    assert told.code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), OSError("gone"), ValueError("a fault")])
async def test_health_follows_the_database(serve: Serve, error: Exception) -> None:
    database = Database()
    served = await serve(ping=database.ping)
    assert await states(served) == {SERVING}
    database.error = error
    with capture_logs() as logs:
        for _ in range(3):
            await served.server._health.check()
    assert await states(served) == {NOT_SERVING}
    assert [entry["log_level"] for entry in logs if "serving" in entry["event"]] == ["warning"]
    database.error = None
    await served.server._health.check()
    assert await states(served) == {SERVING}


async def test_a_database_that_does_not_answer_is_not_waited_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PING_TIMEOUT", 0.01)
    database = Database()
    served = await serve(ping=database.ping)
    database.silent = True
    await served.server._health.check()
    assert await states(served) == {NOT_SERVING}


async def test_a_server_starts_without_its_database_and_says_so(serve: Serve) -> None:
    database = Database()
    database.error = StoreUnavailable("gone")
    assert await states(await serve(ping=database.ping)) == {NOT_SERVING}


async def test_the_database_is_looked_at_again_and_again() -> None:
    looks = asyncio.Semaphore(0)

    async def ping() -> None:
        looks.release()

    watch = asyncio.create_task(health.Health([], ping, BodyReader(HoldingLimits())).run(interval=0.001))
    async with asyncio.timeout(wait_s()):
        for _ in range(3):
            await looks.acquire()
    watch.cancel()


async def test_watchers_are_told_of_every_change(serve: Serve) -> None:
    """Also those that stay when another one leaves."""
    database = Database()
    served = await serve(ping=database.ping)
    watch = served.health.Watch
    leaving, staying = watch(HealthCheckRequest(service=NAMES[1])), watch(HealthCheckRequest(service=NAMES[1]))
    unknown = watch(HealthCheckRequest(service="appprofile.v1.Missing"))
    assert await _told(leaving) == await _told(staying) == SERVING
    assert await _told(unknown) == HealthCheckResponse.SERVICE_UNKNOWN
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving.read()
    database.error = StoreUnavailable("gone")
    await served.server._health.check()
    assert await _told(staying) == NOT_SERVING
    database.error = None
    await served.server._health.check()
    assert await _told(staying) == SERVING


async def test_watchers_are_told_of_the_end_and_do_not_hold_it_up(serve: Serve) -> None:
    served = await serve(options=OPTIONS)
    watcher = served.health.Watch(HealthCheckRequest())
    assert await _told(watcher) == SERVING
    async with asyncio.timeout(wait_s()):
        await served.server.drain()
    assert await _told(watcher) == NOT_SERVING
    assert await watcher.read() is grpc.aio.EOF


async def _told(watcher: "grpc.aio.UnaryStreamCall[HealthCheckRequest, HealthCheckResponse]") -> int:
    async with asyncio.timeout(wait_s()):
        answer = await watcher.read()
    assert isinstance(answer, HealthCheckResponse)
    return answer.status
