"""Prometheus metrics of the service, the reaper and the transport.

The write path and every RPC call `Metrics`, so it looks up the child of a metric once and keeps it.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.jwt import JwtOutcome
from profile_grpc.domain.kinds import LEDGER, TOMBSTONES
from profile_grpc.domain.results import PushFeedbackOutcome

_RPC_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STREAM_SECONDS = (0.1, 1, 10, 60, 300, 900, 1800, 3600)
_COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_LAG_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 60, 600)
_BATCH_COMMANDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_DELIVERY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PASS_SECONDS = (0.01, 0.1, 1, 10, 60, 300, 1800)

MetricT = TypeVar("MetricT", Counter, Gauge, Histogram)


class Declare:
    """Makes the metrics of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.counter = partial(Counter, registry=registry)
        self.histogram = partial(Histogram, registry=registry)
        self.gauge = partial(Gauge, registry=registry)


class Metrics:
    """Everything that is counted or timed in one process. Calls return at once and never raise."""

    def __init__(self, registry: CollectorRegistry) -> None:
        declare = Declare(registry)
        self._declare_calls(declare)
        self._declare_writes(declare)
        self._declare_effects(declare)
        self._declare_reaper(declare)
        self._declare_events(declare)
        self._declare_webhooks(declare)
        self._declare_jwt(declare)

    def _declare_calls(self, declare: Declare) -> None:
        ended = ("method", "code")
        self._rpc = _of_method(
            declare.histogram(
                "profile_grpc_rpc_seconds",
                "Time to answer an RPC, in seconds, by method and status code.",
                ended,
                buckets=_RPC_SECONDS,
            )
        )
        self._stream_seconds = _of_method(
            declare.histogram(
                "profile_grpc_stream_seconds",
                "How long streams were open, in seconds, by method and status code.",
                ended,
                buckets=_STREAM_SECONDS,
            )
        )
        self._streams = _of_method(
            declare.gauge(
                "profile_grpc_streams_open",
                "Streams that are open, by method.",
                ["method"],
                multiprocess_mode="livesum",
            )
        )
        self._stream_messages = _of_method(
            declare.counter(
                "profile_grpc_stream_messages",
                "Messages of streams that have ended, by method and direction (received or sent).",
                ("method", "direction"),
            )
        )

    def _declare_writes(self, declare: Declare) -> None:
        self._depth = declare.gauge(
            "profile_grpc_write_queue_depth", "Commands that wait in the write queue.", multiprocess_mode="livesum"
        )
        self._batch = declare.histogram(
            "profile_grpc_batch_commands", "Commands in one commit.", buckets=_BATCH_COMMANDS
        )
        self._commit = declare.histogram(
            "profile_grpc_commit_seconds",
            "Time from the start of a batch's transaction to the end of its commit, in seconds.",
            buckets=_COMMIT_SECONDS,
        )
        self._conflicts = declare.counter(
            "profile_grpc_batch_conflicts", "Batches decided again because another writer won."
        )
        self._missing = declare.gauge(
            "profile_grpc_database_node_missing",
            "1 while a node of the database's cluster cannot be reached: the apps that it holds are not served.",
            ["node"],
            multiprocess_mode="livemax",
        )
        self._missed: set[str] = set()

    def _declare_effects(self, declare: Declare) -> None:
        self._deleted = declare.counter(
            "profile_grpc_profiles_deleted", "Profiles deleted, by app and reason.", ("app", "reason")
        )
        self._mad = declare.counter("profile_grpc_mad_counted", "Monthly active devices counted, by app.", ["app"])
        self._too_many_users = declare.counter(
            "profile_grpc_crowded_devices",
            "Registrations on a device with more users than recommended, by app.",
            ["app"],
        )
        self._placeholder_ids = declare.counter(
            "profile_grpc_placeholder_ids",
            "Registrations whose user or device id is likely the same on many phones, by app and field.",
            ("app", "field"),
        )
        self._feedback = declare.counter(
            "profile_grpc_push_feedback", "Push feedback items, by app and outcome.", ("app", "outcome")
        )

    def _declare_reaper(self, declare: Declare) -> None:
        self._passes = declare.histogram(
            "profile_grpc_reaper_pass_seconds",
            "Duration of a reaper pass, in seconds, by outcome.",
            ["outcome"],
            buckets=_PASS_SECONDS,
        )
        self._breaker = declare.gauge(
            "profile_grpc_reaper_held",
            "1 while the reaper's breaker holds the app, until an operator confirms.",
            ["app"],
            multiprocess_mode="mostrecent",
        )
        self._clock_hold = declare.gauge(
            "profile_grpc_reaper_clock_held",
            "1 while the reaper deletes nothing because the clock jumped, until an operator confirms.",
            multiprocess_mode="mostrecent",
        )
        _show_zero(self._clock_hold)

    def _declare_events(self, declare: Declare) -> None:
        self._event_position = declare.gauge(
            "profile_grpc_event_position", "The last position that an event got.", multiprocess_mode="mostrecent"
        )
        self._events_pending = declare.gauge(
            "profile_grpc_events_pending",
            "Events that waited for a position when the sequencer last looked, up to one batch (2,000).",
            multiprocess_mode="mostrecent",
        )
        self._event_lag = declare.histogram(
            "profile_grpc_event_lag_seconds",
            "Time from the decision of a change until its event had a position, or was given to a watcher, in seconds.",
            ["stage"],
            buckets=_LAG_SECONDS,
        )
        self._events_delivered = declare.counter("profile_grpc_events_watched", "Events given to watchers.")

    def _declare_webhooks(self, declare: Declare) -> None:
        """A label `webhook` has at most 16 values for each tenant."""
        self._webhook_seconds = declare.histogram(
            "profile_grpc_webhook_delivery_seconds",
            "Time of an attempt to deliver to a webhook, in seconds, by outcome (delivered or failed).",
            ["outcome"],
            buckets=_DELIVERY_SECONDS,
        )
        self._webhook_events = declare.counter(
            "profile_grpc_webhook_events_delivered", "Events that webhooks have accepted."
        )
        self._webhook_lag = declare.gauge(
            "profile_grpc_webhook_position_lag",
            "How many positions a webhook is behind the newest event.",
            ["webhook"],
            multiprocess_mode="livemax",
        )
        self._webhook_failing = declare.gauge(
            "profile_grpc_webhook_failing",
            "1 while the last attempt to deliver to a webhook has failed.",
            ["webhook"],
            multiprocess_mode="livemax",
        )
        self._webhooks_disabled = declare.counter(
            "profile_grpc_webhooks_disabled",
            "How often a webhook was disabled because it failed for three days.",
            ["webhook"],
        )
        self._webhook_events_lost = declare.counter(
            "profile_grpc_webhook_events_lost",
            "How often the retention deleted events before a webhook had them.",
            ["webhook"],
        )

    def _declare_jwt(self, declare: Declare) -> None:
        """A label `key` has at most 16 values for each app."""
        self._jwt_checks = declare.counter(
            "profile_grpc_jwt_checks",
            "Calls of devices whose JWT was checked, by app and outcome.",
            ("app", "outcome"),
        )
        self._jwks_failing = declare.gauge(
            "profile_grpc_jwks_failing_since_seconds",
            "Since when a JWKS URL cannot be fetched, as a Unix time; 0: it can. The last good keys stay in force.",
            ("app", "key"),
            multiprocess_mode="mostrecent",
        )

    # --- called by the transport: see transport.grpc.outcome.RpcObserver ---

    def rpc_done(self, method: str, code: str, seconds: float) -> None:
        self._rpc(method, code).observe(seconds)

    def stream_opened(self, method: str) -> None:
        self._streams(method).inc()

    def stream_done(self, method: str, code: str, seconds: float, received: int, sent: int) -> None:
        self._streams(method).dec()
        self._stream_seconds(method, code).observe(seconds)
        self._stream_messages(method, "received").inc(received)
        self._stream_messages(method, "sent").inc(sent)

    # --- called by the service: see service.observer.Observer ---

    def queue_depth(self, depth: int) -> None:
        self._depth.set(depth)

    def batch_committed(self, commands: int, seconds: float, changes: Changes) -> None:
        self._batch.observe(commands)
        self._commit.observe(seconds)
        if gone := [one for one in changes.records_of(TOMBSTONES) if one.is_of_profile]:
            for (app, reason), n in Tally((one.app_id, one.reason.value) for one in gone).items():
                self._deleted.labels(app, reason).inc(n)
        if changes.records_of(LEDGER):
            for app, n in Tally(entry.app_id for entry in changes.records_of(LEDGER)).items():
                self._mad.labels(app).inc(n)

    def batch_conflicted(self) -> None:
        self._conflicts.inc()

    def too_many_users(self, app_id: str) -> None:
        self._too_many_users.labels(app_id).inc()

    def placeholder_id(self, app_id: str, field: str) -> None:
        self._placeholder_ids.labels(app_id, field).inc()

    def feedback_decided(self, app_id: str, outcome: PushFeedbackOutcome, number: int) -> None:
        self._feedback.labels(app_id, outcome.name).inc(number)

    def profiles_deleted(self, app_id: str, reason: DeletionReason, number: int) -> None:
        self._deleted.labels(app_id, reason.value).inc(number)

    def reaper_passed(self, outcome: str, seconds: float) -> None:
        self._passes.labels(outcome).observe(seconds)

    def app_known(self, app_id: str) -> None:
        """The app exists: its gauges are exported, at 0 until they are set."""
        _show_zero(self._breaker.labels(app_id))

    def breaker(self, app_id: str, *, held: bool) -> None:
        self._breaker.labels(app_id).set(held)

    def nodes_missing(self, nodes: Sequence[str]) -> None:
        self._missed |= set(nodes)
        for node in self._missed:
            self._missing.labels(node).set(node in nodes)

    def clock_hold(self, *, held: bool) -> None:
        self._clock_hold.set(held)

    def events_pending(self, number: int) -> None:
        self._events_pending.set(number)

    def events_published(self, position: int, _number: int, lag: float) -> None:
        self._event_position.set(position)
        self._event_lag.labels("position").observe(lag)

    def events_delivered(self, number: int, lag: float) -> None:
        self._events_delivered.inc(number)
        self._event_lag.labels("watch").observe(lag)

    def webhook_delivered(self, events: int, seconds: float, *, delivered: bool) -> None:
        self._webhook_seconds.labels("delivered" if delivered else "failed").observe(seconds)
        if delivered:
            self._webhook_events.inc(events)

    def webhook_state(self, webhook_id: str, *, lag: int, failing: bool) -> None:
        self._webhook_lag.labels(webhook_id).set(lag)
        self._webhook_failing.labels(webhook_id).set(failing)

    def webhook_disabled(self, webhook_id: str) -> None:
        self._webhooks_disabled.labels(webhook_id).inc()

    def webhook_events_lost(self, webhook_id: str) -> None:
        self._webhook_events_lost.labels(webhook_id).inc()

    def jwt_checked(self, app_id: str, outcome: JwtOutcome, calls: int) -> None:
        self._jwt_checks.labels(app_id, outcome.name).inc(calls)

    def jwks_failing(self, app_id: str, jwt_key_id: str, since: float) -> None:
        self._jwks_failing.labels(app_id, jwt_key_id).set(since)


def _of_method(metric: MetricT) -> Callable[..., MetricT]:
    """The child of a method (`/package.Service/Method`) and further labels, looked up once."""
    return cache(lambda method, *more: metric.labels(method.removeprefix("/"), *more))


def _show_zero(gauge: Gauge) -> None:
    """Exports 0 until the gauge is set. Of several workers the newest value counts, and this one is the oldest."""
    gauge._value.set(0, timestamp=1)  # noqa: SLF001 - the public `set` takes no time
