"""What the use cases need of a store for recipients (T)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from profile_grpc.domain.reach import Audience, Reachable, Reached, Recipient

Cursor = tuple[str, str]
"""The user and the device of the last profile that was read."""


class RecipientPage(NamedTuple):
    """Some recipients, in the order of keys."""

    recipients: Sequence[Recipient]
    """Fewer than were read where a profile has no live endpoint."""
    cursor: Cursor | None
    """The next page begins after it. None: this is the last page."""


class RecipientStore(Protocol):
    """Reads who can be reached."""

    def reader(self, audience: Audience) -> RecipientReader:
        """Reads an audience once, from a cursor on."""


class RecipientReader(Protocol):
    """Reads the recipients of one audience, one page after the other. Every method raises StoreError."""

    async def page(self, bounds: Reachable, after: Cursor | None, size: int) -> RecipientPage:
        """The recipients among the next `size` profiles of the target. `after`: the cursor of the page before."""

    async def counted(
        self, bounds: Reachable, after: Cursor | None
    ) -> tuple[Sequence[tuple[Reached, int]], Cursor | None]:
        """As `page`, of more profiles, without tokens: what is counted of them, and how many are alike."""
