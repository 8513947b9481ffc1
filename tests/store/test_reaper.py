"""What the reaper reads and keeps (P1-P8)."""

from datetime import UTC, datetime, timedelta

import pytest

from profile_grpc.domain.billing import LedgerEntry
from profile_grpc.domain.deletion_records import DeletionReason, Tombstone
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile, ProfileStatus
from profile_grpc.service.reaper_ports import DueBefore, DueProfile, ReaperRecord
from profile_grpc.store import SqlStore
from profile_grpc.store.reaper import _due_values
from tests.store.support import DAY, NOW, changes, contents, key, profile, put

EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
TICK = timedelta(microseconds=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def heard(name: str, time: datetime | None, **given: object) -> Profile:
    return profile(key(name), last_heartbeat_time=time, **given)


def seen(*profiles: Profile | DueProfile) -> list[tuple[ProfileKey, datetime | None]]:
    return [(p.key, p.last_heartbeat_time) for p in profiles]


async def test_P1_due_is_what_was_last_heard_before_the_cutoff(store: SqlStore) -> None:
    old, older, at, young = (
        heard("old", NOON - TICK),
        heard("older", NOON - 3 * DAY),
        heard("at", NOON),
        heard("young", NOON + TICK),
    )
    gone = heard("gone", NOON - 9 * DAY, status=ProfileStatus.UNREGISTERED, unregister_time=NOON)
    silent = heard("silent", None, register_time=NOON - 99 * DAY)
    elsewhere = profile(key(app="news"), last_heartbeat_time=NOON - DAY)
    await put(store, at, young, old, gone, silent, older, elsewhere)
    before = DueBefore("shop", NOON, None)
    assert seen(*await store.reaper.due(before, 10)) == seen(older, old), "oldest day first"
    assert seen(*await store.reaper.due(before, 1)) == seen(older)
    assert await store.reaper.count_due(before, 10) == 2
    assert await store.reaper.count_due(before, 1) == 1


async def test_P2_without_a_heartbeat_the_registration_counts_if_the_app_says_so(store: SqlStore) -> None:
    beating = heard("beating", NOON - 2 * DAY, register_time=NOON - 400 * DAY)
    first, second = heard("first", None, register_time=NOON - DAY), heard("second", None, register_time=NOON - TICK)
    young = heard("young", None, register_time=NOON)
    gone = heard("gone", None, register_time=NOON - 9 * DAY, status=ProfileStatus.UNREGISTERED)
    await put(store, second, first, young, gone, beating)
    before = DueBefore("shop", NOON - DAY, NOON)
    assert seen(*await store.reaper.due(before, 10)) == seen(beating, first, second)
    assert seen(*await store.reaper.due(before, 2)) == seen(beating, first)
    assert seen(*await store.reaper.due(before, 1)) == seen(beating)
    assert await store.reaper.count_due(before, 10) == 3
    assert await store.reaper.count_due(before, 2) == 2
    assert await store.reaper.due(DueBefore("shop", NOON - 3 * DAY, None), 10) == []


async def test_P5_a_day_that_ends_with_the_cutoff_is_not_followed_by_another(store: SqlStore) -> None:
    """The reaper leaves out the day of a cutoff by asking for what is before its beginning."""
    midnight = NOON.replace(hour=0)
    await put(store, heard("before", midnight - TICK), heard("at", midnight))
    assert [p.key.user_id for p in await store.reaper.due(DueBefore("shop", midnight, None), 10)] == ["before"]
    [heard_before] = _due_values(DueBefore("shop", midnight, None))
    assert heard_before["day"] == midnight.toordinal() - EPOCH - 1


async def test_profiles_with_times_ahead_are_found(store: SqlStore) -> None:
    """Terms: a heartbeat, a registration without one, and a sign-out, newest first; nothing else."""
    far, farther = heard("far", NOON + TICK), heard("farther", NOON + 3 * DAY)
    silent = heard("silent", None, register_time=NOON + 9 * DAY)
    gone = heard("gone", NOON, status=ProfileStatus.UNREGISTERED, unregister_time=NOON + TICK)
    at = heard("at", NOON, register_time=NOON + DAY)
    others = [heard("old", NOON - 9 * DAY), heard("quiet", None, register_time=NOON), at]
    gone_before = heard("gone-before", None, status=ProfileStatus.UNREGISTERED, unregister_time=NOON)
    elsewhere = profile(key(app="news"), last_heartbeat_time=NOON + DAY)
    await put(store, far, farther, silent, gone, gone_before, elsewhere, *others)
    assert await store.reaper.stamped_ahead("shop", NOON, 10) == [farther.key, far.key, silent.key, gone.key]
    assert await store.reaper.stamped_ahead("shop", NOON, 2) == [farther.key, far.key]
    assert await store.reaper.stamped_ahead("shop", NOON + 99 * DAY, 10) == []


async def test_P8_due_unregistered_is_ordered_by_time(store: SqlStore) -> None:
    def unregistered(name: str, time: datetime) -> Profile:
        return profile(key(name), status=ProfileStatus.UNREGISTERED, unregister_time=time)

    first, second, at = (
        unregistered("first", NOON - 2 * TICK),
        unregistered("second", NOON - TICK),
        unregistered("at", NOON),
    )
    await put(store, at, second, first, profile(key("active"), unregister_time=NOON - DAY))
    assert [p.key for p in await store.reaper.due_unregistered("shop", NOON, 10)] == [first.key, second.key]
    assert [p.key for p in await store.reaper.due_unregistered("shop", NOON, 1)] == [first.key]
    assert list(await store.reaper.due_unregistered("news", NOON, 10)) == []


async def test_P7_the_histograms_count_active_profiles_by_day(store: SqlStore) -> None:
    midnight = NOON.replace(hour=0)
    await put(
        store,
        heard("a", midnight),
        heard("b", midnight + DAY - TICK),
        heard("c", midnight - TICK),
        heard("d", None, register_time=midnight),
        heard("e", None, register_time=midnight - TICK),
        heard("f", NOON, status=ProfileStatus.UNREGISTERED),
        heard("g", None, register_time=NOON, status=ProfileStatus.UNREGISTERED),
    )
    today, yesterday = midnight.date(), (midnight - DAY).date()
    assert await store.reaper.last_heartbeat_days("shop") == {today: 2, yesterday: 1}
    assert await store.reaper.register_days("shop") == {today: 1, yesterday: 1}
    assert await store.reaper.last_heartbeat_days("news") == {}
    assert await store.reaper.register_days("news") == {}


async def test_P6_the_newest_sign_of_life_is_a_heartbeat_or_a_registration(store: SqlStore) -> None:
    assert await store.reaper.newest_sign_of_life() is None
    await put(store, heard("a", None, register_time=NOON))
    assert await store.reaper.newest_sign_of_life() == NOON
    await put(store, heard("b", NOON + TICK, register_time=NOON - DAY))
    assert await store.reaper.newest_sign_of_life() == NOON + TICK


async def test_P6_deletions_for_inactivity_add_up(store: SqlStore, other: SqlStore) -> None:
    for target, time, count in ((store, NOW - DAY, 1), (store, NOW, 2), (other, NOW, 4), (store, NOW + DAY, 8)):
        async with target.profiles.write() as transaction:
            await transaction.apply(changes(time, reaped={"shop": count, "news": 100}))
    reaper = store.reaper
    assert await reaper.reaped_since("shop", NOW - DAY) == 15
    assert await reaper.reaped_since("shop", NOW) == 14
    assert await reaper.reaped_since("shop", NOW + TICK) == 8
    assert await reaper.reaped_since("unknown", NOW - DAY) == 0
    assert await reaper.purge_reaped("shop", NOW) == 1
    assert await reaper.reaped_since("shop", NOW - 99 * DAY) == 14


async def test_the_record_is_one(store: SqlStore, other: SqlStore) -> None:
    assert await store.reaper.record() == ReaperRecord()
    for record in (ReaperRecord(NOW), ReaperRecord(NOW + DAY, NOW), ReaperRecord(NOW, None)):
        await store.reaper.save_record(record)
        assert await other.reaper.record() == record


@pytest.mark.parametrize("purged", ["tombstone", "mad_ledger"])
async def test_P8_a_purge_deletes_the_oldest_up_to_its_limit(store: SqlStore, purged: str) -> None:
    times = [NOW - 3 * DAY, NOW - 2 * DAY, NOW - TICK, NOW, NOW + DAY]
    async with store.profiles.write() as transaction:
        for number, time in enumerate(times):
            await transaction.apply(
                changes(
                    tombstones=[Tombstone("shop", f"hash {number}", DeletionReason.DELETED, time, time)],
                    ledger=[LedgerEntry("shop", f"hash {number}", 1, time)],
                )
            )
    purge = {
        "tombstone": store.reaper.purge_tombstones,
        "mad_ledger": store.reaper.purge_ledger,
    }[purged]
    others = {name: rows for name, rows in (await contents(store)).items() if name != purged}
    assert await purge("shop", NOW, 2) == 2
    assert len((await contents(store))[purged]) == 3
    assert await purge("shop", NOW, 2) == 1
    assert await purge("shop", NOW, 2) == 0
    left = await contents(store)
    assert len(left[purged]) == 2
    assert {name: rows for name, rows in left.items() if name != purged} == others


async def test_events_keep_their_order_and_hold_what_they_say(store: SqlStore) -> None:
    first = [Event(EventType.PROFILE_CREATED, "shop", NOW, f"user {i}", "phone", "") for i in range(300)]
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(events=first))
    held = Event(EventType.REAPER_HELD, "shop", NOW + TICK, reason="CLOCK_JUMP")
    await store.events.add(held)
    rows = (await contents(store))["event"]
    assert [row[4] for row in rows] == [*(f"user {i}" for i in range(300)), ""], "ids sort as the events came"
    assert (rows[-1][0], *rows[-1][2:]) == ("shop", rows[-1][2], "REAPER_HELD", "", "", "CLOCK_JUMP", "", 0)
    assert len({row[1] for row in rows}) == len(rows)
