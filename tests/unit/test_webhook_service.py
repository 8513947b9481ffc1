"""The use cases of WebhookService (E6)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.webhooks import MAX_WEBHOOKS, Delivery, WebhookState
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.sealing import CannotOpen, SecretBox
from profile_grpc.service.event_ports import WebhookKey
from profile_grpc.service.webhooks import NewWebhook, Webhooks
from tests.support.domain import ManualClock
from tests.support.webhooks import HASHER, NOW, SECRETS, MemoryEvents, MemoryWebhooks, event, use_cases

URL = "https://crm.example.com/hook"
ORDER = NewWebhook("acme", URL)


@dataclass(slots=True)
class World:
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    store: MemoryWebhooks = field(default_factory=MemoryWebhooks)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    use: Webhooks = field(init=False)

    def __post_init__(self) -> None:
        self.use = use_cases(self.store, self.events, self.clock, Destinations())


@pytest.fixture
def world() -> World:
    return World()


async def created(world: World, order: NewWebhook = ORDER) -> WebhookKey:
    webhook, _ = await world.use.create(order)
    return WebhookKey(webhook.tenant_id, webhook.webhook_id)


def refused_with(reason: Reason) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda refused: refused.reason is reason)


async def test_E6_a_new_webhook_gets_what_comes_after_it(world: World) -> None:
    world.events.add(event(41))
    webhook, secret = await world.use.create(ORDER)
    assert webhook.progress.position == 41
    assert (webhook.state, webhook.create_time, len(webhook.secrets)) == (WebhookState.ENABLED, NOW, 1)
    assert secret.startswith("whsec_")
    assert SECRETS.open(webhook, webhook.secrets[0]) == secret


async def test_E6_a_secret_is_stored_encrypted_for_its_own_row(world: World) -> None:
    webhook, secret = await world.use.create(ORDER)
    assert secret not in webhook.secrets[0].sealed
    for other in (replace(webhook, webhook_id="another"), replace(webhook, tenant_id="another")):
        with pytest.raises(CannotOpen):
            SECRETS.open(other, webhook.secrets[0])
    with pytest.raises(CannotOpen):
        SecretBox(HASHER.derived_key("another use")).open(
            webhook.secrets[0].sealed, f"webhook/acme/{webhook.webhook_id}"
        )


async def test_E6_a_tenant_has_up_to_16(world: World) -> None:
    keys = await asyncio.gather(*(created(world) for _ in range(MAX_WEBHOOKS)))
    assert {webhook.place for webhook in await world.use.list("acme")} == set(range(16))
    with refused_with(Reason.TOO_MANY_WEBHOOKS):
        await world.use.create(ORDER)
    await world.use.create(replace(ORDER, tenant_id="other"))
    await world.use.delete(keys[5])
    await world.use.create(ORDER)


@pytest.mark.parametrize("url", ["http://crm.example.com/", "https://10.0.0.1/", "https://user:word@crm.example.com/"])
async def test_E6_urls_that_webhooks_may_not_go_to_are_refused(world: World, url: str) -> None:
    with refused_with(Reason.WEBHOOK_DESTINATION_REFUSED):
        await world.use.create(replace(ORDER, url=url))
    key = await created(world)
    with refused_with(Reason.WEBHOOK_DESTINATION_REFUSED):
        await world.use.change(key, lambda before: replace(before, url=url))


async def test_E6_only_the_service_disables(world: World) -> None:
    with refused_with(Reason.INVALID_REQUEST):
        await world.use.create(replace(ORDER, state=WebhookState.DISABLED))
    key = await created(world)
    with refused_with(Reason.INVALID_REQUEST):
        await world.use.change(key, lambda before: replace(before, state=WebhookState.DISABLED))


async def test_E6_a_webhook_of_another_tenant_is_not_there(world: World) -> None:
    key = await created(world)
    foreign = WebhookKey("other", key.webhook_id)
    for call in (
        world.use.get(foreign),
        world.use.change(foreign, lambda before: before),
        world.use.rotate(foreign, None),
        world.use.replay(foreign, None),
        world.use.deliveries(foreign, 0, ""),
        world.use.delete(foreign),
    ):
        with refused_with(Reason.WEBHOOK_NOT_FOUND):
            await call
    await world.use.delete(foreign, allow_missing=True)
    assert (await world.use.get(key)).webhook_id == key.webhook_id


async def test_U3_an_etag_that_is_not_the_stored_one_changes_nothing(world: World) -> None:
    key = await created(world)
    before = await world.use.get(key)
    await world.use.change(key, lambda webhook: replace(webhook, display_name="CRM"), before.etag)
    with refused_with(Reason.ETAG_MISMATCH):
        await world.use.change(key, lambda webhook: replace(webhook, display_name="other"), before.etag)
    assert (await world.use.get(key)).display_name == "CRM"


async def test_E6_enabled_again_it_goes_on_where_it_was_at_once(world: World) -> None:
    key = await created(world)
    before = await world.use.get(key)
    failing = replace(before.progress, position=7, failures=80, failing_since=NOW, next_attempt_time=NOW)
    disabled = replace(before, state=WebhookState.DISABLED, progress=failing)
    await world.store.change(before, disabled)
    enabled = await world.use.change(key, lambda webhook: replace(webhook, state=WebhookState.ENABLED))
    progress = enabled.progress
    assert (progress.position, progress.failures, progress.failing_since, progress.next_attempt_time) == (
        7,
        0,
        None,
        None,
    )


async def test_E6_a_rotation_keeps_the_old_secret_for_a_day(world: World) -> None:
    webhook, old = await world.use.create(ORDER)
    key = WebhookKey("acme", webhook.webhook_id)
    rotated = await world.use.rotate(key, None)
    assert rotated.old_end_time == NOW + timedelta(days=1)
    stored = await world.use.get(key)
    assert [SECRETS.open(stored, secret) for secret in stored.secrets] == [rotated.secret, old]
    again = await world.use.rotate(key, timedelta())
    stored = await world.use.get(key)
    assert [SECRETS.open(stored, secret) for secret in stored.secrets] == [again.secret]


async def test_E6_a_replay_begins_at_a_time_or_with_the_oldest_that_is_kept(world: World) -> None:
    for position in range(11, 21):
        world.events.add(event(position, time=NOW + timedelta(minutes=position)))
    world.events.kept_after = 10
    key = await created(world)
    replayed = await world.use.replay(key, NOW + timedelta(minutes=15))
    assert (replayed.progress.position, replayed.progress.replays) == (14, 1)
    assert (await world.use.replay(key, None)).progress.position == 10
    assert (await world.use.replay(key, NOW - timedelta(days=30))).progress.position == 10
    assert (await world.use.replay(key, NOW + timedelta(days=1))).progress.position == 20


async def test_E6_deliveries_are_listed_in_pages_newest_first(world: World) -> None:
    key = await created(world)
    for number in range(1, 6):
        webhook = await world.use.get(key)
        await world.use.keep(webhook, Delivery(number, "msg", 1, 2, 2, 1, NOW, timedelta(), 200, ""))
    first, token = await world.use.deliveries(key, 3, "")
    second, end = await world.use.deliveries(key, 3, token)
    assert [one.number for one in (*first, *second)] == [5, 4, 3, 2, 1]
    assert end == ""
    with refused_with(Reason.INVALID_PAGE_TOKEN):
        await world.use.deliveries(await created(world), 3, token)
