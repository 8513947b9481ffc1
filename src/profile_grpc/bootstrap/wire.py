"""The messages between the parent and a worker: the settings to the worker, a ready line back."""

from __future__ import annotations

import msgspec

from profile_grpc.config import ServeConfig

READY = b"ready\n"
SCHEMA_TOO_NEW = 3
"""The exit status of a worker that is too old for the schema: starting another one would not help."""


def encode(config: ServeConfig) -> bytes:
    """The settings as one line of JSON, including secrets: for a pipe to a child only."""
    return msgspec.json.encode(config)


def decode(line: bytes) -> ServeConfig:
    """The settings that the parent sent."""
    return msgspec.json.decode(line, type=ServeConfig)
