"""An erasure of a customer into whom others are merged: none of them stays behind (C7, C8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from profile_grpc.domain.customer_changes import TOMBSTONE_RETENTION, CustomerPatch, ImportCustomer, MergeCustomers
from profile_grpc.domain.customers import Content
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.store import SqlStore
from tests.store.interleaving import EVERY_BATCH, PauseAt, TwoProcesses, erase_during, two_processes
from tests.store.support import contents, register
from tests.store.test_erasure import SHOP, TENANT
from tests.support.domain import days


@pytest.fixture
async def two(store: SqlStore, other: SqlStore) -> AsyncIterator[TwoProcesses]:
    async with two_processes(store, other) as made:
        for customer_id in ("ann-prev", "ann-cust"):
            await made.erasing.customers.create(TENANT, customer_id, Content("Ann"))
        shop = await made.erasing.apps.get(SHOP)
        phone = ProfileKey(SHOP, "ann-user", "phone")
        await made.erasing.profiles.register(shop, register(phone, customer="ann-prev"))
        yield made


async def linked(two: TwoProcesses, customer_id: str) -> list[str]:
    wanted = ProfileFilter(SHOP, customer_id=customer_id)
    return [one.key.user_id for one in await two.erasing.store.profiles.list(wanted, None, 10)]


@EVERY_BATCH
async def test_C7_C8_no_link_moves_to_a_target_that_was_erased_during_the_merge(
    two: TwoProcesses, pause_at: PauseAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source adds no value to the target, so the merge changes nothing of it. They share no guard, either."""
    pause = pause_at(two.importing, monkeypatch)

    async def merge() -> bool:
        try:
            await two.importing.customers.merge(TENANT, "ann-prev", "ann-cust")
        except Refused:
            return False
        return True

    merged = await erase_during(
        pause, merge(), lambda: two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
    )
    assert await linked(two, "ann-cust") == []
    assert await two.erasing.customers.find(TENANT, "ann-cust") is None
    # Where the erasure was first, the source is another customer, with a profile. Otherwise both are erased.
    assert await linked(two, "ann-prev") == ([] if merged else ["ann-user"])
    assert (await two.erasing.customers.find(TENANT, "ann-prev") is None) is merged
    assert ("ann-user" in repr(await contents(two.erasing.store))) is not merged


async def test_C7_C8_a_link_that_moves_during_the_erasure_is_found(
    two: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moves from the source to the target, when the erasure has looked for the profiles of one of them."""
    source, target = (two.importing.customers.ref(TENANT, one) for one in ("ann-prev", "ann-cust"))
    await two.importing.customers.submit(MergeCustomers(source, target))  # its process has moved no link yet
    read, moved = two.erasing.store.profiles.list, 0

    async def listing(wanted: ProfileFilter, *given: Any) -> Any:
        nonlocal moved
        found = await read(wanted, *given)
        if wanted.app_id == SHOP and wanted.customer_id and not moved:
            moved = (await two.importing.customers.merge(TENANT, "ann-prev", "ann-cust"))[1]
        return found

    monkeypatch.setattr(two.erasing.store.profiles, "list", listing)
    erased = await two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
    assert moved == 1
    assert erased.removed["profiles"] == 1
    assert "ann-" not in repr(await contents(two.erasing.store))


async def test_C7_C8_a_customer_merged_long_ago_is_remembered_as_long_as_the_target(two: TwoProcesses) -> None:
    """An old file still has the source, long after what remained of the merge would be purged."""
    await two.erasing.customers.merge(TENANT, "ann-prev", "ann-cust")
    for app in two:
        app.clock.advance(days(80))  # type: ignore[attr-defined]
    await two.erasing.people.erase_customer(TENANT, "ann-cust", announce=False)
    for app in two:
        app.clock.advance(days(80))  # type: ignore[attr-defined]
    now = two.erasing.clock.now()
    await two.erasing.store.customers.purge_tombstones(TENANT, now - TOMBSTONE_RETENTION)
    ref = two.importing.customers.ref(TENANT, "ann-prev")
    record = ImportCustomer(ref, CustomerPatch({"name": "Ann"}), now - days(400))
    assert await two.importing.imports.customers([record], dry_run=False) == [Imported(ImportOutcome.UNCHANGED)]
