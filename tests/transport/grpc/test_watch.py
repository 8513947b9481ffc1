"""WatchProfiles: events in order, with a token to resume at, without loss and without repetition (E3, E4)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest

from appprofile.v1 import event_pb2 as ev
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.settings import AppSettings
from profile_grpc.events import watching
from profile_grpc.events.feed import Feed
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.watching import EventPosition
from profile_grpc.transport.grpc.open_streams import StreamLimits
from tests.support.domain import days
from tests.support.limits import wait_s
from tests.transport.grpc.support import (
    APP,
    FOREIGN_APP,
    OPTIONS,
    TENANT,
    Backend,
    Refusal,
    Serve,
    Served,
    fcm,
    key,
    refused,
    told_by,
)

NOW = ps.WatchProfilesRequest(from_now=True)
OLDEST = ps.WatchProfilesRequest(from_oldest=True)


@pytest.fixture
async def served(serve: Serve, backend: Backend) -> AsyncIterator[Served]:
    """A server whose events get positions, and whose streams have time for a last message on a slow machine."""
    served = await serve(options=replace(OPTIONS, streams=StreamLimits(final_message=60.0), drain_grace=60.0))
    tasks = [asyncio.create_task(run()) for run in (backend.services.sequencer.run, backend.services.feed.run)]
    yield served
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Watch:
    """One stream."""

    def __init__(self, served: Served, request: ps.WatchProfilesRequest, kind: KeyKind) -> None:
        self.call = served.profiles.WatchProfiles(request, metadata=served.key(kind))

    async def message(self) -> ps.WatchProfilesResponse:
        """The next message."""
        async with asyncio.timeout(wait_s()):
            found: Any = await self.call.read()
        assert isinstance(found, ps.WatchProfilesResponse), "the stream has ended"
        return found

    async def events(self, number: int) -> list[ev.Event]:
        """The next events, of one message or several."""
        found: list[ev.Event] = []
        while len(found) < number:
            found += (await self.message()).events
        assert len(found) == number, found
        return found

    async def checkpoint(self) -> str:
        """The token of the next message without events."""
        while (message := await self.message()).events:
            pass
        return message.resume_token

    async def end(self) -> Refusal:
        """How the stream ended."""
        try:
            async with asyncio.timeout(wait_s()):
                while await self.call.read() is not grpc.aio.EOF:
                    pass
        except grpc.aio.AioRpcError as error:
            return told_by(error)
        raise AssertionError


@asynccontextmanager
async def watched(
    served: Served, request: ps.WatchProfilesRequest = OLDEST, kind: KeyKind = KeyKind.PROFILE
) -> AsyncIterator[Watch]:
    watch = Watch(served, request, kind)
    try:
        yield watch
    finally:
        watch.call.cancel()


async def register(served: Served, *users: str, app: str = APP, **given: Any) -> None:
    for user in users:
        await served.profiles.Register(
            ps.RegisterRequest(key=key(user, f"{user}'s", app), **given), metadata=served.admin
        )


def named(events: Sequence[ev.Event]) -> list[tuple[str, str, int]]:
    return [(ev.EventType.Name(e.type).removeprefix("EVENT_TYPE_"), e.user_id, e.version) for e in events]


async def test_E4_events_come_in_order_and_whole(served: Served, backend: Backend) -> None:
    async with watched(served, NOW) as watch:
        first = await watch.message()
        assert not first.events, "a token at once, before anything can be missed"
        await register(served, "ann", push_endpoints=[fcm("t")], customer_id="c1")
        await served.profiles.Unregister(ps.UnregisterRequest(key=key("ann", "ann's")), metadata=served.admin)
        found = await watch.events(3)
    assert named(found) == [
        ("PROFILE_CREATED", "ann", 1),
        ("CUSTOMER_LINKED", "ann", 2),
        ("PROFILE_UNREGISTERED", "ann", 3),
    ]
    assert [e.position for e in found] == sorted(e.position for e in found)
    assert [e.reason for e in found] == ["", "", "CLIENT"]
    assert {(e.app_id, e.device_id, e.customer_id) for e in found} == {(APP, "ann's", "c1")}
    assert {e.time.ToDatetime() for e in found} == {backend.clock.now().replace(tzinfo=None)}
    assert len({e.event_id for e in found}) == 3


async def test_E4_resuming_anywhere_loses_and_repeats_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MESSAGE", 3)
    await register(served, *(f"user {n}" for n in range(20)))
    tokens: dict[int, str] = {}
    """The token of each message, by how many events had been read with it."""
    read: list[int] = []
    async with watched(served) as watch:
        while len(read) < 20:
            message = await watch.message()
            read += [e.position for e in message.events]
            tokens[len(read)] = message.resume_token
    assert read == list(range(1, 21))
    assert len(tokens) >= 7, "messages of three"
    for done, token in tokens.items():
        async with watched(served, ps.WatchProfilesRequest(resume_token=token)) as watch:
            found = await watch.events(20 - done)
            assert [*read[:done], *(e.position for e in found)] == read


async def test_E4_a_reader_gets_its_tenants_apps_and_the_types_it_wants(served: Served, backend: Backend) -> None:
    foreign = (("x-api-key", backend.foreign_key),)
    await served.profiles.Register(ps.RegisterRequest(key=key("eve", app=FOREIGN_APP)), metadata=foreign)
    await register(served, "ann")
    async with (
        watched(served) as every,
        watched(served, ps.WatchProfilesRequest(from_oldest=True, app_ids=["later"], types=[])) as none,
        watched(served, ps.WatchProfilesRequest(from_oldest=True, types=[ev.EVENT_TYPE_PROFILE_DELETED])) as deletions,
    ):
        assert (await none.end()).reason == "APP_NOT_ALLOWED"
        assert named(await every.events(1)) == [("PROFILE_CREATED", "ann", 1)]
        await backend.apps.create("later", TENANT, "", AppSettings())
        await register(served, "bob", app="later")
        assert named(await every.events(1)) == [("PROFILE_CREATED", "bob", 1)], "of an app that came later"
        await served.profiles.DeleteDeviceProfile(
            ps.DeleteDeviceProfileRequest(app_id="later", user_id="bob", device_id="bob's"), metadata=served.admin
        )
        assert named(await deletions.events(1)) == [("PROFILE_DELETED", "bob", 2)]
    only = ps.WatchProfilesRequest(from_oldest=True, app_ids=["later"])
    async with watched(served, only) as watch:
        assert named(await watch.events(2)) == [("PROFILE_CREATED", "bob", 1), ("PROFILE_DELETED", "bob", 2)]
    async with watched(served, ps.WatchProfilesRequest(from_oldest=True, app_ids=[FOREIGN_APP])) as watch:
        assert (await watch.end()).reason == "APP_NOT_ALLOWED"


async def test_E4_a_deleted_apps_last_events_can_be_read(served: Served, backend: Backend) -> None:
    await register(served, "ann")
    await backend.apps.delete(APP, TENANT, force=True)
    for request in (OLDEST, ps.WatchProfilesRequest(from_oldest=True, app_ids=[APP])):
        async with watched(served, request) as watch:
            assert named(await watch.events(2)) == [("PROFILE_CREATED", "ann", 1), ("PROFILE_DELETED", "ann", 2)]


async def test_E4_a_quiet_stream_has_checkpoints_and_its_key_is_checked(
    served: Served, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUIET", 0.05)
    monkeypatch.setattr(watching, "CHECKPOINTS", 0.05)
    async with watched(served, NOW) as watch:
        await watch.message()
        token = await watch.checkpoint()
        await register(served, "ann")
        await watch.events(1)
        assert await watch.checkpoint() != token
        keys = await backend.apps.keys(TENANT, None)
        [mine] = [one for one in keys if one.kind is KeyKind.PROFILE]
        await backend.apps.revoke_key(mine.key_id, TENANT)
        assert (await watch.end()).reason == "CREDENTIAL_INVALID"


async def test_E4_an_old_token_is_refused_with_the_oldest_that_is_of_use(served: Served, backend: Backend) -> None:
    async with watched(served, NOW) as watch:
        token = (await watch.message()).resume_token
    await register(served, "ann", "bob", "carl")
    async with watched(served) as watch:
        await watch.events(3)
    now = backend.clock.now()
    assert await backend.store.events.purge(now + days(1), now, now + days(9)) == 3
    await register(served, "dora")
    async with watched(served, ps.WatchProfilesRequest(resume_token=token)) as watch:
        end = await watch.end()
    assert (end.code, end.reason) == (grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED")
    oldest = end.metadata["oldest_resume_token"]
    async with watched(served, ps.WatchProfilesRequest(resume_token=oldest)) as watch:
        assert named(await watch.events(1)) == [("PROFILE_CREATED", "dora", 1)]


@pytest.mark.parametrize("token", ["x", "AA", "é", "A" * 200, "B" + EventPosition("ab" * 8, 3).token[1:]])
async def test_what_is_no_token_is_refused(served: Served, token: str) -> None:
    async with watched(served, ps.WatchProfilesRequest(resume_token=token)) as watch:
        end = await watch.end()
    assert (end.code, end.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RESUME_TOKEN")
    assert set(end.fields) == {"resume_token"}


async def test_E4_a_token_of_another_history_is_refused(served: Served, backend: Backend) -> None:
    """As after a restore from an older copy: positions are given again, to other events."""
    await register(served, "ann")
    async with watched(served) as watch:
        await watch.events(1)
    head = await backend.store.events.head()
    for place in (EventPosition("ab" * 8, head.published), EventPosition(head.epoch, head.published + 1)):
        async with watched(served, ps.WatchProfilesRequest(resume_token=place.token)) as watch:
            assert (await watch.end()).reason == "RESUME_TOKEN_EXPIRED"


async def test_where_to_begin_must_be_said(served: Served) -> None:
    for request in (ps.WatchProfilesRequest(), ps.WatchProfilesRequest(from_now=False)):
        async with watched(served, request) as watch:
            end = await watch.end()
        assert (end.code, end.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")


async def test_E3_a_watch_goes_on_when_another_process_gives_positions(served: Served, backend: Backend) -> None:
    async with watched(served) as watch:
        await register(served, "ann")
        await watch.events(1)
        await backend.store.events.take_over("cd" * 8)  # the sequencer here notices, and takes over again
        await register(served, "bob")
        assert [e.position for e in await watch.events(1)] == [2]


async def test_E4_a_drained_stream_ends_with_its_token(served: Served, backend: Backend) -> None:
    await register(served, "ann")
    async with watched(served) as watch:
        await watch.events(1)
        async with asyncio.timeout(wait_s()):
            while not backend.services.feed._waiting:  # noqa: ASYNC110 - until then, the events may be its last message
                await asyncio.sleep(0.01)
        await served.server.drain()
        last = await watch.checkpoint()
        end = await watch.end()
    assert (end.code, end.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert last


async def test_nobody_polls_for_readers_that_are_gone(served: Served, backend: Backend) -> None:
    async with watched(served, NOW) as watch:
        await watch.message()
        await register(served, "ann")
        await watch.events(1)
    feed: Feed = backend.services.feed
    async with asyncio.timeout(wait_s()):
        while feed._wanted.is_set():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)


async def test_keys_of_devices_may_not_watch(served: Served) -> None:
    call = served.profiles.WatchProfiles(NOW, metadata=served.client)
    assert (await refused(call.read())).reason == "METHOD_NOT_ALLOWED"
