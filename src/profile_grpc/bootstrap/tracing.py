"""Turns tracing on if the environment of OpenTelemetry asks for it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from profile_grpc.config import PROGRAM, ConfigError
from profile_grpc.telemetry.tracing import Tracer

SERVICE, BRIDGE = PROGRAM, f"{PROGRAM}-bridge"
"""The names of the services, unless OTEL_SERVICE_NAME gives another."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether traces are recorded: a collector is named, and neither tracing nor the SDK is switched off.

    Raises:
        ConfigError: the variables ask for something that is not offered.
    """
    named = any(environment.get(name) for name in _ENDPOINTS)
    disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if not named or disabled or exporter == "none":
        return False
    if exporter != "otlp":
        raise ConfigError(f"OTEL_TRACES_EXPORTER={exporter} is not offered; set it to otlp, or to none")
    for name in _PROTOCOLS:
        protocol = environment.get(name, "").strip()
        if protocol not in {"", _PROTOCOL}:
            raise ConfigError(
                f"{name}={protocol} is not offered; set it to {_PROTOCOL}, and the endpoint to the collector's port for"
                " OTLP over HTTP (4318 by default)"
            )
    return True


@asynccontextmanager
async def tracing(service: str) -> AsyncIterator[Tracer | None]:
    """The tracer of this process while the block runs, or None. Nothing is imported if tracing is off.

    Raises:
        ConfigError: as `is_on`.
    """
    if not is_on(os.environ):
        yield None
        return
    from profile_grpc.telemetry.otlp import OtlpTracer  # noqa: PLC0415 - takes a third of a second

    tracer = OtlpTracer(service)
    try:
        yield tracer
    finally:
        await tracer.close()
