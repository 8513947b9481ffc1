"""Tenants, apps and keys."""

import json
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Table, bindparam, select, text, update

from profile_grpc.domain.profile import Channel, CountKey, Platform, ProfileStatus
from profile_grpc.domain.push_endpoints import ApnsEnvironment, PushProvider, PushPurpose
from profile_grpc.domain.settings import (
    AccountRemovalAction,
    App,
    AppSettings,
    DeviceAttributeMonitor,
    FeedbackBreaker,
    InAppSettings,
    InAppTransport,
    KeptGranularity,
    MonitorKind,
    PushApp,
    ReaperBreaker,
)
from profile_grpc.service.directory_ports import KeyKind, Reservation, StoredKey, Tenant
from profile_grpc.service.ports import Conflict
from profile_grpc.store import SqlStore, settings_documents
from profile_grpc.store.statements import insert_new
from profile_grpc.store.tables import DELETED_WITH_APP, metadata
from profile_grpc.store.tables import app as app_table
from tests.store.support import DAY, NOW, Writer, changes, contents, key, register

EVERYTHING = AppSettings(
    push_app_ids=(
        PushApp("com.shop", PushProvider.APNS_VOIP, Platform.IOS, PushPurpose.INCOMING_CALL, ApnsEnvironment.SANDBOX),
    ),
    inactivity_period=timedelta(days=365),
    heartbeat_interval=timedelta(hours=1, microseconds=7),
    heartbeat_granularity=timedelta(seconds=1),
    never_heartbeat_ttl=timedelta(days=400),
    register_counts_as_heartbeat=True,
    channels=frozenset({Channel.PUSH}),
    multi_user_per_device=True,
    single_device_per_user=True,
    unregistered_retention=timedelta(0),
    reaper_breaker=ReaperBreaker(0.5, 1),
    feedback_breaker=FeedbackBreaker(1.5, 2),
    account_removal_action=AccountRemovalAction.STRIP_TOKENS,
    server_side_inbox=True,
    in_app=InAppSettings(InAppTransport.WEB_SOCKET, InAppTransport.MQTT, use_secured_port=False),
    device_attribute_monitors=(
        DeviceAttributeMonitor(Platform.IOS, "battery_level", MonitorKind.INTERVAL, timedelta(minutes=5)),
    ),
    kept_granularity=KeptGranularity(timedelta(hours=1), NOW),
)


def app(app_id: str = "shop", tenant: str = "acme", **given: object) -> App:
    return replace(App(app_id, tenant, NOW, NOW, revision=1), **given)  # type: ignore[arg-type]


def reservation(app_id: str) -> Reservation:
    return Reservation(app_id, "acme", NOW + DAY, revision=2)


def api_key(key_id: str = "k1", app_id: str = "", **given: object) -> StoredKey:
    key = StoredKey(key_id, "hash", KeyKind.CLIENT, "acme", app_id, NOW)
    return replace(key, **given)  # type: ignore[arg-type]


async def test_tenants(store: SqlStore, other: SqlStore) -> None:
    directory = store.directory
    assert await directory.tenant("acme") is None
    tenants = [Tenant("zeta", NOW), Tenant("acme", NOW + DAY)]
    for tenant in tenants:
        await directory.add_tenant(tenant)
    with pytest.raises(Conflict):
        await other.directory.add_tenant(Tenant("acme", NOW))
    assert await other.directory.tenant("acme") == tenants[1]
    assert list(await other.directory.tenants()) == [tenants[1], tenants[0]]


@pytest.mark.parametrize("settings", [AppSettings(), EVERYTHING], ids=["default", "everything"])
async def test_an_app_comes_back_with_every_setting(store: SqlStore, settings: AppSettings) -> None:
    stored = app(settings=settings, display_name="Größe \U0001f600 '\"\\", deleting=True, revision=2**62)
    await store.directory.add_app(stored)
    assert await store.directory.app("shop") == stored
    assert await store.directory.app("news") is None
    with pytest.raises(Conflict):
        await store.directory.add_app(app())
    assert await store.directory.app("shop") == stored


async def test_settings_of_other_versions_are_understood(store: SqlStore) -> None:
    await store.directory.add_app(app())
    newer = msgspec.json.encode({"register_counts_as_heartbeat": True, "of_tomorrow": {"x": 1}}).decode()
    database = store._database
    await database.execute(database.prepare(update(app_table).values(settings=newer).where(text("true"))))
    found = await store.directory.app("shop")
    assert found is not None
    assert found.settings == AppSettings(register_counts_as_heartbeat=True)


async def test_an_app_changes_only_as_it_was_seen(store: SqlStore, other: SqlStore) -> None:
    await store.directory.add_app(app())
    changed = app(display_name="Shop", settings=EVERYTHING, update_time=NOW + DAY, revision=2)
    await store.directory.change_app(changed, seen=1)
    with pytest.raises(Conflict):
        await other.directory.change_app(app(revision=3), seen=1)
    with pytest.raises(Conflict):
        await other.directory.change_app(app("news", revision=3), seen=1)
    assert await other.directory.app("shop") == changed


async def test_apps_are_paged_by_id_and_by_tenant(store: SqlStore) -> None:
    for app_id, tenant in (("b", "acme"), ("a-1", "zeta"), ("a.1", "acme"), ("c", "acme"), ("a1", "zeta")):
        await store.directory.add_app(app(app_id, tenant))

    async def ids(tenant: str | None, after: str, limit: int) -> list[str]:
        return [a.app_id for a in await store.directory.apps(tenant, after, limit)]

    assert await ids(None, "", 10) == ["a-1", "a.1", "a1", "b", "c"]
    assert await ids(None, "a.1", 2) == ["a1", "b"]
    assert await ids("acme", "", 2) == ["a.1", "b"]
    assert await ids("acme", "b", 2) == ["c"]
    assert await ids("nobody", "", 2) == []


async def test_keys(store: SqlStore) -> None:
    directory = store.directory
    stored = [
        api_key("k1"),
        api_key("k2", "shop", kind=KeyKind.BRIDGE, create_time=NOW + DAY, revoke_time=NOW + 2 * DAY),
        api_key("k3", "shop", create_time=NOW + 3 * DAY),
        api_key("k4", tenant_id="zeta", label="für Ann", expire_time=NOW + DAY, last_used_day=NOW.date()),
    ]
    for each in stored:
        await directory.add_key(each)
    with pytest.raises(Conflict):
        await directory.add_key(api_key("k4", secret_hash="another"))
    assert [await directory.key(each.key_id) for each in stored] == stored
    assert await directory.key("k5") is None
    assert list(await directory.keys("acme", None)) == [stored[2], stored[1], stored[0]], "newest first, revoked too"
    assert list(await directory.keys("acme", "shop")) == [stored[2], stored[1]]
    assert list(await directory.keys("zeta", "shop")) == []


async def test_the_last_day_of_use_never_goes_back_and_changes_no_version(store: SqlStore) -> None:
    directory = store.directory
    for key_id in ("k1", "k2"):
        await directory.add_key(api_key(key_id))
    version = await directory.version()
    today = NOW.date()
    await directory.keys_used(["k1", "unknown"], today)
    await directory.keys_used(["k1"], today - DAY)
    assert await directory.key("k1") == api_key("k1", last_used_day=today)
    assert await directory.key("k2") == api_key("k2")
    await directory.keys_used(["k1"], today + DAY)
    assert await directory.key("k1") == api_key("k1", last_used_day=today + DAY)
    assert await directory.version() == version


async def test_a_revoked_key_keeps_its_first_revoke_time(store: SqlStore) -> None:
    await store.directory.add_key(api_key())
    await store.directory.revoke_key("k1", NOW + DAY)
    await store.directory.revoke_key("k1", NOW + 2 * DAY)
    await store.directory.revoke_key("unknown", NOW)
    assert await store.directory.key("k1") == api_key(revoke_time=NOW + DAY)


async def test_a_removed_app_takes_its_counts_and_its_keys(store: SqlStore) -> None:
    directory = store.directory
    for name in ("shop", "news"):
        await directory.add_app(app(name))
        await directory.add_key(api_key(f"key of {name}", name))
    await directory.add_key(api_key("revoked before", "shop", revoke_time=NOW - DAY))
    async with store.profiles.write() as transaction:
        count = CountKey("shop", ProfileStatus.ACTIVE, Platform.WEB)
        counts = {count: 1, count._replace(app_id="news"): 2}
        await transaction.apply(changes(counts=counts, reaped={"shop": 3, "news": 4}))
    await directory.remove_app(reservation("shop"), seen=1)
    assert await directory.app("shop") is None
    assert await directory.apps("acme", "", 9) == [app("news")]
    assert await store.profiles.counts() == {count._replace(app_id="news"): 2}
    assert await store.reaper.reaped_since("shop", NOW - DAY) == 0
    assert await store.reaper.reaped_since("news", NOW - DAY) == 4
    times = {k.key_id: k.revoke_time for k in await directory.keys("acme", None)}
    assert times == {"key of shop": NOW + DAY, "revoked before": NOW - DAY, "key of news": None}
    for unknown in ("unknown", "shop"):
        with pytest.raises(Conflict):
            await directory.remove_app(reservation(unknown), seen=1)


def any_row(table: Table, app_id: str) -> tuple[object, ...]:
    """A row of the app with some value in each column."""
    values: dict[type, object] = {bool: True, int: 1}
    return tuple(
        app_id if column.name == "app_id" else values.get(column.type.python_type, str(column.name))
        for column in table.c
    )


async def test_D4_every_row_of_an_app_is_deleted_with_it_or_by_a_rule_of_its_own(store: SqlStore) -> None:
    """Nothing may be left to the app that gets the id next. A new table is deleted with the app unless it says more."""
    kept = {
        "profile": "erased before",
        "token_holder": "with its profile",
        "device_order": "with the device's profile, or at its forget_time",
        "guard": "holds nothing of anybody",
        "tombstone": "90 days",
        "mad_ledger": "400 days",
        "event": "moved to the log",
        "event_log": "7 days",
        "event_fence": "refuses earlier sequencers for as long as the id exists",
        "app": "becomes the reservation",
        "api_key": "revoked",
    }
    of_apps = {table.name: table for table in metadata.sorted_tables if "app_id" in table.c}
    assert {table.name for table in DELETED_WITH_APP} == of_apps.keys() - kept.keys()
    assert kept.keys() <= of_apps.keys()
    for name in ("shop", "news"):
        await store.directory.add_app(app(name))
        for table in DELETED_WITH_APP:
            async with store._database.transaction() as session:
                await session.execute(insert_new(store._database, table), [any_row(table, name)])
    await store.directory.remove_app(reservation("shop"), seen=1)
    left = await contents(store)
    for table in DELETED_WITH_APP:
        column = list(table.c).index(table.c.app_id)
        assert [row[column] for row in left[table.name]] == ["news"], table.name


async def test_D4_a_reservation_is_one_tenants_until_it_is_released(store: SqlStore, other: SqlStore) -> None:
    directory, shop = store.directory, reservation("shop")
    assert await directory.reservation("shop") is None
    await directory.add_app(app())
    assert await directory.reservation("shop") is None
    await directory.remove_app(shop, seen=1)
    assert await other.directory.reservation("shop") == shop
    with pytest.raises(Conflict):
        await directory.add_app(app())
    with pytest.raises(Conflict):
        await directory.reserve_app(replace(shop, revision=3), seen=1)
    await directory.reserve_app(replace(shop, revision=3), seen=2)
    await directory.release_app(shop)  # which has changed
    with pytest.raises(Conflict):
        await directory.change_app(app(revision=4), seen=2)
    await directory.change_app(app(revision=4), seen=3)
    assert await directory.app("shop") == app(revision=4)
    assert await directory.reservation("shop") is None
    await directory.release_app(replace(shop, revision=4))  # which is an app
    assert await directory.app("shop") == app(revision=4)


async def test_D4_old_reservations_are_listed_and_released(store: SqlStore) -> None:
    directory = store.directory
    for name in ("a", "b", "c"):
        await directory.add_app(app(name))
        await directory.remove_app(reservation(name), seen=1)
    deleted = NOW + DAY
    assert await directory.reservations(deleted, "", 9) == []
    old = await directory.reservations(deleted + DAY, "", 2)
    assert [one.app_id for one in old] == ["a", "b"]
    assert [one.app_id for one in await directory.reservations(deleted + DAY, "b", 2)] == ["c"]
    await directory.release_app(old[0])
    assert await directory.reservation("a") is None
    await directory.add_app(app("a"))


async def test_D4_an_app_leaves_traces(store: SqlStore) -> None:
    assert not await store.directory.leaves_traces("shop")
    await store.directory.add_app(app())
    assert not await store.directory.leaves_traces("shop")
    writer = Writer(store, AppSettings(), NOW)
    await writer.commit(register(key("ann", "phone", "shop")))
    assert await store.directory.leaves_traces("shop")
    assert not await store.directory.leaves_traces("news")


async def test_apps_are_found_by_id_among_those_of_a_tenant(store: SqlStore) -> None:
    directory = store.directory
    shop, rival = app(), replace(app("rival"), tenant_id="globex")
    for each in (shop, rival, app("gone")):
        await directory.add_app(each)
    await directory.remove_app(reservation("gone"), seen=1)
    asked = ["shop", "rival", "gone", "missing"]
    assert await directory.apps_by_id(asked, "acme") == [shop]
    assert await directory.apps_by_id(asked, "globex") == [rival]
    assert sorted(await directory.apps_by_id(asked, None), key=lambda a: a.app_id) == [rival, shop]


async def test_every_change_bumps_the_version(store: SqlStore, other: SqlStore) -> None:
    directory = store.directory
    versions = [await other.directory.version()]
    for change in (
        directory.add_tenant(Tenant("acme", NOW)),
        directory.add_app(app()),
        directory.change_app(app(revision=2), seen=1),
        directory.add_key(api_key()),
        directory.revoke_key("k1", NOW),
        directory.remove_app(reservation("shop"), seen=2),
    ):
        await change
        versions.append(await other.directory.version())
    assert versions == list(range(len(versions)))


async def test_a_refused_change_bumps_nothing(store: SqlStore) -> None:
    await store.directory.add_tenant(Tenant("acme", NOW))
    await store.directory.add_app(app())
    before = await contents(store)
    with pytest.raises(Conflict):
        await store.directory.add_tenant(Tenant("acme", NOW + DAY))
    with pytest.raises(Conflict):
        await store.directory.change_app(app(revision=3), seen=2)
    assert await contents(store) == before


async def test_settings_that_a_newer_program_wrote_survive_a_change(store: SqlStore) -> None:
    """App settings: what this program does not know is kept."""
    await store.directory.add_app(app(settings=replace(AppSettings(), push_app_ids=(PUSH_APP, OTHER_PUSH_APP))))
    newer = json.loads(settings_documents.written((await found(store)).settings))
    newer["quiet_hours"] = {"from": 22}
    newer["in_app"]["priority"] = 7
    for entry in newer["push_app_ids"]:
        entry["color"] = "red"
    await write_settings(store, json.dumps(newer))
    seen = await found(store)
    push_app_ids = (PUSH_APP, replace(OTHER_PUSH_APP, platform=Platform.IOS))
    settings = replace(seen.settings, server_side_inbox=True, push_app_ids=push_app_ids)
    await store.directory.change_app(replace(seen, settings=settings, revision=seen.revision + 1), seen.revision)
    assert (await found(store)).settings == settings
    kept = json.loads(await read_settings(store))
    assert kept["quiet_hours"] == {"from": 22}
    assert kept["in_app"]["priority"] == 7
    assert [entry.get("color") for entry in kept["push_app_ids"]] == ["red", None], "a changed entry is a new one"


PUSH_APP, OTHER_PUSH_APP = PushApp("com.app", PushProvider.FCM), PushApp("com.other", PushProvider.FCM)


async def found(store: SqlStore) -> App:
    stored = await store.directory.app("shop")
    assert stored is not None
    return stored


async def write_settings(store: SqlStore, document: str) -> None:
    database = store._database
    await database.execute(
        database.prepare(update(app_table).values(settings=bindparam("document"))), document=document
    )


async def read_settings(store: SqlStore) -> str:
    database = store._database
    [[document]] = await database.fetch(database.prepare(select(app_table.c.settings)))
    return str(document)
