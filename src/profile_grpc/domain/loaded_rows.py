"""The loaded rows of one kind. They are changed in memory, and found by the values that rules ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic

from profile_grpc.domain.changes import RowChanges, Write
from profile_grpc.domain.kinds import ByT, KeyT, RowT, Selection


@dataclass(slots=True)
class LoadedRows(Generic[KeyT, RowT]):
    """The rows of one kind: their current state, and their state when they were loaded."""

    rows: dict[KeyT, RowT] = field(default_factory=dict)
    loaded: dict[KeyT, RowT] = field(default_factory=dict)
    touched: set[KeyT] = field(default_factory=set)
    indexes: dict[Selection[Any, Any, Any], defaultdict[Any, set[KeyT]]] = field(default_factory=dict)
    """The keys of the rows of each selection that was read."""
    counts: dict[Selection[Any, Any, Any], dict[Any, int]] = field(default_factory=dict)
    """The number of rows of each selection that is counted."""

    def load(self, rows: Iterable[RowT]) -> None:
        for row in rows:
            self.rows[row.key] = self.loaded[row.key] = row  # type: ignore[index]

    def put(self, key: KeyT, row: RowT) -> None:
        if self.indexes or self.counts:
            self._move(key, self.rows.get(key), row)
        self.restamp(key, row)

    def restamp(self, key: KeyT, row: RowT) -> None:
        """Stores a changed row that every selection finds by the same values as before."""
        self.rows[key] = row
        self.touched.add(key)

    def drop(self, key: KeyT) -> None:
        """Deletes the row, if there is one."""
        if self.indexes or self.counts:
            self._move(key, self.rows.get(key), None)
        self.rows.pop(key, None)
        self.touched.add(key)

    def _move(self, key: KeyT, before: RowT | None, after: RowT | None) -> None:
        for selection, index in self.indexes.items():
            for by in () if before is None else selection.by(before):
                index[by].discard(key)
            for by in () if after is None else selection.by(after):
                index[by].add(key)
        for selection, counts in self.counts.items():
            for by in () if before is None else selection.by(before):
                if by in counts:
                    counts[by] -= 1
            for by in () if after is None else selection.by(after):
                if by in counts:
                    counts[by] += 1

    def select(self, selection: Selection[ByT, KeyT, RowT], by: ByT) -> list[RowT]:
        """Every row with this common value, ordered by key."""
        index = self.indexes.get(selection)
        if index is None:
            index = self.indexes[selection] = defaultdict(set)
            for key, row in self.rows.items():
                for common in selection.by(row):
                    index[common].add(key)
        found = index.get(by)
        return [self.rows[key] for key in sorted(found)] if found else []  # type: ignore[type-var]

    def changes(self) -> RowChanges[KeyT, RowT] | None:
        """The rows to write and to delete; None: there are none."""
        writes: list[Write[RowT]] = []
        deletes: list[RowT] = []
        for key in self.touched:
            row, before = self.rows.get(key), self.loaded.get(key)
            if row is not None:
                writes.append(Write(row, None if before is None else before.revision, before))
            elif before is not None:
                deletes.append(before)
        return RowChanges(writes, deletes) if writes or deletes else None
