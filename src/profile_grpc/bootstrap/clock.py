"""The clock of this machine."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Fulfils service.ports.Clock."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC)
