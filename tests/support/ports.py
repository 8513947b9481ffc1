"""Ports for programs that must be told theirs, or that keep it over a restart."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: no connection takes a port before its server does."""


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens. No other test process gets it while this one runs."""
    folder = Path(tempfile.gettempdir()) / f"profile-grpc-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.sample(_PORTS, len(_PORTS)):
        claim = os.open(folder / str(port), os.O_CREAT | os.O_WRONLY)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until this process ends
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(claim)
        else:
            return port
    raise RuntimeError("no port is free")
