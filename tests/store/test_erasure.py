"""Erasure and access on each engine: what is left of a person in the tables, in events and in memory (C8, C9)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain.commands import NewEndpoint, ProfilePatch
from profile_grpc.domain.customers import Content
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.erasure import ForgetCalls
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import ERASED_CUSTOMER, ERASED_USER, EventType
from profile_grpc.domain.keys import ProfileKey, UserKey
from profile_grpc.domain.linking import MoveLinks
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.domain.state import State
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.events.feed import Feed
from profile_grpc.service import people
from profile_grpc.service.customer_ports import Person
from profile_grpc.service.directory_ports import Tenant
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import Conflict, StoreUnavailable
from profile_grpc.store import SqlStore, person_events
from profile_grpc.store.database import Session
from profile_grpc.store.engine import Prepared
from profile_grpc.store.events import in_order
from profile_grpc.store.tables import metadata
from profile_grpc.transport.grpc.people import document
from tests.store.support import HASHER, contents
from tests.support.domain import ManualClock, days
from tests.support.limits import wait_s
from tests.support.postgres import Postgres

TENANT, SHOP, NEWS = "acme", "shop", "news"
ANNS = (
    "ann-user",
    "ann-news",
    "ann-phone",
    "ann-tablet",
    "ann-token",
    "ann-cust",
    "ann@mail",
    "+442079460000",
    "Ann-Name",
)
"""Every id and value of Ann's. Nobody else has any of them."""
BOBS = tuple([value.replace("ann", "bob").replace("Ann", "Bob").replace("0000", "0001") for value in ANNS])
"""Bob's, whose last events have no position yet."""


OF_PEOPLE = {"user_id", "device_id", "customer_id", "target_id", "email", "msisdn"}
"""Columns that hold ids and data of people."""


@asynccontextmanager
async def running(store: SqlStore) -> AsyncIterator[Application]:
    application = Application.over(store, ManualClock(), HASHER, NullObserver())
    application.queue.start()
    try:
        yield application
    finally:
        await application.queue.close()


async def register(
    app: Application, app_id: str, user: str, device: str, customer: str = "", sequence: int = 0
) -> None:
    owner = await app.apps.get(app_id)
    attributes = {"customer_id": customer} if customer else {}
    endpoint = NewEndpoint(PushProvider.FCM, f"{user.partition('-')[0]}-token-{device}", "com.shop")
    patch = ProfilePatch(push_endpoints=(endpoint,), attributes=attributes)
    await app.profiles.register(owner, Register(ProfileKey(app_id, user, device), patch, sequence or None))


async def publish(app: Application) -> None:
    """Gives every event a position, as a sequencer does."""
    head = await app.store.events.head()
    head = await app.store.events.take_over(f"{head.number + 1:016x}")
    number = 1
    while number:
        head, number, _ = await app.store.events.assign(head, app.clock.now())


async def seed(app: Application) -> None:
    """Ann has a customer, a phone and a tablet in one app and a phone in another one; Bob has the same of his own."""
    await app.store.directory.add_tenant(Tenant(TENANT, app.clock.now()))
    for app_id in (SHOP, NEWS):
        await app.apps.create(app_id, TENANT, "", AppSettings(multi_user_per_device=True))
    for who, number in (("ann", "+442079460000"), ("bob", "+442079460001")):
        name, customer = f"{who.title()}-Name", f"{who}-cust"
        await app.customers.create(TENANT, f"{customer}-old", Content(name))
        await register(app, SHOP, f"{who}-user", f"{who}-phone")
        await register(app, SHOP, f"{who}-user", f"{who}-phone", customer, sequence=3)
        await register(app, SHOP, f"{who}-user", f"{who}-tablet", customer)
        await publish(app)
        await app.customers.create(TENANT, customer, Content(name, f"{who}@mail.example", number))
        await app.customers.merge(TENANT, f"{customer}-old", customer)
        await register(app, NEWS, f"{who}-news", f"{who}-phone", customer)


async def text(store: SqlStore) -> str:
    """All that is stored."""
    return repr(await contents(store))


def left(dump: str, of: tuple[str, ...] = ANNS) -> list[str]:
    return [value for value in of if value in dump]


async def events(store: SqlStore) -> list[Any]:
    logged = await store.events.read(0, (await store.events.head()).published)
    return [one.event for one in logged] + [one.event for one in await store.events.pending(1000)]


@pytest.mark.parametrize("published", [False, True], ids=["before positions", "after positions"])
async def test_C8_nothing_is_left_of_a_customer(store: SqlStore, published: bool) -> None:
    async with running(store) as app:
        await seed(app)
        if published:
            await publish(app)
        assert left(await text(store)) == list(ANNS)
        before = await events(store)
        erased = await app.people.erase_customer(TENANT, "ann-cust", announce=False)
        assert left(await text(store)) == []
        bobs = tuple(value.replace("ann", "bob").replace("0000", "0001").replace("Ann", "Bob") for value in ANNS)
        assert left(await text(store), bobs) == list(bobs)
        anns = [e for e in before if "ann-" in repr(e)]
        assert dict(erased.removed) == {
            "customers": 1,
            "profiles": 3,
            "merged_customers": 1,
            "events": len(anns),
        }
        after = await events(store)
        # Old events keep type, version and reason; each deletion left one without ids.
        assert sorted((e.type, e.version, e.reason) for e in before) == sorted(
            (e.type, e.version, e.reason) for e in after if e.reason != DeletionReason.ERASED
        )
        assert sorted(e.type for e in after if e.reason == "ERASED") == ["CUSTOMER_DELETED", *["PROFILE_DELETED"] * 3]
        await publish(app)
        assert left(await text(store)) == []


async def test_C8_every_table_with_ids_of_people_is_filled_in_these_tests(store: SqlStore) -> None:
    """Otherwise they would not notice that a new table is left out of an erasure."""
    async with running(store) as app:
        await seed(app)
        waiting = await contents(store)
        await publish(app)
        filled = waiting.keys() | (await contents(store)).keys()
    of_people = {table.name for table in metadata.sorted_tables if not OF_PEOPLE.isdisjoint(table.c.keys())}
    # A tenant's own employees, who are not its customers.
    assert of_people - {"tenant_contact"} <= filled


async def test_C8_nothing_is_left_of_a_user(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        shop = await app.apps.get(SHOP)
        # A profile that was deleted before, of which events and the order of calls are left.
        await app.profiles.submit(shop, Unregister(ProfileKey(SHOP, "ann-user", "ann-tablet"), sequence=2))
        await app.profiles.submit(shop, DeleteDeviceProfile(SHOP, "ann-user", device_id="ann-tablet"))
        erased = await app.people.erase_user(shop, "ann-user", announce=False)
        assert erased.removed["profiles"] == 1
        dump = await text(store)
        assert "ann-user" not in dump
        assert "ann-tablet" not in dump
        assert "ann-token-ann-tablet" not in dump
        await app.people.erase_customer(TENANT, "ann-cust", announce=False)
        assert left(await text(store)) == []
        again = await app.people.erase_user(shop, "ann-user", announce=False)
        assert not any(again.removed.values())


async def test_C8_a_device_that_registers_during_the_erasure_is_erased_too(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would stay, and its event would be erased: readers of events would never learn of it."""
    async with running(store) as app:
        await seed(app)
        erase, late = app.people._events.erase, iter(["ann-watch"])

        async def register_before(*given: Any, **named: Any) -> int:
            for device in late:
                await register(app, SHOP, "ann-user", device)
            return await erase(*given, **named)

        monkeypatch.setattr(app.people._events, "erase", register_before)
        erased = await app.people.erase_user(await app.apps.get(SHOP), "ann-user", announce=False)
        assert erased.removed["profiles"] == 3
        assert left(await text(store), ("ann-user", "ann-watch")) == []


async def test_C8_an_announced_erasure_leaves_each_id_once_and_for_the_events_retention(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        for _ in range(2):  # a repetition announces nothing twice
            await app.people.erase_customer(TENANT, "ann-cust")
            await publish(app)
        announced = [e for e in await events(store) if e.type is EventType.ERASED]
        assert sorted((e.reason, e.app_id, e.tenant_id, e.user_id, e.device_id, e.customer_id) for e in announced) == [
            (ERASED_CUSTOMER, "", TENANT, "", "", "ann-cust"),
            (ERASED_USER, NEWS, "", "ann-news", "", "ann-cust"),
            (ERASED_USER, SHOP, "", "ann-user", "", "ann-cust"),
        ]
        assert left(await text(store)) == ["ann-user", "ann-news", "ann-cust"]
        shop = await app.apps.get(SHOP)
        await app.people.erase_user(shop, "bob-user")
        await app.people.erase_user(shop, "bob-user")
        bobs = [e for e in await events(store) if e.type is EventType.ERASED and e.user_id == "bob-user"]
        assert len(bobs) == 1
        await app.people.erase_user(shop, "bob-user", announce=False)  # which takes the announcement back
        assert "bob-user" not in await text(store)


async def test_C8_a_user_of_many_devices_is_announced_once(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the erasure takes several transactions, and is interrupted between them."""
    monkeypatch.setattr(people, "_AT_ONCE", 3)
    async with running(store) as app:
        await seed(app)
        for number in range(10):
            await register(app, SHOP, "ann-user", f"ann-{number}", "ann-cust")
        for stop in range(1, 100):
            try:
                async with _without(store, stop):
                    await app.people.erase_customer(TENANT, "ann-cust")
            except (Refused, StoreUnavailable):
                continue
            break
        announced = [one.user_id for one in await events(store) if one.type is EventType.ERASED]
        assert sorted(announced) == ["", "ann-news", "ann-user"]


async def test_C8_C9_events_of_a_person_are_read_some_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may have left very many. An export says where it has not all."""
    most = 0
    inner = store._database.engine.fetch

    async def measured(*given: Any) -> Any:
        nonlocal most
        found = await inner(*given)
        most = max(most, len(found))
        return found

    monkeypatch.setattr(person_events, "_AT_ONCE", 10)
    monkeypatch.setattr(people, "_MAX_EVENTS", 10)
    async with running(store) as app:
        await seed(app)
        for number in range(40):
            await register(app, SHOP, "ann-user", f"ann-{number}", "ann-cust")
            if number == 20:
                await publish(app)
        shop = await app.apps.get(SHOP)
        for number in range(40):
            await app.profiles.submit(shop, DeleteDeviceProfile(SHOP, "ann-user", device_id=f"ann-{number}"))
        monkeypatch.setattr(store._database.engine, "fetch", measured)
        for exported in (
            app.people.export_user(TENANT, SHOP, "ann-user"),
            app.people.export_customer(TENANT, "ann-cust"),
        ):
            person = await exported
            assert (len(person.events), person.more) == (10, True)
        await app.people.erase_customer(TENANT, "ann-cust", announce=False)
        assert most <= 50
        assert left(await text(store)) == []


async def test_C8_tombstones_of_an_erased_customer_name_the_erasure(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        await app.people.erase_customer(TENANT, "ann-cust")
        found = [row for row in (await contents(store))["tombstone"] if "ERASED" in row]
        assert len(found) == 3
        assert [row for row in (await contents(store))["customer_tombstone"] if "ERASED" in row]


async def test_C8_an_event_that_a_sequencer_has_in_hand_does_not_bring_ids_back(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        head = await store.events.take_over("f" * 16)
        in_hand = in_order(await store.events.pending(1000))
        await app.people.erase_customer(TENANT, "bob-cust", announce=False)
        apps = {one.event.owner for one in in_hand}
        with pytest.raises(Conflict):
            await store.events._positions.by_shard(head, in_hand, app.clock.now(), [apps])
        assert left(await text(store), BOBS) == []
        await publish(app)
        assert left(await text(store), BOBS) == []


@pytest.mark.engines("postgresql")
async def test_C8_an_event_that_is_being_logged_does_not_bring_ids_back(
    store: SqlStore, other: SqlStore, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one server: the erasure commits between the two statements that move events."""
    if server.is_citus:
        pytest.skip("events of a cluster pass through the sequencer: see the test of those that it has in hand")
    async with running(store) as app:
        await seed(app)
        head = await store.events.take_over("f" * 16)
        bob = Person(users=[UserKey(SHOP, "bob-user"), UserKey(NEWS, "bob-news")])
        execute = Session.execute

        async def interrupted(session: Session, statement: Prepared, *given: Any, **values: Any) -> int:
            if statement is store.events._positions._take_logged:
                assert await other.person_events.erase(bob, keep_announcements=False)
            return await execute(session, statement, *given, **values)

        with monkeypatch.context() as patched:
            patched.setattr(Session, "execute", interrupted)
            with pytest.raises(Conflict):
                await store.events.assign(head, app.clock.now())
        await publish(app)
        assert not [one for one in await events(store) if one.user_id in {"bob-user", "bob-news"}]


async def test_C8_a_merged_customer_is_erased_under_its_target(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        with pytest.raises(Refused) as refused:
            await app.people.erase_customer(TENANT, "ann-cust-old")
        assert refused.value.reason is Reason.CUSTOMER_MERGED
        await app.people.erase_customer(TENANT, "ann-cust")
        await app.people.erase_customer(TENANT, "ann-cust-old")


async def test_C8_feeds_of_other_processes_forget(store: SqlStore, other: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        head = await store.events.take_over("e" * 16)
        feed = Feed(other.events)
        start = await feed.oldest()
        following = asyncio.create_task(feed.run())
        try:
            reader = asyncio.create_task(feed.wait(await feed.now()))
            await _until(lambda: feed._head is not None)
            await store.events.assign(head, app.clock.now())
            await reader
            reader = asyncio.create_task(feed.wait(await feed.now()))
            assert "bob-" in repr(feed._recent)
            await app.people.erase_customer(TENANT, "bob-cust", announce=False)
            await _until(lambda: "bob-" not in repr(feed._recent))
            assert "bob-" not in repr(await feed.read(await feed.resume(start)))
            reader.cancel()
        finally:
            following.cancel()


async def test_C8_a_feed_without_readers_forgets_erased_events(store: SqlStore, other: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        head = await store.events.take_over("e" * 16)
        feed = Feed(other.events)
        following = asyncio.create_task(feed.run())
        try:
            reader = asyncio.create_task(feed.wait(await feed.now()))
            await _until(lambda: feed._head is not None)
            await store.events.assign(head, app.clock.now())
            await reader
            assert "bob-" in repr(feed._recent)
            await _until(lambda: not feed._recent)
        finally:
            following.cancel()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(wait_s()):
        while not holds():  # noqa: ASYNC110 - the feed tells nobody what it has in memory
            await asyncio.sleep(0.01)


async def test_C8_an_interrupted_erasure_is_completed_by_repeating(store: SqlStore) -> None:
    """The database goes away before each of the erasure's transactions in turn; then it is repeated."""
    async with running(store) as app:
        await seed(app)
        for stop in range(1, 40):
            try:
                async with _without(store, stop):
                    await app.people.erase_customer(TENANT, "ann-cust", announce=False)
            except (Refused, StoreUnavailable):
                continue
            break
        assert stop > 3  # it takes several transactions
        assert left(await text(store)) == []


@asynccontextmanager
async def _without(store: SqlStore, number: int) -> AsyncIterator[None]:
    """The transaction of this number fails, and all after it."""
    database, calls = store._database, itertools.count(1)
    transaction = database.transaction

    def until() -> Any:
        if next(calls) >= number:
            raise StoreUnavailable
        return transaction()

    database.transaction = until  # type: ignore[method-assign]
    try:
        yield
    finally:
        database.transaction = transaction  # type: ignore[method-assign]


async def test_C9_an_export_has_all_of_a_person(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        person = await app.people.export_customer(TENANT, "ann-cust")
        assert person.customer is not None
        assert [one.profile.key.app_id for one in person.profiles] == [NEWS, SHOP, SHOP]
        assert {e.type for e in person.events} >= {EventType.PROFILE_CREATED, EventType.CUSTOMER_CREATED}
        assert {e.customer_id for e in person.events} == {"", "ann-cust", "ann-cust-old"}  # which was merged
        found = await store.person_events.find(Person(users=[UserKey(SHOP, "ann-user")]), 1000)
        assert list((await app.people.export_user(TENANT, SHOP, "ann-user")).events) == list(found)
        assert "bob" not in repr(person)


async def test_C7_a_link_that_comes_late_in_a_merge_moves(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is under way while the customers are merged: the merge does not find its link."""
    async with running(store) as app:
        await app.store.directory.add_tenant(Tenant(TENANT, app.clock.now()))
        shop = await app.apps.create(SHOP, TENANT, "", AppSettings(require_known_customer=True))
        for customer in ("c1", "c2", "c3"):
            await app.customers.create(TENANT, customer, Content())
        submit, merges = app.profiles.submit, iter([("c1", "c2"), ("c2", "c3")])

        async def merged_meanwhile(*given: Any) -> Any:
            for source, target in merges:
                await app.customers.merge(TENANT, source, target)
            return await submit(*given)

        monkeypatch.setattr(app.profiles, "submit", merged_meanwhile)
        phone = ProfileKey(SHOP, "ann", "phone")
        registered = await app.profiles.register(shop, Register(phone, ProfilePatch(attributes={"customer_id": "c1"})))
        assert registered.profile.attributes.customer_id == "c3"
        assert await app.profiles.get(phone) == registered.profile
        merges = iter([("c3", "c4")])
        await app.customers.create(TENANT, "c4", Content())
        other = ProfileKey(SHOP, "bob", "phone")
        await app.profiles.register(shop, Register(other, ProfilePatch()))
        await app.customers.create(TENANT, "c5", Content())
        merges = iter([("c5", "c4")])
        patch = ProfilePatch(attributes={"customer_id": "c5"})
        updated = await app.profiles.update(shop, UpdateProfileData(other, patch, ""))
        assert updated.profile.attributes.customer_id == "c4"
        assert {one.profile.key for one in (await app.customers.linked(TENANT, "c4")).profiles} == {phone, other}


async def test_C4_very_many_links_move_in_slices(store: SqlStore) -> None:
    """R14: a customer with more profiles than a batch may read."""
    async with running(store) as app:
        await seed(app)
        shop: App = await app.apps.get(SHOP)
        commands = [
            (shop, Register(ProfileKey(SHOP, f"u{n}", f"d{n}"), ProfilePatch(attributes={"customer_id": "many"})))
            for n in range(1002)
        ]
        assert not [one for one in await app.profiles.submit_all(commands) if isinstance(one, Refused)]
        assert await app.profiles.submit(shop, MoveLinks(SHOP, "many", "one")) == 1002
        linked = await app.customers.linked(TENANT, "one")
        assert (len(linked.profiles), linked.more) == (1000, True)


async def test_C8_C9_a_tenant_with_the_id_of_another_tenants_app_reaches_nothing_of_it(store: SqlStore) -> None:
    """The columns of an event have one id for an app and for a tenant."""
    async with running(store) as app:
        for tenant in (TENANT, "beta"):
            await app.store.directory.add_tenant(Tenant(tenant, app.clock.now()))
        await app.apps.create(TENANT, "beta", "", AppSettings())
        for tenant in (TENANT, "beta"):
            await app.customers.create(tenant, "same-id", Content(tenant))
        await register(app, TENANT, "betas-user", "phone-1", "same-id")
        await publish(app)
        await register(app, TENANT, "betas-other", "phone-2", "same-id")
        of_tenant, of_app = [EventType.CUSTOMER_CREATED], [EventType.CUSTOMER_LINKED, EventType.PROFILE_CREATED]
        person = await app.people.export_customer(TENANT, "same-id")
        assert [e.type for e in person.events] == of_tenant
        person = await app.people.export_customer("beta", "same-id")
        assert sorted(e.type for e in person.events if e.tenant_id != "beta") == sorted(of_app * 2)
        await app.people.erase_customer(TENANT, "same-id", announce=False)
        kept = (await app.people.export_customer("beta", "same-id")).events
        assert sorted(e.type for e in kept) == sorted([*of_tenant, *of_app * 2])
        await app.customers.create(TENANT, "same-id", Content())
        await app.people.erase_customer("beta", "same-id", announce=False)
        assert [e.type for e in (await app.people.export_customer(TENANT, "same-id")).events] == of_tenant


async def test_C8_nothing_is_left_of_a_linked_profile_that_was_deleted_before(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its events, only some name the customer; the others are found through these, also by a repetition."""
    monkeypatch.setattr(person_events, "_AT_ONCE", 1)
    async with running(store) as app:
        await seed(app)
        for app_id, user in ((SHOP, "ann-user"), (NEWS, "ann-news")):
            owner = await app.apps.get(app_id)
            await app.profiles.submit(owner, MoveLinks(app_id, "ann-cust"))
            await app.profiles.submit(owner, DeleteDeviceProfile(app_id, user))
        for customer in ("", "ann-cust", "bob-cust"):  # Bob's after all
            await register(app, SHOP, "bob-user", "bob-laptop", customer)
        await publish(app)
        for stop in range(1, 400):
            try:
                async with _without(store, stop):
                    await app.people.erase_customer(TENANT, "ann-cust", announce=False)
            except (Refused, StoreUnavailable):
                continue
            break
        assert left(await text(store)) == []
        bobs = [e for e in await events(store) if e.device_id == "bob-laptop"]
        assert EventType.PROFILE_CREATED in {e.type for e in bobs}


async def test_C8_an_erasure_without_announcement_takes_every_earlier_announcement_back(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        await app.people.erase_customer(TENANT, "ann-cust")
        await publish(app)
        assert left(await text(store)) == ["ann-user", "ann-news", "ann-cust"]
        await app.people.erase_customer(TENANT, "ann-cust", announce=False)
        assert left(await text(store)) == []


async def test_C8_an_erasure_forgets_the_calls_of_few_devices_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other calls wait for each transaction, and a user may have had any number of devices."""
    async with running(store) as app:
        await seed(app)
        shop = await app.apps.get(SHOP)
        for number in range(120):
            await register(app, SHOP, "ann-user", f"ann-{number}", sequence=1)
            await app.profiles.submit(shop, DeleteDeviceProfile(SHOP, "ann-user", device_id=f"ann-{number}"))
        forgotten: list[int] = []
        decide = ForgetCalls.decide

        def counted(command: ForgetCalls, state: State, settings: AppSettings) -> None:
            forgotten.append(len(command.devices))
            decide(command, state, settings)

        monkeypatch.setattr(ForgetCalls, "decide", counted)
        await app.people.erase_user(shop, "ann-user")
        assert sum(forgotten) >= 120
        assert max(forgotten) <= 50


async def test_C9_an_app_that_another_process_has_deleted_has_no_users(store: SqlStore) -> None:
    async with running(store) as app:
        await seed(app)
        with pytest.raises(Refused) as refused:
            await app.people.export_user(TENANT, "deleted", "ann-user")
        assert refused.value.reason is Reason.PROFILE_NOT_FOUND


async def test_C6_C9_large_linked_profiles_fit_into_an_answer(store: SqlStore) -> None:
    """Clients accept 4 MiB, which 64 profiles may have."""
    async with running(store) as app:
        await seed(app)
        large = {f"{number:064}": "x" * 1024 for number in range(64)}
        for app_id in (SHOP, NEWS):
            commands = [
                Register(
                    ProfileKey(app_id, f"u{n}", f"d{n}"),
                    ProfilePatch(attributes={"customer_id": "many"}, custom_attributes=large),
                )
                for n in range(30)
            ]
            for command in commands:
                await app.profiles.register(await app.apps.get(app_id), command)
        linked = await app.customers.linked(TENANT, "many")
        assert linked.more
        assert 0 < len(linked.profiles) <= 16
        person = await app.people.export_customer(TENANT, "many")
        assert person.more
        assert 40 < len(person.profiles) < 60
        assert len(document(person)) < 4 << 20


async def test_C7_C8_a_profile_that_names_a_merged_customer_is_erased_when_the_merge_has_left_no_event(
    store: SqlStore,
) -> None:
    """A phone may name a customer weeks after it was merged (C5), when events of the merge are purged."""
    async with running(store) as app:
        await seed(app)
        await publish(app)
        app.clock.advance(days(30))  # type: ignore[attr-defined]
        now = app.clock.now()
        assert await store.events.purge(now - days(7), now, now + days(1))
        await register(app, NEWS, "ann-late", "ann-laptop", "ann-cust-old")
        await register(app, NEWS, "bob-late", "bob-laptop", "bob-cust-old")
        await app.people.erase_customer(TENANT, "ann-cust", announce=False)
        dump = await text(store)
        assert "ann-" not in dump
        assert "bob-laptop" in dump
