"""What goes into the spool and comes out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from profile_grpc.bridge.http.parameters import Kind

Told = Callable[[bool], None]
"""Told whether a report is on disk. Never raises."""
ROW_BYTES = 300
"""What a report takes on disk besides its sealed part, about."""


class Account(NamedTuple):
    """Keyed hashes of what a report names: enough to tell which token reports a removal overtakes."""

    username: bytes | None
    selector: bytes | None
    tokens: tuple[bytes, ...]


class Removal(NamedTuple):
    """A removal that overtakes token reports before it."""

    number: int
    account: Account
    credential: bytes | None
    """The verifier of its key."""
    proven: bool
    """Else only reports with the same key are overtaken: if that is wrong, none of them ever counted (X1)."""


class Incoming(NamedTuple):
    """A report to be kept."""

    kind: Kind
    app_id: str
    arrived: int
    """Microseconds since 1970."""
    trace: bytes
    proven: bool
    """Whether its key is known to be right."""
    credential: bytes | None
    """The verifier of its key; None: it carries none."""
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
    replay: bool
    """Whether it is to be taken up again."""


class Left(NamedTuple):
    """A report that no longer waits: what it took."""

    id: int
    kind: int
    size: int
    proven: int


Shared = tuple[int, str, int, bytes | None]
"""What most reports of a batch have in common, in the order of SHARED_COLUMNS."""
Row = tuple[int, int, bytearray, bytearray]
"""What else the table holds of a report, in the order of ROW_COLUMNS.

Numbers are plain and octets are in bytearrays, which sqlite3 binds as they are. Of anything else it first looks for an
adapter, which takes longer than the rest of the row.
"""
TokenRow = tuple[int, int, bytearray, bytearray, bytearray | None, bytearray | None, bytearray]
"""Of a token report: besides, what tells whether a removal overtakes it, in the order of ACCOUNT_COLUMNS."""
SHARED_COLUMNS = ("kind", "app_id", "proven", "credential")
ROW_COLUMNS = ("id", "arrived", "trace", "sealed")
ACCOUNT_COLUMNS = ("username", "selector", "tokens")


@dataclass(slots=True)
class Batch:
    """What one commit writes."""

    reports: defaultdict[Shared, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """Without token reports."""
    token_reports: defaultdict[Shared, list[TokenRow]] = field(default_factory=lambda: defaultdict(list))
    credentials: dict[bytes, bytes] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    """Reports in whose place an equal one came."""
    gone: list[int] = field(default_factory=list)
    """Reports that were delivered or dropped."""
    dead: list[tuple[str, int, int]] = field(default_factory=list)
    """Reason, time, number."""
    retried: list[tuple[int, int]] = field(default_factory=list)
    """Attempts, number."""
    replayed: list[int] = field(default_factory=list)
    """Dead letters that are to wait again."""
    outdating: list[tuple[int, Kind, Account]] = field(default_factory=list)
    """Reports that were delivered, after which older token reports of the account are of no use: number, kind."""
    verdicts: list[tuple[bytes, str, bool, int]] = field(default_factory=list)
    """Verifier, app, whether valid, time."""
    meta: dict[str, bytes] = field(default_factory=dict)
    waiting: list[Told] = field(default_factory=list)
    """Who is told of each report, of either kind."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.waiting
            or self.gone
            or self.dead
            or self.retried
            or self.replayed
            or self.outdating
            or self.verdicts
            or self.meta
        )


class Written(NamedTuple):
    """What a commit changed besides what it was told."""

    left: list[Left]
    """Reports that wait no longer."""
    overtaken: list[int]
    """Those of them that a removal overtook."""
    joined: list[Left]
    """Dead letters that wait again."""
    outdated: int
    """How many dead letters are gone, as later reports of their accounts were delivered."""
