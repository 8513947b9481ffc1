"""Records traces with OpenTelemetry, and exports them by OTLP over HTTP. Imported only when tracing is on."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import threading
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from typing_extensions import override

from profile_grpc.config import PROGRAM
from profile_grpc.telemetry.tracing import NO_ATTRIBUTES, Attributes, Kind, Span, TraceContext

_LAST_EXPORT = 3.0
"""Seconds for the last spans when the process ends. A collector that does not answer must not delay it."""
_EMPTY = trace.set_span_in_context(trace.INVALID_SPAN)


class OtlpTracer:
    """Fulfils `tracing.Tracer`.

    The SDK reads its own variables: OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_SPAN_*,
    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. A thread of its own exports. OTLP over gRPC is not offered: a second
    channel of gRPC's C library would share its polling with the server's event loop.
    """

    def __init__(self, service: str) -> None:
        """`service`: the name of this service unless the environment gives one."""
        self._provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(PROGRAM, version(PROGRAM))

    def begin(
        self, name: str, kind: Kind, parent: TraceContext | None = None, attributes: Attributes = NO_ATTRIBUTES
    ) -> Span:
        context = _EMPTY if parent is None else trace.set_span_in_context(_remote(parent), _EMPTY)
        span = self._tracer.start_span(name, context, trace.SpanKind[kind.name], attributes)
        if span.is_recording():
            return _RecordedSpan(span, self._tracer)
        return Span(_context(span))

    async def close(self) -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=shut_down, name="last-spans", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_EXPORT):
                await done.wait()


class _RecordedSpan(Span):
    """A span that OpenTelemetry records."""

    __slots__ = ("_span", "_tracer")
    recorded = True

    def __init__(self, span: trace.Span, tracer: trace.Tracer) -> None:
        super().__init__(_context(span))
        self._span = span
        self._tracer = tracer

    @override
    def child(
        self,
        name: str,
        kind: Kind = Kind.INTERNAL,
        attributes: Attributes = NO_ATTRIBUTES,
        links: Iterable[TraceContext] = (),
    ) -> Span:
        context = trace.set_span_in_context(self._span, _EMPTY)
        linked = [trace.Link(_span_context(link)) for link in links]
        span = self._tracer.start_span(name, context, trace.SpanKind[kind.name], attributes, linked)
        return _RecordedSpan(span, self._tracer) if span.is_recording() else Span(_context(span))

    @override
    def set(self, name: str, value: str | float) -> None:
        self._span.set_attribute(name, value)

    @override
    def link(self, other: TraceContext) -> None:
        self._span.add_link(_span_context(other))

    @override
    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(trace.StatusCode.ERROR)

    @override
    def end(self) -> None:
        self._span.end()


def _context(span: trace.Span) -> TraceContext:
    found = span.get_span_context()
    return TraceContext(found.trace_id, found.span_id, found.trace_flags.sampled)


def _span_context(context: TraceContext, *, remote: bool = False) -> trace.SpanContext:
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if context.sampled else trace.TraceFlags.DEFAULT)
    return trace.SpanContext(context.trace_id, context.span_id, is_remote=remote, trace_flags=flags)


def _remote(context: TraceContext) -> trace.Span:
    return trace.NonRecordingSpan(_span_context(context, remote=True))


def _resource(service: str) -> Resource:
    """What this process is. The variables of OpenTelemetry override each of these."""
    ours: Mapping[str, str | int] = {
        "service.name": service,
        "service.version": version(PROGRAM),
        "service.instance.id": str(uuid.uuid4()),
        "host.name": socket.gethostname(),
        "process.pid": os.getpid(),
        "process.runtime.name": platform.python_implementation().lower(),
        "process.runtime.version": platform.python_version(),
    }
    given = OTELResourceDetector().detect().attributes
    return Resource.create({name: value for name, value in ours.items() if name not in given})
