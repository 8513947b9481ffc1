"""R14: the cost of a call does not depend on how many profiles share its user, device or token. Commands about very
many profiles are executed in slices.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.commands import AnyCommand, Command, ProfilePatch
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.results import AccountRemovalOutcome, DisplacementEffect, PushFeedbackOutcome
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore
from profile_grpc.store.engine import DriverConnection, Engine, Prepared
from tests.store.support import DAY, HASHER, NOW, Writer, key, register
from tests.support.domain import ManualClock

SHARED = AppSettings(multi_user_per_device=True)
MANY = 60


@pytest.fixture
def rows_read(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each statement found."""
    engine: Engine = store._database.engine
    fetch, read = engine.fetch, []

    async def counted(connection: DriverConnection, statement: Prepared, rows: Any, values: dict[str, object]) -> Any:
        found = await fetch(connection, statement, rows, values)
        read.append(len(found))
        return found

    monkeypatch.setattr(engine, "fetch", counted)
    return read


def dead(token: str, time: datetime = NOW + DAY, app: str = "shop") -> ReportPushFeedback:
    item = PushFeedback(PushProvider.FCM, token, error_code="UNREGISTERED", sent_at=time)
    return ReportPushFeedback(app, (item,))


def of(user: str, device: str, app: str = "shop") -> ReportPushFeedback:
    item = PushFeedback(PushProvider.FCM, key=key(user, device, app), error_code="UNREGISTERED", sent_at=NOW + DAY)
    return ReportPushFeedback(app, (item,))


CALLS: dict[str, Callable[[str], AnyCommand]] = {
    "a new user": lambda app: register(key("new", "phone", app), "new token"),
    "a known user": lambda app: register(key("user 1", "phone", app), "token 1"),
    "a known user with the device's token": lambda app: register(key("user 2", "phone", app), "shared"),
    "an update": lambda app: UpdateProfileData(
        key("user 1", "phone", app), ProfilePatch(attributes={"language": "en"})
    ),
    "feedback by token": lambda app: dead("token 1", app=app),
    "feedback by key": lambda app: of("user 1", "phone", app),
    "a sign-out": lambda app: Unregister(key("user 1", "phone", app)),
    "a deletion": lambda app: DeleteDeviceProfile(app, user_id="user 1", device_id="phone"),
    "a removal": lambda app: RemoveAccount(app, (ReportedToken("shared"),), username="user 2"),
    "a user's new device": lambda app: register(key("guest", "new device", app), "new token"),
}


@pytest.mark.parametrize("call", CALLS)
async def test_R14_a_call_reads_no_more_rows_when_there_are_many_profiles(
    store: SqlStore, rows_read: list[int], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users of a device, who share a token but for one, and devices of a user who has one that receives push."""
    monkeypatch.setattr("profile_grpc.store.rows.any_shard", lambda: 0)
    read = {}
    for others in (3, MANY):
        app = f"app-{others}"
        writer = Writer(store, SHARED)
        for n in range(others):
            await writer.commit(register(key(f"user {n}", "phone", app), "token 1" if n == 1 else "shared"))
        writer.settings = AppSettings(multi_user_per_device=True, single_device_per_user=True)
        for n in range(others):
            await writer.commit(register(key("guest", f"device {n}", app)))
        rows_read.clear()
        writer.now = NOW + 2 * DAY
        await writer.commit(CALLS[call](app))
        read[others] = list(rows_read)
    assert read[MANY] == read[3]


class Batches(NullObserver):
    """How many profiles were written at a time."""

    def __init__(self) -> None:
        self.largest = 0

    # typing.override needs Python 3.12
    def batch_committed(self, commands: int, seconds: float, changes: Changes) -> None:  # type: ignore[explicit-override]
        written = [len(changed.writes) + len(changed.deletes) for changed in changes.rows.values()]
        self.largest = max([self.largest, *written])


class Bench:
    """A write queue for which a few rows are many."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.batches = Batches()
        self.clock = ManualClock(NOW)
        self.queue = WriteQueue(store.profiles, self.clock, HASHER, observer=self.batches)

    async def profiles(self) -> list[Any]:
        return list(await self.store.profiles.list(ProfileFilter("shop"), None, 10 * MANY))

    async def tokens(self) -> dict[str, list[str]]:
        return {p.key.user_id: [e.token for e in p.push_endpoints if e.token] for p in await self.profiles()}


@pytest.fixture
async def bench(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr("profile_grpc.store.profiles.BOUND", 20)
    monkeypatch.setattr("profile_grpc.store.bounds.MANY", 10)
    monkeypatch.setattr("profile_grpc.service.large_commands.SLICE", 7)
    made = Bench(store)
    made.queue.start()
    yield made
    await made.queue.close()
    assert made.batches.largest <= 25


async def users_of_a_phone(bench: Bench) -> None:
    for n in range(MANY):
        await bench.queue.submit(register(key(f"user {n:02}", "phone"), "shared"), SHARED)


async def test_R14_F5_feedback_for_a_token_of_many(bench: Bench) -> None:
    await users_of_a_phone(bench)
    bench.clock.set(NOW + 2 * DAY)
    commands: list[Command[Any]] = [
        register(key("other", "watch"), "another"),
        dead("shared"),
        Register(key("third", "tv")),
    ]
    [_, answer, _] = await bench.queue.submit_all([(command, SHARED) for command in commands])
    assert not isinstance(answer, Refused)
    [result] = answer
    assert result.outcome is PushFeedbackOutcome.ENDPOINT_INVALIDATED
    assert len(result.affected) == MANY
    assert await bench.tokens() == {f"user {n:02}": [] for n in range(MANY)} | {"other": ["another"], "third": []}


async def test_R14_F5_whoever_confirmed_it_last_proves_it_alive_for_all(bench: Bench) -> None:
    await users_of_a_phone(bench)
    bench.clock.set(NOW + DAY)
    await bench.queue.submit(register(key("user 40", "phone"), "shared"), SHARED)
    bench.clock.set(NOW + 2 * DAY)
    [result] = await bench.queue.submit(dead("shared", NOW + DAY / 2), SHARED)
    assert result.outcome is PushFeedbackOutcome.STALE
    assert set(map(tuple, (await bench.tokens()).values())) == {("shared",)}


async def test_R14_F5_feedback_by_profile_key_reaches_every_holder_of_a_token_of_many(bench: Bench) -> None:
    await users_of_a_phone(bench)
    bench.clock.set(NOW + 2 * DAY)
    both = ReportPushFeedback("shop", (*of("user 05", "phone").feedback, *dead("no such").feedback))
    [result, unknown] = await bench.queue.submit(both, SHARED)
    assert (result.outcome, len(result.affected)) == (PushFeedbackOutcome.ENDPOINT_INVALIDATED, MANY)
    assert unknown.outcome is PushFeedbackOutcome.UNKNOWN_TOKEN


async def test_R14_R4_a_token_of_many_moves(bench: Bench) -> None:
    await users_of_a_phone(bench)
    registered = await bench.queue.submit(register(key("new", "tablet"), "shared"), SHARED)
    assert registered.created
    assert {d.effect for d in registered.displaced} == {DisplacementEffect.TOKEN_MOVED}
    assert len({d.key for d in registered.displaced}) == MANY
    assert await bench.tokens() == {f"user {n:02}": [] for n in range(MANY)} | {"new": ["shared"]}


async def test_R14_R6_many_users_of_a_device_are_signed_out(bench: Bench) -> None:
    await users_of_a_phone(bench)
    registered = await bench.queue.submit(register(key("new", "phone"), "shared"), AppSettings())
    assert {d.effect for d in registered.displaced} == {DisplacementEffect.REPLACED}
    assert len(registered.displaced) == MANY
    active = [p for p in await bench.profiles() if p.status is ProfileStatus.ACTIVE]
    assert [p.key.user_id for p in active] == ["new"]


async def test_R14_R7_many_devices_of_a_user_are_superseded(bench: Bench) -> None:
    for n in range(MANY):
        await bench.queue.submit(register(key("guest", f"device {n}")), AppSettings())
    registered = await bench.queue.submit(Register(key("guest", "new")), AppSettings(single_device_per_user=True))
    assert {d.effect for d in registered.displaced} == {DisplacementEffect.PUSH_SUPERSEDED}
    assert len(registered.displaced) == MANY
    assert [p.key.device_id for p in await bench.profiles() if not p.push_superseded] == ["new"]


async def test_R14_D2_many_devices_of_a_user_are_deleted(bench: Bench) -> None:
    for n in range(MANY):
        await bench.queue.submit(register(key("guest", f"device {n}"), customer="c"), AppSettings())
    deleted = await bench.queue.submit(DeleteDeviceProfile("shop", user_id="guest"), AppSettings())
    assert len(deleted.keys) == MANY
    assert await bench.profiles() == []


async def test_R14_X3_a_selector_among_many_holders(bench: Bench) -> None:
    await users_of_a_phone(bench)
    patch = ProfilePatch(attributes={"account_selector": "mine"})
    await bench.queue.submit(UpdateProfileData(key("user 33", "phone"), patch), SHARED)
    bench.clock.set(NOW + DAY)
    removal = RemoveAccount("shop", (ReportedToken("shared"),), account_selector="mine")
    removed = await bench.queue.submit(removal, SHARED)
    assert (removed.outcome, removed.removed) == (AccountRemovalOutcome.REMOVED, (key("user 33", "phone"),))
