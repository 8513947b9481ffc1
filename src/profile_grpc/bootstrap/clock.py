"""The clock of this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time_ns


class SystemClock:
    """Fulfils service.ports.Clock."""

    def now(self) -> datetime:
        """The current time, UTC."""
        return datetime.now(UTC)

    def microseconds(self) -> int:
        """The same, in microseconds since 1970."""
        return time_ns() // 1000
