"""Erasures during an import of another process: no order of their steps brings the person back (C8)."""

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
from tests.store.interleaving import (
    EVERY_BATCH,
    Pause,
    PauseAt,
    TwoProcesses,
    before_committing,
    before_writing,
    erase_during,
    two_processes,
    users,
)
from tests.store.support import contents, register
from tests.store.test_erasure import NEWS, SHOP, TENANT
from tests.support.domain import days
from tests.support.limits import wait_s


@pytest.fixture
async def two(store: SqlStore, other: SqlStore) -> AsyncIterator[TwoProcesses]:
    async with two_processes(store, other) as made:
        yield made


def after_reading_customers(app: Application, monkeypatch: pytest.MonkeyPatch) -> Pause:
    """The import pauses before its records are decided; it has read the customers that they name."""
    pause, read = Pause(), app.customers.refusals

    async def refusals(*given: Any) -> Any:
        found = await read(*given)
        await pause.wait()
        return found

    monkeypatch.setattr(app.customers, "refusals", refusals)
    return pause


def record(app: Application, user: str, customer: str = "", app_id: str = SHOP) -> ImportProfile:
    attributes = {"customer_id": customer} if customer else {}
    return ImportProfile(ProfileKey(app_id, user, "phone"), ProfilePatch(attributes=attributes), app.clock.now())


async def import_profiles(two: TwoProcesses, *records: ImportProfile) -> Sequence[ImportOutcome]:
    app = await two.importing.apps.get(records[0].app_id)
    answers = await two.importing.imports.profiles(app, records, dry_run=False)
    return [answer.outcome for answer in answers if isinstance(answer, Imported)]


async def import_customer(two: TwoProcesses, customer_id: str) -> Sequence[ImportOutcome]:
    one = ImportCustomer(two.importing.customers.ref(TENANT, customer_id), CustomerPatch({"name": "Ann"}))
    answers = await two.importing.imports.customers([one], dry_run=False)
    return [answer.outcome for answer in answers if isinstance(answer, Imported)]


@EVERY_BATCH
async def test_C8_a_user_erased_during_an_import_stays_erased(
    two: TwoProcesses, pause_at: PauseAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await two.erasing.apps.get(SHOP)
    await import_profiles(two, record(two.importing, "carl"))  # the barrier is there
    pause = pause_at(two.importing, monkeypatch)
    await erase_during(
        pause,
        import_profiles(two, record(two.importing, "ann-user"), record(two.importing, "bob")),
        lambda: two.erasing.people.erase_user(app, "ann-user", announce=False),
    )
    assert await users(two) == ["bob", "carl"]
    assert "ann-" not in repr(await contents(two.erasing.store))


@EVERY_BATCH
async def test_C8_the_first_import_of_an_app_is_stopped_too(
    two: TwoProcesses, pause_at: PauseAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await two.erasing.apps.get(SHOP)
    pause = pause_at(two.importing, monkeypatch)
    importing = import_profiles(two, record(two.importing, "ann-user"))
    await erase_during(pause, importing, lambda: two.erasing.people.erase_user(app, "ann-user", announce=False))
    assert await users(two) == []


@pytest.mark.parametrize("pause_at", [before_writing, before_committing, after_reading_customers])
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "only named"])
async def test_C8_profiles_of_a_customer_erased_during_an_import_are_not_stored(
    two: TwoProcesses, pause_at: PauseAt, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer may be on another shard than the app."""
    if stored:
        await two.erasing.customers.create(TENANT, "ann-cust", Content("Ann"))
    await import_profiles(two, record(two.importing, "carl", "carl-cust"))
    pause = pause_at(two.importing, monkeypatch)
    outcomes = await erase_during(
        pause,
        import_profiles(two, record(two.importing, "ann-user", "ann-cust"), record(two.importing, "bob", "bob-cust")),
        lambda: two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False),
    )
    assert outcomes[1] is ImportOutcome.CREATED
    assert await users(two) == ["bob", "carl"]
    assert "ann-" not in repr(await contents(two.erasing.store))


async def test_C8_erasures_of_users_do_not_make_an_import_read_the_customers_again(
    two: TwoProcesses, monkeypatch: pytest.MonkeyPatch
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
    assert await import_profiles(two, record(two.importing, "ann-user", "ann-cust")) == [ImportOutcome.CREATED]
    assert reads == 1


@EVERY_BATCH
async def test_C8_erasures_of_two_users_of_an_app_do_not_conflict(
    two: TwoProcesses, pause_at: PauseAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, conflicts = await two.erasing.apps.get(SHOP), list[bool]()
    await import_profiles(two, record(two.importing, "ann-user"), record(two.importing, "bob"))
    monkeypatch.setattr(NullObserver, "batch_conflicted", lambda _: conflicts.append(True))
    pause = pause_at(two.importing, monkeypatch)
    await erase_during(
        pause,
        two.importing.people.erase_user(app, "bob", announce=False),
        lambda: two.erasing.people.erase_user(app, "ann-user", announce=False),
    )
    assert await users(two) == []
    assert not conflicts


async def test_C8_a_profile_that_names_a_merged_customer_stays_away(
    two: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    for customer_id in ("ann-old", "ann-cust"):
        await two.erasing.customers.create(TENANT, customer_id, Content("Ann"))
    await two.erasing.customers.merge(TENANT, "ann-old", "ann-cust")
    pause = after_reading_customers(two.importing, monkeypatch)
    importing = import_profiles(two, record(two.importing, "ann-user", "ann-old", NEWS))
    await erase_during(pause, importing, lambda: two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False))
    assert await users(two, NEWS) == []


@EVERY_BATCH
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored"])
async def test_C8_a_customer_whom_an_import_has_in_hand_stays_erased(
    two: TwoProcesses, pause_at: PauseAt, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stored:
        await two.erasing.customers.create(TENANT, "ann-cust", Content("Annie"))
    else:  # nothing is left of the customer but the guard
        await import_customer(two, "ann-cust")
        await two.erasing.customers.delete(TENANT, "ann-cust")
        await two.erasing.store.customers.purge_tombstones(TENANT, two.erasing.clock.now() + days(1))
    pause = pause_at(two.importing, monkeypatch)
    erase = two.erasing.people.erase_customer
    await erase_during(pause, import_customer(two, "ann-cust"), lambda: erase(TENANT, "ann-cust", announce=False))
    assert await two.erasing.customers.find(TENANT, "ann-cust") is None


async def test_C8_a_profile_that_came_during_the_erasure_and_went_with_it_stays_away(
    two: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record does not name the customer. It was decided when the erasure was remembered, and the profile not there
    yet.
    """
    shop = await two.erasing.apps.get(SHOP)
    # It takes no guard of the device: another user registered there later.
    inactive = replace(record(two.importing, "ann-user"), source=SourceState(inactive=True))
    pause, importing = before_writing(two.importing, monkeypatch), asyncio.ensure_future(import_profiles(two, inactive))
    read = two.erasing.customers.names

    async def names(*given: Any) -> Any:
        await pause.reached.wait()
        await two.erasing.profiles.register(shop, register(ProfileKey(SHOP, "ann-user", "phone"), customer="ann-cust"))
        return await read(*given)

    monkeypatch.setattr(two.erasing.customers, "names", names)
    monkeypatch.setattr(two.erasing.people, "_stop_imports", _nothing)  # as if the import had been decided after it
    async with asyncio.timeout(wait_s()):
        await two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
        pause.resumed.set()
        await importing
    assert await users(two) == []


async def _nothing(*_: object) -> None:
    """Stops no import."""


async def test_C8_an_erasure_begins_again_where_the_customer_is_created_meanwhile(
    two: TwoProcesses, monkeypatch: pytest.MonkeyPatch
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
                await import_profiles(two, record(two.importing, "ann-user", "ann-cust"))
                assert await users(two) == ["ann-user"]
        return await submit(command)

    monkeypatch.setattr(two.erasing.customers, "submit", forget)
    erased = await two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
    assert rounds == 2
    assert (erased.removed["customers"], erased.removed["profiles"]) == (1, 1)
    assert await users(two) == []
    assert "ann-" not in repr(await contents(two.erasing.store))
