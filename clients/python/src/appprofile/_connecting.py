"""Why there is no connection, for calls that have waited for one until their deadline.

A call waits for a connection (the service's retry policy says so), so that a restart fails none. When the call fails,
gRPC knows the cause but reports only that the deadline has passed. So this module tries another connection without that
policy, which fails at once with the cause.
"""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc

_METHOD = "/grpc.health.v1.Health/Check"
"""It has no effect if the connection works after all."""
_SECONDS = 1.0
_KEPT_S = 1.0
"""How long a result is reused for other calls: when a host becomes unreachable, many calls fail at the same time."""
_CONNECTED = frozenset({grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.SHUTDOWN})
_POLICY = frozenset({"grpc.service_config", "grpc.enable_retries"})
_ALONE = (("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1))
_CAUSES = (
    ("proxy", re.compile(r"proxy", re.IGNORECASE)),
    ("name not found", re.compile(r"\bDNS\b|name resolution|resolve", re.IGNORECASE)),
    ("TLS", re.compile(r"\bSSL|\bTLS|handshake|certificate", re.IGNORECASE)),
    ("connection refused", re.compile(r"connection refused", re.IGNORECASE)),
    ("connection reset", re.compile(r"connection reset|socket closed", re.IGNORECASE)),
    ("timed out", re.compile(r"deadline|timed out|timeout", re.IGNORECASE)),
)
"""Kinds of failures, and the patterns of gRPC's messages for them. The first match counts."""


@dataclass
class Attempt:
    """Repeats a connection attempt to find out why it fails: once for all calls that fail in the same second."""

    target: str
    credentials: grpc.ChannelCredentials | None = field(repr=False)
    options: Sequence[tuple[str, str | int]]
    _why: str = field(default="", init=False)
    _outdated: float = field(default=-math.inf, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _aio_lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def why_not(self, channel: grpc.Channel) -> str:
        """Why the channel has no connection, or empty: it has one. Takes about a second at most."""
        if _state(channel) in _CONNECTED:
            return ""
        with self._lock:
            if time.monotonic() >= self._outdated:
                self._why = self._try()
                self._outdated = time.monotonic() + _KEPT_S
            return self._why

    async def aio_why_not(self, channel: grpc.aio.Channel) -> str:
        """As `why_not`."""
        if channel.get_state() in _CONNECTED:
            return ""
        async with self._aio_lock:
            if time.monotonic() >= self._outdated:
                self._why = await self._aio_try()
                self._outdated = time.monotonic() + _KEPT_S
            return self._why

    def _try(self) -> str:
        if self.credentials is None:
            fresh = grpc.insecure_channel(self.target, options=self._options())
        else:
            fresh = grpc.secure_channel(self.target, self.credentials, options=self._options())
        call: Any = fresh.unary_unary(_METHOD)
        with fresh:
            try:
                call(b"", timeout=_SECONDS)
            except grpc.RpcError as error:
                return _said(error)
        return ""

    async def _aio_try(self) -> str:
        if self.credentials is None:
            fresh = grpc.aio.insecure_channel(self.target, options=self._options())
        else:
            fresh = grpc.aio.secure_channel(self.target, self.credentials, options=self._options())
        call: Any = fresh.unary_unary(_METHOD)
        async with fresh:
            try:
                await call(b"", timeout=_SECONDS)
            except grpc.aio.AioRpcError as error:
                return _said(error)
        return ""

    def _options(self) -> list[tuple[str, str | int]]:
        return [*(option for option in self.options if option[0] not in _POLICY), *_ALONE]


def named(message: str) -> str:
    """The kind of the failure, if recognised, and gRPC's message about the failed connection."""
    cause = next((name for name, pattern in _CAUSES if pattern.search(message)), "")
    return f"{cause}: {message}" if cause else message


def is_vague(error: grpc.RpcError) -> bool:
    """Whether the error says only that the client's own deadline has passed."""
    known = isinstance(error, grpc.Call | grpc.aio.AioRpcError)
    return known and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and error.details() == "Deadline Exceeded"


def _state(channel: grpc.Channel) -> grpc.ChannelConnectivity | None:
    told = threading.Event()
    states: list[grpc.ChannelConnectivity] = []

    def tell(state: grpc.ChannelConnectivity) -> None:
        states.append(state)
        told.set()

    channel.subscribe(tell)
    told.wait(_SECONDS)
    channel.unsubscribe(tell)
    return states[-1] if states else None


def _said(error: Any) -> str:
    match error.code():
        case grpc.StatusCode.UNAVAILABLE:
            return f"no connection: {named(error.details() or '')}"
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return "no connection: the host does not answer"
        case _:
            return ""  # a server answered
