"""What the use cases need of a store for recipients (T)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from profile_grpc.domain.reach import Audience, Reachable, Reached, Recipient

Place = tuple[str, str]
"""A user and a device: how far the profiles of an app were read."""


class RecipientPage(NamedTuple):
    """Some recipients, in the order of keys."""

    recipients: Sequence[Recipient]
    """Fewer than were read where a profile has no live endpoint."""
    place: Place | None
    """Where to go on. None: these are the last."""


class RecipientStore(Protocol):
    """Reads who can be reached. Every method raises StoreError."""

    async def page(self, audience: Audience, bounds: Reachable, after: Place | None, size: int) -> RecipientPage:
        """The recipients among the next `size` profiles of the target after this place."""
        ...

    async def counted(
        self, audience: Audience, bounds: Reachable, after: Place | None
    ) -> tuple[Sequence[tuple[Reached, int]], Place | None]:
        """As `page`, of more profiles, without tokens: what is counted of them, and how many are alike."""
        ...
