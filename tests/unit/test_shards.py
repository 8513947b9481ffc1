"""With shards, each shard commits and fails on its own."""

from typing import Any

import pytest

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.errors import Reason
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.registration import Register
from profile_grpc.service.ports import NodeUnavailable, StoreUnavailable
from tests.support.domain import key
from tests.support.memory_store import nothing
from tests.support.queue import SETTINGS, Bench, PausedCommits, bench, device, reason

SHARDS = {"shop": 1, "news": 2, "game": 2}


def of(app: str, number: int = 0) -> Register:
    return Register(device(number)._replace(app_id=app))


def apps(changes: Changes) -> set[str]:
    return {write.row.key.app_id for changed in changes.rows.values() for write in changed.writes}


def spread(made: Bench) -> Bench:
    made.store.shards = SHARDS
    return made


async def test_a_batch_holds_commands_of_one_shard() -> None:
    async with bench() as made:
        commands = [of(app, number) for number in range(30) for app in SHARDS]
        for task in await spread(made).callers(*commands):
            await task
    assert len(made.store.commits) < len(commands), "they share commits"
    for changes in made.store.commits:
        assert len({SHARDS[app] for app in apps(changes)}) == 1
    assert any(len(apps(changes)) > 1 for changes in made.store.commits), "also those of two apps on one shard"


async def test_a_node_that_is_away_stops_its_own_apps_only() -> None:
    async def away(changes: Changes) -> None:
        if "shop" in apps(changes):
            raise NodeUnavailable

    async with bench() as made:
        spread(made).store.before_commit = away
        there, gone = await made.callers(of("news"), of("shop"))
        assert await reason(gone) is Reason.DATABASE_UNAVAILABLE
        assert (await there).created
        beats = [(Heartbeat(of(app).key), SETTINGS) for app in ("news", "shop")]
        answers: list[Any] = await made.queue.submit_all(beats)
        first, second = answers
        assert first.last_heartbeat_time == made.clock.now()
        assert second.reason is Reason.REREGISTER_REQUIRED, "nothing was stored"
        made.store.before_commit = nothing
        assert (await made.submit(of("shop"))).created, "without a restart"


async def test_a_node_that_does_not_answer_holds_up_its_own_apps_only() -> None:
    paused = PausedCommits()

    async def hangs(changes: Changes) -> None:
        if "shop" in apps(changes):
            await paused(changes)

    async with bench(pending=16) as made:
        spread(made).store.before_commit = hangs
        waiting = await made.callers(of("shop", 0))
        await paused.reached()
        waiting += await made.callers(of("shop", 1), of("shop", 2))
        assert await reason(made.submit(of("shop", 3))) is Reason.QUEUE_FULL, "an eighth of the places is for one shard"
        for number in range(20):
            assert (await made.submit(of("news", number))).created
        paused.resume()
        for task in waiting:
            assert (await task).created


async def test_commands_whose_shard_cannot_be_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def shard(_app_id: str) -> int:
        raise StoreUnavailable

    async with bench() as made:
        monkeypatch.setattr(spread(made).store, "shard", shard)
        assert await reason(made.submit(Register(key("ann", "phone")))) is Reason.DATABASE_UNAVAILABLE
