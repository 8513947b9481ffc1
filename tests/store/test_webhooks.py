"""Webhooks as stored, on every engine (E6)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from profile_grpc.domain.webhooks import (
    KEPT_DELIVERIES,
    Delivery,
    Failure,
    Progress,
    Secret,
    Webhook,
    WebhookState,
)
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.ports import Conflict
from profile_grpc.store import SqlStore
from tests.store.support import NOW

KEY = WebhookKey("acme", "wh1")
PLAIN = Webhook(
    *KEY, "https://example.com/", (), (), WebhookState.ENABLED, (Secret("s1"),), NOW, NOW, 0, Progress(position=7)
)
FULL = replace(
    PLAIN,
    types=("PROFILE_CREATED", "PROFILE_DELETED"),
    app_ids=("shop", "game"),
    secrets=(Secret("s2"), Secret("s1", NOW + timedelta(hours=1))),
    display_name="CRM, München",
    progress=Progress(
        position=1 << 60,
        pending=(1 << 60) + 1,
        replays=2,
        failures=3,
        failing_since=NOW,
        next_attempt_time=NOW + timedelta(microseconds=1),
        last_failure=Failure(NOW, 503, "HTTP 503"),
        lost_time=NOW - timedelta(days=1),
        attempts=99,
    ),
)


def delivery(number: int) -> Delivery:
    latency = timedelta(milliseconds=number)
    return Delivery(number, f"msg_{number}", number, number + 9, 10, 1, NOW, latency, 200, "")


@pytest.mark.parametrize("webhook", [PLAIN, FULL], ids=["plain", "full"])
async def test_E6_a_webhook_is_read_as_it_was_stored(store: SqlStore, webhook: Webhook) -> None:
    await store.webhooks.add(webhook)
    assert await store.webhooks.get(KEY) == webhook
    assert await store.webhooks.of_tenant("acme") == [webhook]
    assert await store.webhooks.of_tenant("other") == []
    assert await store.webhooks.get(WebhookKey("other", "wh1")) is None


async def test_E6_two_webhooks_never_have_one_place(store: SqlStore) -> None:
    async def add(number: int) -> bool:
        try:
            await store.webhooks.add(replace(PLAIN, webhook_id=f"wh{number}"))
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(add(number) for number in range(5)))) == 1
    [only] = await store.webhooks.of_tenant("acme")
    await store.webhooks.add(replace(PLAIN, webhook_id="another", place=1))
    await store.webhooks.add(replace(PLAIN, tenant_id="other", webhook_id="another"))
    assert await store.webhooks.get(WebhookKey("acme", only.webhook_id)) == only


async def test_E6_an_operators_change_and_a_delivery_do_not_meet(store: SqlStore) -> None:
    await store.webhooks.add(PLAIN)
    renamed = await store.webhooks.change(PLAIN, replace(PLAIN, display_name="CRM"))
    delivered = await store.webhooks.change(
        PLAIN, replace(PLAIN, progress=replace(PLAIN.progress, position=8)), delivery(1)
    )
    found = await store.webhooks.get(KEY)
    assert found is not None
    assert (found.display_name, found.progress.position) == ("CRM", 8)
    assert (found.etag, found.progress.revision) == (renamed.etag, delivered.progress.revision)
    assert PLAIN.etag != renamed.etag


async def test_E6_a_deliverer_that_was_overtaken_moves_no_position_and_leaves_no_delivery(store: SqlStore) -> None:
    await store.webhooks.add(PLAIN)
    ahead = replace(PLAIN, progress=replace(PLAIN.progress, position=100))
    await store.webhooks.change(PLAIN, ahead, delivery(1))
    with pytest.raises(Conflict):
        await store.webhooks.change(PLAIN, replace(PLAIN, progress=replace(PLAIN.progress, position=50)), delivery(2))
    found = await store.webhooks.get(KEY)
    assert found is not None
    assert found.progress.position == 100
    assert [one.number for one in await store.webhooks.deliveries(KEY, None, 10)] == [1]


async def test_E6_what_is_read_as_enabled_is_what_delivers(store: SqlStore) -> None:
    for place, state in enumerate(WebhookState):
        await store.webhooks.add(replace(PLAIN, webhook_id=state.name.lower(), place=place, state=state))
    await store.webhooks.add(replace(PLAIN, tenant_id="other"))
    assert set(await store.webhooks.enabled()) == {("acme", "enabled"), ("other", "wh1")}


async def test_E6_the_last_deliveries_are_kept_newest_first_and_no_more(store: SqlStore) -> None:
    webhook = PLAIN
    await store.webhooks.add(webhook)
    numbers = [*range(1, 4), *range(KEPT_DELIVERIES, KEPT_DELIVERIES + 3)]
    for number in numbers:
        webhook = await store.webhooks.change(webhook, webhook, delivery(number))
    kept = await store.webhooks.deliveries(KEY, None, 10)
    assert kept == [delivery(number) for number in (1002, 1001, 1000, 3)]
    assert await store.webhooks.deliveries(KEY, 1001, 1) == [delivery(1000)]
    assert await store.webhooks.deliveries(WebhookKey("other", "wh1"), None, 10) == []


async def test_E6_a_deleted_webhook_leaves_nothing(store: SqlStore) -> None:
    await store.webhooks.add(PLAIN)
    await store.webhooks.add(replace(PLAIN, webhook_id="wh2", place=1))
    await store.webhooks.change(PLAIN, PLAIN, delivery(1))
    assert await store.webhooks.remove(KEY)
    assert not await store.webhooks.remove(KEY)
    assert await store.webhooks.get(KEY) is None
    assert await store.webhooks.deliveries(KEY, None, 10) == []
    assert [one.webhook_id for one in await store.webhooks.of_tenant("acme")] == ["wh2"]
    with pytest.raises(Conflict):
        await store.webhooks.change(PLAIN, replace(PLAIN, progress=replace(PLAIN.progress, position=8)))
