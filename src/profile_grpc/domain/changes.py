"""What a batch writes, for the store: rows that are guarded by their revisions, records and tallies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple

from profile_grpc.domain.kinds import KeyT, RecordKind, RecordT, RowKind, RowT, TallyKind


class Write(NamedTuple, Generic[RowT]):
    """Write the row, if the stored one still has the revision that was read (None: if there is none)."""

    row: RowT
    seen: int | None
    before: RowT | None = None
    """The row that was read, if known: unchanged columns need not be written."""


class RowChanges(NamedTuple, Generic[KeyT, RowT]):
    """The writes of one kind of row."""

    writes: list[Write[RowT]]
    deletes: list[RowT]
    """Rows as they were read. They are deleted if the stored ones still have their revisions."""


NOTHING: RowChanges[Any, Any] = RowChanges([], [])


@dataclass(slots=True)
class Changes:
    """Everything that a batch writes, in one transaction.

    If one row does not match its revision, nothing is written. A kind is a key only if it has something to write.
    """

    time: datetime
    rows: Mapping[RowKind[Any, Any], RowChanges[Any, Any]] = field(default_factory=dict)
    records: Mapping[RecordKind[Any], list[Any]] = field(default_factory=dict)
    tallies: Mapping[TallyKind[Any], Mapping[Any, int]] = field(default_factory=dict)
    """Differences to the numbers that are stored."""

    @property
    def empty(self) -> bool:
        return not (self.rows or self.records or self.tallies)

    def records_of(self, kind: RecordKind[RecordT]) -> list[RecordT]:
        return self.records.get(kind, [])

    def added(self, kind: TallyKind[KeyT]) -> Mapping[KeyT, int]:
        return self.tallies.get(kind, {})
