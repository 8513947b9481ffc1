"""What passes between the parent and a worker: the settings one way, one line of readiness the other."""

from __future__ import annotations

import msgspec

from profile_grpc.config import ServeConfig

READY = b"ready\n"
LEFT_BEHIND = 3
"""The exit status of a worker that the schema has left behind: another one would fare no better."""


def encode(config: ServeConfig) -> bytes:
    """The settings as one line of JSON, the secret among them: for a pipe to a child only."""
    return msgspec.json.encode(config)


def decode(line: bytes) -> ServeConfig:
    """The settings that the parent sent."""
    return msgspec.json.decode(line, type=ServeConfig)
