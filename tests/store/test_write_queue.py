"""The write queue over a real store: two batches of one process at a time break no invariant."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest

from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.profile import UserState
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import Beat, Updated
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.service.shard_queue import QueueLimits
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore
from tests.store.support import HASHER, contents, key, register

USERS = 120


class Clock:
    """The real time: nothing here depends on it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.mark.parametrize("multi", [False, True])
async def test_R1_R4_R5_R6_batches_beside_each_other_keep_one_owner(store: SqlStore, multi: bool) -> None:
    settings = AppSettings(multi_user_per_device=multi, single_device_per_user=True)
    queue = WriteQueue(
        store.profiles,
        Clock(),
        HASHER,
        observer=NullObserver(),
        limits=QueueLimits(batch=20, second_batch=1, retries=100),
    )
    queue.start()
    # Every user registers on one device with one token, twice, and on a device of their own with another one.
    commands = [
        command
        for number in range(USERS)
        for command in (
            register(key(f"user {number}", "shared"), "token"),
            Register(key(f"user {number}", "shared")),
            register(key(f"user {number}", f"device {number % 7}"), f"token {number % 3}"),
        )
    ]
    answers = await asyncio.gather(*(queue.submit(command, settings) for command in commands))
    created = Counter(answer.created for answer in answers)
    assert created[True] == 2 * USERS, "each of two profiles of each user is created once (R1)"
    profiles = await store.profiles.list(ProfileFilter("shop"), None, 10 * USERS)
    active = Counter(p.key.device_id for p in profiles if p.user_state is UserState.ACTIVE)
    assert active == dict.fromkeys(["shared", *(f"device {n}" for n in range(7))], 1)
    holders = {(e.token, p.key.device_id) for p in profiles for e in p.push_endpoints if e.token}
    assert len(holders) == len({token for token, _ in holders}), "a token has one device (R4)"
    current = Counter(p.key.user_id for p in profiles if not p.push_superseded and p.unregister_time is None)
    assert max(current.values()) == 1, "a user has one device with push (R7)"
    assert len((await contents(store))["mad_ledger"]) == 2 * USERS, "each counted once (M4)"
    await queue.close()


async def test_U1_M4_changes_of_one_profile_in_many_batches_are_all_there(store: SqlStore) -> None:
    queue = WriteQueue(
        store.profiles,
        Clock(),
        HASHER,
        observer=NullObserver(),
        limits=QueueLimits(batch=10, second_batch=1, retries=100),
    )
    queue.start()
    settings = AppSettings()
    await queue.submit(register(key()), settings)
    patches = [register(key()).patch._replace(custom_attributes={f"a{n}": str(n)}) for n in range(60)]
    commands = [UpdateProfileData(key(), patch) for patch in patches] + [Heartbeat(key())] * 60
    answers = await asyncio.gather(*(queue.submit(command, settings) for command in commands))
    assert Counter(map(type, answers)) == {Updated: 60, Beat: 60}
    stored = await store.profiles.get(key())
    assert stored is not None
    assert stored.attributes.custom_attributes == {f"a{n}": str(n) for n in range(60)}
    await queue.close()
