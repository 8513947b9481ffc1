"""What a reader of events asks for and gets: positions, resume tokens, pages (E4)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import struct
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import EventType
from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.service.event_ports import LoggedEvent
from profile_grpc.service.paging import invalid_token

_FORM = struct.Struct(">B8sq")
_VERSION = 1


class EventPosition(NamedTuple):
    """A position in the log, with the epoch of the sequencer that published it. A reader goes on after it."""

    epoch: str
    """16 hexadecimal digits."""
    position: int

    @property
    def token(self) -> str:
        """The resume token, opaque to callers."""
        raw = _FORM.pack(_VERSION, bytes.fromhex(self.epoch), self.position)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_token(token: str) -> EventPosition:
    """The position of a resume token.

    Raises:
        Refused: INVALID_RESUME_TOKEN.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        version, epoch, position = _FORM.unpack(raw)
    except (binascii.Error, struct.error, ValueError):
        raise invalid_token() from None
    if version != _VERSION or position < 0:
        raise invalid_token()
    return EventPosition(epoch.hex(), position)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which events a reader wants."""

    tenant_id: str
    app_ids: frozenset[str] | None = None
    """None: every app of the tenant, what concerns all apps, and the tenant's customers."""
    types: frozenset[EventType] | None = None
    """None: every type."""
    filter: Filter | None = None
    """Of the fields of events (T3)."""


class Page(NamedTuple):
    """Some events in order of position. Without events: a checkpoint."""

    events: Sequence[LoggedEvent]
    end: EventPosition
    """The position up to which the reader has read."""


class Watching(Protocol):
    """Readers of events."""

    async def from_now(self) -> EventPosition:
        """After the newest event."""

    async def from_oldest(self) -> EventPosition:
        """Before the oldest event that is kept."""

    async def resume(self, after: EventPosition) -> EventPosition:
        """The same position in the current epoch.

        Raises:
            Refused: RESUME_TOKEN_EXPIRED.
        """

    def watch(
        self, subscription: Subscription, after: EventPosition, ending: asyncio.Event
    ) -> AsyncGenerator[Page, None]:
        """The wanted events after the position, without end. The last page after `ending` is a checkpoint.

        Raises:
            Refused: RESUME_TOKEN_EXPIRED: the reader was too slow, or the database was restored from an older copy.
            StoreError.
        """


def expired(oldest: EventPosition) -> Refused:
    """The refusal of a token: events after it were deleted, or the database was restored from an older copy."""
    return Refused.about(
        Reason.RESUME_TOKEN_EXPIRED,
        "Events after the resume token are no longer kept, or the database was restored from an older copy; read the"
        " current state, then resume from oldest_resume_token.",
        oldest_resume_token=oldest.token,
    )
