"""Traces: what is exported of calls, streams, batches and statements, and what never is."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog
from structlog.testing import LogCapture

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.bootstrap import tracing as configuring
from profile_grpc.config import ConfigError
from profile_grpc.domain.hashing import KEY_BYTES, Hasher
from profile_grpc.service.ports import StoreError
from profile_grpc.store import open_store
from profile_grpc.telemetry import tracing
from profile_grpc.telemetry.logs import add_trace
from profile_grpc.telemetry.otlp import OtlpTracer
from profile_grpc.telemetry.tracing import Kind, Span, TraceContext
from tests.cli.program import environment
from tests.support.collector import Collector, Exported, collector
from tests.support.domain import ManualClock
from tests.support.limits import wait_s
from tests.transport.grpc.support import APP, Backend, Served, fcm, key

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = ("traceparent", f"00-{TRACE}-{PARENT}-01")
SERVICE = "appprofile.v1.ProfileService/"


@pytest.fixture(name="collected")
def _collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as receiver:
        monkeypatch.setenv(ENDPOINT, receiver.endpoint)
        yield receiver


@pytest.fixture
async def tracer(collected: Collector) -> AsyncIterator[OtlpTracer]:
    made = OtlpTracer("profile-grpc")
    yield made
    await made.close()


@pytest.fixture
async def backend(store_url: str) -> AsyncIterator[Backend]:
    store = await open_store(store_url, hasher=Hasher(bytes(range(KEY_BYTES))))
    made = Backend(store, ManualClock())
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def served(backend: Backend, tracer: OtlpTracer) -> AsyncIterator[Served]:
    made = await backend.serve(tracer=tracer)
    yield made
    await made.close()


def parts(spans: list[Exported], whole: Exported) -> list[Exported]:
    return [span for span in spans if span.parent_id == whole.span_id]


async def test_a_call_is_a_span_of_its_callers_trace_with_its_batch_and_statements(
    served: Served, tracer: OtlpTracer, collected: Collector
) -> None:
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=(*served.client, CALLER))
    await tracer.close()
    call = collected.only(SERVICE + "Register")
    assert (call.trace_id, call.parent_id, call.kind) == (TRACE, PARENT, "SERVER")
    assert call.attributes == {
        "rpc.system.name": "grpc",
        "rpc.method": SERVICE + "Register",
        "rpc.response.status_code": "OK",
        "profile_grpc.caller": "CLIENT",
        "profile_grpc.app_id": APP,
    }
    assert call.resource["service.name"] == "profile-grpc"
    assert {"service.version", "service.instance.id", "process.pid", "host.name"} <= call.resource.keys()
    [batch] = [span for span in parts(collected.spans, call) if span.name == "write batch"]
    assert (batch.name, batch.links, batch.attributes["profile_grpc.batch.commands"]) == (
        "write batch",
        {call.span_id},
        1,
    )
    statements = parts(collected.spans, batch)
    assert {"SELECT profile", "INSERT profile", "COMMIT"} <= {span.name for span in statements}
    assert {span.attributes["db.system.name"] for span in statements} <= {"sqlite", "postgresql"}
    assert {span.trace_id for span in collected.spans} == {TRACE}


async def test_calls_that_share_a_batch_or_a_read_are_linked_with_it(
    served: Served, tracer: OtlpTracer, collected: Collector
) -> None:
    async def call(number: int) -> None:
        mine = (*served.client, ("traceparent", f"00-{number + 1:032x}-{PARENT}-01"))
        await served.profiles.Register(ps.RegisterRequest(key=key(device=f"phone-{number}")), metadata=mine)
        await served.profiles.GetProfile(ps.GetProfileRequest(key=key(device=f"phone-{number}")), metadata=mine)

    await asyncio.gather(*map(call, range(40)))
    await tracer.close()
    for method, kind in (("Register", "write batch"), ("GetProfile", "shared read")):
        calls = {call.span_id: call for call in collected.named(SERVICE + method)}
        batches = collected.named(kind)
        assert len(calls) == 40
        assert set().union(*(batch.links for batch in batches)) == calls.keys()
        shared = [batch for batch in batches if len(batch.links) > 1]
        assert shared, "calls at the same time share"
        for batch in shared:
            assert batch.parent_id in batch.links
            others = batch.links - {batch.parent_id}
            assert all(batch.span_id in calls[span_id].links for span_id in others)


async def test_how_a_call_failed_is_on_its_span(served: Served, tracer: OtlpTracer, collected: Collector) -> None:
    with pytest.raises(grpc.aio.AioRpcError):
        await served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()), metadata=served.client)
    with pytest.raises(grpc.aio.AioRpcError):
        await served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()))
    await served.backend.queue.close()
    with pytest.raises(grpc.aio.AioRpcError):
        await served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()), metadata=served.client)
    await tracer.close()
    found = [
        (call.attributes["rpc.response.status_code"], call.attributes["profile_grpc.reason"], call.failed)
        for call in collected.named(SERVICE + "Heartbeat")
    ]
    assert found == [
        ("NOT_FOUND", "REREGISTER_REQUIRED", False),
        ("UNAUTHENTICATED", "CREDENTIAL_MISSING", False),
        ("UNAVAILABLE", "DRAINING", True),
    ]


async def test_a_stream_is_one_span_with_the_numbers_of_its_messages(
    served: Served, tracer: OtlpTracer, collected: Collector
) -> None:
    feed = asyncio.create_task(served.backend.services.feed.run())
    stream = served.profiles.WatchProfiles(ps.WatchProfilesRequest(from_oldest=True), metadata=(*served.admin, CALLER))
    await stream.initial_metadata()
    stream.cancel()
    await served.observer.ended_streams(1)
    feed.cancel()
    await tracer.close()
    span = collected.only(SERVICE + "WatchProfiles")
    assert (span.trace_id, span.kind) == (TRACE, "SERVER")
    assert span.attributes["rpc.response.status_code"] == "CANCELLED"
    assert span.attributes["profile_grpc.messages.received"] == 1


async def test_an_unsampled_call_is_not_exported(served: Served, tracer: OtlpTracer, collected: Collector) -> None:
    unsampled = ("traceparent", f"00-{TRACE}-{PARENT}-00")
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=(*served.client, unsampled))
    await tracer.close()
    assert collected.spans == []


async def test_no_secret_and_no_id_of_a_person_is_exported(
    served: Served, tracer: OtlpTracer, collected: Collector
) -> None:
    """Neither of a call that succeeds, nor of one that is refused, nor of a statement that fails."""
    marked = pb.ProfileKey(app_id=APP, user_id="user-of-a-person", device_id="device-of-a-person")
    wrong = "apk_" + "w" * 12 + "_" + "W" * 43
    register = ps.RegisterRequest(
        key=marked,
        push_endpoints=[fcm("token-of-a-person")],
        account_selector="selector-of-a-person",
        customer_id="customer-of-a-person",
    )
    await served.profiles.Register(register, metadata=served.client)
    await served.profiles.Heartbeat(ps.HeartbeatRequest(key=marked), metadata=served.client)
    await served.profiles.GetProfile(ps.GetProfileRequest(key=marked), metadata=served.admin)
    await served.profiles.ListProfiles(
        ps.ListProfilesRequest(app_id=APP, user_id=marked.user_id, customer_id="customer-of-a-person"),
        metadata=served.admin,
    )
    garbage = (*served.admin, ("traceparent", "traceparent-of-a-person"))
    await served.profiles.GetProfile(ps.GetProfileRequest(key=marked), metadata=garbage)
    with pytest.raises(grpc.aio.AioRpcError):
        await served.profiles.GetProfile(ps.GetProfileRequest(key=marked), metadata=(("x-api-key", wrong),))
    await tracer.close()
    exported = b"".join(collected.raw)
    assert collected.named(SERVICE + "Register")
    for secret in ("of-a-person", wrong, "W" * 43, *served.backend.keys.values()):
        assert secret.encode() not in exported


async def test_a_failed_statement_fails_its_span_by_the_kind_of_the_error(
    backend: Backend, tracer: OtlpTracer, collected: Collector
) -> None:
    database = backend.store._database
    with tracing.inside(tracer.begin("work", Kind.INTERNAL)):
        async with database.transaction() as session:
            with pytest.raises(StoreError):
                await session._control("SELECT value_of_a_person FROM no_such_table")
    await tracer.close()
    span = collected.only("SELECT no_such_table")
    assert span.failed
    assert span.attributes["error.type"] == "TableMissing"
    assert not collected.only("work").failed


async def test_log_lines_have_the_ids_of_the_span_around_them(tracer: OtlpTracer) -> None:
    capture = LogCapture()
    structlog.configure(processors=[add_trace, capture])
    span = tracer.begin("work", Kind.INTERNAL, TraceContext.of_header(CALLER[1]))
    with tracing.inside(span):
        structlog.get_logger().info("within")
    structlog.get_logger().info("after")
    within, after = capture.entries
    assert (within["trace_id"], within["span_id"]) == (TRACE, span.context.span)
    assert "trace_id" not in after
    structlog.reset_defaults()


async def test_the_ratio_of_the_environment_decides_how_many_are_recorded(
    collected: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    tracer = OtlpTracer("profile-grpc")
    recorded = [tracer.begin("root", Kind.SERVER).recorded for _ in range(50)]
    followed = tracer.begin("part", Kind.SERVER, TraceContext.of_header(CALLER[1]))
    await tracer.close()
    assert (any(recorded), followed.recorded) == (False, True)


async def test_the_environment_overrides_the_resource(collected: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "profiles-of-the-shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging,host.name=node-7")
    tracer = OtlpTracer("profile-grpc")
    tracer.begin("work", Kind.INTERNAL).end()
    await tracer.close()
    resource = collected.only("work").resource
    assert (resource["service.name"], resource["host.name"]) == ("profiles-of-the-shop", "node-7")
    assert resource["deployment.environment.name"] == "staging"


async def test_a_collector_that_does_not_answer_delays_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profile_grpc.telemetry.otlp._LAST_EXPORT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{silent.getsockname()[1]}")
        tracer = OtlpTracer("profile-grpc")
        tracer.begin("work", Kind.INTERNAL).end()
        await tracer.close()
        [exporting] = [thread for thread in threading.enumerate() if thread.name == "last-spans"]
        assert exporting.is_alive()
        assert exporting.daemon, "the process may end"
    await asyncio.to_thread(exporting.join)


ON = {ENDPOINT: "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        (ON, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        (ON | {"OTEL_SDK_DISABLED": "true"}, False),
        (ON | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ON | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_tracing_is_on_if_a_collector_is_named(given: dict[str, str], on: bool) -> None:
    assert configuring.is_on(given) is on


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}={value} is not offered"):
        configuring.is_on(ON | {name: value})


def test_without_a_collector_nothing_of_opentelemetry_is_imported(tmp_path: Path) -> None:
    """Off costs nothing: a server in this state has not even loaded the code."""
    code = """
import asyncio, sys
import profile_grpc.bootstrap.serving, profile_grpc.bootstrap.worker, profile_grpc.bootstrap.bridging
from profile_grpc.bootstrap.tracing import SERVICE, tracing

async def main():
    async with tracing(SERVICE) as tracer:
        assert tracer is None

asyncio.run(main())
print(sorted(name for name in sys.modules if name.partition(".")[0] == "opentelemetry"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=wait_s(), check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
    ],
)
def test_a_traceparent_that_is_none_is_ignored(text: str) -> None:
    assert TraceContext.of_header(text) is None


def test_a_context_survives_header_and_storage() -> None:
    found = TraceContext.of_header(CALLER[1])
    assert found is not None
    assert (found.header, found.sampled) == (CALLER[1], True)
    assert TraceContext.of_bytes(found.packed) == found


def test_a_trace_id_that_an_earlier_version_stored_is_kept() -> None:
    found = TraceContext.of_bytes(bytes.fromhex(TRACE))
    assert (found.trace, found.sampled) == (TRACE, False)
    assert TraceContext.of_header(found.header) == found


def test_without_a_tracer_a_span_passes_its_callers_trace_on() -> None:
    caller = TraceContext.of_header(CALLER[1])
    span: Any = tracing.begin(None, "work", Kind.SERVER, caller)
    assert type(span) is Span
    with tracing.inside(span):
        assert tracing.current() is None
    assert span.context == caller
    assert not tracing.begin(None, "work", Kind.SERVER).context.sampled
