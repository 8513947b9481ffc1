"""Traces of real servers: one process on SQLite, a parent with workers on PostgreSQL."""

import json
import urllib.request
from pathlib import Path

import pytest

from appprofile.v1 import profile_service_pb2
from tests.cli.program import Server, run, sqlite_url
from tests.end_to_end.conftest import Client, Deployment
from tests.support.collector import collector
from tests.support.limits import wait_s

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def test_a_report_is_traced_from_the_bridge_through_the_service_into_the_database(
    deployment: Deployment, tmp_path: Path, store_url: str
) -> None:
    """What is not exported yet when the server ends is exported then."""
    key = deployment.administer("key", "create", "--tenant", "acme", "--app", "shop", "--kind", "bridge").strip()
    workers = 1 if store_url.startswith("sqlite") else 2
    spool = str(tmp_path / "spool")
    options = ("--bridge-port", "0", "--bridge-spool", spool, "--bridge-key", deployment.keys["profile"])
    logs = ("--workers", str(workers), "--log-level", "debug", "--log-format", "json")
    with collector() as collected:
        environment = {"PROFILE_GRPC_DATABASE_URL": store_url, "OTEL_EXPORTER_OTLP_ENDPOINT": collected.endpoint}
        with Server(["--port", "0", *options, *logs], environment) as server:
            bridge = server.ready.partition("bridge on ")[2].partition(",")[0]
            asked = urllib.request.Request(  # noqa: S310 - http on loopback
                f"{bridge}/shop/removetoken?username=alice&token_msgs=marker-of-a-person",
                headers={"x-api-key": key, "traceparent": TRACEPARENT},
            )
            with urllib.request.urlopen(asked, timeout=wait_s()) as answer:  # noqa: S310
                assert answer.headers["x-trace-id"] == TRACE
            server.wait_for_log('"a report was delivered"')
            assert server.terminate() == 0
    ours = [span for span in collected.spans if span.trace_id == TRACE]
    received = next(span for span in ours if span.name == "report removal")
    outcome = "profile_grpc.report.outcome"
    delivered = next(span for span in ours if span.attributes.get(outcome) == "delivered")
    called = next(span for span in ours if span.parent_id == delivered.span_id and span.name == "RemoveAccount")
    served = next(span for span in ours if span.parent_id == called.span_id)
    batch = next(span for span in ours if span.parent_id == served.span_id and span.name == "write batch")
    statements = {span.name for span in ours if span.parent_id == batch.span_id}
    assert (received.parent_id, delivered.parent_id) == (PARENT, received.span_id)
    assert served.name == "appprofile.v1.ProfileService/RemoveAccount"
    assert any(name.startswith("SELECT ") for name in statements)
    assert (received.resource["process.pid"] == served.resource["process.pid"]) is (workers == 1)
    lines = [json.loads(line) for line in server.log.splitlines()]
    [line] = [line for line in lines if line.get("span_id") == served.span_id and line["event"] == "call"]
    assert line["trace_id"] == TRACE
    assert b"marker-of-a-person" not in b"".join(collected.raw)


async def test_a_server_without_its_collector_serves_and_stops_normally(deployment: Deployment, store_url: str) -> None:
    nowhere = {"PROFILE_GRPC_DATABASE_URL": store_url, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with Server(["--port", "0"], nowhere) as server:
        client = Client(server, deployment.keys["profile"])
        request = profile_service_pb2.RegisterRequest(key=deployment.key("alice", "phone"))
        await client.stub.Register(request, metadata=client.metadata, timeout=wait_s())
        await client.channel.close()
        assert server.terminate() == 0


@pytest.mark.parametrize("command", ["serve", "bridge"])
def test_a_protocol_that_is_not_offered_is_refused_before_anything_starts(command: str, tmp_path: Path) -> None:
    options = ["--target", "h:1", "--spool", str(tmp_path / "spool")] if command == "bridge" else []
    asked = {
        "PROFILE_GRPC_DATABASE_URL": sqlite_url(tmp_path),
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    outcome = run([command, *options], asked)
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not offered" in outcome.error_line
    assert list(tmp_path.iterdir()) == []
