"""How many files and connections a process may have open."""

from __future__ import annotations

import resource

_MOST = 1 << 20
"""Higher limits are useless, and some programs iterate over all descriptor numbers."""
_RESERVED = 256
"""Descriptors for everything but callers' connections: the database, logs, metrics."""
_FEWEST = 64


def raise_limit() -> int:
    """Raises the soft limit of this process to the hard limit; returns how many connections that allows.

    The soft limit of 1,024 that many systems set is for programs that use select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    limit = _MOST if soft == resource.RLIM_INFINITY else soft
    return max(limit - _RESERVED, _FEWEST)
