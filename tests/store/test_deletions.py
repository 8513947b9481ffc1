"""A deletion by the reaper leaves the same rows as a deletion by the write path (P4, D3, M2)."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from profile_grpc.domain.commands import AnyCommand
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.ports import Conflict
from profile_grpc.service.reaper_ports import DueBefore, DueProfile
from profile_grpc.store import SqlStore
from profile_grpc.store.tables import metadata
from tests.store.support import DAY, NOW, Writer, contents, key, register

SETTINGS = AppSettings(
    multi_user_per_device=True,
    single_device_per_user=True,
    inactivity_period=10 * DAY,
    heartbeat_interval=DAY,
    unregistered_retention=timedelta(0),
)
BULK, DECIDED = "bulk", "decided"
RANDOM = {"app_id", "profile_hash", "token_hash", "revision", "id", "shard"}
"""What differs between two apps, or between two runs."""
NUMBERS = {"profile_count": "profiles", "endpoint_count": "endpoints"}
"""The columns of which the sum counts."""


def ann(app: str) -> ProfileKey:
    return key("ann", "phone", app)


def bob(app: str) -> ProfileKey:
    return key("bob", "phone", app)


def eve(app: str) -> ProfileKey:
    return key("eve", "tablet", app)


def history(app: str) -> list[AnyCommand]:
    """Two users of a device with one token, and a user with two tokens who was deleted a short while before."""
    return [
        register(eve(app), "T2"),
        DeleteDeviceProfile(app, user_id="eve", device_id="tablet"),
        register(ann(app), "T1"),
        register(bob(app), "T1"),
        register(eve(app), "T2", customer="c"),
        *(Heartbeat(one(app)) for one in (ann, bob, eve)),
    ]


async def rows_of(store: SqlStore, app: str) -> dict[str, Counter[tuple[object, ...]]]:
    """The app's rows of every table, without what is random; those that are counted, added up."""
    written: dict[str, Counter[tuple[object, ...]]] = {}
    for name, found in (await contents(store)).items():
        columns = [column.name for column in metadata.tables[name].c]
        if "app_id" not in columns:
            continue
        written[name] = Counter()
        for row in found:
            values = dict(zip(columns, row, strict=True))
            if values["app_id"] == app:
                number = int(str(values.pop(NUMBERS[name]))) if name in NUMBERS else 1
                written[name][tuple(value for column, value in values.items() if column not in RANDOM)] += number
    return {name: Counter({row: n for row, n in counted.items() if n}) for name, counted in written.items()}


async def due(store: SqlStore, *keys: ProfileKey) -> list[DueProfile]:
    found = await store.reaper.due(DueBefore(keys[0].app_id, NOW + DAY, None), 100)
    return [p for p in found if p.key in keys]


@pytest.mark.parametrize("gone", [[ann], [eve], [ann, bob], [ann, eve], [ann, bob, eve]])
@pytest.mark.parametrize("days", [20, 60])
async def test_D3_M2_a_reaped_profile_leaves_what_a_decided_deletion_leaves(
    store: SqlStore, gone: list[Callable[[str], ProfileKey]], days: int
) -> None:
    """Guards, tombstones, events and numbers, inside the window of an earlier deletion and after it."""
    writer = Writer(store, SETTINGS)
    for app in (BULK, DECIDED):
        for command in history(app):
            await writer.commit(command)
    before = await rows_of(store, BULK)
    writer.now = NOW + days * DAY
    await writer.commit(ReapInactive(DECIDED, tuple(SeenProfile(one(DECIDED), NOW) for one in gone)))
    found = await due(store, *(one(BULK) for one in gone))
    assert len(found) == len(gone)
    await store.reaper.delete(BULK, found, DeletionReason.INACTIVE, writer.now)
    left = await rows_of(store, BULK)
    assert left == await rows_of(store, DECIDED)
    assert left != before


async def test_D1_P8_a_purged_profile_leaves_what_a_decided_purge_leaves(store: SqlStore) -> None:
    writer = Writer(store, SETTINGS)
    for app in (BULK, DECIDED):
        for command in (*history(app), Unregister(ann(app))):
            await writer.commit(command)
    writer.now = NOW + DAY
    await writer.commit(PurgeUnregistered(DECIDED, (ann(DECIDED),)))
    found = await store.reaper.due_unregistered(BULK, writer.now, 10)
    await store.reaper.delete(BULK, found, DeletionReason.UNREGISTERED, writer.now)
    assert await rows_of(store, BULK) == await rows_of(store, DECIDED)


async def test_P4_nothing_is_deleted_when_one_of_them_has_changed(store: SqlStore) -> None:
    writer = Writer(store, SETTINGS)
    for command in history(BULK):
        await writer.commit(command)
    found = await due(store, ann(BULK), bob(BULK), eve(BULK))
    writer.now = NOW + 60 * DAY
    await writer.commit(Heartbeat(bob(BULK)))
    before = await contents(store)
    with pytest.raises(Conflict):
        await store.reaper.delete(BULK, found, DeletionReason.INACTIVE, writer.now)
    assert await contents(store) == before


async def test_R4_a_registration_that_was_decided_before_the_deletion_is_decided_again(
    store: SqlStore, other: SqlStore
) -> None:
    """A profile that another device takes the token from is gone meanwhile."""
    writer = Writer(store, SETTINGS)
    for command in history(BULK):
        await writer.commit(command)
    async with store.profiles.write() as transaction:
        _, changes = await writer.decided(transaction, register(key("new", "tablet", BULK), "T1"))
        await other.reaper.delete(BULK, await due(other, ann(BULK)), DeletionReason.INACTIVE, NOW + 60 * DAY)
        with pytest.raises(Conflict):
            await transaction.apply(changes)
