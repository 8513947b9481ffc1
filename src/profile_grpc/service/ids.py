"""Random ids of rows. Commands import this at their start, so it imports next to nothing."""

from __future__ import annotations

import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def random_id(length: int) -> str:
    """An id of that many random characters of [a-z0-9]."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
