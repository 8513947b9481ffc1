"""How the server serves: its limits and times, and what gRPC is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from profile_grpc.transport.grpc.holdings import HoldingLimits
from profile_grpc.transport.grpc.in_flight import CallLimits
from profile_grpc.transport.grpc.open_streams import StreamLimits

MAX_CONNECTIONS = 10_000


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. With `client_ca`, callers need a certificate that it signed (mutual TLS)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 50051
    """0: any free port."""
    so_reuseport: bool = False
    """Whether others may serve on the same port. For several workers only: else a second server goes unseen."""
    tls: Tls | None = None
    reflection: bool = True
    limits: CallLimits = field(default_factory=CallLimits)
    streams: StreamLimits = field(default_factory=StreamLimits)
    holding: HoldingLimits = field(default_factory=HoldingLimits)
    max_message: int = 4 * 1024 * 1024
    """Larger requests are RESOURCE_EXHAUSTED."""
    max_metadata: int = 8 * 1024
    """More metadata is RESOURCE_EXHAUSTED. Counted as HTTP/2 does: 32 bytes for each entry, besides name and value."""
    max_streams: int = 100
    """Calls in flight on one connection; more wait in the client."""
    max_connections: int = MAX_CONNECTIONS
    """Connections at a time; those beyond are closed at once."""
    handshake_timeout: float = 10.0
    """A connection that has not said by then that it speaks HTTP/2 (after TLS, if that is on) is closed."""
    keepalive_time: float = 60.0
    """A connection that was silent this long is asked whether it is still there."""
    keepalive_timeout: float = 20.0
    """... and closed if it does not answer within this."""
    min_ping_interval: float = 5.0
    """Clients that ping more often, again and again, are told ENHANCE_YOUR_CALM and cut. Load balancers make some ping
    every 10 seconds."""
    max_connection_idle: float = 300.0
    """A connection without a call for this long is closed; clients open another when they need one."""
    max_connection_age: float = 600.0
    """Connections older than this, give or take a tenth by gRPC's own jitter, are asked to reconnect, so that the load
    spreads over the processes: the kernel balances connections, not calls."""
    drain_notice: float = 1.0
    """How long a draining server still listens, to tell new callers to go elsewhere."""
    drain_grace: float = 30.0
    """How long calls in flight have to end; then they are cut off."""


def channel_options(options: ServerOptions) -> list[tuple[str, int]]:
    """The options by the names that gRPC's core reads. It passes over a name that it does not know: each has a test
    that sees its effect.
    """
    return [
        ("grpc.so_reuseport", int(options.so_reuseport)),
        ("grpc.max_receive_message_length", options.max_message),
        # One limit. By default there are two, and between them the more is refused the more often.
        ("grpc.max_metadata_size", options.max_metadata),
        ("grpc.absolute_max_metadata_size", options.max_metadata),
        # Without it, a client that opens and resets streams without pause makes the process grow by gigabytes.
        ("grpc.max_concurrent_streams", options.max_streams),
        ("grpc.max_allowed_incoming_connections", options.max_connections),
        ("grpc.server_handshake_timeout_ms", _milliseconds(options.handshake_timeout)),
        # None but the identity: gRPC unpacks a message before it looks at its size and before any code of ours, and
        # 2 MB without a key would take 2 GB.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        ("grpc.keepalive_time_ms", _milliseconds(options.keepalive_time)),
        # For any ping. Of `grpc.keepalive_timeout_ms` gRPC 1.75 never starts the timer, and waits for a minute.
        ("grpc.http2.ping_timeout_ms", _milliseconds(options.keepalive_timeout)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _milliseconds(options.min_ping_interval)),
        ("grpc.max_connection_idle_ms", _milliseconds(options.max_connection_idle)),
        ("grpc.max_connection_age_ms", _milliseconds(options.max_connection_age)),
        # An old connection goes on with the streams that it has: they end by themselves.
        ("grpc.max_connection_age_grace_ms", _milliseconds(max(options.limits.seconds, options.streams.longest))),
    ]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
