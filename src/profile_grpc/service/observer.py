"""The measurements that the service reports; the metrics are one observer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.jwt import JwtOutcome
from profile_grpc.domain.results import PushFeedbackOutcome


class Observer(Protocol):
    """Receives everything that is counted or timed. Methods return at once and never raise."""

    def queue_depth(self, depth: int) -> None:
        """How many commands wait in the write queue."""
        ...

    def batch_committed(self, commands: int, seconds: float, changes: Changes) -> None:
        """A batch is durable; `seconds` from the start of its transaction to the end of the commit."""
        ...

    def batch_conflicted(self) -> None:
        """Another writer won; the batch is decided again."""
        ...

    def too_many_users(self, app_id: str) -> None:
        """A registration found more users on its device than recommended (R5)."""
        ...

    def placeholder_id(self, app_id: str, field: str) -> None:
        """A registration named an id that is likely the same on many phones. `field`: `user_id` or `device_id`."""
        ...

    def feedback_decided(self, app_id: str, outcome: PushFeedbackOutcome, number: int) -> None:
        """`number` feedback items were answered with this outcome (F6)."""
        ...

    def profiles_deleted(self, app_id: str, reason: DeletionReason, number: int) -> None:
        """Profiles were deleted without the write queue."""
        ...

    def reaper_passed(self, outcome: str, seconds: float) -> None:
        """A reaper pass ended: `done`, `held` or `failed`."""
        ...

    def breaker(self, app_id: str, *, held: bool) -> None:
        """Whether the reaper's breaker holds an app (P6)."""
        ...

    def clock_hold(self, *, held: bool) -> None:
        """Whether the reaper deletes nothing because the clock jumped (P6)."""
        ...

    def nodes_missing(self, nodes: Sequence[str]) -> None:
        """The nodes of the database's cluster that cannot be reached now, as `host:port`."""
        ...

    def webhook_delivered(self, events: int, seconds: float, *, delivered: bool) -> None:
        """An attempt to deliver so many events to a webhook ended (E6)."""
        ...

    def webhook_state(self, webhook_id: str, *, lag: int, failing: bool) -> None:
        """How many positions a webhook is behind the newest event, and whether its last attempt failed."""
        ...

    def webhook_disabled(self, webhook_id: str) -> None:
        """A webhook has failed for three days (E6)."""
        ...

    def webhook_events_lost(self, webhook_id: str) -> None:
        """The retention deleted events that a webhook did not have yet (E6)."""
        ...

    def events_pending(self, number: int) -> None:
        """How many events were found without a position, up to a batch of the sequencer (E3)."""
        ...

    def events_published(self, position: int, number: int, lag: float) -> None:
        """`number` events got positions, the last of them this one; `lag`: seconds since the oldest was decided."""
        ...

    def events_delivered(self, number: int, lag: float) -> None:
        """A watcher was given events; `lag`: seconds since the newest of them was decided (E5)."""
        ...

    def jwt_checked(self, app_id: str, outcome: JwtOutcome, calls: int) -> None:
        """The checks of so many calls' JWTs ended; told every few seconds (J7)."""
        ...

    def jwks_failing(self, app_id: str, jwt_key_id: str, since: float) -> None:
        """Since when a JWKS URL cannot be fetched, in seconds since 1970; 0: it can (J2)."""
        ...


class NullObserver:
    """An observer that ignores everything."""

    def queue_depth(self, depth: int) -> None:
        """See Observer."""

    def batch_committed(self, commands: int, seconds: float, changes: Changes) -> None:
        """See Observer."""

    def batch_conflicted(self) -> None:
        """See Observer."""

    def too_many_users(self, app_id: str) -> None:
        """See Observer."""

    def placeholder_id(self, app_id: str, field: str) -> None:
        """See Observer."""

    def feedback_decided(self, app_id: str, outcome: PushFeedbackOutcome, number: int) -> None:
        """See Observer."""

    def profiles_deleted(self, app_id: str, reason: DeletionReason, number: int) -> None:
        """See Observer."""

    def reaper_passed(self, outcome: str, seconds: float) -> None:
        """See Observer."""

    def breaker(self, app_id: str, *, held: bool) -> None:
        """See Observer."""

    def clock_hold(self, *, held: bool) -> None:
        """See Observer."""

    def nodes_missing(self, nodes: Sequence[str]) -> None:
        """See Observer."""

    def webhook_delivered(self, events: int, seconds: float, *, delivered: bool) -> None:
        """See Observer."""

    def webhook_state(self, webhook_id: str, *, lag: int, failing: bool) -> None:
        """See Observer."""

    def webhook_disabled(self, webhook_id: str) -> None:
        """See Observer."""

    def webhook_events_lost(self, webhook_id: str) -> None:
        """See Observer."""

    def events_pending(self, number: int) -> None:
        """See Observer."""

    def events_published(self, position: int, number: int, lag: float) -> None:
        """See Observer."""

    def events_delivered(self, number: int, lag: float) -> None:
        """See Observer."""

    def jwt_checked(self, app_id: str, outcome: JwtOutcome, calls: int) -> None:
        """See Observer."""

    def jwks_failing(self, app_id: str, jwt_key_id: str, since: float) -> None:
        """See Observer."""
