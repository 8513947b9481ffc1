"""The measurements that the service reports; the metrics are one observer."""

# ruff: noqa: ARG002 - a method that does nothing uses no argument
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.jwt import JwtOutcome
from profile_grpc.domain.results import PushFeedbackOutcome


class Observer(Protocol):
    """Receives everything that is counted or timed. Methods return at once and never raise.

    They do nothing here: a subclass has those that it needs.
    """

    def queue_depth(self, depth: int) -> None:
        """How many commands wait in the write queue."""
        return

    def batch_committed(self, commands: int, seconds: float, changes: Changes) -> None:
        """A batch is durable; `seconds` from the start of its transaction to the end of the commit."""
        return

    def batch_conflicted(self) -> None:
        """Another writer won; the batch is decided again."""
        return

    def too_many_users(self, app_id: str) -> None:
        """A registration found more users on its device than recommended (R5)."""
        return

    def placeholder_id(self, app_id: str, field: str) -> None:
        """A registration named an id that is likely the same on many phones. `field`: `user_id` or `device_id`."""
        return

    def feedback_decided(self, app_id: str, outcome: PushFeedbackOutcome, number: int) -> None:
        """`number` feedback items were answered with this outcome (F6)."""
        return

    def profiles_deleted(self, app_id: str, reason: DeletionReason, number: int) -> None:
        """Profiles were deleted without the write queue."""
        return

    def reaper_passed(self, outcome: str, seconds: float) -> None:
        """A reaper pass ended: `done`, `held` or `failed`."""
        return

    def breaker(self, app_id: str, *, held: bool) -> None:
        """Whether the reaper's breaker holds an app (P6)."""
        return

    def clock_hold(self, *, held: bool) -> None:
        """Whether the reaper deletes nothing because the clock jumped (P6)."""
        return

    def nodes_missing(self, nodes: Sequence[str]) -> None:
        """The nodes of the database's cluster that cannot be reached now, as `host:port`."""
        return

    def webhook_delivered(self, events: int, seconds: float, *, delivered: bool) -> None:
        """An attempt to deliver so many events to a webhook ended (E6)."""
        return

    def webhook_state(self, webhook_id: str, *, lag: int, failing: bool) -> None:
        """How many positions a webhook is behind the newest event, and whether its last attempt failed."""
        return

    def webhook_disabled(self, webhook_id: str) -> None:
        """A webhook has failed for three days (E6)."""
        return

    def webhook_events_lost(self, webhook_id: str) -> None:
        """The retention deleted events that a webhook did not have yet (E6)."""
        return

    def events_pending(self, number: int) -> None:
        """How many events were found without a position, up to a batch of the sequencer (E3)."""
        return

    def events_published(self, position: int, number: int, lag: float) -> None:
        """`number` events got positions, the last of them this one; `lag`: seconds since the oldest was decided."""
        return

    def events_delivered(self, number: int, lag: float) -> None:
        """A watcher was given events; `lag`: seconds since the newest of them was decided (E5)."""
        return

    def jwt_checked(self, app_id: str, outcome: JwtOutcome, calls: int) -> None:
        """The checks of so many calls' JWTs ended; told every few seconds (J7)."""
        return

    def jwks_failing(self, app_id: str, jwt_key_id: str, since: float) -> None:
        """Since when a JWKS URL cannot be fetched, in seconds since 1970; 0: it can (J2)."""
        return


class NullObserver(Observer):
    """An observer that ignores everything."""
