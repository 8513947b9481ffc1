"""How many files and connections a process may have open."""

from __future__ import annotations

import resource

_MOST = 1 << 20
"""More is of no use, and some programs walk through every number."""
_RESERVED = 256
"""Descriptors for what is no caller's connection: the database, logs, metrics."""
_FEWEST = 64


def raise_limit() -> int:
    """Raises the soft limit of this process to the hard one; answers how many connections that leaves room for.

    A soft limit of 1,024, which many systems set, is for programs that use select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    limit = _MOST if soft == resource.RLIM_INFINITY else soft
    return max(limit - _RESERVED, _FEWEST)
