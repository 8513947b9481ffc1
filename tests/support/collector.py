"""An OTLP receiver: what a collector of OpenTelemetry gets over HTTP."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from typing_extensions import override

from tests.support.limits import wait_s


@dataclass(frozen=True)
class Exported:
    """A span as the collector got it."""

    span: OtlpSpan
    resource: dict[str, Any]

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def trace_id(self) -> str:
        return self.span.trace_id.hex()

    @property
    def span_id(self) -> str:
        return self.span.span_id.hex()

    @property
    def parent_id(self) -> str:
        return self.span.parent_span_id.hex()

    @property
    def kind(self) -> str:
        return OtlpSpan.SpanKind.Name(self.span.kind).removeprefix("SPAN_KIND_")

    @property
    def links(self) -> set[str]:
        """The ids of the spans it is linked with."""
        return {link.span_id.hex() for link in self.span.links}

    @property
    def attributes(self) -> dict[str, Any]:
        return _values(self.span.attributes)

    @property
    def failed(self) -> bool:
        return self.span.status.code == 2


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@dataclass
class Collector:
    """The spans that were exported so far."""

    endpoint: str = ""
    spans: list[Exported] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """The bodies as they came, unpacked."""
    grew: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self.grew:
            self.raw.append(body)
            for of_resource in request.resource_spans:
                resource = _values(of_resource.resource.attributes)
                for scope in of_resource.scope_spans:
                    self.spans += [Exported(span, resource) for span in scope.spans]
            self.grew.notify_all()

    def named(self, name: str) -> list[Exported]:
        return [span for span in self.spans if span.name == name]

    def only(self, name: str) -> Exported:
        """The one span of that name."""
        [found] = self.named(name)
        return found

    def wait_for(self, *names: str) -> None:
        """Waits until spans of all these names are here."""
        with self.grew:
            found = self.grew.wait_for(lambda: all(map(self.named, names)), wait_s())
            assert found, [span.name for span in self.spans]


@contextmanager
def collector() -> Iterator[Collector]:
    """A receiver on loopback while the block runs."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            found.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
