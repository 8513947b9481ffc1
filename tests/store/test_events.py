"""Events in the store: versions (E2), positions (E3), the log and its retention (E4)."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.events.feed import Feed
from profile_grpc.service.event_ports import EventHead, LoggedEvent
from profile_grpc.service.ports import Conflict, StoreUnavailable
from profile_grpc.store import SqlStore, tables
from profile_grpc.store.events import in_order
from profile_grpc.store.postgresql import Postgresql
from tests.store.support import DAY, NOW, Writer, changes, key, register

SECOND = timedelta(seconds=1)


async def leave(store: SqlStore, *events: Event) -> None:
    """Commits events as a change would."""
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(events=list(events)))


async def give(store: SqlStore, head: EventHead, limit: int = 1000, now: timedelta = timedelta(0)) -> EventHead:
    """Gives positions as the sequencer does."""
    return (await store.events.assign(head, NOW + now, limit)).head


async def log(store: SqlStore, after: int = 0) -> list[LoggedEvent]:
    return list(await store.events.read(after, (await store.events.head()).published))


def created(user: str, time: timedelta = timedelta(0), app: str = "shop", version: int = 1) -> Event:
    return Event(EventType.PROFILE_CREATED, app, NOW + time, user, "phone", version=version)


async def test_E3_events_get_positions_once_and_in_order(store: SqlStore, writer: Writer) -> None:
    head = await store.events.take_over("a" * 16)
    assert head == EventHead(1, "a" * 16, 0, 0)
    await writer.commit(register(key()), register(key("bob", "tablet"), customer="c1"))
    head = await give(store, head)
    writer.now -= DAY  # a clock that went back changes no order
    await writer.commit(Unregister(key()))
    await writer.commit(DeleteDeviceProfile("shop", "ann", device_id="phone"))
    head = await give(store, head)
    assert await store.events.pending(10) == []
    logged = await log(store)
    assert [one.position for one in logged] == [1, 2, 3, 4, 5]
    ann = [(one.event.type, one.event.version) for one in logged if one.event.user_id == "ann"]
    assert ann == [
        (EventType.PROFILE_CREATED, 1),
        (EventType.PROFILE_UNREGISTERED, 2),
        (EventType.PROFILE_DELETED, 3),
    ]
    bob = [(one.event.type, one.event.version, one.event.customer_id) for one in logged if one.event.user_id == "bob"]
    assert bob == [(EventType.PROFILE_CREATED, 1, "c1"), (EventType.CUSTOMER_LINKED, 2, "c1")]
    assert len({one.event_id for one in logged}) == 5
    assert await store.events.read(2, 3) == logged[2:3]
    assert await store.events.head() == head


async def test_E2_a_version_goes_on_after_a_deletion(store: SqlStore, writer: Writer) -> None:
    await writer.commit(register(key(), "t"))
    await writer.commit(DeleteDeviceProfile("shop", "ann", device_id="phone"))
    [again] = await writer.commit(register(key(), "t"))
    assert (again.created, again.profile.version) == (True, 3)
    found = await store.profiles.get(key())
    assert found is not None
    assert found.version == 3
    assert [one.event.version for one in await store.events.pending(10)] == [1, 2, 3]


async def test_E3_of_a_profile_the_lowest_versions_come_first_whatever_the_limit(store: SqlStore) -> None:
    """Also where the clock of the process that wrote the later version was behind, and ids sort the other way."""
    await leave(store, created("ann", version=1), created("bob", version=1))
    await leave(store, created("ann", -DAY, version=2), created("ann", -2 * DAY, version=3))
    found = await store.events.pending(2)
    assert [(one.event.user_id, one.event.version) for one in found] == [("ann", 1), ("ann", 2)]
    found = in_order(await store.events.pending(10))
    assert [one.event.version for one in found if one.event.user_id == "ann"] == [1, 2, 3]


async def test_E3_one_server_gives_the_same_order_as_a_cluster(store: SqlStore) -> None:
    """The order is written down twice: as a statement, and for the steps of a cluster."""
    dice = random.Random(5)
    versions: Counter[str] = Counter()

    def event() -> Event:
        who, time = dice.choice("abcd"), NOW + dice.randrange(-5, 5) * SECOND
        versions[who] += 1
        version = versions[who]
        if who > "b":  # a customer, which has no profile
            return Event(EventType.CUSTOMER_UPDATED, "", time, customer_id=who, version=version, tenant_id="acme")
        return Event(EventType.PROFILE_REACTIVATED, "shop", time, who, "phone", "INACTIVE", "c1", version)

    for _ in range(4):
        await leave(store, *(event() for _ in range(20)))
    expected = in_order(await store.events.pending(50))
    given = await store.events.assign(await store.events.take_over("a" * 16), NOW, 50)
    logged = await log(store)
    assert [(one.event_id, one.event) for one in logged] == expected
    assert [one.position for one in logged] == list(range(1, 51))
    assert given == (await store.events.head(), 50, min(one.event.time for one in expected))
    assert len(await store.events.pending(100)) == 30


async def test_E3_an_earlier_sequencer_writes_nothing(store: SqlStore, other: SqlStore) -> None:
    before = await store.events.take_over("a" * 16)
    await leave(store, created("ann"))
    first = await other.events.take_over("b" * 16)
    with pytest.raises(Conflict):
        await give(store, before)
    assert await log(store) == []
    head = await give(other, first)
    await leave(store, created("bob"))
    with pytest.raises(Conflict):
        await give(store, before._replace(published=head.published))
    # Nor does this one give a position twice.
    with pytest.raises(Conflict):
        await give(other, first)
    assert [one.event.user_id for one in await log(store)] == ["ann"]


@pytest.mark.engines("postgresql")
async def test_E3_a_frozen_sequencer_does_not_block_the_next_one_for_long(
    store: SqlStore, other: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is frozen inside its transaction and has locked the row that every other sequencer waits for."""
    monkeypatch.setattr(Postgresql, "limit_idle", "SET LOCAL idle_in_transaction_session_timeout = '1s'")
    head = await store.events.take_over("a" * 16)
    await leave(store, created("ann"))
    frozen, go_on, positions = asyncio.Event(), asyncio.Event(), store.events._positions

    def stands_still(move: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def stand_still(*given: Any) -> None:
            frozen.set()
            await go_on.wait()
            await move(*given)

        return stand_still

    for name in ("_move", "_move_waiting"):  # of a cluster, and of one server
        monkeypatch.setattr(positions, name, stands_still(getattr(positions, name)))
    first = asyncio.create_task(give(store, head))
    await frozen.wait()
    head = await other.events.take_over("b" * 16)
    go_on.set()
    with pytest.raises(StoreUnavailable):
        await first
    await give(other, head)
    assert [one.event.user_id for one in await log(other)] == ["ann"]


async def test_E4_an_epoch_ends_where_the_next_one_begins(store: SqlStore) -> None:
    assert await store.events.end_of_epoch("a" * 16) is None
    head = await store.events.take_over("a" * 16)
    await leave(store, created("ann"), created("bob"))
    head = await give(store, head)
    assert await store.events.end_of_epoch("a" * 16) == 2
    head = await store.events.take_over("b" * 16)
    await leave(store, created("carl"))
    await give(store, head)
    assert await store.events.end_of_epoch("a" * 16) == 2
    assert await store.events.end_of_epoch("b" * 16) == 3
    assert await store.events.end_of_epoch("0" * 16) == 0, "before the first sequencer"


async def test_apps_are_read_by_themselves(store: SqlStore) -> None:
    head = await store.events.take_over("a" * 16)
    await leave(store, *(created(f"user {n}", app=app) for n in range(3) for app in ("shop", "bank", "game")))
    await give(store, head)
    found = await store.events.read(0, 9, ["shop", "game", "unknown"])
    assert {one.event.app_id for one in found} == {"shop", "game"}
    assert [one.position for one in found] == sorted(one.position for one in found)
    assert await store.events.read(0, 9, []) == []


async def test_E4_the_oldest_events_go_and_readers_are_told(store: SqlStore) -> None:
    head = await store.events.take_over("a" * 16)
    for day in range(4):
        await leave(store, created(f"user {day}"), created(f"other {day}"))
        head = await give(store, head, now=day * DAY)
    assert await store.events.first_since(NOW + DAY) == 3
    assert await store.events.purge(NOW + 2 * DAY, NOW + 4 * DAY, NOW + 5 * DAY) == 4
    assert (await store.events.head()).oldest == 4
    assert [one.position for one in await log(store)] == [5, 6, 7, 8]
    assert await store.events.purge(NOW + 2 * DAY, NOW + 4 * DAY, NOW + 5 * DAY) == 0
    await store.events.take_over("b" * 16)
    assert await store.events.purge(NOW + 9 * DAY, NOW + 10 * DAY, NOW + 11 * DAY) == 4
    assert (await store.events.head()).oldest == 8
    assert await store.events.end_of_epoch("a" * 16) == 8, "whose last token misses nothing"


async def test_E4_what_is_purged_while_it_is_read_is_told(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    head = await store.events.take_over("a" * 16)
    await leave(store, created("ann"), created("bob"))
    await give(store, head)
    feed, read = Feed(store.events), store.events.read
    place = await feed.oldest()

    async def purged_first(after: int, upto: int, app_ids: Collection[str] | None = None) -> Sequence[LoggedEvent]:
        await store.events.purge(NOW + DAY, NOW, NOW + 2 * DAY)
        return await read(after, upto, app_ids)

    monkeypatch.setattr(store.events, "read", purged_first)
    with pytest.raises(Refused) as refused:
        await feed.read(place)
    assert refused.value.reason is Reason.RESUME_TOKEN_EXPIRED


async def test_a_type_that_only_a_newer_program_knows_passes_through(store: SqlStore) -> None:
    """Otherwise an older process would fail as the sequencer, or lose the event."""
    head = await store.events.take_over("a" * 16)
    await leave(store, created("ann"))
    database, event = store._database, tables.event
    await database.execute(database.prepare(update(event).values(type="NEWER").where(event.c.app_id == "shop")))
    await give(store, head)
    [logged] = await log(store)
    assert str(logged.event.type) == "NEWER"


async def test_a_position_given_under_a_wrong_clock_is_kept_from_now_on(store: SqlStore) -> None:
    """A stamp ahead must not keep every later event for a year."""
    head = await store.events.take_over("a" * 16)
    await leave(store, created("ann"))
    head = await give(store, head, now=365 * DAY)
    await leave(store, created("bob"))
    await give(store, head)
    assert await store.events.purge(NOW - 7 * DAY, NOW, NOW + DAY) == 0
    assert await store.events.purge(NOW + SECOND, NOW + 7 * DAY, NOW + 8 * DAY) == 2


async def test_E3_a_step_that_was_cut_short_is_settled_by_the_next_sequencer(
    store: SqlStore, other: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster, where positions are allocated first. The steps run on every engine."""
    head = await store.events.take_over("a" * 16)
    await leave(store, created("ann"), created("bob", app="bank"), created("carl", app="game"))
    found = in_order(await store.events.pending(10))
    steps, positions = [{"shop"}, {"bank"}, {"game"}], store.events._positions
    move = positions._move
    moved = 0

    async def cut(*given: object) -> None:
        nonlocal moved
        moved += 1
        if moved == 2:
            raise Conflict("cut short")
        await move(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(positions, "_move", cut)
    with pytest.raises(Conflict):
        await positions.by_shard(head, found, NOW, steps)
    assert (await store.events.head()).published == 0, "nothing is seen before all of it is there"
    after = await other.events.take_over("b" * 16)
    assert after.published == 3
    assert len(await log(other)) == 1
    # The first one wakes up, and goes on with what it has left to do.
    numbered = list(enumerate(found, 1))

    async def go_on() -> None:
        async with store._database.transaction() as session:
            await positions._hold(session, ["bank"], head.number)
            await move(session, numbered[1:2], NOW)

    with pytest.raises(Conflict):
        await go_on()
    after = await give(other, after)
    logged = await log(other)
    assert [one.position for one in logged][1:] == [4, 5]
    assert {one.event.user_id for one in logged} == {"ann", "bob", "carl"}
