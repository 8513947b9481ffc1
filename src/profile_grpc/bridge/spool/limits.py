"""How much a spool keeps: alone here, as the help of commands shows the defaults without loading a spool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """How much is kept."""

    size: int = 1 << 30
    """Bytes of waiting reports, about."""
    unproven_share: float = 0.5
    """The part of it that reports may take whose key is not known to be right."""
    dedupe_window: float = 600.0
    """Seconds in which a report takes the place of an equal one that still waits."""
    remembered: int = 200_000
    """About how many reports are remembered for that; in a flood, the window is shorter."""
