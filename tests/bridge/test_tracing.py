"""The traces of reports, from the request to the call of the service."""

from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from profile_grpc.telemetry.otlp import OtlpTracer
from tests.bridge.conftest import Harness, request, status
from tests.bridge.fake_service import KEY
from tests.bridge.test_delivery import MSGS, SELECTOR, removal
from tests.support.collector import Collector, collector

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(name="collected")
def _collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        yield receiver


@pytest.fixture
async def tracer(harness: Harness, collected: Collector) -> AsyncIterator[OtlpTracer]:
    harness.tracer = made = OtlpTracer("profile-grpc-bridge")
    yield made
    await made.close()


async def test_a_report_its_delivery_and_its_call_are_one_trace(
    harness: Harness, tracer: OtlpTracer, collected: Collector
) -> None:
    """Also when the service was down, and when the bridge was restarted in between."""
    await harness.start()
    sent = request("GET", removal(), f"traceparent: 00-{TRACE}-{PARENT}-01")
    answer = await harness.send(sent)
    assert status(answer) == 200
    assert f"x-trace-id: {TRACE}".encode() in answer
    await harness.stop()
    await harness.serve()
    await harness.start()
    await harness.settled()
    await harness.stop()
    await tracer.close()
    received = collected.only("report removal")
    assert (received.trace_id, received.parent_id, received.kind) == (TRACE, PARENT, "SERVER")
    assert received.attributes == {"http.request.method": "GET", "http.response.status_code": 200}
    deliveries = [span for span in collected.named("deliver report") if not span.failed]
    [delivered] = [span for span in deliveries if span.attributes["profile_grpc.report.outcome"] == "delivered"]
    assert (delivered.trace_id, delivered.parent_id) == (TRACE, received.span_id)
    [call] = [span for span in collected.named("RemoveAccount") if span.parent_id == delivered.span_id]
    assert call.kind == "CLIENT"
    assert harness.service.traceparents[-1] == f"00-{TRACE}-{call.span_id}-01"


async def test_a_failed_attempt_fails_its_span(harness: Harness, tracer: OtlpTracer, collected: Collector) -> None:
    await harness.serve()
    await harness.start()
    assert await harness.get(removal("known")) == 200
    await harness.settled()
    harness.service.failures = [grpc.StatusCode.INTERNAL]
    assert await harness.get(removal()) == 200
    await harness.settled()
    await harness.stop()
    await tracer.close()
    [failed] = [span for span in collected.named("deliver report") if span.failed]
    assert failed.attributes["profile_grpc.reason"] == "INTERNAL"
    assert failed.attributes["profile_grpc.report.outcome"] == "failed"


async def test_a_trace_has_nothing_of_the_report(harness: Harness, tracer: OtlpTracer, collected: Collector) -> None:
    await harness.serve()
    await harness.start()
    assert await harness.get(removal("marker-of-a-person")) == 200
    await harness.settled()
    await harness.stop()
    await tracer.close()
    exported = b"".join(collected.raw)
    assert collected.named("RemoveAccount")
    for secret in (KEY, "marker-of-a-person", MSGS, SELECTOR):
        assert secret.encode() not in exported


@pytest.mark.parametrize("sampled", ["00", "01"])
async def test_the_callers_decision_to_record_is_kept(
    harness: Harness, tracer: OtlpTracer, collected: Collector, sampled: str
) -> None:
    await harness.serve()
    await harness.start()
    await harness.send(request("GET", removal(), f"traceparent: 00-{TRACE}-{PARENT}-{sampled}"))
    await harness.settled()
    await harness.stop()
    await tracer.close()
    assert harness.service.traceparents[-1].endswith(f"-{sampled}")
    assert bool(collected.named("deliver report")) is (sampled == "01")
