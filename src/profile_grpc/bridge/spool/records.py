"""The records that are written to and read from the spool."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from profile_grpc.bridge.report import Account, Kind

ROW_BYTES = 300
"""The approximate size of a report on disk, without its encrypted part."""


class Removal(NamedTuple):
    """A removal that supersedes earlier token reports."""

    number: int
    account: Account
    credential: bytes | None
    """The verifier of its key."""
    proven: bool
    """Otherwise it supersedes only reports with the same key. If that key is wrong, none of these reports counts
    (X1)."""


class Incoming(NamedTuple):
    """A report to be stored."""

    kind: Kind
    app_id: str
    arrived: int
    """Microseconds since 1970."""
    trace: bytes
    """A packed TraceContext."""
    proven: bool
    """Whether its key is known to be valid."""
    credential: bytes | None
    """The verifier of its key; None: it has no key."""
    sealed_key: bytes
    account: Account | None
    """Of token reports, and of removals while token reports wait."""
    sealed: bytes
    digest: bytes
    """Equal for reports of equal content."""


class Waiting(NamedTuple):
    """A report that waits."""

    id: int
    kind: Kind
    app_id: str
    arrived: int
    trace: bytes
    proven: bool
    credential: bytes | None
    attempts: int
    sealed: bytes


class DeadLetter(NamedTuple):
    """A report that could not be applied, without its content."""

    id: int
    kind: Kind
    app_id: str
    arrived: int
    died: int
    """Both in microseconds since 1970."""
    trace: bytes
    attempts: int
    reason: str
    detail: str
    """Details: the answer of the service, or why it could not be reached."""
    push_app_ids: tuple[str, ...]
    """The push app ids in the report, if the app or their use was not known."""
    replay: bool
    """Whether it will be delivered again."""


class Death(NamedTuple):
    """A report that becomes a dead letter, and why: as in DeadLetter."""

    number: int
    time: int
    """Microseconds since 1970."""
    reason: str
    detail: str = ""
    push_app_ids: tuple[str, ...] = ()


class KnownDevice(NamedTuple):
    """The device on which an account was last registered, if the device is identified only by its push token (X5)."""

    account: bytes
    """A keyed hash."""
    device_id: str
    sealed: bytes
    """The tokens of that registration."""
    time: int
    """Microseconds since 1970."""


class ReportSize(NamedTuple):
    """A report and its size, for the totals of the spool."""

    id: int
    kind: int
    size: int
    proven: int


class Row(NamedTuple):
    """A row of the table of reports."""

    id: int
    kind: int
    app_id: str
    arrived: int
    trace: bytes
    proven: bool
    credential: bytes | None
    username: bytes | None
    selector: bytes | None
    tokens: bytes | None
    """The concatenated hashes of its tokens."""
    sealed: bytes

    @property
    def size(self) -> int:
        """Bytes on disk, about."""
        return len(self.sealed) + ROW_BYTES


@dataclass(slots=True)
class Batch:
    """The writes of one commit."""

    reports: list[Row] = field(default_factory=list)
    credentials: dict[bytes, bytes] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    """Reports that were replaced by an equal one."""
    gone: list[int] = field(default_factory=list)
    """Reports that were delivered or dropped."""
    dead: list[Death] = field(default_factory=list)
    retried: list[tuple[int, int]] = field(default_factory=list)
    """Attempts, number."""
    replayed: list[int] = field(default_factory=list)
    """Dead letters that are to wait again."""
    outdating: list[tuple[int, Kind, Account]] = field(default_factory=list)
    """Delivered reports that make older token reports of the account useless: number, kind."""
    verdicts: list[tuple[bytes, str, bool, int]] = field(default_factory=list)
    """Verifier, app, whether valid, time."""
    devices: dict[bytes, KnownDevice] = field(default_factory=dict)
    meta: dict[str, bytes] = field(default_factory=dict)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    """Done when the reports are on disk."""

    @property
    def empty(self) -> bool:
        return self == _EMPTY


_EMPTY = Batch()


class Written(NamedTuple):
    """Additional changes that a commit made."""

    removed: list[ReportSize]
    """Reports that wait no longer."""
    overtaken: list[int]
    """Those of them that a removal superseded."""
    requeued: list[ReportSize]
    """Dead letters that wait again."""
    outdated: int
    """The number of dead letters that were deleted because later reports of their accounts were delivered."""
