"""How much work fits into a given time, by how long the work before it took."""

from __future__ import annotations

_FIRST = 100
_FEWEST = 50
"""The smallest batch. A smaller one would spend most of its time on the fixed cost of a batch."""
_GROWTH = 2
"""The largest growth from one batch to the next, because one measurement may be wrong."""


class Pace:
    """The size of batches that should each take about the same time, whatever the machine and its load."""

    def __init__(self, seconds: float, most: int) -> None:
        """`seconds`: the duration of a batch to aim for. `most`: the largest size."""
        self._seconds = seconds
        self._most = most
        self.size = min(_FIRST, most)
        """The size of the next batch."""

    def took(self, size: int, seconds: float) -> None:
        """A batch of this size took this long."""
        if not size:
            return
        fits = int(size * self._seconds / max(seconds, 1e-6))
        # A batch that was not full says little about larger ones.
        grown = min(fits, _GROWTH * max(size, self.size))
        self.size = max(min(grown, self._most), min(_FEWEST, self._most))
