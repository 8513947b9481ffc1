"""Traces: the interface between the program and what records them (`otlp`, the only module that knows OpenTelemetry).

Without tracing no span is ever current, and everything below the first span of a piece of work only reads one context
variable. No span contains a key, a token, a user, a device, a customer, or a value of a statement.
"""

from __future__ import annotations

import enum
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self

TRACEPARENT = "traceparent"
"""The header and the metadata of W3C Trace Context."""
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})\Z"
)
_SAMPLED = 1
_TRACE_BYTES, _SPAN_BYTES = 16, 8
Attributes = Mapping[str, str | int | float | bool]
NO_ATTRIBUTES: Attributes = MappingProxyType({})


class Kind(enum.Enum):
    """The side of a call on which a span is."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class TraceContext(NamedTuple):
    """A span's place in its trace."""

    trace_id: int
    span_id: int
    sampled: bool
    """Whether the trace is recorded."""

    @classmethod
    def of_header(cls, text: str) -> Self | None:
        """The context in a `traceparent`, or None if it is not valid."""
        match = _TRACEPARENT.match(text)
        if match is None:
            return None
        return cls(int(match["trace"], 16), int(match["span"], 16), bool(int(match["flags"], 16) & _SAMPLED))

    @classmethod
    def of_bytes(cls, packed: bytes) -> Self:
        """The context that `packed` gave. Sixteen bytes are a trace id alone, as earlier versions stored it."""
        trace_id = int.from_bytes(packed[:_TRACE_BYTES], "big")
        if len(packed) <= _TRACE_BYTES:
            return cls(trace_id, _new_id(_SPAN_BYTES), sampled=False)
        span_id = int.from_bytes(packed[_TRACE_BYTES : _TRACE_BYTES + _SPAN_BYTES], "big")
        return cls(trace_id, span_id, bool(packed[-1] & _SAMPLED))

    @classmethod
    def new(cls) -> Self:
        """The start of a trace that nobody records: an id for logs."""
        return cls(_new_id(_TRACE_BYTES), _new_id(_SPAN_BYTES), sampled=False)

    @property
    def trace(self) -> str:
        """The trace's id as 32 hexadecimal digits."""
        return f"{self.trace_id:032x}"

    @property
    def span(self) -> str:
        """The span's id as 16 hexadecimal digits."""
        return f"{self.span_id:016x}"

    @property
    def header(self) -> str:
        """The `traceparent` for calls that the span makes."""
        return f"00-{self.trace}-{self.span}-{int(self.sampled):02x}"

    @property
    def packed(self) -> bytes:
        """25 bytes, for storage."""
        return (
            self.trace_id.to_bytes(_TRACE_BYTES, "big")
            + self.span_id.to_bytes(_SPAN_BYTES, "big")
            + bytes([int(self.sampled)])
        )


def _new_id(size: int) -> int:
    """A random id, never 0. Identifiers are no secrets."""
    return random.getrandbits(8 * size) or 1


class Span:
    """A piece of work in a trace. One of this class is not recorded."""

    __slots__ = ("context",)
    recorded = False

    def __init__(self, context: TraceContext) -> None:
        self.context = context

    def child(
        self,
        name: str,  # noqa: ARG002 - as below: of a span that is recorded
        kind: Kind = Kind.INTERNAL,  # noqa: ARG002
        attributes: Attributes = NO_ATTRIBUTES,  # noqa: ARG002
        links: Iterable[TraceContext] = (),  # noqa: ARG002
    ) -> Span:
        """Begins a part of this work. Links: other spans that the part is for."""
        return self

    def set(self, name: str, value: str | float) -> None:
        """Sets an attribute."""

    def link(self, other: TraceContext) -> None:
        """Says that other work, perhaps of another trace, belongs to this."""

    def fail(self, kind: str) -> None:
        """The work has failed. `kind`: one of few words; never an error's text, which may contain values."""

    def end(self) -> None:
        """The work has ended."""


class Tracer(Protocol):
    """Begins traces and records them."""

    def begin(
        self, name: str, kind: Kind, parent: TraceContext | None = None, attributes: Attributes = NO_ATTRIBUTES
    ) -> Span:
        """Begins a piece of work: a part of the caller's trace `parent`, or a new trace."""

    async def close(self) -> None:
        """Exports what is recorded, for a short time at most."""


def begin(
    tracer: Tracer | None,
    name: str,
    kind: Kind,
    parent: TraceContext | None = None,
    attributes: Attributes = NO_ATTRIBUTES,
) -> Span:
    """As `Tracer.begin`. Without a tracer the span passes on the caller's trace, or an id for logs."""
    if tracer is None:
        return Span(parent or TraceContext.new())
    return tracer.begin(name, kind, parent, attributes)


_CURRENT: ContextVar[Span | None] = ContextVar("span", default=None)

current = _CURRENT.get
"""The recorded span of the work in progress, or None."""


def enter(span: Span) -> None:
    """Makes a recorded span current for the rest of this task."""
    _CURRENT.set(span)


@contextmanager
def inside(span: Span) -> Iterator[Span]:
    """Makes the span current if it is recorded, and ends it at the end of the block. An exception is a failure."""
    token = _CURRENT.set(span if span.recorded else None)
    try:
        yield span
    except Exception as error:
        span.fail(type(error).__name__)
        raise
    finally:
        _CURRENT.reset(token)
        span.end()


@contextmanager
def joint(name: str, callers: list[Span], attributes: Attributes = NO_ATTRIBUTES) -> Iterator[Span]:
    """Work for several recorded spans: part of the first, linked with every one of them, in both directions."""
    work = callers[0].child(name, Kind.INTERNAL, attributes, [caller.context for caller in callers])
    for caller in callers[1:]:
        caller.link(work.context)
    with inside(work):
        yield work


def outside() -> Context:
    """The context of a task that works for many, so not for the one who happens to start it."""
    return Context()
