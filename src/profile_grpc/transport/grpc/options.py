"""The server's options: its limits and timeouts, and the gRPC channel options that follow from them."""

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
    """The server's options. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 50051
    """0: any free port."""
    so_reuseport: bool = False
    """Whether other processes may listen on the same port. For several workers only: otherwise a second server on the
    port would go unnoticed."""
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
    """A connection that has not started HTTP/2 by then (after TLS, if that is on) is closed."""
    keepalive_time: float = 60.0
    """A connection that was silent this long gets a ping."""
    keepalive_timeout: float = 20.0
    """... and is closed if it does not answer the ping within this time."""
    min_ping_interval: float = 5.0
    """Clients that repeatedly ping more often are disconnected with ENHANCE_YOUR_CALM. Some ping every 10 seconds
    because of load balancers."""
    max_connection_idle: float = 300.0
    """A connection without a call for this long is closed; clients open another when they need one."""
    max_connection_age: float = 600.0
    """Older connections (plus or minus a tenth, gRPC's own jitter) are asked to reconnect, so that the load spreads
    over the processes: the kernel balances connections, not calls."""
    drain_notice: float = 1.0
    """How long a draining server still listens, to send new callers elsewhere."""
    drain_grace: float = 30.0
    """How long calls in flight may take to end; then they are cancelled."""


def channel_options(options: ServerOptions) -> list[tuple[str, int]]:
    """The options by the names that gRPC's core reads. The core ignores unknown names without an error, so each option
    has a test that observes its effect.
    """
    return [
        ("grpc.so_reuseport", int(options.so_reuseport)),
        ("grpc.max_receive_message_length", options.max_message),
        # One limit. By default there is a soft and a hard one, and in between requests are refused at random.
        ("grpc.max_metadata_size", options.max_metadata),
        ("grpc.absolute_max_metadata_size", options.max_metadata),
        # Without it, a client that opens and resets streams without pause makes the process grow by gigabytes.
        ("grpc.max_concurrent_streams", options.max_streams),
        # This "protection" also counts calls that have ended and are not freed yet, and so refuses most calls of a busy
        # caller that keeps to the limit. The limit alone withstands streams that are reset at once.
        ("grpc.http.overload_protection", 0),
        # The window of a stream stays at 64 KiB until its body is read. The probe would let it grow to megabytes, which
        # unread bodies fill.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.max_allowed_incoming_connections", options.max_connections),
        ("grpc.server_handshake_timeout_ms", _milliseconds(options.handshake_timeout)),
        # Identity only: gRPC decompresses a message before it checks its size and before any code of ours runs, so
        # 2 MB without a key would take 2 GB.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        ("grpc.keepalive_time_ms", _milliseconds(options.keepalive_time)),
        # For any ping. gRPC 1.75 never starts the timer of `grpc.keepalive_timeout_ms`, and waits for a minute.
        ("grpc.http2.ping_timeout_ms", _milliseconds(options.keepalive_timeout)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _milliseconds(options.min_ping_interval)),
        ("grpc.max_connection_idle_ms", _milliseconds(options.max_connection_idle)),
        ("grpc.max_connection_age_ms", _milliseconds(options.max_connection_age)),
        # An old connection keeps its streams: they end by themselves.
        ("grpc.max_connection_age_grace_ms", _milliseconds(max(options.limits.seconds, options.streams.longest))),
    ]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
