"""The feedback breaker: when an app loses too many endpoints in a short time, it keeps the others (F8)."""

from datetime import timedelta

import pytest

from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback import PushFeedback
from profile_grpc.domain.feedback_breaker import ControlFeedbackBreaker, FeedbackBreakerStatus
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import ENDPOINTS, FEEDBACK_LOSSES
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.push_endpoints import PushEndpointState, PushPurpose
from profile_grpc.domain.results import PushFeedbackOutcome as Outcome
from profile_grpc.domain.settings import FeedbackBreaker
from tests.support.domain import APP, T0, Scene, days, dead, fcm, given, hours, key, minutes, patch, profile

SUSPECT = PushEndpointState.SUSPECT
DELETED, HELD = Outcome.PROFILE_DELETED, Outcome.HELD


def phone(number: int) -> ProfileKey:
    return key(f"user{number}", f"phone{number}")


def fleet(size: int, *, percent: float = 0, minimum: int = 3) -> Scene:
    """Phones that only push reaches, each with a token of its own; an hour has passed since they were confirmed."""
    phones = [profile(phone(n), fcm(f"T{n}"), channels={Channel.PUSH}) for n in range(size)]
    return given(*phones, at=T0 + hours(1), feedback_breaker=FeedbackBreaker(percent, minimum))


def gone(scene: Scene, *numbers: int) -> list[Outcome]:
    """One report that these phones' tokens are dead."""
    return [result.outcome for result in scene.feedback(*(item(scene, n) for n in numbers))]


def item(scene: Scene, number: int) -> PushFeedback:
    return dead(f"T{number}", scene.now)


def say(scene: Scene, *, go: bool | None = None) -> FeedbackBreakerStatus:
    return scene.do(ControlFeedbackBreaker(APP, go), FeedbackBreakerStatus)


def test_F8_what_exceeds_the_limit_is_held_within_one_report() -> None:
    scene = fleet(10)
    assert gone(scene, *range(6)) == [DELETED] * 3 + [HELD] * 3
    assert len(scene.world.profiles) == 7


def test_F8_and_over_several_reports_of_an_hour() -> None:
    scene = fleet(10)
    assert gone(scene, 0, 1) == [DELETED] * 2
    scene.later(minutes(54))
    assert gone(scene, 2, 3) == [DELETED, HELD]
    assert gone(scene, 4) == [HELD]


def test_F8_three_reports_of_1000_false_items_leave_two_thirds_of_the_fleet() -> None:
    scene = fleet(3000, percent=10, minimum=1000)
    outcomes = [gone(scene, *range(at, at + 1000)) for at in (0, 1000, 2000)]
    assert [set(some) for some in outcomes] == [{DELETED}, {HELD}, {HELD}]
    assert len(scene.world.profiles) == 2000


@pytest.mark.parametrize(("size", "percent", "minimum", "lost"), [(50, 10, 1, 5), (50, 10, 7, 7), (50, 0, 0, 0)])
def test_F8_the_limit_is_the_larger_of_share_and_minimum(size: int, percent: float, minimum: int, lost: int) -> None:
    scene = fleet(size, percent=percent, minimum=minimum)
    assert gone(scene, *range(size)).count(DELETED) == lost


def test_F8_what_is_lost_does_not_lower_the_limit() -> None:
    scene = fleet(100, percent=10, minimum=0)
    assert [gone(scene, n) for n in range(11)] == [[DELETED]] * 10 + [[HELD]]


def test_F8_a_held_item_marks_the_endpoint_suspect_and_changes_nothing_else() -> None:
    scene = fleet(5, minimum=0)
    before = scene.profile(phone(1))
    [result] = scene.feedback(item(scene, 1))
    assert (result.outcome, result.affected) == (HELD, (phone(1),))
    after = scene.profile(phone(1))
    [endpoint] = after.push_endpoints
    assert endpoint == before.push_endpoints[0]._replace(state=SUSPECT)
    assert after == before._replace(
        push_endpoints=(endpoint,), update_time=scene.now, revision=after.revision, version=before.version + 1
    )
    assert len(scene.events(EventType.PUSH_ENDPOINT_SUSPECT)) == 1
    assert scene.owner(fcm("T1")) == "phone1"
    [again] = scene.feedback(item(scene, 1))
    assert (again.outcome, again.affected) == (HELD, ())


def test_F8_the_detail_has_the_numbers_and_what_to_do() -> None:
    scene = fleet(5, minimum=2)
    *_, held = scene.feedback(*(item(scene, n) for n in range(3)))
    assert held.detail.startswith("2 endpoints were lost to feedback in the last hour, the limit is 2")
    assert f"profile-grpc feedback go {APP}" in held.detail


def test_F8_the_start_and_the_end_of_a_hold_are_one_event_each() -> None:
    scene = fleet(9)
    gone(scene, 0, 1, 2, 3, 4)
    gone(scene, 5)
    assert [(e.app_id, e.user_id, e.reason) for e in scene.events(EventType.FEEDBACK_HELD)] == [
        (APP, "", "3 LOST, LIMIT 3")
    ]
    scene.later(hours(2))
    assert gone(scene, 3, 4) == [DELETED] * 2
    assert len(scene.events(EventType.FEEDBACK_RELEASED)) == 1


def test_F8_an_hour_later_held_items_may_be_reported_again() -> None:
    scene = fleet(9)
    gone(scene, 0, 1, 2)
    scene.later(minutes(59))
    assert gone(scene, 3) == [HELD]
    scene.later(minutes(7))
    assert gone(scene, 3) == [DELETED]


def test_F8_only_items_that_would_remove_something_are_held() -> None:
    scene = fleet(5, minimum=0)
    assert [
        result.outcome
        for result in scene.feedback(
            dead("T1", T0),
            dead("NOBODYS", scene.now),
            dead("T1", scene.now, error_code="UNAVAILABLE"),
            dead("T1", scene.now, error_code="SENDER_ID_MISMATCH"),
            dead("T1", scene.now, error_code="OK"),
        )
    ] == [Outcome.STALE, Outcome.UNKNOWN_TOKEN, Outcome.TRANSIENT, Outcome.ENDPOINT_SUSPECT, Outcome.CONFIRMED]


def test_F8_F5_a_token_of_several_users_counts_for_each() -> None:
    users = [profile(key(f"user{n}"), fcm("T")) for n in range(3)]
    scene = given(
        *users, at=T0 + hours(1), multi_user_per_device=True, feedback_breaker=FeedbackBreaker(0, 2)
    )  # fmt: skip
    assert [r.outcome for r in scene.feedback(dead("T", scene.now))] == [HELD]


# --- the operator ---


def test_F8_an_operators_confirmation_removes_the_limit_for_24_hours() -> None:
    scene = fleet(40)
    assert gone(scene, *range(5)).count(HELD) == 2
    status = say(scene, go=True)
    assert (status.held, status.go_until) == (False, scene.now + hours(24))
    assert gone(scene, *range(3, 20)) == [DELETED] * 17
    assert [e.reason for e in scene.events(EventType.FEEDBACK_RELEASED)] == ["OPERATOR"]
    scene.later(hours(24) - timedelta(microseconds=1))
    assert gone(scene, *range(20, 30)) == [DELETED] * 10
    scene.later(timedelta(microseconds=1))
    assert gone(scene, *range(30, 36)) == [HELD] * 6, "what was lost under the go counts"
    scene.later(hours(2))
    assert gone(scene, *range(30, 36)).count(DELETED) == 3


def test_F8_stop_ends_a_go_and_holds_until_the_next() -> None:
    scene = fleet(40)
    say(scene, go=True)
    assert gone(scene, 0, 1) == [DELETED] * 2
    status = say(scene, go=False)
    assert (status.held, status.go_until, status.stop_time) == (True, None, scene.now)
    assert [e.reason for e in scene.events(EventType.FEEDBACK_HELD)] == ["OPERATOR"]
    scene.later(days(3))
    [result] = scene.feedback(item(scene, 5))
    assert result.outcome is HELD
    assert result.detail.startswith("an operator stopped feedback")
    say(scene, go=True)
    assert gone(scene, 5) == [DELETED]


def test_F8_a_go_is_also_the_end_of_a_stop() -> None:
    scene = fleet(10)
    say(scene, go=False)
    say(scene, go=True)
    scene.later(hours(25))
    assert gone(scene, 0) == [DELETED]


def test_F8_a_second_stop_is_no_other_event() -> None:
    scene = fleet(10)
    first = say(scene, go=False)
    second = say(scene.later(hours(1)), go=False)
    assert second.held_time == first.held_time
    assert second.stop_time == scene.now
    assert len(scene.events(EventType.FEEDBACK_HELD)) == 1


def test_F8_every_token_of_a_profile_counts() -> None:
    scene = given(
        profile(key("ann"), fcm("T"), fcm("U", purpose=PushPurpose.INCOMING_CALL)),
        at=T0 + hours(1),
        feedback_breaker=FeedbackBreaker(0, 1),
    )
    [result] = scene.feedback(dead(sent_at=scene.now, key=key("ann")))
    assert result.outcome is HELD


def test_F8_F2_outdated_evidence_is_stale_also_while_items_are_held() -> None:
    scene = fleet(5, minimum=0)
    assert gone(scene, 0) == [HELD]
    [result] = scene.feedback(dead("T1", T0))
    assert result.outcome is Outcome.STALE
    assert scene.profile(phone(1)).push_endpoints[0].state is not SUSPECT


def test_F8_showing_the_breaker_changes_nothing() -> None:
    scene = fleet(10)
    gone(scene, 0)
    before = scene.world.rows[FEEDBACK_LOSSES][APP]
    status = say(scene)
    assert (status.lost, status.limit, status.endpoints, status.held) == (1, 3, 9, False)
    assert scene.world.rows[FEEDBACK_LOSSES][APP] == before


def test_F8_a_go_from_a_clock_far_ahead_is_none() -> None:
    scene = fleet(10)
    scene.clock.advance(days(365))
    say(scene, go=True)
    scene.clock.advance(-days(365))
    assert gone(scene, *range(5)).count(HELD) == 2


def test_F8_losses_dated_ahead_count_as_lost_now_and_are_stored_so() -> None:
    scene = fleet(10, minimum=4)
    scene.clock.advance(days(365))
    gone(scene, 0, 1, 2)
    scene.clock.advance(-days(365))
    assert gone(scene, 3, 4) == [DELETED, HELD]
    scene.later(minutes(66))
    assert gone(scene, 4, 5, 6, 7) == [DELETED] * 4, "they are over like others"


# --- what is counted ---


def test_F8_endpoints_are_counted_through_everything_that_changes_them() -> None:
    scene = given(at=T0, feedback_breaker=FeedbackBreaker(0, 100))
    endpoints = scene.world.tallies[ENDPOINTS]

    def count() -> int:
        held = sum(len({e.token for e in p.push_endpoints if e.token}) for p in scene.world.profiles.values())
        assert endpoints[APP] == held == say(scene).endpoints
        return held

    scene.register(phone(1), patch(fcm("A"), fcm("B", purpose=PushPurpose.INCOMING_CALL)))
    assert count() == 2
    scene.register(phone(1), patch(fcm("A")))
    assert count() == 2
    scene.register(phone(2), patch(fcm("A")))
    assert count() == 2, "it moved (R4)"
    scene.update(phone(2), patch(fcm("C")))
    assert count() == 2
    scene.later(hours(1)).feedback(dead("C", scene.now))
    assert count() == 1
    scene.unregister(phone(1))
    assert count() == 0


def test_F8_a_row_remembers_no_more_than_an_hour() -> None:
    scene = fleet(40, minimum=100)
    for number in range(40):
        gone(scene, number)
        scene.later(minutes(5))
    assert len(scene.world.rows[FEEDBACK_LOSSES][APP].lost) == 13
