"""The write path: commands are gathered, decided and committed together, and answered after the commit.

The store is in memory; a commit ends when the test lets it. Nothing here waits for time to pass: where a queue could
wait, it is told to wait for an hour.
"""

import asyncio

import pytest

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.commands import AnyCommand
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.feedback import ReportPushFeedback
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import Unregister
from profile_grpc.domain.results import Beat, Registered, Unregistered
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.telemetry import tracing
from tests.support.domain import ANN, APP, BOB, HASHER, T0, ManualClock, days, dead, key
from tests.support.memory_store import MemoryStore
from tests.support.queue import SETTINGS, PausedCommits, bench, device, reason
from tests.support.spans import RecordedSpan
from tests.support.world import World

AN_HOUR = 3600.0

# --- answers and commits ---


async def test_a_caller_is_answered_after_the_commit_and_never_before() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        assert not b.first.done()
        assert not b.world.profiles
        paused.resume()
        assert isinstance(await b.first, Registered)
        assert list(b.world.profiles) == [key("first", "first")]


async def test_an_idle_queue_commits_at_once() -> None:
    async with bench(linger=AN_HOUR) as b:
        for number in range(5):
            await b.submit(Register(device(number)))
        assert b.observer.batches == [1] * 5


async def test_commands_that_arrive_during_a_commit_are_committed_together() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(10)])
        assert b.store.transactions == 1
        paused.resume()
        await asyncio.gather(*tasks)
        assert b.observer.batches == [1, 10]
        assert len(b.store.commits) == 2


async def test_commands_are_decided_in_the_order_of_their_arrival() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(
            Heartbeat(ANN), Register(ANN), Heartbeat(ANN), Unregister(ANN), Heartbeat(ANN), Register(ANN)
        )
        paused.resume()
        assert [await reason(task) for task in tasks] == [
            Reason.REREGISTER_REQUIRED,
            None,
            None,
            None,
            Reason.PROFILE_UNREGISTERED,
            None,
        ]
        assert b.world.profiles[ANN].status is ProfileStatus.ACTIVE
        assert b.observer.batches == [1, 6]


@pytest.mark.parametrize("waiting", [1, 3, 4, 7])
async def test_a_batch_is_bounded(waiting: int) -> None:
    async with bench(batch=3) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(waiting)])
        paused.resume()
        await asyncio.gather(*tasks)
        full, rest = divmod(waiting, 3)
        assert b.observer.batches == [1, *[3] * full, *[rest] * bool(rest)]


async def test_a_batch_counts_feedback_items_and_takes_even_a_large_command() -> None:
    async with bench(batch=3) as b:
        paused = await b.pause_commits()
        items = tuple(dead(f"T{n}", T0) for n in range(5))
        feedback = ReportPushFeedback(APP, items)
        tasks = await b.callers(Register(ANN), feedback, Register(BOB), ReportPushFeedback(APP, items[:2]))
        paused.resume()
        await asyncio.gather(*tasks)
        assert b.observer.batches == [1, 3, 1], "the single calls and the first report, then the other"


async def test_callers_that_come_back_share_the_next_commit() -> None:
    async with bench(linger=AN_HOUR) as b:
        paused = await b.pause_commits()

        async def caller(number: int) -> None:
            for _ in range(3):
                await b.submit(Register(device(number)))

        tasks = [asyncio.create_task(caller(n)) for n in range(4)]
        await asyncio.sleep(0)
        paused.resume()
        await asyncio.gather(*tasks)
        assert b.observer.batches == [1, 4, 4, 4]


async def test_those_answered_and_those_that_came_meanwhile_wait_for_each_other() -> None:
    async with bench(linger=AN_HOUR) as b:
        paused = await b.pause_commits()
        first = await b.callers(Register(ANN), Register(BOB))
        b.store.before_commit = second = PausedCommits()
        paused.resume()
        await second.reached()
        waiting = await b.callers(Register(device(1)), Register(device(2)))
        second.resume()
        await asyncio.gather(*first)
        waiting += await b.callers(Register(device(3)), Register(device(4)))
        await asyncio.gather(*waiting)
        assert b.observer.batches == [1, 2, 4]


async def test_the_wait_is_bounded() -> None:
    async with bench(linger=0.001) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(4)])
        paused.resume()
        await asyncio.gather(*tasks)
        await b.submit(Register(ANN))  # alone, though four were answered


async def test_a_second_batch_starts_while_one_is_being_committed() -> None:
    async with bench(concurrent=True, second_batch=3) as b:
        paused = await b.pause_commits()
        waiting = await b.callers(Register(device(1)), Register(device(2)))
        assert b.store.transactions == 1, "two are too few"
        b.store.before_commit = second = PausedCommits()
        waiting += await b.callers(Register(device(3)))
        await second.reached()
        waiting += await b.callers(Register(device(4)))
        assert b.store.transactions == 2
        second.resume()
        await asyncio.gather(*waiting[:3])
        assert not b.first.done()
        paused.resume()
        await asyncio.gather(b.first, *waiting)
        assert b.observer.batches == [3, 1, 1]


@pytest.mark.parametrize(("concurrent", "callers"), [(False, 30), (True, 2)], ids=["one writer", "too few"])
async def test_else_whoever_comes_waits_for_the_batch_under_way(concurrent: bool, callers: int) -> None:
    async with bench(concurrent=concurrent, second_batch=3) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(*[Register(device(n)) for n in range(callers)])
        assert b.store.transactions == 1
        paused.resume()
        await asyncio.gather(*tasks)
        assert b.observer.batches == [1, callers]


async def test_two_batches_that_meet_are_decided_one_after_the_other() -> None:
    async with bench(concurrent=True, second_batch=3, retries=3) as b:
        paused = await b.pause_commits()
        b.store.before_commit = second = PausedCommits()
        # The first of these is the profile that the batch under way creates, too.
        tasks = await b.callers(Register(key("first", "first")), Register(device(1)), Register(device(2)))
        await second.reached()
        paused.resume()
        await b.first
        second.resume()
        [again, *_] = await asyncio.gather(*tasks)
        assert isinstance(again, Registered)
        assert not again.created
        assert b.observer.conflicts == 1


async def test_closing_waits_for_both_batches() -> None:
    async with bench(concurrent=True, second_batch=2) as b:
        paused = await b.pause_commits()
        b.store.before_commit = second = PausedCommits()
        tasks = await b.callers(*[Register(device(n)) for n in range(3)])
        await second.reached()
        closing = asyncio.create_task(b.queue.close())
        second.resume()
        await asyncio.gather(*tasks[:2])
        assert not closing.done()
        paused.resume()
        await closing
        assert all(task.done() for task in (b.first, *tasks))


async def test_a_command_that_writes_nothing_is_answered() -> None:
    async with bench() as b:
        await b.submit(Register(ANN))
        await b.submit(Heartbeat(ANN))
        commits = len(b.store.commits)
        assert isinstance(await b.submit(Heartbeat(ANN)), Beat)
        assert await reason(b.submit(Heartbeat(BOB))) is Reason.REREGISTER_REQUIRED
        assert len(b.store.commits) == commits


async def test_a_batch_is_decided_at_one_instant_of_the_injected_clock() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(Register(ANN), Register(BOB))
        b.clock.advance(days(1))
        paused.resume()
        await asyncio.gather(*tasks)
        assert {p.register_time for p in b.world.profiles.values()} == {T0, T0 + days(1)}
        assert b.world.profiles[BOB].register_time == T0 + days(1)


async def test_many_commands_of_one_caller_are_answered_each_in_order() -> None:
    async with bench() as b:
        commands: list[AnyCommand] = [Register(ANN), Heartbeat(BOB), Heartbeat(ANN), Unregister(ANN)]
        answers = await b.queue.submit_all([(command, SETTINGS) for command in commands])
        assert [type(answer) for answer in answers] == [Registered, Refused, Beat, Unregistered]
        assert b.observer.batches == [4]


async def test_a_submission_without_commands_starts_no_batch() -> None:
    async with bench() as b:
        assert await b.queue.submit_all([]) == []
        assert b.store.transactions == 0


# --- fair shares ---


async def test_single_calls_do_not_wait_for_the_bulk_before_them() -> None:
    async with bench(batch=100, bulk=10) as b:
        paused = await b.pause_commits()
        heartbeats = [(Heartbeat(device(n)), SETTINGS) for n in range(100)]
        many = asyncio.create_task(b.queue.submit_all(heartbeats))
        await asyncio.sleep(0)
        [ann] = await b.callers(Register(ANN))
        paused.resume()
        await ann
        assert b.observer.batches[:2] == [1, 1 + 10]
        assert len(await many) == 100


async def test_bulk_waits_for_no_callers_to_come_back() -> None:
    """The queue does not wait for more while it has work."""
    async with bench(linger=AN_HOUR, batch=100, bulk=10) as b:
        paused = await b.pause_commits()
        many = asyncio.create_task(b.queue.submit_all([(Register(device(n)), SETTINGS) for n in range(30)]))
        await asyncio.sleep(0)
        tasks = await b.callers(Register(ANN), Register(BOB))
        paused.resume()
        await asyncio.gather(many, *tasks)
        assert b.observer.batches == [1, 2 + 10, 10, 10]


async def test_bulk_alone_fills_whole_batches() -> None:
    async with bench(batch=100, bulk=10) as b:
        await b.queue.submit_all([(Register(device(n)), SETTINGS) for n in range(250)])
        assert b.observer.batches == [100, 100, 50]


async def test_the_order_of_one_apps_bulk_is_kept() -> None:
    async with bench(batch=100, bulk=1) as b:
        paused = await b.pause_commits()
        commands: list[AnyCommand] = [Register(ANN), Unregister(ANN), Heartbeat(ANN), Register(ANN), Heartbeat(ANN)]
        many = asyncio.create_task(b.queue.submit_all([(command, SETTINGS) for command in commands]))
        await asyncio.sleep(0)
        paused.resume()
        answers = await many
        assert [type(answer) for answer in answers] == [Registered, Unregistered, Refused, Registered, Beat]


# --- back-pressure ---


async def test_bulk_leaves_room_for_single_calls() -> None:
    async with bench(pending=8) as b:
        paused = await b.pause_commits()
        many = [(Register(device(n)), SETTINGS) for n in range(7)]
        with pytest.raises(Refused) as caught:
            await b.queue.submit_all(many)
        assert caught.value.metadata["limit"] == "6"
        waiting = asyncio.create_task(b.queue.submit_all(many[:6]))
        await asyncio.sleep(0)
        tasks = await b.callers(Register(ANN), Register(BOB))
        paused.resume()
        await asyncio.gather(waiting, *tasks)


async def test_R14_patient_callers_take_no_places_of_others() -> None:
    """Imports fill the queue as fast as it empties; feedback and heartbeats must have places."""
    async with bench(pending=8) as b:
        paused = await b.pause_commits()
        nine = [(Register(device(number)), SETTINGS) for number in range(9)]
        begun = asyncio.create_task(b.queue.submit_all(nine[:1], patient=True))
        while b.store.transactions < 2:  # noqa: ASYNC110 - its batch waits for the commit, too
            await asyncio.sleep(0)
        imported = asyncio.create_task(b.queue.submit_all(nine[1:], patient=True))
        await asyncio.sleep(0)  # more than half, but no others of their kind wait
        assert await reason(b.queue.submit_all(nine[:1], patient=True)) is Reason.QUEUE_FULL
        beats = asyncio.create_task(b.queue.submit_all([(Heartbeat(ANN), SETTINGS)] * 6))
        await asyncio.sleep(0)
        assert await reason(b.queue.submit_all([(Heartbeat(ANN), SETTINGS)])) is Reason.QUEUE_FULL
        tasks = await b.callers(Register(device(16)), Register(device(17)))
        paused.resume()
        assert await reason(asyncio.gather(begun, imported, beats, *tasks)) is None


async def test_R14_single_calls_do_not_wait_for_the_batch_of_an_import() -> None:
    async with bench(concurrent=True) as b:
        paused = PausedCommits()
        b.store.before_commit = paused
        many = [(Register(device(number)), SETTINGS) for number in range(200)]
        imported = asyncio.create_task(b.queue.submit_all(many, patient=True))
        await paused.reached()
        b.store.before_commit = pass_at_once
        assert isinstance(await b.submit(Register(ANN)), Registered)
        assert not imported.done()
        assert b.observer.batches == [1]
        paused.resume()
        assert len(await imported) == 200


async def test_R14_the_commands_of_an_import_share_no_batch_with_others() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        many = [(Register(device(number)), SETTINGS) for number in range(10)]
        imported = asyncio.create_task(b.queue.submit_all(many, patient=True))
        tasks = await b.callers(Register(ANN), Register(BOB))
        paused.resume()
        await asyncio.gather(imported, *tasks)
        assert sorted(b.observer.batches) == [1, 2, 10]


async def test_an_import_that_waits_is_carried_out_before_the_queue_closes() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        many = [(Register(device(number)), SETTINGS) for number in range(200)]
        imported = asyncio.create_task(b.queue.submit_all(many, patient=True))
        await asyncio.sleep(0)
        closing = asyncio.create_task(b.queue.close())
        await asyncio.sleep(0)
        paused.resume()
        await closing
        assert all(isinstance(answer, Registered) for answer in await imported)


async def pass_at_once(_changes: Changes) -> None:
    """Commits at once."""


async def test_of_many_commands_none_is_carried_out_after_their_caller_was_cancelled() -> None:
    """A stream of an app that was deleted must not go on to fill it (D4)."""
    async with bench() as b:
        paused = await b.pause_commits()
        many = asyncio.create_task(b.queue.submit_all([(Register(device(n)), SETTINGS) for n in range(5)]))
        await asyncio.sleep(0)
        many.cancel()
        await asyncio.wait([many])
        paused.resume()
        await b.first
        await b.submit(Register(ANN))
        assert sorted(b.world.profiles) == sorted([ANN, key("first", "first")])


async def test_a_full_queue_refuses_at_once_and_before_any_work() -> None:
    async with bench(pending=2) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(Register(device(1)), Register(device(2)), Register(device(3)))
        with pytest.raises(Refused) as caught:
            await tasks[2]
        assert caught.value.reason is Reason.QUEUE_FULL
        assert caught.value.retry_after
        assert caught.value.metadata["limit"] == "2"
        paused.resume()
        await asyncio.gather(*tasks[:2])
        assert device(3) not in b.world.profiles
        assert await reason(b.submit(Register(device(3)))) is None


async def test_many_commands_are_taken_whole_or_not_at_all() -> None:
    async with bench(pending=3) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(Register(device(0)))
        many = [(Register(device(n)), SETTINGS) for n in range(1, 4)]
        with pytest.raises(Refused):
            await b.queue.submit_all(many)
        paused.resume()
        await asyncio.gather(*tasks)
        assert len(b.world.profiles) == 2
        await b.queue.submit_all(many)
        assert len(b.world.profiles) == 5


# --- leaving ---


async def test_a_caller_that_goes_away_does_not_stop_its_batch() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        [ann, bob] = await b.callers(Register(ANN), Register(BOB))
        b.first.cancel()
        paused.resume()
        await asyncio.gather(ann, bob)
        assert key("first", "first") in b.world.profiles
        with pytest.raises(asyncio.CancelledError):
            await b.first


async def test_nor_do_its_neighbours_wait_when_it_goes_during_their_commit() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        [ann, bob] = await b.callers(Register(ANN), Register(BOB))
        b.store.before_commit = second = PausedCommits()
        paused.resume()
        await second.reached()
        ann.cancel()
        second.resume()
        assert isinstance(await bob, Registered)
        assert ANN in b.world.profiles


async def test_a_caller_that_left_before_its_turn_is_passed_over() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        [ann, bob] = await b.callers(Register(ANN), Register(BOB))
        ann.cancel()
        await asyncio.sleep(0)
        paused.resume()
        await bob
        assert ANN not in b.world.profiles


# --- closing ---


async def test_closing_commits_what_waits_and_refuses_what_comes() -> None:
    async with bench() as b:
        paused = await b.pause_commits()
        tasks = await b.callers(Register(ANN), Register(BOB))
        closing = asyncio.create_task(b.queue.close())
        await asyncio.sleep(0)
        assert await reason(b.submit(Register(device(1)))) is Reason.DRAINING
        assert not closing.done()
        paused.resume()
        await closing
        assert all(task.done() for task in tasks)
        assert {ANN, BOB} <= set(b.world.profiles)


async def test_closing_does_not_wait_for_callers_that_may_come_back() -> None:
    async with bench(linger=AN_HOUR) as b:
        paused = await b.pause_commits()
        tasks = await b.callers(Register(ANN), Register(BOB))
        paused.resume()
        await asyncio.gather(*tasks)
        await asyncio.sleep(0)  # the queue gathers now, for an hour


async def test_a_queue_that_never_worked_closes_too() -> None:
    queue = WriteQueue(MemoryStore(World(HASHER)), ManualClock(), HASHER, observer=NullObserver())
    await queue.close()


# --- traces ---


async def test_a_batch_is_a_part_of_the_calls_in_it_and_of_no_other() -> None:
    """Also where the call of another trace has started the workers, as the first one of a shard does."""
    seen: list[bool] = []

    async def look(_changes: Changes) -> None:
        seen.append(tracing.current() is not None)

    with tracing.inside(RecordedSpan()):
        started = bench(concurrent=True)
        b = await started.__aenter__()
    b.store.before_commit = look
    await b.submit(Register(device(1)))
    with tracing.inside(RecordedSpan()):
        await b.submit(Register(device(2)))
    await b.submit(Register(device(3)))
    await started.__aexit__(None, None, None)
    assert seen == [False, True, False]
