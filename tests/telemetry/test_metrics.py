"""What the metrics say of what happened."""

import os
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from profile_grpc.domain.billing import LedgerEntry
from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import DeletionReason, Tombstone
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.kinds import LEDGER, TOMBSTONES
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.domain.profile import CountKey, Platform, ProfileStatus
from profile_grpc.domain.results import PushFeedbackOutcome
from profile_grpc.domain.state import State
from profile_grpc.service.observer import Observer
from profile_grpc.service.push_credentials.ports import Expiry
from profile_grpc.telemetry.collectors import Processes, ProfileCounts
from profile_grpc.telemetry.exposition import exposed, process_registry
from profile_grpc.telemetry.metrics import Metrics
from profile_grpc.transport.grpc.outcome import RpcObserver
from tests.support.limits import wait_s

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


def changes() -> Changes:
    state = State(Rows(Needs()), hasher=Hasher(b"k" * 32), now=NOW, fresh_revision=lambda: 1)
    return state.changes()


def test_the_metrics_implement_both_observers(metrics: Metrics) -> None:
    """Held by the type checker; at run time, that each has every method."""
    observers: tuple[Observer, RpcObserver] = (metrics, metrics)
    names = {name for protocol in (Observer, RpcObserver) for name in vars(protocol) if not name.startswith("_")}
    assert all(callable(getattr(observers[0], name)) for name in names)


def test_rpcs_are_counted_and_timed_by_method_and_code(registry: CollectorRegistry, metrics: Metrics) -> None:
    for seconds in (0.003, 0.004):
        metrics.rpc_done("/appprofile.v1.ProfileService/Heartbeat", "OK", seconds)
    metrics.rpc_done("/appprofile.v1.ProfileService/Heartbeat", "NOT_FOUND", 0.001)
    labels = {"method": "appprofile.v1.ProfileService/Heartbeat", "code": "OK"}
    assert registry.get_sample_value("profile_grpc_rpc_seconds_count", labels) == 2
    assert registry.get_sample_value("profile_grpc_rpc_seconds_sum", labels) == pytest.approx(0.007)
    assert registry.get_sample_value("profile_grpc_rpc_seconds_bucket", labels | {"le": "0.005"}) == 2
    assert registry.get_sample_value("profile_grpc_rpc_seconds_count", labels | {"code": "NOT_FOUND"}) == 1


def test_streams_are_counted_while_open_and_when_they_end(registry: CollectorRegistry, metrics: Metrics) -> None:
    for _ in range(2):
        metrics.stream_opened("/appprofile.v1.ProfileService/WatchProfiles")
    metrics.stream_done("/appprofile.v1.ProfileService/WatchProfiles", "UNAVAILABLE", 1700.0, 1, 40)
    method = {"method": "appprofile.v1.ProfileService/WatchProfiles"}
    assert registry.get_sample_value("profile_grpc_streams_open", method) == 1
    ended = method | {"code": "UNAVAILABLE"}
    assert registry.get_sample_value("profile_grpc_stream_seconds_bucket", ended | {"le": "1800.0"}) == 1
    for direction, number in (("received", 1), ("sent", 40)):
        counted = method | {"direction": direction}
        assert registry.get_sample_value("profile_grpc_stream_messages_total", counted) == number


def test_a_commit_counts_deletions_by_reason_and_active_devices(registry: CollectorRegistry, metrics: Metrics) -> None:
    """D3, M4."""
    tombstones = [
        Tombstone("shop", f"hash{n}", reason, NOW, NOW, version=2)
        for n, reason in enumerate([DeletionReason.INACTIVE, DeletionReason.INACTIVE, DeletionReason.DELETED])
    ]
    counted = [LedgerEntry("shop", "hash", 1, NOW), LedgerEntry("other", "hash", 1, NOW)]
    committed = Changes(NOW, records={TOMBSTONES: tombstones, LEDGER: counted})
    metrics.batch_committed(3, 0.002, committed)
    metrics.batch_committed(1, 0.002, changes())
    metrics.profiles_deleted("other", DeletionReason.INACTIVE, 7)
    deleted = "profile_grpc_profiles_deleted_total"
    assert registry.get_sample_value(deleted, {"app": "shop", "reason": "INACTIVE"}) == 2
    assert registry.get_sample_value(deleted, {"app": "shop", "reason": "DELETED"}) == 1
    assert registry.get_sample_value(deleted, {"app": "other", "reason": "INACTIVE"}) == 7
    assert registry.get_sample_value("profile_grpc_mad_counted_total", {"app": "shop"}) == 1
    assert registry.get_sample_value("profile_grpc_mad_counted_total", {"app": "other"}) == 1
    assert registry.get_sample_value("profile_grpc_batch_commands_sum") == 4
    assert registry.get_sample_value("profile_grpc_commit_seconds_count") == 2


def test_every_other_measurement_reaches_its_metric(registry: CollectorRegistry, metrics: Metrics) -> None:
    """P6: breaker and clock hold; F6: outcomes; R5: crowded devices."""
    metrics.queue_depth(7)
    metrics.batch_conflicted()
    metrics.too_many_users("shop")
    metrics.feedback_decided("shop", PushFeedbackOutcome.STALE, 1)
    metrics.reaper_passed("held", 1.5)
    metrics.breaker("shop", held=True)
    metrics.breaker("other", held=False)
    metrics.clock_hold(held=True)
    expected: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {
        ("profile_grpc_write_queue_depth", ()): 7,
        ("profile_grpc_batch_conflicts_total", ()): 1,
        ("profile_grpc_crowded_devices_total", (("app", "shop"),)): 1,
        ("profile_grpc_push_feedback_total", (("app", "shop"), ("outcome", "STALE"))): 1,
        ("profile_grpc_reaper_pass_seconds_count", (("outcome", "held"),)): 1,
        ("profile_grpc_reaper_held", (("app", "shop"),)): 1,
        ("profile_grpc_reaper_held", (("app", "other"),)): 0,
        ("profile_grpc_reaper_clock_held", ()): 1,
    }
    assert {key: registry.get_sample_value(key[0], dict(key[1])) for key in expected} == expected


def test_E6_what_webhooks_do_is_shown(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.webhook_delivered(100, 0.2, delivered=True)
    metrics.webhook_delivered(7, 3.0, delivered=False)
    metrics.webhook_state("wh1", lag=12, failing=True)
    metrics.webhook_state("wh2", lag=0, failing=False)
    metrics.webhook_disabled("wh1")
    metrics.webhook_events_lost("wh2")
    value = registry.get_sample_value
    assert value("profile_grpc_webhook_events_delivered_total") == 100, "a failed attempt delivers nothing"
    for outcome, seconds in (("delivered", 0.2), ("failed", 3.0)):
        assert value("profile_grpc_webhook_delivery_seconds_sum", {"outcome": outcome}) == seconds
    for webhook, lag, failing in (("wh1", 12, 1), ("wh2", 0, 0)):
        assert value("profile_grpc_webhook_position_lag", {"webhook": webhook}) == lag
        assert value("profile_grpc_webhook_failing", {"webhook": webhook}) == failing
    assert value("profile_grpc_webhooks_disabled_total", {"webhook": "wh1"}) == 1
    assert value("profile_grpc_webhook_events_lost_total", {"webhook": "wh2"}) == 1


def test_E5_the_lag_of_events_is_shown_for_both_stages(registry: CollectorRegistry, metrics: Metrics) -> None:
    """E5: from the commit to the position, and to a watcher."""
    metrics.events_published(41, 3, 0.02)
    metrics.events_delivered(3, 0.05)
    for stage, seconds in (("position", 0.02), ("watch", 0.05)):
        assert registry.get_sample_value("profile_grpc_event_lag_seconds_sum", {"stage": stage}) == seconds
        assert registry.get_sample_value("profile_grpc_event_lag_seconds_count", {"stage": stage}) == 1
    assert registry.get_sample_value("profile_grpc_events_watched_total") == 3


def test_profile_counts_show_the_last_reading_and_drop_deleted_apps(registry: CollectorRegistry) -> None:
    counts = ProfileCounts()
    registry.register(counts)
    labels = {"app": "shop", "status": "ACTIVE", "platform": "IOS"}
    assert registry.get_sample_value("profile_grpc_profiles", labels) is None
    counts.update({CountKey("shop", ProfileStatus.ACTIVE, Platform.IOS): 5}, {"shop": True, "news": False})
    held = {app: registry.get_sample_value("profile_grpc_feedback_held", {"app": app}) for app in ("shop", "news")}
    assert held == {"shop": 1, "news": 0}
    assert registry.get_sample_value("profile_grpc_profiles", labels) == 5
    counts.update({}, {})
    assert registry.get_sample_value("profile_grpc_profiles", labels) is None


def test_metrics_are_served_over_http() -> None:
    registry = process_registry()
    Metrics(registry).queue_depth(3)
    with (
        exposed(registry, "127.0.0.1", 0) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=wait_s()) as answer,
    ):
        text = answer.read().decode()
    assert "profile_grpc_write_queue_depth 3.0" in text
    assert "profile_grpc_build_info{" in text
    assert "_created" not in text


def test_a_call_and_a_stream_look_their_labels_up_once(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the hot path: finding a child by its labels takes longer than all the rest."""
    asked: list[tuple[object, ...]] = []
    labels = Histogram.labels

    def ask(metric: Histogram, *values: str) -> object:
        asked.append(values)
        return labels(metric, *values)

    for kind in (Counter, Gauge, Histogram):
        monkeypatch.setattr(kind, "labels", ask)
    for _ in range(100):
        metrics.rpc_done("/appprofile.v1.ProfileService/Heartbeat", "OK", 0.001)
        metrics.stream_opened("/appprofile.v1.ProfileService/WatchProfiles")
        metrics.stream_done("/appprofile.v1.ProfileService/WatchProfiles", "OK", 0.001, 1, 2)
    watch = "appprofile.v1.ProfileService/WatchProfiles"
    assert asked == [
        ("appprofile.v1.ProfileService/Heartbeat", "OK"),
        (watch,),
        (watch, "OK"),
        (watch, "received"),
        (watch, "sent"),
    ]


def test_an_app_is_shown_before_the_reaper_has_passed(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.app_known("shop")
    assert registry.get_sample_value("profile_grpc_reaper_held", {"app": "shop"}) == 0
    metrics.breaker("shop", held=True)
    assert registry.get_sample_value("profile_grpc_reaper_held", {"app": "shop"}) == 1


def test_each_worker_has_series_of_its_own_until_it_ends(registry: CollectorRegistry) -> None:
    running = {0: os.getpid(), 1: os.getppid()}
    registry.register(Processes(lambda: running))

    def memory(worker: int) -> float | None:
        return registry.get_sample_value("process_resident_memory_bytes", {"worker": str(worker)})

    assert memory(0)
    assert memory(1)
    del running[1]
    assert memory(1) is None


def test_K4_seconds_until_the_credential_in_use_expires() -> None:
    now = datetime.now(UTC)
    registry, counts = CollectorRegistry(), ProfileCounts()
    registry.register(counts)
    versions = [
        Expiry("shop", "ios", 1, now + timedelta(days=1), mail_due=False),
        Expiry("shop", "ios", 2, now + timedelta(days=9), mail_due=False),
        Expiry("shop", "token key", 1, None, mail_due=False),
        Expiry("shop", "old", 1, now - timedelta(days=2), mail_due=False),
    ]
    counts.update({}, {}, versions)

    def seconds(name: str) -> float | None:
        return registry.get_sample_value("profile_grpc_credential_expiry_seconds", {"app": "shop", "name": name})

    assert seconds("ios") == pytest.approx(9 * 86_400, abs=3600)
    assert seconds("old") == pytest.approx(-2 * 86_400, abs=3600)
    assert seconds("token key") is None
