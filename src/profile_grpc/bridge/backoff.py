"""Exponential backoff with jitter."""

from __future__ import annotations

import random
from dataclasses import dataclass

_MAX_EXPONENT = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double from `first` to `longest` seconds; each is random between half of it and the whole."""

    first: float = 0.5
    longest: float = 60.0

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, from 1."""
        whole: float = min(self.longest, self.first * 2 ** min(failures - 1, _MAX_EXPONENT))
        return random.uniform(whole / 2, whole)  # noqa: S311 - no secret
