"""R13 in the store: the order of a device's calls is kept, guarded, forgotten and purged."""

from dataclasses import replace
from datetime import timedelta

import pytest

from profile_grpc.domain.call_order import FORGET_AFTER
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.ordered_calls import CallMethod, OrderedCall
from profile_grpc.domain.profile import PushPermission
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.results import AccountRemovalOutcome
from profile_grpc.domain.settings import AccountRemovalAction
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.ports import Conflict
from profile_grpc.service.reaper_ports import DueBefore
from profile_grpc.store import SqlStore
from tests.store.support import DAY, NOW, Writer, contents, key, register

ANN = key()


async def test_R13_what_is_recorded_is_read_again(store: SqlStore) -> None:
    writer = Writer(store)
    await writer.commit(replace(register(ANN, "T"), sequence=2**62))
    stored = await store.profiles.get(ANN)
    assert stored is not None
    assert stored.last_call == OrderedCall(2**62, CallMethod.REGISTER)
    with pytest.raises(Refused) as raised:
        await writer.commit(Unregister(ANN, sequence=7))
    assert raised.value.reason is Reason.OUT_OF_ORDER
    assert raised.value.metadata["highest"] == str(2**62)
    await writer.commit(replace(register(ANN, "T"), sequence=2**62))
    assert await store.profiles.get(ANN) == stored
    await writer.commit(Unregister(ANN, sequence=2**63 - 1))
    [row] = (await contents(store))["device_order"]
    assert row[:5] == ("shop", "phone", 2**63 - 1, CallMethod.UNREGISTER, None)


@pytest.mark.parametrize("action", AccountRemovalAction)
async def test_R13_a_repeated_account_removal_is_answered_as_applied(
    store: SqlStore, other: SqlStore, action: AccountRemovalAction
) -> None:
    await Writer(store).commit(replace(register(ANN, "T"), sequence=4))
    removal = RemoveAccount("shop", (ReportedToken("T"),), username="ann", action=action, sequence=5)
    [first] = await Writer(store).commit(removal)
    before = await contents(store)
    [again] = await Writer(other).commit(removal)
    assert (first.removed, first.outcome) == ((ANN,), AccountRemovalOutcome.REMOVED)
    assert (again.removed, again.outcome) == ((), AccountRemovalOutcome.REMOVED)
    assert await contents(store) == before
    with pytest.raises(Refused):
        await Writer(store).commit(replace(removal, sequence=3))
    assert await store.reaper.purge_orders("shop", NOW + FORGET_AFTER + timedelta(microseconds=1), 10) == 1
    [forgotten] = await Writer(store).commit(removal)
    assert forgotten.outcome is AccountRemovalOutcome.NO_MATCH


async def test_R13_of_two_calls_that_are_decided_at_once_one_decides_again(store: SqlStore, other: SqlStore) -> None:
    """Else a late registration and the logout that overtook it could both be applied."""
    late, logout = replace(register(ANN, "T"), sequence=1), Unregister(ANN, allow_missing=True, sequence=2)
    async with store.profiles.write() as transaction:
        _, changes = await Writer(store).decided(transaction, late)
    await Writer(other).commit(logout)
    with pytest.raises(Conflict):
        async with store.profiles.write() as transaction:
            await transaction.apply(changes)
    with pytest.raises(Refused):
        await Writer(store).commit(late)


async def test_R13_a_deletion_forgets_it(store: SqlStore) -> None:
    writer = Writer(store)
    await writer.commit(replace(register(ANN, "T"), sequence=5))
    await writer.commit(DeleteDeviceProfile("shop", user_id="ann", device_id="phone"))
    assert "device_order" not in await contents(store)


async def test_R13_so_does_the_reapers(store: SqlStore) -> None:
    writer = Writer(store)
    await writer.commit(replace(register(ANN, "T"), sequence=5), Heartbeat(ANN))
    await writer.commit(register(key("bob", "tablet"), "U"), Heartbeat(key("bob", "tablet")))
    await writer.commit(replace(register(key("eve", "watch"), "V"), sequence=6))
    due = await store.reaper.due(DueBefore("shop", NOW + DAY, None), 10)
    assert len(due) == 2
    await store.reaper.delete("shop", due, DeletionReason.INACTIVE, NOW + DAY)
    assert [row[:2] for row in (await contents(store))["device_order"]] == [("shop", "watch")]


async def test_R13_the_order_of_a_device_without_a_profile_is_purged(store: SqlStore) -> None:
    writer = Writer(store)
    logout = Unregister(ANN, allow_missing=True, sequence=5)
    for _ in ("called", "repeated"):
        await writer.commit(logout)
    await writer.commit(replace(register(key("bob", "tablet"), "U"), sequence=5))
    assert await store.reaper.purge_orders("shop", NOW + FORGET_AFTER, 10) == 0
    assert await store.reaper.purge_orders("shop", NOW + FORGET_AFTER + timedelta(microseconds=1), 10) == 1
    assert [row[1] for row in (await contents(store))["device_order"]] == ["tablet"]


async def test_R13_the_number_is_kept_with_every_change_of_a_profile(store: SqlStore) -> None:
    """Also where every column is written: the profile of a user who signs out and in."""
    writer = Writer(store)
    await writer.commit(replace(register(ANN, "T"), sequence=1))
    for command in (
        Unregister(ANN, sequence=2),
        replace(register(ANN, "T"), sequence=3),
        UpdateProfileData(ANN, ProfilePatch(attributes={"language": "de"}), sequence=4),
    ):
        await writer.commit(command)
        stored = await store.profiles.get(ANN)
        assert stored is not None
        assert stored.last_call is not None
        assert stored.last_call.sequence == command.sequence


async def test_H1_a_heartbeat_and_a_patch_in_one_batch_are_both_stored(store: SqlStore) -> None:
    """Of two commands in one batch, each with columns of its own."""
    writer = Writer(store)
    await writer.commit(register(ANN, "T"))
    writer.now = NOW + DAY
    await writer.commit(UpdateProfileData(ANN, ProfilePatch(attributes={"language": "de"})), Heartbeat(ANN))
    stored = await store.profiles.get(ANN)
    assert stored is not None
    assert (stored.attributes.language, stored.last_heartbeat_time) == ("de", NOW + DAY)


@pytest.mark.parametrize("permission", PushPermission)
async def test_R12_a_permission_is_kept(store: SqlStore, permission: PushPermission) -> None:
    command = register(ANN, "T")
    await Writer(store).commit(replace(command, patch=command.patch._replace(push_permission=permission)))
    stored = await store.profiles.get(ANN)
    assert stored is not None
    assert stored.push_permission is permission
    await Writer(store).commit(replace(command, patch=command.patch._replace(push_permission=PushPermission.DENIED)))
    stored = await store.profiles.get(ANN)
    assert stored is not None
    assert stored.push_permission is PushPermission.DENIED
