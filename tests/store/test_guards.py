"""Two processes on one database: of two writers of a row one wins, and the other gets a Conflict and writes nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from profile_grpc.domain.billing import LedgerEntry, MadRecord
from profile_grpc.domain.changes import Write
from profile_grpc.domain.commands import AnyCommand, NewEndpoint, ProfilePatch
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import Guard, GuardKey
from profile_grpc.domain.kinds import BEATS
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.push_endpoints import PushProvider, PushPurpose
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.results import Registered
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import Conflict
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore, tables
from tests.store.support import DAY, HASHER, NOW, Writer, changes, contents, key, profile, put, register

SHARED = AppSettings(multi_user_per_device=True)
ONE_DEVICE = AppSettings(single_device_per_user=True)
CALLS = NewEndpoint(PushProvider.FCM, "t2", "com.shop", PushPurpose.INCOMING_CALL)


async def race(first: Writer, second: Writer, ours: AnyCommand, theirs: AnyCommand) -> None:
    """Both read, then the first commits, then the second tries."""
    async with second.store.profiles.write() as late:
        _, undecided = await second.decided(late, theirs)
        await first.commit(ours)
        before = await contents_of(first)
        with pytest.raises(Conflict):
            await late.apply(undecided)
    assert await contents_of(first) == before


async def contents_of(writer: Writer) -> dict[str, list[tuple[object, ...]]]:
    assert isinstance(writer.store, SqlStore)
    return await contents(writer.store)


@pytest.fixture
def pair(store: SqlStore, other: SqlStore) -> tuple[Writer, Writer]:
    return Writer(store), Writer(other)


@pytest.mark.parametrize(
    ("settings", "ours", "theirs"),
    [
        pytest.param(SHARED, register(key()), register(key()), id="the same profile (R1)"),
        pytest.param(SHARED, register(key("ann")), register(key("bob")), id="two users of one device (R5)"),
        pytest.param(AppSettings(), register(key("ann")), register(key("bob")), id="one user replaces another (R6)"),
        pytest.param(
            SHARED, register(key("ann", "phone"), "t"), register(key("bob", "tablet"), "t"), id="one token (R4)"
        ),
    ],
)
async def test_of_two_creations_one_wins(
    pair: tuple[Writer, Writer], settings: AppSettings, ours: AnyCommand, theirs: AnyCommand
) -> None:
    first, second = pair
    first.settings = second.settings = settings
    await race(first, second, ours, theirs)
    await second.commit(theirs)


@pytest.mark.parametrize("known", [False, True])
async def test_R7_of_two_devices_of_one_user_one_is_the_newest(pair: tuple[Writer, Writer], known: bool) -> None:
    first, second = pair
    first.settings = second.settings = ONE_DEVICE
    if known:
        await first.commit(register(key("ann", "old")))
    await race(first, second, register(key("ann", "phone"), "a"), register(key("ann", "tablet"), "b"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Heartbeat(key()), Heartbeat(key())),
        (Heartbeat(key()), Unregister(key())),
        (Unregister(key()), Heartbeat(key())),
        (DeleteDeviceProfile("shop", user_id="ann"), Heartbeat(key())),
        (DeleteDeviceProfile("shop", user_id="ann"), DeleteDeviceProfile("shop", user_id="ann")),
        (register(key(), "t"), DeleteDeviceProfile("shop", user_id="ann")),
        (register(key("bob")), DeleteDeviceProfile("shop", user_id="ann")),
        (register(key("bob", "tablet"), "old"), Unregister(key())),
    ],
    ids=lambda command: type(command).__name__,
)
async def test_of_two_changes_one_wins(pair: tuple[Writer, Writer], ours: AnyCommand, theirs: AnyCommand) -> None:
    first, second = pair
    first.settings = second.settings = SHARED
    await first.commit(register(key(), "old"))
    first.now = second.now = NOW + DAY
    await race(first, second, ours, theirs)


async def test_a_count_dated_ahead_is_dated_anew(store: SqlStore) -> None:
    """Terms: the ledger outlives the profile, so the count is dated there too."""
    of = key()
    wrong = MadRecord(NOW + 365 * DAY, 1)
    entry = LedgerEntry("shop", HASHER.profile(of), 1, wrong.count_time)
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(profiles=[Write(profile(of, mad=wrong), None)], ledger=[entry]))
    await Writer(store).commit(Heartbeat(of))
    usage = await store.usage.usage("shop", NOW.date(), NOW.date(), NOW - DAY, NOW)
    assert (usage.days, usage.rolling) == ({NOW.date(): 1}, 1)
    stored = await store.profiles.get(of)
    assert stored is not None
    assert stored.mad.count_time == NOW


async def test_M4_a_device_counted_twice_is_refused(store: SqlStore, other: SqlStore) -> None:
    entry = LedgerEntry("shop", "hash-of-a-profile-0001", 1, NOW)
    again = entry._replace(count_time=NOW + DAY)
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(ledger=[entry]))
    with pytest.raises(Conflict):
        async with other.profiles.write() as transaction:
            await transaction.apply(changes(ledger=[again, entry._replace(profile_hash="another")]))
    usage = await store.usage.usage("shop", NOW.date(), (NOW + DAY).date(), NOW - DAY, NOW + DAY)
    assert (usage.distinct, usage.rolling) == (1, 1)


async def test_every_write_is_guarded(store: SqlStore) -> None:
    async def apply(one: Write[Profile] | Profile) -> None:
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(profiles=[one]))

    row = profile(key(), revision=5)
    changed = row._replace(revision=6)
    unseen: tuple[Write[Profile] | Profile, ...] = (Write(row, 4), row._replace(revision=4))
    for refused in unseen:
        with pytest.raises(Conflict):
            await apply(refused)
    assert await contents(store) == {}
    await apply(Write(row, None))
    before = await contents(store)
    stale: tuple[Write[Profile] | Profile, ...] = (Write(changed, None), Write(changed, 4), changed)
    for refused in stale:
        with pytest.raises(Conflict):
            await apply(refused)
    assert await contents(store) == before
    await apply(Write(changed, 5))
    assert await contents(store) != before
    await apply(changed)
    assert await contents(store) == {}


async def test_a_guard_that_was_bumped_since_refuses(store: SqlStore) -> None:
    def guard(number: int, revision: int) -> Guard:
        return Guard(GuardKey("shop", number), revision)

    async def apply(*guards: Write[Guard]) -> None:
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(guards=list(guards)))

    with pytest.raises(Conflict):
        await apply(Write(guard(7, 2), 1))
    await apply(Write(guard(7, 5), None), Write(guard(8, 5), None))
    before = await contents(store)
    for late in (Write(guard(7, 6), None), Write(guard(7, 6), 4)):
        with pytest.raises(Conflict):
            await apply(late, Write(guard(8, 6), 5))
    assert await contents(store) == before
    await apply(Write(guard(7, 6), 5))
    assert (await contents(store))["guard"] == [("shop", 7, 6), ("shop", 8, 5)]


async def test_one_stale_row_refuses_the_whole_batch(store: SqlStore) -> None:
    await put(store, *(profile(key(f"user {i}"), revision=i) for i in range(50)))
    before = await contents(store)
    beats = [Write(profile(key(f"user {i}"), revision=1000 + i).liveness, i if i != 37 else 36) for i in range(50)]
    with pytest.raises(Conflict) as conflict:
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(beats=beats, profiles=[Write(profile(key("new")), None)]))
    assert await contents(store) == before
    assert "1 of 50" in str(conflict.value)


async def test_the_writes_of_a_block_that_raises_are_rolled_back(store: SqlStore) -> None:
    class ProblemError(Exception):
        pass

    async def block() -> None:
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(profiles=[Write(profile(key()), None)]))
            raise ProblemError

    with pytest.raises(ProblemError):
        await block()
    assert await contents(store) == {}


async def test_of_many_that_create_the_same_device_at_once_one_wins(store: SqlStore, other: SqlStore) -> None:
    async def attempt(number: int) -> str:
        target = store if number % 2 else other
        writer = Writer(target, SHARED)
        try:
            async with target.profiles.write() as transaction:
                _, decided = await writer.decided(transaction, register(key(f"user {number}"), "token"))
                await transaction.apply(decided)
        except Conflict:
            return "conflict"
        return "won"

    outcomes = Counter(await asyncio.gather(*(attempt(number) for number in range(10))))
    assert outcomes["won"] >= 1
    stored = await contents(store)
    assert len(stored["profile"]) == outcomes["won"]
    assert len(stored["token_holder"]) == outcomes["won"]
    assert len(stored["mad_ledger"]) == outcomes["won"]


@pytest.mark.parametrize("users", [("alice",), ("alice", "bob", "cid")], ids=["one row", "several rows"])
async def test_M4_retried_conflicts_lose_no_update(store: SqlStore, other: SqlStore, users: Sequence[str]) -> None:
    """Ten writers on two stores change the same rows and retry until each has succeeded."""
    keys = [key(user) for user in users]
    await Writer(store).commit(*(register(one) for one in keys))

    async def count_up(target: SqlStore) -> None:
        while True:
            try:
                async with target.profiles.write() as transaction:
                    found = await transaction.load(Needs({BEATS: set(keys)}))
                    beats = found.of(BEATS)
                    changed = [
                        beat._replace(mad=MadRecord(NOW, beat.mad.number + 1), revision=beat.revision + 1)
                        for beat in beats
                    ]
                    pairs = zip(changed, beats, strict=True)
                    await transaction.apply(changes(beats=[Write(row, beat.revision) for row, beat in pairs]))
            except Conflict:
                continue
            return

    await asyncio.gather(*(count_up(store if number % 2 else other) for number in range(10)))
    stored = [await store.profiles.get(one) for one in keys]
    assert [one.mad.number for one in stored if one is not None] == [11] * len(keys)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def test_R4_a_token_that_a_profile_takes_while_another_device_claims_it(pair: tuple[Writer, Writer]) -> None:
    """The holders are found before they are read: whoever joins them meanwhile has changed the token's guard."""
    first, second = pair
    await first.commit(register(key("ann", "phone"), "t"))

    async def claim() -> None:
        async with first.store.profiles.write() as late:
            _, decided = await first.decided(late, register(key("bob", "tablet"), "t"))
            await second.commit(register(key("cid", "phone"), "t"))
            await late.apply(decided)

    with pytest.raises(Conflict):
        await claim()
    await first.commit(register(key("bob", "tablet"), "t"))
    assert {row[2:] for row in (await contents_of(first))["token_holder"]} == {("tablet", "bob")}


async def test_D3_linking_a_customer_and_deleting_by_it_at_once_leaves_no_holder(store: SqlStore) -> None:
    queue = WriteQueue(store.profiles, _Clock(), HASHER, observer=NullObserver())
    queue.start()
    try:
        await queue.submit(register(key(), "t"), AppSettings())
        link = UpdateProfileData(key(), ProfilePatch(attributes={"customer_id": "c"}))
        deletion = DeleteDeviceProfile("shop", customer_id="c")
        commands: list[tuple[AnyCommand, AppSettings]] = [(link, AppSettings()), (deletion, AppSettings())]
        answers = await queue.submit_all(commands)
        assert not [answer for answer in answers if isinstance(answer, Refused)]
        assert not {"profile", "token_holder"} & (await contents(store)).keys()
    finally:
        await queue.close()


async def test_R4_a_holder_that_is_gone_is_no_holder(store: SqlStore, writer: Writer) -> None:
    """An index entry without a profile, whatever its cause, must not keep the token from other devices for ever."""
    await writer.commit(register(key("ann", "phone"), "t"))
    database = store._database
    await database.execute(database.prepare(delete(tables.profile)))
    [result] = await writer.commit(register(key("bob", "tablet"), "t"))
    assert isinstance(result, Registered)
    assert result.displaced == ()
    assert ("tablet", "bob") in {row[2:] for row in (await contents(store))["token_holder"]}
