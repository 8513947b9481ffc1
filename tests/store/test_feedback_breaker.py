"""The feedback breaker on every engine: what it counts is stored, and exact with several processes (F8)."""

import asyncio
from datetime import timedelta

import pytest

from profile_grpc.domain.changes import Write
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.feedback_breaker import ControlFeedbackBreaker, FeedbackBreakerStatus
from profile_grpc.domain.feedback_losses import FeedbackLosses
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import FEEDBACK_LOSSES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.registration import Register
from profile_grpc.domain.results import PushFeedbackOutcome as Outcome
from profile_grpc.domain.settings import App, AppSettings, FeedbackBreaker
from profile_grpc.service.directory_ports import Reservation
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import Conflict
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore
from tests.store.support import NOW, Writer, changes
from tests.support.domain import HASHER, ManualClock, fcm

APP = "shop"
LATER = NOW + timedelta(hours=1)


def phone(number: int) -> ProfileKey:
    return ProfileKey(APP, f"user{number:04}", f"phone{number}")


async def fleet(store: SqlStore, size: int, limit: int) -> Writer:
    """Phones that only push reaches, confirmed an hour ago."""
    writer = Writer(store, AppSettings(feedback_breaker=FeedbackBreaker(0, limit)))
    patches = [ProfilePatch(channels=frozenset({Channel.PUSH}), push_endpoints=(fcm(f"T{n}"),)) for n in range(size)]
    await writer.commit(*(Register(phone(n), patch) for n, patch in enumerate(patches)))
    writer.now = LATER
    return writer


def dead(*numbers: int) -> ReportPushFeedback:
    return ReportPushFeedback(
        APP, tuple(PushFeedback(token=f"T{n}", error_code="UNREGISTERED", sent_at=LATER) for n in numbers)
    )


async def test_F8_a_row_comes_back_as_it_was_stored(store: SqlStore) -> None:
    writer = Writer(store)
    full = FeedbackLosses(APP, ((5, 6), (7, 80_000)), NOW, LATER, NOW, 9)
    for stored in (full, FeedbackLosses(APP, revision=10)):
        async with store.profiles.write() as transaction:
            needs = Needs()
            needs.add(FEEDBACK_LOSSES, APP)
            state_rows = await transaction.load(needs)
            seen = next(iter(state_rows.of(FEEDBACK_LOSSES)), None)
            write = Write(stored, seen.revision if seen else None, seen)
            await transaction.apply(changes(feedback_losses=[write]))
        needs = Needs()
        needs.add(FEEDBACK_LOSSES, APP)
        assert list((await writer.load(needs)).of(FEEDBACK_LOSSES)) == [stored]


async def test_F8_what_was_lost_and_what_holds_outlast_the_process(store: SqlStore, other: SqlStore) -> None:
    writer = await fleet(store, 6, 2)
    [results] = await writer.commit(dead(0, 1, 2))
    assert [r.outcome for r in results] == [Outcome.PROFILE_DELETED] * 2 + [Outcome.HELD]
    elsewhere = Writer(other, writer.settings, LATER)
    [status] = await elsewhere.commit(ControlFeedbackBreaker(APP))
    assert status == FeedbackBreakerStatus(2, 2, 4, LATER, None, None)
    await elsewhere.commit(ControlFeedbackBreaker(APP, go=True))
    [results] = await writer.commit(dead(2, 3))
    assert [r.outcome for r in results] == [Outcome.PROFILE_DELETED] * 2


async def test_F8_of_two_reports_at_once_the_second_is_decided_again(store: SqlStore, other: SqlStore) -> None:
    writer = await fleet(store, 4, 1)
    elsewhere = Writer(other, writer.settings, LATER)
    async with store.profiles.write() as transaction:
        _, decided = await writer.decided(transaction, dead(0))
    await elsewhere.commit(dead(1))
    with pytest.raises(Conflict):
        async with store.profiles.write() as transaction:
            await transaction.apply(decided)


async def test_F8_never_more_than_the_limit_is_lost_whoever_reports(store: SqlStore, other: SqlStore) -> None:
    """Two processes on one database, and many reports at a time."""
    writer = await fleet(store, 400, 100)
    queues = [WriteQueue(one.profiles, ManualClock(LATER), HASHER, observer=NullObserver()) for one in (store, other)]
    for queue in queues:
        queue.start()
    reports = [dead(*range(at, at + 20)) for at in range(0, 400, 20)]
    answers = await asyncio.gather(*(queues[n % 2].submit(report, writer.settings) for n, report in enumerate(reports)))
    for queue in queues:
        await queue.close()
    outcomes = [result.outcome for results in answers for result in results]
    assert outcomes.count(Outcome.PROFILE_DELETED) == 100
    assert outcomes.count(Outcome.HELD) == 300
    [status] = await writer.commit(ControlFeedbackBreaker(APP))
    assert (status.lost, status.endpoints, status.held) == (100, 300, True)


async def test_D4_a_removed_app_takes_its_breaker_and_its_endpoints(store: SqlStore) -> None:
    writer = await fleet(store, 3, 1)
    await writer.commit(dead(0, 1))
    await store.directory.add_app(App(APP, "acme", NOW, NOW, revision=1))
    await store.directory.remove_app(Reservation(APP, "acme", LATER, 2), seen=1)
    [status] = await writer.commit(ControlFeedbackBreaker(APP))
    assert status == FeedbackBreakerStatus(0, 1, 0, None, None, None)
