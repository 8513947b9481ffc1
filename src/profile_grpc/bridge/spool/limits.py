"""The limits of a spool. A separate module, because the help of commands shows the defaults without loading the
spool.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """The limits of the spool."""

    size: int = 1 << 30
    """Bytes of waiting reports, about."""
    unproven_share: float = 0.5
    """The share of it for reports whose key is not known to be valid."""
    dedupe_window: float = 600.0
    """Seconds in which a report replaces an equal one that still waits."""
    remembered: int = 200_000
    """The approximate number of reports that are remembered for that. With more reports, the window is shorter."""
