"""The write path when commits fail: conflicts, refused data, bugs, and an unavailable database."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.results import Registered
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import Conflict, DataRefused, StoreUnavailable
from profile_grpc.service.write_queue import WriteQueue
from tests.support.domain import ANN, APP, BOB, HASHER, fcm, key, patch, revisions
from tests.support.memory_store import MemoryStore
from tests.support.queue import SETTINGS, bench, device, reason

# --- conflicts ---


async def test_a_conflict_is_decided_again_on_fresh_state() -> None:
    async with bench(retries=3) as b:
        etag = getattr(await b.submit(Register(ANN)), "profile").etag  # noqa: B009 - a Registered
        other = WriteQueue(
            MemoryStore(b.world), b.clock, HASHER, observer=NullObserver(), fresh_revision=revisions(9000)
        )
        other.start()
        met: list[Any] = []

        async def another_writer_wins(_changes: Changes) -> None:
            if not met:
                met.append(await other.submit(UpdateProfileData(ANN, patch(language="de")), SETTINGS))

        b.store.before_commit = another_writer_wins
        assert await reason(b.submit(UpdateProfileData(ANN, patch(language="en"), etag))) is Reason.ETAG_MISMATCH
        assert b.world.profiles[ANN].attributes.language == "de"
        assert b.observer.conflicts == 1
        await other.close()


async def test_two_writers_on_one_device_leave_one_user() -> None:
    async with bench(retries=50) as b, bench(retries=50) as c:
        c.store.world = b.world

        async def meet(_changes: Changes) -> None:
            await asyncio.sleep(0)

        b.store.before_commit = c.store.before_commit = meet
        calls = [q.submit(Register(key(f"u{n}", "phone"), patch(fcm("T")))) for n in range(10) for q in (b, c)]
        await asyncio.gather(*calls)
        active = [p for p in b.world.profiles.values() if p.status is ProfileStatus.ACTIVE]
        assert [[e.token for e in p.push_endpoints] for p in active] == [["T"]]
        assert len(b.world.ledger) == 10


Breakage = tuple[Exception, Reason]
BREAKAGES = [
    (Conflict("again"), Reason.CONFLICT),
    (DataRefused("no"), Reason.DATA_REFUSED),
    (RuntimeError("a bug"), Reason.INTERNAL),
]


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize(("error", "expected"), BREAKAGES)
async def test_a_command_that_cannot_be_committed_fails_alone(error: Exception, expected: Reason, place: int) -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(7)])
        b.break_commits_of(device(place), error)
        paused.resume()
        assert [await reason(task) for task in tasks] == [expected if n == place else None for n in range(7)]
        assert set(b.world.profiles) == {key("first", "first"), *map(device, range(7))} - {device(place)}


@pytest.mark.parametrize(("error", "expected"), BREAKAGES)
async def test_the_queue_continues_after_a_failure(error: Exception, expected: Reason) -> None:
    async with bench() as b:
        b.break_commits_of(ANN, error)
        assert await reason(b.submit(Register(ANN))) is expected
        assert await reason(b.submit(Register(BOB))) is None
        assert ANN not in b.world.profiles


async def test_order_is_kept_among_those_that_bisection_parts() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(
            Register(ANN),
            Register(BOB, patch(fcm("T"))),
            Unregister(ANN),
            Register(device(1)),
            DeleteDeviceProfile(APP, user_id="ann"),
            Heartbeat(ANN),
        )
        b.break_commits_of(device(1), DataRefused("no"))
        paused.resume()
        assert [await reason(t) for t in tasks] == [
            None,
            None,
            None,
            Reason.DATA_REFUSED,
            None,
            Reason.REREGISTER_REQUIRED,
        ]


async def test_a_rule_that_raises_fails_only_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Register.decide

    def faulty(command: Register, state: State, settings: AppSettings) -> Registered:
        result = real(command, state, settings)  # changes the state before it fails
        if command == Register(device(2)):
            raise ZeroDivisionError
        return result

    monkeypatch.setattr(Register, "decide", faulty)
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(5)])
        paused.resume()
        reasons = [await reason(task) for task in tasks]
        assert reasons == [None, None, Reason.INTERNAL, None, None]
        assert device(2) not in b.world.profiles


async def test_the_caller_of_a_fault_learns_no_detail_and_the_log_has_it(
    logs: list[MutableMapping[str, Any]],
) -> None:
    async with bench() as b:
        b.break_commits_of(ANN, RuntimeError("SECRET"))
        with pytest.raises(Refused) as caught:
            await b.submit(Register(ANN))
        assert "SECRET" not in f"{caught.value.message}{caught.value.metadata}"
        assert [entry["trace_id"] for entry in logs] == [caught.value.metadata["trace_id"]]


@pytest.mark.parametrize("attempts", [1, 3])
async def test_a_conflict_is_tried_a_bounded_number_of_times(attempts: int) -> None:
    async with bench(retries=attempts) as b:
        b.break_commits_of(ANN, Conflict("again"))
        assert await reason(b.submit(Register(ANN))) is Reason.CONFLICT
        assert b.store.transactions == attempts + 1
        assert b.observer.conflicts == attempts


async def test_the_neighbours_of_a_lasting_conflict_wait_for_few_attempts() -> None:
    """All the patience is for the command alone, once its 63 neighbours have been committed in 6 halvings."""
    async with bench(retries=8, batch_retries=1) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(64)])
        b.break_commits_of(device(63), Conflict("again"))  # the last one: every neighbour comes before it
        paused.resume()
        await asyncio.wait(tasks[:63])
        assert b.observer.conflicts < 6 + 8, "they are answered before the command alone has spent its attempts"
        assert [await reason(task) for task in tasks] == [None] * 63 + [Reason.CONFLICT]
        assert b.observer.conflicts == 6 + 8


# --- an unreachable database ---


async def test_while_the_store_is_unavailable_callers_are_told_to_retry() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(Register(ANN), Register(BOB))
        b.break_commits_of(ANN, StoreUnavailable("gone"))
        paused.resume()
        assert [await reason(task) for task in tasks] == [Reason.DATABASE_UNAVAILABLE] * 2
        assert b.store.transactions == 2  # nobody is tried alone: there is no database
        assert await reason(b.submit(Register(BOB))) is None


async def test_the_outcome_may_be_unknown_and_repeating_helps() -> None:
    async with bench() as b:
        b.break_commits_of(ANN, StoreUnavailable("gone"))
        with pytest.raises(Refused) as caught:
            await b.submit(Register(ANN))
        assert caught.value.retry_after
