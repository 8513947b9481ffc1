"""Passes of the reaper on a store, with a clock that is moved by hand."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.settings import App, AppSettings, ReaperBreaker
from profile_grpc.reaper import deletion
from profile_grpc.reaper.deletion import Sizes
from profile_grpc.service.directory_ports import Reservation, Tenant
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import DataRefused, NodeUnavailable, StoreUnavailable
from profile_grpc.service.reaper_ports import DueBefore
from profile_grpc.store import SqlStore
from tests.store.support import DAY, HASHER, NOW, Writer, contents, key, register
from tests.support.domain import ManualClock, minutes

HELD = ("REAPER_HELD", "shop", "BREAKER")
SETTINGS = AppSettings(reaper_breaker=ReaperBreaker(percent=0, minimum=5))


class Shop:
    """An app on a store, its write queue and its reaper."""

    def __init__(self, store: SqlStore, clock: ManualClock | None = None) -> None:
        self.store = store
        self.clock = clock or ManualClock(NOW)
        application = Application.over(store, self.clock, HASHER, NullObserver())
        self.queue, self.reaper = application.queue, application.reaper

    async def heard(self, *names: str) -> None:
        """Registers these users, with a heartbeat now."""
        writer = Writer(self.store, SETTINGS, self.clock.now())
        for name in names:
            await writer.commit(register(key(name, f"{name}-phone"), name))
            await writer.commit(Heartbeat(key(name, f"{name}-phone")))

    async def reap(self, **given: Any) -> int:
        """How many profiles a pass deleted."""
        return (await self.reaper.run_pass(**given)).reaped["shop"]

    async def last_heartbeat(self, name: str) -> datetime | None:
        found = await self.store.profiles.get(key(name, f"{name}-phone"))
        return found and found.last_heartbeat_time

    async def left(self) -> int:
        return sum((await self.store.profiles.app_counts("shop")).values())

    async def hold_events(self) -> list[tuple[str, str, str]]:
        """Type, app and reason of the events about holds."""
        found = [one.event for one in await self.store.events.pending(1000)]
        return [(e.type.value, e.app_id, e.reason) for e in found if e.type.value.startswith("REAPER")]


@pytest.fixture
async def shop(store: SqlStore) -> AsyncIterator[Shop]:
    await store.directory.add_tenant(Tenant("acme", NOW))
    await store.directory.add_app(App("shop", "acme", NOW, NOW, settings=SETTINGS, revision=1))
    made = Shop(store)
    made.queue.start()
    yield made
    await made.queue.close()


async def test_P1_a_pass_deletes_in_many_chunks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for sizes in ("ALONE", "WITH_CALLERS"):
        monkeypatch.setattr(deletion, sizes, Sizes(page=5, chunk=2))
    await shop.heard(*(f"user{n}" for n in range(12)))
    shop.clock.advance(41 * DAY)
    progress: list[int] = []
    assert await shop.reap(confirm=True, progress=lambda _, n: progress.append(n)) == sum(progress) == 12
    assert await shop.left() == 0


async def test_P4_a_profile_that_comes_to_life_after_the_scan_stays_and_its_neighbours_go(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.heard("ann", "bob", "eve")
    shop.clock.advance(41 * DAY)
    found = shop.store.reaper.due

    async def bob_is_back(*given: Any) -> object:
        due = await found(*given)
        await Writer(shop.store, SETTINGS, shop.clock.now()).commit(Heartbeat(key("bob", "bob-phone")))
        return due

    monkeypatch.setattr(shop.store.reaper, "due", bob_is_back)
    assert await shop.reap(confirm=True) == 2
    assert await shop.store.profiles.get(key("bob", "bob-phone"))
    assert await shop.left() == 1


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), Refused(Reason.DRAINING, "bye")])
async def test_a_failure_during_a_pass_is_raised_unchanged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Not as a group of one: who runs a pass knows what an outage is."""
    await shop.heard("ann")
    shop.clock.advance(41 * DAY)

    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(shop.store.reaper, "delete", fails)
    with pytest.raises(type(error)):
        await shop.reap(confirm=True)


async def test_P5_the_day_of_the_cutoff_is_not_read_at_every_pass(shop: Shop) -> None:
    """What is due there stays until half of what was left of the day has passed; whole days never wait."""
    shop.clock.set(NOW.replace(hour=0, minute=0))
    await shop.heard("first")
    shop.clock.advance(minutes(10))
    await shop.heard("second")
    shop.clock.advance(40 * DAY + minutes(51))
    assert await shop.reap(confirm=True) == 1
    shop.clock.advance(minutes(15))
    assert await shop.reap(confirm=True) == 0
    shop.clock.advance(DAY / 2)
    assert await shop.reap(confirm=True) == 1


async def test_P6_the_log_names_why_the_breaker_holds(shop: Shop, logged: Callable[[], Any]) -> None:
    await shop.heard(*"abcd")
    shop.clock.advance(41 * DAY)
    assert await shop.reap(confirm=True) == 4
    await shop.heard("e")
    shop.clock.advance(minutes(1))
    shop.clock.advance(-41 * DAY)
    await shop.heard("f", "g")
    shop.clock.advance(41 * DAY)
    assert await shop.reap() == 0
    [line] = [entry for entry in logged() if "due_at_least" in entry]
    assert (line["due_at_least"], line["limit"], line["reaped_in_24_hours"]) == (2, 5, 4)


@pytest.fixture
def logged() -> Any:
    with capture_logs() as entries:
        yield lambda: entries


async def test_P6_the_breaker_holds_until_it_is_confirmed_although_the_day_was_read(shop: Shop) -> None:
    """A day that is not read again must not look as if nothing were due any more."""
    shop.clock.set(NOW.replace(hour=0, minute=0))
    await shop.heard(*"abcdef")
    for _ in range(10):
        shop.clock.advance(4 * DAY)
        assert await shop.reap() == 0
    shop.clock.advance(DAY / 2 + minutes(90))
    for _ in range(3):
        report = await shop.reaper.run_pass()
        assert [held.app_id for held in report.held] == ["shop"]
        shop.clock.advance(minutes(5))
    assert await shop.hold_events() == [HELD]
    assert await shop.reap(confirm=True) == 6


async def test_P6_a_hold_lasts_although_another_process_had_read_the_day(shop: Shop, other: SqlStore) -> None:
    """Processes take turns. One has read the day before the profiles became due, and another one holds."""
    shop.clock.set(NOW.replace(hour=13, minute=0))
    await shop.heard(*"abcdef")
    for _ in range(10):
        shop.clock.advance(4 * DAY)
        assert not (await shop.reaper.run_pass()).held
    shop.clock.advance(minutes(58))
    assert not (await shop.reaper.run_pass()).held, "two minutes early"
    others = Shop(other, shop.clock)
    for reaper in (others.reaper, shop.reaper, others.reaper, shop.reaper):
        shop.clock.advance(minutes(5))
        assert [held.app_id for held in (await reaper.run_pass()).held] == ["shop"]
    assert await shop.hold_events() == [HELD]
    assert await shop.reap(confirm=True) == 6


@pytest.mark.parametrize("name", ["count_due", "due"])
async def test_P5_a_day_whose_pass_failed_is_read_again(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    shop.clock.set(NOW.replace(hour=0, minute=0))
    await shop.heard("ann", "bob")
    for _ in range(10):
        shop.clock.advance(4 * DAY)
        await shop.reap()
    shop.clock.advance(DAY / 2 + minutes(90))
    with monkeypatch.context() as broken:
        broken.setattr(shop.store.reaper, name, refuse)
        with pytest.raises(DataRefused):
            await shop.reap()
    shop.clock.advance(minutes(5))
    assert await shop.reap() == 2


async def test_P6_a_hold_outlasts_a_pass_that_failed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.clock.set(NOW.replace(hour=0, minute=0))
    await shop.heard(*"abcdef")
    for _ in range(10):
        shop.clock.advance(4 * DAY)
        await shop.reap()
    shop.clock.advance(DAY / 2 + minutes(90))
    assert (await shop.reaper.run_pass()).held
    with monkeypatch.context() as broken:
        broken.setattr(shop.store.reaper, "count_due", refuse)
        with pytest.raises(DataRefused):
            await shop.reap()
    shop.clock.advance(minutes(5))
    assert (await shop.reaper.run_pass()).held
    assert await shop.hold_events() == [HELD]


async def refuse(*_: object) -> None:
    raise DataRefused("of this app")


async def test_P6_a_confirmation_for_one_app_is_none_for_the_clock(shop: Shop) -> None:
    """An operator who answers one app's breaker must not let a jumped clock wipe the others."""
    await shop.store.directory.add_app(App("other", "acme", NOW, NOW, settings=SETTINGS, revision=1))
    await shop.heard("ann", "bob", "eve")
    await shop.reap()  # a pass on record
    shop.clock.advance(365 * DAY)
    for known in (False, True):  # before a pass has noticed the jump, and after
        report = await shop.reaper.run_pass("other", confirm=True)
        assert report.clock_held, known
        assert (await shop.reaper.run_pass()).clock_held
    assert await shop.left() == 3
    assert await shop.reap(confirm=True) == 3


async def test_E1_a_hold_and_its_end_leave_one_event_each(shop: Shop) -> None:
    """Whichever process makes the passes."""
    events = shop.hold_events
    others = Shop(shop.store, shop.clock).reaper
    await shop.heard(*"abcdef")
    shop.clock.advance(4 * DAY)
    for _ in range(12):
        await shop.reap()
        shop.clock.advance(4 * DAY)
    assert await events() == [HELD]
    assert (await others.run_pass()).held
    assert await events() == [HELD]
    assert (await others.run_pass(confirm=True)).reaped["shop"] == 6
    await shop.reap()
    released = ("REAPER_RELEASED", "shop", "BREAKER")
    assert sorted(await events()) == [HELD, released]
    shop.clock.advance(365 * DAY)
    for _ in range(2):
        await shop.reap()
    assert ("REAPER_HELD", "", "CLOCK_JUMPED") in await events()
    await shop.reap(confirm=True)
    await shop.reap(confirm=True)
    clock = [one for one in await events() if not one[1]]
    assert sorted(clock) == [("REAPER_HELD", "", "CLOCK_JUMPED"), ("REAPER_RELEASED", "", "CLOCK_JUMPED")]


async def test_P3_a_period_raised_during_a_pass_is_in_force_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In apps that the pass has yet to reach, and in the one that it is at."""
    monkeypatch.setattr(deletion, "WITH_CALLERS", Sizes(page=2, chunk=2))
    directory = shop.store.directory
    await directory.add_app(App("a-first", "acme", NOW, NOW, settings=SETTINGS, revision=1))
    await shop.heard("ann", "bob", "eve")
    first = Writer(shop.store, SETTINGS, NOW)
    for name in ("kim", "lee", "max"):
        await first.commit(register(key(name, name, "a-first"), f"{name}-first"))
        await first.commit(Heartbeat(key(name, name, "a-first")))
    shop.clock.advance(41 * DAY)
    delete = shop.store.reaper.delete

    async def and_an_operator_raises_the_periods(*given: Any) -> None:
        await delete(*given)
        monkeypatch.setattr(shop.store.reaper, "delete", delete)
        for app_id in ("a-first", "shop"):
            app = await directory.app(app_id)
            assert app is not None
            longer = replace(app.settings, inactivity_period=365 * DAY)
            await directory.change_app(replace(app, settings=longer, revision=app.revision + 1), app.revision)

    monkeypatch.setattr(shop.store.reaper, "delete", and_an_operator_raises_the_periods)
    report = await shop.reaper.run_pass(confirm=True)
    assert report.reaped == {"a-first": 2}
    assert await shop.left() == 3


async def test_D3_what_was_registered_while_its_app_was_deleted_is_erased(shop: Shop) -> None:
    """A call may outlast the deletion; its profile belongs to nobody, and must not wait for the next app of that id."""
    await Writer(shop.store, SETTINGS, NOW).commit(register(key("ann", "phone", "gone"), "t"))
    await shop.heard("bob")
    await shop.reap()
    assert set(await shop.store.profiles.counts()) == set(await shop.store.profiles.app_counts("shop"))
    assert [row[0] for row in (await contents(shop.store))["token_holder"]] == ["shop"]


@pytest.mark.parametrize("error", [DataRefused("of this app"), NodeUnavailable("its node is away")])
async def test_P6_one_app_stops_the_reaper_of_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Neither by the largest number that its breaker may have, nor by data of its own that fail."""
    largest = replace(SETTINGS, reaper_breaker=ReaperBreaker(percent=0, minimum=2**63 - 1))
    for app_id in ("a-first", "b-fails"):
        await shop.store.directory.add_app(App(app_id, "acme", NOW, NOW, settings=largest, revision=1))
    await shop.heard("ann")
    shop.clock.advance(5 * DAY)
    for _ in range(8):  # passes in time: no clock hold
        await shop.reap()
        shop.clock.advance(5 * DAY)
    due = shop.store.reaper.due

    async def fails(before: DueBefore, limit: int) -> object:
        if before.app_id == "b-fails":
            raise error
        return await due(before, limit)

    monkeypatch.setattr(shop.store.reaper, "due", fails)
    with pytest.raises(type(error)):
        await shop.reap()
    assert await shop.left() == 0
    assert (await shop.store.reaper.record()).last_pass_time == shop.clock.now()


async def test_P6_the_hold_of_a_deleted_app_is_no_longer_reported(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[tuple[str, bool]] = []
    monkeypatch.setattr(shop.reaper._observer, "breaker", lambda app_id, *, held: reported.append((app_id, held)))
    nothing = replace(SETTINGS, reaper_breaker=ReaperBreaker(percent=0, minimum=0))
    await shop.store.directory.add_app(App("gone", "acme", NOW, NOW, settings=nothing, revision=1))
    writer = Writer(shop.store, nothing, NOW)
    await writer.commit(register(key("ann", "phone", "gone")), Heartbeat(key("ann", "phone", "gone")))
    for _ in range(10):
        await shop.reap()
        shop.clock.advance(5 * DAY)
    assert reported[-2:] == [("gone", True), ("shop", False)]
    await shop.store.directory.remove_app(Reservation("gone", "acme", shop.clock.now(), 2), seen=1)
    await shop.reap()
    assert reported[-2:] == [("shop", False), ("gone", False)]


async def test_D4_the_id_of_a_deleted_app_is_its_tenants_for_as_long_as_anything_is_kept(shop: Shop) -> None:
    directory = shop.store.directory
    await directory.add_app(App("gone", "acme", NOW, NOW, revision=1))
    reserved = Reservation("gone", "acme", NOW, 2)
    await directory.remove_app(reserved, seen=1)
    await Writer(shop.store, AppSettings(), NOW).commit(register(key("ann", "phone", "gone")))
    await shop.reap()
    assert await shop.store.profiles.get(key("ann", "phone", "gone")) is None, "what outlasted the deletion"
    for _ in range(100):  # passes in time: no clock hold
        shop.clock.advance(4 * DAY)
        await shop.reap()
    assert await directory.reservation("gone") == reserved, "400 days are not over"
    assert await directory.leaves_traces("gone"), "a count"
    shop.clock.advance(DAY)
    await shop.reap()
    assert not await directory.leaves_traces("gone")
    assert await directory.reservation("gone") is None


async def test_D4_an_id_is_not_released_while_a_count_is_kept(shop: Shop) -> None:
    """As one that was written while the clock was ahead."""
    directory = shop.store.directory
    await directory.add_app(App("gone", "acme", NOW, NOW, revision=1))
    await Writer(shop.store, AppSettings(), NOW + 300 * DAY).commit(register(key("ann", "phone", "gone")))
    await directory.remove_app(Reservation("gone", "acme", NOW, 2), seen=1)
    for _ in range(101):
        shop.clock.advance(4 * DAY)
        await shop.reap()
    assert await directory.leaves_traces("gone")
    assert await directory.reservation("gone") is not None


async def test_a_pass_dates_what_is_stamped_ahead(shop: Shop) -> None:
    """Terms, stamps ahead: more than a day; what is less than that ahead stays, and does not keep the pass busy."""
    await shop.reap()
    for name, ahead in (("ann", 365 * DAY), ("bob", DAY)):
        shop.clock.set(NOW + ahead)
        await shop.heard(name)
    shop.clock.set(NOW)
    await shop.reap()
    assert await shop.last_heartbeat("ann") == NOW
    assert await shop.last_heartbeat("bob") == NOW + DAY


async def test_a_clock_that_is_briefly_behind_corrects_no_times(shop: Shop) -> None:
    """Which of two clocks is wrong is not known until a second pass says the same."""
    shop.clock.set(NOW + 365 * DAY)
    await shop.heard("ann")
    await shop.reap()
    shop.clock.set(NOW)
    await shop.reap()
    assert await shop.last_heartbeat("ann") == NOW + 365 * DAY
    shop.clock.advance(minutes(1))
    await shop.reap()
    assert await shop.last_heartbeat("ann") == NOW + minutes(1)
