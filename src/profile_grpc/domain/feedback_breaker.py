"""The feedback breaker (F8): if too many endpoints of an app are reported dead, an operator decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from profile_grpc.domain.commands import OfOne
from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback_losses import FeedbackLosses
from profile_grpc.domain.kinds import ENDPOINTS, FEEDBACK_LOSSES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

WINDOW = timedelta(hours=1)
GO = timedelta(hours=24)
"""How long an operator's confirmation is valid."""
_STEP = timedelta(minutes=5)
"""Losses are counted in steps of this length, so that one row of at most 13 numbers covers the last hour."""
_STEPS = WINDOW // _STEP


class FeedbackBreakerStatus(NamedTuple):
    """The state of an app's breaker, for operators."""

    lost: int
    """Endpoints lost to feedback in the last 60 to 65 minutes."""
    limit: int
    endpoints: int
    """Endpoints of the app that have a token."""
    held_time: datetime | None
    """Since when it holds; None: it does not."""
    go_until: datetime | None
    """Until when an operator's confirmation is valid; None: there is none."""
    stop_time: datetime | None
    """When an operator stopped feedback; None: no one did, or a confirmation came later."""

    @property
    def held(self) -> bool:
        """Whether dead items are held."""
        return self.held_time is not None or self.stop_time is not None


def needs(wanted: Needs, app_id: str) -> None:
    wanted.add(FEEDBACK_LOSSES, app_id)
    wanted.add(ENDPOINTS, app_id)


class FeedbackBreaker:
    """Whether the items of one report may remove endpoints. Reads the app's losses once, and writes them once.

    An item that would bring the losses of the last hour above the limit is held, so the limit is never exceeded.
    """

    def __init__(self, state: State, app_id: str, settings: AppSettings) -> None:
        self._state = state
        self._settings = settings
        self._losses = _losses(state, app_id)
        self._status = _status(state, self._losses, settings)
        self._counted = 0
        self._why = ""

    def admit(self, number: int) -> str:
        """Counts `number` endpoints as lost and returns an empty string; or holds them and returns the reason."""
        status = self._status
        lost = status.lost + self._counted
        stopped = status.stop_time is not None or lost + number > status.limit
        if status.go_until is None and stopped:
            if self._losses.held_time is None:
                self._hold(EventType.FEEDBACK_HELD, self._state.now, lost)
            self._why = self._why or _why(self._losses.app_id, status._replace(lost=lost))
            return self._why
        if self._losses.held_time is not None:
            self._hold(EventType.FEEDBACK_RELEASED, None, lost)
        self._counted += number
        return ""

    def _hold(self, event: EventType, since: datetime | None, lost: int) -> None:
        self._losses = self._losses._replace(held_time=since)
        self._state.add_app_event(event, self._losses.app_id, f"{lost} LOST, LIMIT {self._status.limit}")

    def save(self) -> None:
        """Stores the counted losses, and whether the breaker holds."""
        losses = self._losses
        if self._counted:
            losses = losses._replace(lost=_added(losses.lost, self._state.now, self._counted))
        if losses != _losses(self._state, losses.app_id):
            _put(self._state, losses)


@dataclass(frozen=True, slots=True)
class ControlFeedbackBreaker(OfOne):
    """Confirm or stop feedback of an app, or only read its breaker's state (F8)."""

    app_id: str
    go: bool | None = None
    """True: any number of dead items act for 24 hours. False: they are held until a confirmation. None: no change."""

    def needs(self, needs_: Needs, _settings: AppSettings) -> None:
        needs(needs_, self.app_id)

    def decide(self, state: State, settings: AppSettings) -> FeedbackBreakerStatus:
        losses = _losses(state, self.app_id)
        if self.go:
            if losses.held_time is not None or losses.stop_time is not None:
                state.add_app_event(EventType.FEEDBACK_RELEASED, self.app_id, "OPERATOR")
            losses = losses._replace(held_time=None, stop_time=None, go_until=state.now + GO)
            _put(state, losses)
        elif self.go is False:
            if losses.held_time is None:
                state.add_app_event(EventType.FEEDBACK_HELD, self.app_id, "OPERATOR")
            held_time = losses.held_time or state.now
            losses = losses._replace(held_time=held_time, go_until=None, stop_time=state.now)
            _put(state, losses)
        return _status(state, losses, settings)


def _losses(state: State, app_id: str) -> FeedbackLosses:
    return state.row(FEEDBACK_LOSSES, app_id) or FeedbackLosses(app_id)


def _put(state: State, losses: FeedbackLosses) -> None:
    state.put_row(FEEDBACK_LOSSES, losses._replace(revision=state.fresh_revision()))


def _status(state: State, losses: FeedbackLosses, settings: AppSettings) -> FeedbackBreakerStatus:
    now = state.now
    lost = sum(number for _, number in _recent(losses.lost, now))
    endpoints = state.total(ENDPOINTS, losses.app_id)
    # Relative to the endpoints of an hour ago: losses since then must not lower the limit.
    limit = settings.feedback_breaker.limit(endpoints + lost)
    # A confirmation by a clock far ahead is ignored: it would be valid for too long.
    go = losses.go_until is not None and now < losses.go_until <= now + GO
    return FeedbackBreakerStatus(
        lost, limit, endpoints, losses.held_time, losses.go_until if go else None, losses.stop_time
    )


def _recent(lost: Iterable[tuple[int, int]], now: datetime) -> list[tuple[int, int]]:
    """The losses of the last hour by step; those dated in the future count as lost now."""
    step = _step(now)
    return [(min(at, step), number) for at, number in lost if at >= step - _STEPS]


def _added(lost: Iterable[tuple[int, int]], now: datetime, number: int) -> tuple[tuple[int, int], ...]:
    steps: dict[int, int] = {}
    for at, before in (*_recent(lost, now), (_step(now), number)):
        steps[at] = steps.get(at, 0) + before
    return tuple(sorted(steps.items()))


def _step(time: datetime) -> int:
    return int(time.timestamp()) // int(_STEP.total_seconds())


def _why(app_id: str, status: FeedbackBreakerStatus) -> str:
    if status.stop_time is not None:
        return f"an operator stopped feedback; to allow it again: profile-grpc feedback go {app_id}"
    return (
        f"{status.lost} endpoints were lost to feedback in the last hour, the limit is {status.limit}; report it again"
        f" later, or confirm: profile-grpc feedback go {app_id}"
    )
