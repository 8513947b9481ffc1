"""What a batch needs is loaded, its guards with it, and nothing else."""

from collections.abc import Iterable
from typing import Any

import pytest

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.deletion_records import DeletionReason, History, Tombstone
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import CustomerKey, DeviceKey, ProfileKey, Token, TokenElsewhere, TokenOfUser, UserKey
from profile_grpc.domain.kinds import (
    BEATS,
    CURRENT,
    GUARDS,
    HOLDERS,
    HOLDERS_ELSEWHERE,
    HOLDERS_OF_USER,
    NAMED,
    OF_CUSTOMER,
    OF_USER,
    PROFILES,
    RECEIVING,
    SIGNED_IN,
    RowKind,
)
from profile_grpc.domain.needs import AnyNeed, Needs
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import AppSettings
from profile_grpc.store import SqlStore
from tests.store.support import DAY, HASHER, NOW, Writer, changes, key, register
from tests.support.postgres import Postgres

SHARED = AppSettings(multi_user_per_device=True, single_device_per_user=True)


@pytest.fixture
async def writer(store: SqlStore) -> Writer:
    """Ann and bob share a phone and its token; ann also has a tablet; eve has a phone of her own."""
    writer = Writer(store, SHARED)
    await writer.commit(register(key("ann", "tablet"), "ann's tablet", customer="c1"))
    await writer.commit(register(key("ann", "phone"), "phone", customer="c1"))
    await writer.commit(register(key("bob", "phone"), "phone", customer="c2"))
    await writer.commit(register(key("eve", "eve's phone"), "eve's"))
    await writer.commit(register(key("ann", "phone", "news"), "phone", customer="c1"))
    return writer


def keys(profiles: Iterable[Profile]) -> set[ProfileKey]:
    return {p.key for p in profiles}


async def test_a_profile_by_its_key(writer: Writer) -> None:
    rows = await writer.load(Needs({PROFILES: {key("ann", "tablet"), key("nobody")}}))
    assert keys(rows.of(PROFILES)) == {key("ann", "tablet")}
    assert rows.histories == {key("nobody"): History()}


PHONE = DeviceKey("shop", "phone")


@pytest.mark.parametrize(
    ("selection", "by", "found"),
    [
        (SIGNED_IN, PHONE, {key("ann"), key("bob")}),
        (CURRENT, PHONE, {key("bob")}),
        (RECEIVING, UserKey("shop", "ann"), {key("ann")}),
        (OF_USER, UserKey("shop", "ann"), {key("ann"), key("ann", "tablet")}),
        (OF_CUSTOMER, CustomerKey("shop", "c1"), {key("ann"), key("ann", "tablet")}),
        (HOLDERS, Token("shop", "phone"), {key("ann"), key("bob")}),
        (HOLDERS_ELSEWHERE, TokenElsewhere("shop", "phone", "tablet"), {key("ann"), key("bob")}),
        (HOLDERS_ELSEWHERE, TokenElsewhere("shop", "phone", "phone"), set()),
        (HOLDERS_OF_USER, TokenOfUser("shop", "phone", "bob"), {key("bob")}),
        (HOLDERS_OF_USER, TokenOfUser("shop", "phone", "eve"), set()),
        (NAMED, key("bob"), {key("ann"), key("bob")}),
        (NAMED, key("nobody"), set()),
    ],
)
async def test_each_selection_loads_its_rows(
    writer: Writer, server: Postgres | None, selection: AnyNeed, by: Any, found: set[ProfileKey]
) -> None:
    other = by._replace(app_id="no such")
    # A batch on a cluster holds commands of one shard (docs/adr/0040).
    together = [{by}, {other}] if server is not None and server.is_citus else [{by, other}]
    loaded = [keys((await writer.load(Needs({selection: asked}))).of(PROFILES)) for asked in together]
    assert set().union(*loaded) == found


async def test_R5_R6_R7_who_has_left_is_not_selected(writer: Writer) -> None:
    await writer.commit(Unregister(key("bob")))
    asked: dict[AnyNeed, set[Any]] = {CURRENT: {PHONE}, RECEIVING: {UserKey("shop", "bob")}}
    assert keys((await writer.load(Needs(asked))).of(PROFILES)) == set()
    assert keys((await writer.load(Needs({SIGNED_IN: {PHONE}}))).of(PROFILES)) == {key("ann")}


async def test_counted_rows_are_not_loaded(writer: Writer) -> None:
    no_such = DeviceKey("shop", "no such")
    rows = await writer.load(Needs(counted={SIGNED_IN: {PHONE, no_such}}))
    assert rows.counts == {SIGNED_IN: {PHONE: 2, no_such: 0}}
    assert list(rows.of(PROFILES)) == []


async def test_guards_that_are_there(writer: Writer) -> None:
    known, unknown = DeviceKey("shop", "phone").guard, DeviceKey("shop", "no such").guard
    rows = await writer.load(Needs({GUARDS: {known, unknown, UserKey("shop", "ann").guard}}))
    assert {guard.key for guard in rows.of(GUARDS)} == {known, UserKey("shop", "ann").guard}
    [seen] = [guard.revision for guard in rows.of(GUARDS) if guard.key == known]
    await writer.commit(register(key("cid", "phone")))
    again = await writer.load(Needs({GUARDS: {known}}))
    assert [guard.revision for guard in again.of(GUARDS)] != [seen]


async def test_all_needs_at_once_load_each_row_once(writer: Writer) -> None:
    rows = await writer.load(
        Needs(
            {
                BEATS: {key("ann"), key("eve", "eve's phone")},
                PROFILES: {key("ann"), key("ann", "tablet"), key("ann", "phone", "news")},
                SIGNED_IN: {PHONE},
                OF_USER: {UserKey("shop", "ann")},
                OF_CUSTOMER: {CustomerKey("shop", "c1")},
                HOLDERS: {Token("shop", "eve's")},
            }
        )
    )
    listed = [p.key for p in rows.of(PROFILES)]
    assert len(listed) == len(set(listed))
    assert set(listed) == {
        key("ann"),
        key("ann", "tablet"),
        key("bob"),
        key("eve", "eve's phone"),
        key("ann", "phone", "news"),
    }
    assert list(rows.of(BEATS)) == [], "what is loaded whole is not loaded again"


async def test_a_heartbeat_loads_no_profile_and_no_guard(writer: Writer) -> None:
    whole = await writer.store.profiles.get(key())
    assert whole is not None
    rows = await writer.load(Needs({BEATS: {key(), key("nobody")}}))
    assert list(rows.of(BEATS)) == [whole.liveness]
    assert list(rows.of(PROFILES)) == []


async def test_no_needs_load_nothing(writer: Writer) -> None:
    rows = await writer.load(Needs())
    assert [*rows.of(BEATS), *rows.of(PROFILES), *rows.of(GUARDS), *rows.histories] == []


@pytest.mark.parametrize("kind", [PROFILES, BEATS], ids=["profiles", "beats"])
async def test_D3_M2_a_deleted_profile_leaves_its_history(writer: Writer, kind: RowKind[ProfileKey, Any]) -> None:
    gone = key("eve", "eve's phone")
    writer.now += DAY
    await writer.commit(DeleteDeviceProfile("shop", user_id="eve", device_id="eve's phone"))
    wanted = {gone, key("nobody")}
    rows = await writer.load(Needs({kind: wanted}))
    tombstone = Tombstone("shop", HASHER.profile(gone), DeletionReason.DELETED, writer.now, writer.now, version=2)
    assert rows.histories == {gone: History(tombstone, MadRecord(NOW, 1, writer.now)), key("nobody"): History()}


async def test_M1_the_history_has_the_last_count(writer: Writer) -> None:
    gone = key("eve", "eve's phone")
    for _ in range(11):
        writer.now += 31 * DAY
        await writer.commit(Heartbeat(gone))
    counted = writer.now
    await writer.commit(DeleteDeviceProfile("shop", user_id="eve"))
    writer.now += DAY
    await writer.commit(register(gone), DeleteDeviceProfile("shop", user_id="eve"))
    rows = await writer.load(Needs({PROFILES: {gone}}))
    assert rows.histories[gone].mad == MadRecord(counted, 12, counted), "a second deletion does not extend (M2)"
    tombstone = rows.histories[gone].tombstone
    assert tombstone is not None
    assert tombstone.delete_time == writer.now


async def test_a_tombstone_without_a_count_has_no_record(writer: Writer) -> None:
    tombstone = Tombstone("shop", HASHER.profile(key("x")), DeletionReason.INACTIVE, NOW, NOW - DAY)
    async with writer.store.profiles.write() as transaction:
        await transaction.apply(changes(tombstones=[tombstone]))
    rows = await writer.load(Needs({BEATS: {key("x")}}))
    assert rows.histories == {key("x"): History(tombstone, None)}


async def test_a_count_without_a_tombstone_is_known(writer: Writer) -> None:
    await writer.store.reaper.purge_tombstones("shop", NOW + 1000 * DAY, 100)
    await writer.commit(DeleteDeviceProfile("shop", user_id="eve"))
    await writer.store.reaper.purge_tombstones("shop", NOW + 1000 * DAY, 100)
    rows = await writer.load(Needs({PROFILES: {key("eve", "eve's phone")}}))
    assert rows.histories == {key("eve", "eve's phone"): History(None, MadRecord(NOW, 1))}
