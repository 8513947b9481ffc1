"""What an app lost to push feedback, as it is stored (F8)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class FeedbackLosses(NamedTuple):
    """The endpoints that an app has recently lost to push feedback, and whether it may lose more (F8)."""

    app_id: str
    lost: tuple[tuple[int, int], ...] = ()
    """Endpoints by step: 5 minutes, numbered since 1970. Oldest first, no more than the last hour's."""
    held_time: datetime | None = None
    """Since when dead items are held; None: they are not."""
    go_until: datetime | None = None
    """Until when an operator's confirmation is valid."""
    stop_time: datetime | None = None
    """When an operator stopped feedback; None: nobody did."""
    revision: int = 0

    @property
    def key(self) -> str:
        return self.app_id
