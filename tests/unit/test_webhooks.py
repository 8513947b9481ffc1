"""When a webhook's deliveries are tried again, and when it is given up (E6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from profile_grpc.domain import webhooks
from profile_grpc.domain.webhooks import Failure, Progress, Secret, Webhook, WebhookState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRESH = Progress(position=100)
WEBHOOK = Webhook(
    "acme", "wh1", "https://example.com/", (), (), WebhookState.ENABLED, (Secret("1"),), NOW, NOW, 0, FRESH
)


def failure(now: datetime = NOW) -> Failure:
    return Failure(now, 500, "HTTP 500")


def failing(times: int, progress: Progress = FRESH, now: datetime = NOW) -> tuple[Progress, datetime]:
    """The progress after so many failures in a row, each tried as soon as it was due, and the time of the last."""
    for _ in range(times):
        now = progress.next_attempt_time or now
        progress = webhooks.after_failure(progress, 150, failure(now), jitter=0)
    return progress, now


def test_E6_the_pauses_between_attempts_grow_to_an_hour() -> None:
    delays = [webhooks.retry_delay(n, 0).total_seconds() for n in range(1, 9)]
    assert delays == [5, 30, 120, 600, 3600, 3600, 3600, 3600]


def test_E6_pauses_are_jittered_by_a_fifth() -> None:
    assert webhooks.retry_delay(1, -1) == timedelta(seconds=4)
    assert webhooks.retry_delay(1, 1) == timedelta(seconds=6)


def test_E6_a_failure_keeps_the_position_and_the_end_of_the_request_to_repeat() -> None:
    failed, _ = failing(2)
    assert (failed.position, failed.pending) == (100, 150)
    assert (failed.failing_since, failed.last_failure) == (NOW, failure(NOW + timedelta(seconds=5)))
    assert failed.next_attempt_time == NOW + timedelta(seconds=35)
    assert not webhooks.is_due(failed, NOW + timedelta(seconds=34))
    assert webhooks.is_due(failed, NOW + timedelta(seconds=35))


def test_E6_a_success_moves_the_position_and_ends_the_failure() -> None:
    failed, now = failing(3)
    done = webhooks.after_success(failed, 150)
    assert (done.position, done.pending, done.failures, done.failing_since) == (150, None, 0, None)
    assert (done.last_failure, done.attempts) == (None, 4)
    assert webhooks.is_due(done, now)


def test_E6_a_webhook_is_given_up_after_three_days_of_failure_and_not_before() -> None:
    progress, now = FRESH, NOW
    while not webhooks.is_given_up(progress, now):
        assert now - NOW < timedelta(days=3)
        progress, now = failing(1, progress, now)
    assert timedelta(days=3) <= now - NOW < timedelta(days=3, hours=1)
    assert progress.position == 100


def test_E6_days_in_which_the_service_was_down_are_no_days_of_failure() -> None:
    failed, now = failing(1)
    later, now = failing(1, replace(failed, next_attempt_time=now + timedelta(days=4)))
    assert not webhooks.is_given_up(later, now)


def test_E6_times_ahead_of_the_clock_neither_stop_a_webhook_nor_give_it_up() -> None:
    ahead = NOW + timedelta(days=400)
    wrong = replace(FRESH, failures=20, failing_since=ahead, next_attempt_time=ahead)
    assert webhooks.is_due(wrong, NOW)
    failed = webhooks.after_failure(wrong, 150, failure(NOW), jitter=0)
    assert failed.failing_since == NOW
    assert not webhooks.is_given_up(failed, NOW)


def test_E6_enabled_again_it_is_tried_at_once_and_has_three_days_again() -> None:
    failed, now = failing(80)
    assert webhooks.is_given_up(failed, now)
    again = webhooks.restarted(failed)
    assert webhooks.is_due(again, now)
    assert not webhooks.is_given_up(webhooks.after_failure(again, 150, failure(now), jitter=0), now)
    assert (again.position, again.pending) == (100, 150)


def test_E6_a_replay_goes_back_and_makes_new_requests() -> None:
    again = webhooks.replayed(failing(5)[0], 7)
    assert (again.position, again.pending, again.replays) == (7, None, 1)
    assert webhooks.is_due(again, NOW)


def test_E6_events_lost_to_the_retention_are_reported() -> None:
    moved = webhooks.without_lost(failing(5)[0], 5000, NOW)
    assert (moved.position, moved.pending, moved.lost_time) == (5000, None, NOW)


def test_E6_a_rotated_secret_signs_until_its_end_too() -> None:
    rotated = webhooks.rotated(WEBHOOK, "2", timedelta(hours=1), NOW)
    assert [secret.sealed for secret in webhooks.signing(rotated, NOW)] == ["2", "1"]
    assert [secret.sealed for secret in webhooks.signing(rotated, NOW + timedelta(hours=1))] == ["2"]


def test_E6_a_third_secret_ends_the_first() -> None:
    twice = webhooks.rotated(webhooks.rotated(WEBHOOK, "2", timedelta(hours=1), NOW), "3", timedelta(hours=1), NOW)
    assert [secret.sealed for secret in webhooks.signing(twice, NOW)] == ["3", "2"]


def test_E6_a_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    rotated = webhooks.rotated(WEBHOOK, "2", timedelta(), NOW)
    assert [secret.sealed for secret in webhooks.signing(rotated, NOW)] == ["2"]


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (204, True), (299, True), (301, False), (410, False)])
def test_E6_only_2xx_accepts_the_events(status: int, accepted: bool) -> None:
    assert webhooks.succeeded(status) is accepted
