"""An erasure beside an import that another process carries out: no order of their steps brings the person back (C8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.customer_changes import CreateCustomer, CustomerPatch, ForgetCustomer, ImportCustomer
from profile_grpc.domain.customers import Content
from profile_grpc.domain.importing import ImportProfile, SourceState
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.service.observer import NullObserver
from profile_grpc.store import SqlStore
from tests.store.beside import (
    EVERY_BATCH,
    Stop,
    Stopping,
    Two,
    before_committing,
    before_writing,
    overtaken,
    two_processes,
    users,
)
from tests.store.support import contents, register
from tests.store.test_erasure import NEWS, SHOP, TENANT
from tests.support.domain import days
from tests.support.limits import wait_s


@pytest.fixture
async def two(store: SqlStore, other: SqlStore) -> AsyncIterator[Two]:
    async with two_processes(store, other) as made:
        yield made


def after_reading_customers(app: Application, monkeypatch: pytest.MonkeyPatch) -> Stop:
    """The import stops before its records are decided; it has read the customers that they name."""
    stop, read = Stop(), app.customers.refusals

    async def refusals(*given: Any) -> Any:
        found = await read(*given)
        await stop.here()
        return found

    monkeypatch.setattr(app.customers, "refusals", refusals)
    return stop


def record(app: Application, user: str, customer: str = "", app_id: str = SHOP) -> ImportProfile:
    attributes = {"customer_id": customer} if customer else {}
    return ImportProfile(ProfileKey(app_id, user, "phone"), ProfilePatch(attributes=attributes), app.clock.now())


async def bring(two: Two, *records: ImportProfile) -> Sequence[ImportOutcome]:
    app = await two.importing.apps.get(records[0].app_id)
    answers = await two.importing.imports.profiles(app, records, dry_run=False)
    return [answer.outcome for answer in answers if isinstance(answer, Imported)]


async def bring_customer(two: Two, customer_id: str) -> Sequence[ImportOutcome]:
    one = ImportCustomer(two.importing.customers.ref(TENANT, customer_id), CustomerPatch({"name": "Ann"}))
    answers = await two.importing.imports.customers([one], dry_run=False)
    return [answer.outcome for answer in answers if isinstance(answer, Imported)]


@EVERY_BATCH
async def test_C8_a_user_whom_an_import_has_in_hand_stays_erased(
    two: Two, stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await two.erasing.apps.get(SHOP)
    await bring(two, record(two.importing, "carl"))  # the barrier is there
    stop = stopping(two.importing, monkeypatch)
    await overtaken(
        stop,
        bring(two, record(two.importing, "ann-user"), record(two.importing, "bob")),
        lambda: two.erasing.people.erase_user(app, "ann-user", announce=False),
    )
    assert await users(two) == ["bob", "carl"]
    assert "ann-" not in repr(await contents(two.erasing.store))


@EVERY_BATCH
async def test_C8_the_first_import_of_an_app_is_stopped_too(
    two: Two, stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await two.erasing.apps.get(SHOP)
    stop = stopping(two.importing, monkeypatch)
    importing = bring(two, record(two.importing, "ann-user"))
    await overtaken(stop, importing, lambda: two.erasing.people.erase_user(app, "ann-user", announce=False))
    assert await users(two) == []


@pytest.mark.parametrize("stopping", [before_writing, before_committing, after_reading_customers])
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "only named"])
async def test_C8_a_profile_of_an_erased_customer_stays_away(
    two: Two, stopping: Stopping, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer may be on another shard than the app."""
    if stored:
        await two.erasing.customers.create(TENANT, "ann-cust", Content("Ann"))
    await bring(two, record(two.importing, "carl", "carl-cust"))
    stop = stopping(two.importing, monkeypatch)
    outcomes = await overtaken(
        stop,
        bring(two, record(two.importing, "ann-user", "ann-cust"), record(two.importing, "bob", "bob-cust")),
        lambda: two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False),
    )
    assert outcomes[1] is ImportOutcome.CREATED
    assert await users(two) == ["bob", "carl"]
    assert "ann-" not in repr(await contents(two.erasing.store))


async def test_C8_erasures_of_users_do_not_make_an_import_read_the_customers_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many users are erased meanwhile, a record that names a customer is imported at the first attempt."""
    app, read, reads = await two.erasing.apps.get(SHOP), two.importing.customers.refusals, 0

    async def refusals(*given: Any) -> Any:
        nonlocal reads
        reads += 1
        found = await read(*given)
        await two.erasing.people.erase_user(app, f"user-{reads}", announce=False)
        return found

    monkeypatch.setattr(two.importing.customers, "refusals", refusals)
    assert await bring(two, record(two.importing, "ann-user", "ann-cust")) == [ImportOutcome.CREATED]
    assert reads == 1


@EVERY_BATCH
async def test_C8_erasures_of_two_users_of_an_app_do_not_conflict(
    two: Two, stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, conflicts = await two.erasing.apps.get(SHOP), list[bool]()
    await bring(two, record(two.importing, "ann-user"), record(two.importing, "bob"))
    monkeypatch.setattr(NullObserver, "batch_conflicted", lambda _: conflicts.append(True))
    stop = stopping(two.importing, monkeypatch)
    await overtaken(
        stop,
        two.importing.people.erase_user(app, "bob", announce=False),
        lambda: two.erasing.people.erase_user(app, "ann-user", announce=False),
    )
    assert await users(two) == []
    assert not conflicts


async def test_C8_a_profile_that_names_a_merged_customer_stays_away(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    for customer_id in ("ann-old", "ann-cust"):
        await two.erasing.customers.create(TENANT, customer_id, Content("Ann"))
    await two.erasing.customers.merge(TENANT, "ann-old", "ann-cust")
    stop = after_reading_customers(two.importing, monkeypatch)
    importing = bring(two, record(two.importing, "ann-user", "ann-old", NEWS))
    await overtaken(stop, importing, lambda: two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False))
    assert await users(two, NEWS) == []


@EVERY_BATCH
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored"])
async def test_C8_a_customer_whom_an_import_has_in_hand_stays_erased(
    two: Two, stopping: Stopping, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stored:
        await two.erasing.customers.create(TENANT, "ann-cust", Content("Annie"))
    else:  # nothing is left of the customer but the guard
        await bring_customer(two, "ann-cust")
        await two.erasing.customers.delete(TENANT, "ann-cust")
        await two.erasing.store.customers.purge_tombstones(TENANT, two.erasing.clock.now() + days(1))
    stop = stopping(two.importing, monkeypatch)
    erase = two.erasing.people.erase_customer
    await overtaken(stop, bring_customer(two, "ann-cust"), lambda: erase(TENANT, "ann-cust", announce=False))
    assert await two.erasing.customers.find(TENANT, "ann-cust") is None


async def test_C8_a_profile_that_came_during_the_erasure_and_went_with_it_stays_away(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record does not name the customer. It was decided when the erasure was remembered, and the profile not there
    yet.
    """
    shop = await two.erasing.apps.get(SHOP)
    # It takes no guard of the device: another user registered there later.
    inactive = replace(record(two.importing, "ann-user"), source=SourceState(inactive=True))
    stop, importing = before_writing(two.importing, monkeypatch), asyncio.ensure_future(bring(two, inactive))
    read = two.erasing.customers.names

    async def names(*given: Any) -> Any:
        await stop.reached.wait()
        await two.erasing.profiles.register(shop, register(ProfileKey(SHOP, "ann-user", "phone"), customer="ann-cust"))
        return await read(*given)

    monkeypatch.setattr(two.erasing.customers, "names", names)
    monkeypatch.setattr(two.erasing.people, "_stop_imports", _nothing)  # as if the import had been decided after it
    async with asyncio.timeout(wait_s()):
        await two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
        stop.go.set()
        await importing
    assert await users(two) == []


async def _nothing(*_: object) -> None:
    """Stops no import."""


async def test_C8_an_erasure_begins_again_where_the_customer_is_created_meanwhile(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The creation lets imports bring the person's profiles again; these are erased, too."""
    await two.erasing.customers.create(TENANT, "ann-cust", Content("Ann"))
    submit, rounds = two.erasing.customers.submit, 0

    async def forget(command: Any) -> Any:
        nonlocal rounds
        if isinstance(command, ForgetCustomer):
            rounds += 1
            if rounds == 1:
                await two.importing.customers.delete(TENANT, "ann-cust")
                await two.importing.customers.submit(CreateCustomer(command.ref, Content("Ann")))
                await bring(two, record(two.importing, "ann-user", "ann-cust"))
                assert await users(two) == ["ann-user"]
        return await submit(command)

    monkeypatch.setattr(two.erasing.customers, "submit", forget)
    erased = await two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
    assert rounds == 2
    assert (erased.removed["customers"], erased.removed["profiles"]) == (1, 1)
    assert await users(two) == []
    assert "ann-" not in repr(await contents(two.erasing.store))
