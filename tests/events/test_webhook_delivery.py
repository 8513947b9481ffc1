"""Webhooks are delivered to a real HTTPS server (E6)."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import standardwebhooks
from aiohttp import web
from google.protobuf import json_format
from typing_extensions import override

from appprofile.v1 import event_pb2
from profile_grpc.domain.events import EventType
from profile_grpc.domain.webhooks import Secret, Webhook, WebhookState, rotated
from profile_grpc.events.webhooks.courier import Courier
from profile_grpc.events.webhooks.deliverer import Deliverer
from profile_grpc.events.webhooks.delivery import WebhookDelivery
from profile_grpc.outbound.addresses import AddressPolicy
from profile_grpc.outbound.answers import Limits
from profile_grpc.outbound.client import OutboundClient
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.lease import Lease, LeaseLost
from profile_grpc.service.observer import NullObserver
from profile_grpc.telemetry.otlp import OtlpTracer
from profile_grpc.telemetry.tracing import Tracer
from tests.support.collector import collector
from tests.support.domain import ManualClock
from tests.support.https_server import Received, Receiver, accept, receiver
from tests.support.limits import wait_s
from tests.support.webhooks import (
    KEY,
    NOW,
    SECRETS,
    MemoryEvents,
    MemoryLeases,
    MemoryWebhooks,
    event,
    use_cases,
    webhook,
)


class Watch(NullObserver):
    """Records the calls of the observer."""

    def __init__(self) -> None:
        self.disabled: list[str] = []
        self.lost: list[str] = []
        self.lags: dict[str, tuple[int, bool]] = {}

    @override
    def webhook_disabled(self, webhook_id: str) -> None:
        self.disabled.append(webhook_id)

    @override
    def webhook_events_lost(self, webhook_id: str) -> None:
        self.lost.append(webhook_id)

    @override
    def webhook_state(self, webhook_id: str, *, lag: int, failing: bool) -> None:
        self.lags[webhook_id] = (lag, failing)


@dataclass(slots=True)
class Rig:
    """A deliverer with its store, clock and server."""

    server: Receiver
    client: OutboundClient
    clock: ManualClock
    store: MemoryWebhooks
    events: MemoryEvents
    leases: MemoryLeases
    watch: Watch
    tracer: Tracer | None = None

    def deliverer(self, key: WebhookKey = KEY) -> Deliverer:
        lease = Lease(self.leases, f"webhook/{key.webhook_id}", self.clock)
        courier = Courier(self.client, SECRETS, self.clock, self.tracer)
        return Deliverer(key, self.store, self.events, courier, lease, self.clock, self.watch)

    async def add(self, key: WebhookKey = KEY, **changes: object) -> str:
        """Adds a webhook to the server's path that has its id, and returns its secret."""
        made, secret = webhook(self.server.url(f"/{key.webhook_id}"), key, place=len(self.store.webhooks), **changes)
        await self.store.add(made)
        return secret

    def stored(self, key: WebhookKey = KEY) -> Webhook:
        return self.store.webhooks[key]

    def positions(self, path: str = "/wh1") -> list[int]:
        """The positions of the events that the server was sent, in order."""
        return [position for got in self.server.received if got.path == path for position in positions(got)]


def positions(got: Received) -> list[int]:
    return [int(one["data"]["position"]) for one in json.loads(got.body)]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    destinations = Destinations(AddressPolicy.allowing(["127.0.0.0/8"]))
    async with receiver(tmp_path) as server:
        destinations = replace(destinations, ca_file=server.ca_file)
        limits = Limits(seconds=10, answer_bytes=4096)
        async with OutboundClient(destinations, limits, agent="test", lookup=lambda _: ["127.0.0.1"]) as client:
            yield Rig(server, client, ManualClock(NOW), MemoryWebhooks(), MemoryEvents(), MemoryLeases(), Watch())


async def due(rig: Rig, deliverer: Deliverer, times: int = 1) -> None:
    """Makes attempts, each as soon as it is due."""
    for _ in range(times):
        rig.clock.set(max(rig.clock.now(), rig.stored().progress.next_attempt_time or rig.clock.now()))
        await deliverer.step()


async def fails(_request: web.Request, _received: Received) -> web.StreamResponse:
    return web.Response(status=503)


async def test_E6_events_come_signed_as_a_batch_of_cloud_events(rig: Rig) -> None:
    secret = await rig.add()
    rig.events.add(event(1), event(2, type=EventType.PROFILE_DELETED, reason="INACTIVE", customer_id="c-7"))
    await rig.deliverer().step()
    [got] = rig.server.received
    assert got.headers["content-type"].startswith("application/cloudevents-batch+json")
    body = json.loads(got.body)
    parsed = standardwebhooks.Webhook(secret)
    signature = parsed.sign(got.headers["webhook-id"], NOW, got.body.decode())
    assert got.headers["webhook-signature"] == signature
    assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert [(one["specversion"], one["id"], one["type"], one["source"]) for one in body] == [
        ("1.0", "e1", "appprofile.v1.PROFILE_CREATED", "/apps/shop"),
        ("1.0", "e2", "appprofile.v1.PROFILE_DELETED", "/apps/shop"),
    ]
    # The data is the contract's own message: no field is lost, none is unknown.
    read = json_format.ParseDict(body[1]["data"], event_pb2.Event())
    assert (read.position, read.type, read.reason, read.version) == (
        2,
        event_pb2.EVENT_TYPE_PROFILE_DELETED,
        "INACTIVE",
        1,
    )
    assert {name for name, _ in ((f.name, 0) for f, _ in read.ListFields())} == set(body[1]["data"])
    assert {f.name for f in event_pb2.Event.DESCRIPTOR.fields} == set(body[1]["data"])


async def test_E6_a_request_has_up_to_100_events(rig: Rig) -> None:
    await rig.add()
    rig.events.add(*(event(n) for n in range(1, 251)))
    deliverer = rig.deliverer()
    for _ in range(3):
        await deliverer.step()
    assert [len(positions(got)) for got in rig.server.received] == [100, 50, 100]
    assert rig.positions() == list(range(1, 251))
    assert len({got.headers["webhook-id"] for got in rig.server.received}) == 3
    assert rig.stored().progress.position == 250
    assert rig.watch.lags[KEY.webhook_id] == (0, False)


async def test_E6_only_the_types_that_the_webhook_wants(rig: Rig) -> None:
    await rig.add(types=("PROFILE_DELETED",))
    rig.events.add(
        *(event(n, type=EventType.PROFILE_DELETED if n % 10 == 0 else EventType.PROFILE_CREATED) for n in range(1, 31))
    )
    await rig.deliverer().step()
    assert rig.positions() == [10, 20, 30]


async def test_E6_in_order_for_each_profile_under_20_percent_failures(rig: Rig) -> None:
    chance = random.Random(7)

    async def unreliable(_request: web.Request, _received: Received) -> web.StreamResponse:
        return web.Response(status=500 if chance.random() < 0.2 else 200)

    rig.server.respond = unreliable
    await rig.add()
    rig.events.add(*(event(n) for n in range(1, 2001)))
    deliverer = rig.deliverer()
    while rig.stored().progress.position < 2000:
        await due(rig, deliverer)
    seen: dict[str, int] = defaultdict(int)
    for got in rig.server.received:
        for one in json.loads(got.body):
            version = int(one["data"]["version"])
            # A repetition begins again with a version that came before, and skips none.
            assert version <= seen[one["data"]["user_id"]] + 1
            seen[one["data"]["user_id"]] = max(seen[one["data"]["user_id"]], version)
    assert set(rig.positions()) == set(range(1, 2001))
    assert len(rig.server.received) > 20


async def test_E6_a_repetition_is_the_same_request_also_after_a_restart(rig: Rig) -> None:
    rig.server.respond = fails
    await rig.add()
    rig.events.add(event(1), event(2))
    await rig.deliverer().step()
    rig.events.add(event(3))
    rig.leases.holders.clear()  # the process is gone
    await due(rig, rig.deliverer())
    first, second = rig.server.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    kept = await rig.store.deliveries(KEY, None, 10)
    assert [(one.number, one.attempt, one.events, one.status, one.failure) for one in kept] == [
        (2, 2, 2, 503, "HTTP 503"),
        (1, 1, 2, 503, "HTTP 503"),
    ]


async def test_E6_a_repetition_far_behind_what_was_passed_over_is_the_same_request(rig: Rig) -> None:
    """The position was not stored since, because nothing was delivered."""
    rig.server.respond = fails
    await rig.add(types=("PROFILE_DELETED",))
    rig.events.add(*(event(n) for n in range(1, 401)), event(401, type=EventType.PROFILE_DELETED))
    deliverer = rig.deliverer()
    for _ in range(3):
        await deliverer.step()
    rig.leases.holders.clear()
    rig.events.add(event(402, type=EventType.PROFILE_DELETED))
    deliverer = rig.deliverer()
    await due(rig, deliverer, 3)
    first, second = rig.server.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert rig.stored().progress.failures == 2


async def test_E6_a_repeated_request_whose_events_were_purged_is_skipped(rig: Rig) -> None:
    rig.server.respond = fails
    await rig.add()
    rig.events.add(event(1))
    deliverer = rig.deliverer()
    await deliverer.step()
    rig.events.events[:] = [event(2)]  # an erasure took it
    rig.server.respond = Receiver(0, "").respond
    await due(rig, deliverer, 2)
    assert rig.positions() == [1, 2]
    assert rig.stored().progress.failures == 0


async def test_E6_a_failed_webhook_waits_and_is_tried_again_when_it_is_due(rig: Rig) -> None:
    rig.server.respond = fails
    await rig.add()
    rig.events.add(event(1))
    deliverer = rig.deliverer()
    await deliverer.step()
    stored = rig.stored().progress
    assert (stored.position, stored.failures) == (0, 1)
    assert stored.next_attempt_time is not None
    assert timedelta(seconds=4) <= stored.next_attempt_time - rig.clock.now() <= timedelta(seconds=6)
    rig.clock.set(stored.next_attempt_time - timedelta(milliseconds=1))
    await deliverer.step()
    assert len(rig.server.received) == 1
    rig.clock.advance(timedelta(milliseconds=1))
    await deliverer.step()
    assert len(rig.server.received) == 2
    assert rig.watch.lags[KEY.webhook_id] == (1, True)


async def test_E6_after_three_days_of_failure_it_is_disabled_and_its_position_is_kept(rig: Rig) -> None:
    rig.server.respond = fails
    await rig.add()
    rig.events.add(event(1), event(2))
    deliverer = rig.deliverer()
    while rig.stored().state is WebhookState.ENABLED:
        assert rig.clock.now() - NOW < timedelta(days=3, hours=2)
        await due(rig, deliverer)
    assert rig.clock.now() - NOW >= timedelta(days=3)
    assert rig.stored().progress.position == 0
    assert rig.watch.disabled == rig.events.disabled == [KEY.webhook_id]
    assert await deliverer.step() is None
    # Enabled by an operator, it goes on where it was.
    rig.server.respond = Receiver(0, "").respond
    before = rig.stored()
    await rig.store.change(before, replace(before, state=WebhookState.ENABLED))
    rig.leases.holders.clear()
    await rig.deliverer().step()
    assert rig.positions()[-2:] == [1, 2]


async def test_E6_events_lost_to_the_retention_are_skipped_and_reported(rig: Rig) -> None:
    await rig.add()
    rig.events.kept_after = 500
    rig.events.add(event(501))
    deliverer = rig.deliverer()
    await deliverer.step()
    assert rig.stored().progress.lost_time == NOW
    assert rig.watch.lost == [KEY.webhook_id]
    await deliverer.step()
    assert rig.positions() == [501]


async def test_E6_an_operators_change_during_an_attempt_is_not_overwritten(rig: Rig) -> None:
    await rig.add()
    rig.events.add(event(1), event(2))

    async def replays(_request: web.Request, _received: Received) -> web.StreamResponse:
        before = rig.stored()
        await rig.store.change(before, replace(before, progress=replace(before.progress, replays=1)))
        return web.Response()

    rig.server.respond = replays
    deliverer = rig.deliverer()
    await deliverer.step()
    assert (rig.stored().progress.position, rig.stored().progress.replays) == (0, 1)
    rig.server.respond = Receiver(0, "").respond
    await deliverer.step()
    assert rig.positions() == [1, 2, 1, 2]
    assert len({got.headers["webhook-id"] for got in rig.server.received}) == 2


async def test_E6_a_test_of_an_operator_repeats_no_delivery(rig: Rig) -> None:
    await rig.add()
    rig.events.add(event(1))

    async def tests(_request: web.Request, received: Received) -> web.StreamResponse:
        if received.body != b"[]":
            webhooks = use_cases(rig.store, rig.events, rig.clock, rig.client._destinations)
            await Courier(rig.client, SECRETS, rig.clock).send_test(webhooks, KEY)
        return web.Response()

    rig.server.respond = tests
    await rig.deliverer().step()
    assert rig.stored().progress.position == 1
    kept = await rig.store.deliveries(KEY, None, 10)
    assert [(one.number, one.events, one.failure) for one in kept] == [(2, 1, ""), (1, 0, "")]
    assert [got.body == b"[]" for got in rig.server.received] == [False, True]


async def test_E6_both_secrets_sign_during_a_rotation(rig: Rig) -> None:
    old = await rig.add()
    new, sealed = SECRETS.make(*KEY)
    before = rig.stored()
    await rig.store.change(before, rotated(before, sealed, timedelta(hours=1), NOW))
    rig.events.add(event(1))
    deliverer = rig.deliverer()
    await deliverer.step()
    rig.clock.advance(timedelta(hours=1))
    rig.events.add(event(2))
    await deliverer.step()
    during, after = rig.server.received

    def signed_by(got: Received, secret: str) -> bool:
        time = NOW + (rig.clock.now() - NOW if got is after else timedelta())
        signature = standardwebhooks.Webhook(secret).sign(got.headers["webhook-id"], time, got.body.decode())
        return signature in got.headers["webhook-signature"].split(" ")

    assert signed_by(during, new)
    assert signed_by(during, old)
    assert signed_by(after, new)
    assert not signed_by(after, old)


async def test_E6_a_secret_of_another_hash_key_signs_nothing_and_says_so(rig: Rig) -> None:
    await rig.add(secrets=(Secret("AQ" + "A" * 60),))
    rig.events.add(event(1))
    await rig.deliverer().step()
    assert not rig.server.received
    failure = rig.stored().progress.last_failure
    assert failure is not None
    assert "rotate" in failure.text


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[None]:
    task = asyncio.create_task(WebhookDelivery(rig.store, rig.deliverer).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(wait_s()):
        while not holds():  # noqa: ASYNC110 - of others' making
            await asyncio.sleep(0.01)


def all_have(rig: Rig, paths: list[str], wanted: list[int]) -> bool:
    return all(rig.positions(path) == wanted for path in paths)


async def test_E6_a_webhook_that_hangs_delays_no_other(rig: Rig) -> None:
    go = asyncio.Event()

    async def hangs(_request: web.Request, received: Received) -> web.StreamResponse:
        if received.path == "/hangs":
            await go.wait()
        return web.Response()

    rig.server.respond = hangs
    await rig.add(WebhookKey("acme", "hangs"))
    for n in range(5):
        await rig.add(WebhookKey("acme", f"wh{n}"))
    rig.events.add(event(1))
    async with running(rig):
        await until(lambda: len(rig.server.received) == 6)
        for position in range(2, 6):
            rig.events.add(event(position))
            sent = list(range(1, position + 1))
            await until(partial(all_have, rig, [f"/wh{n}" for n in range(5)], sent))
        assert rig.positions("/hangs") == [1]
        go.set()
        await until(lambda: rig.positions("/hangs") == [1, 2, 3, 4, 5])


async def test_E6_of_two_processes_one_delivers(rig: Rig) -> None:
    await rig.add()
    first, second = rig.deliverer(), rig.deliverer()
    await first._lease.acquire()
    with pytest.raises(LeaseLost):
        await second.run()
    await first._lease.release()
    rig.events.add(event(1))
    async with running(rig):
        await until(lambda: rig.positions() == [1])
    assert rig.leases.holders == {}


async def test_E6_a_paused_webhook_gets_nothing_and_goes_on_later_where_it_was(rig: Rig) -> None:
    await rig.add(state=WebhookState.PAUSED)
    rig.events.add(event(1))
    assert await rig.deliverer().step() is None
    assert not rig.server.received


async def test_an_attempt_is_a_span_whose_trace_the_request_carries(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the URL nor the secret nor the events are in it."""
    with collector() as collected:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collected.endpoint)
        rig.tracer = tracer = OtlpTracer("profile-grpc")
        secret = await rig.add()
        rig.events.add(event(1), event(2))
        deliverer = rig.deliverer()
        rig.server.respond = fails
        await due(rig, deliverer)
        rig.server.respond = accept
        await due(rig, deliverer)
        await tracer.close()
    spans = collected.named("deliver webhook")
    assert [(span.failed, span.attributes["http.response.status_code"]) for span in spans] == [
        (True, 503),
        (False, 204),
    ]
    assert [span.attributes["http.request.resend_count"] for span in spans] == [0, 1]
    assert [got.headers["traceparent"] for got in rig.server.received] == [
        f"00-{span.trace_id}-{span.span_id}-01" for span in spans
    ]
    exported = b"".join(collected.raw)
    assert not any(text.encode() in exported for text in (secret, rig.server.url("/wh1"), "phone", "user1"))


async def test_without_tracing_a_request_has_no_trace(rig: Rig) -> None:
    await rig.add()
    rig.events.add(event(1))
    await due(rig, rig.deliverer())
    assert "traceparent" not in rig.server.received[0].headers
