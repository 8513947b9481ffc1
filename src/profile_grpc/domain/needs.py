"""The rows that commands read before they are decided, so that a batch can load all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from profile_grpc.domain.deletion_records import History
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import DeviceKey, ProfileKey
from profile_grpc.domain.kinds import ByT, KeyT, NarrowedSelection, RowKind, RowT, Selection, TallyKind
from profile_grpc.domain.ordered_calls import AccountReport
from profile_grpc.domain.profile import Profile

Need: TypeAlias = RowKind[ByT, Any] | Selection[ByT, Any, Any] | NarrowedSelection[ByT, Any, Any] | TallyKind[ByT]
AnyNeed: TypeAlias = Need[Any]


@dataclass(slots=True)
class Needs:
    """The rows that a batch of commands reads: the requested keys of each kind and selection."""

    requested: dict[AnyNeed, set[Any]] = field(default_factory=dict)
    counted: dict[Selection[Any, Any, Any], set[Any]] = field(default_factory=dict)
    """Selections of which only the number of rows is needed."""
    in_order: set[DeviceKey] = field(default_factory=set)
    """Devices on which a call with a sequence is decided (R13)."""
    reports: set[AccountReport] = field(default_factory=set)
    """Account-removal reports with a sequence. They name no device. So the orders of every device with a loaded profile
    are read, and the order of the report itself."""

    def add(self, what: Need[ByT], *keys: ByT) -> None:
        """Requests the rows or numbers with these keys, or the rows that they select."""
        requested = self.requested.get(what)
        if requested is None:
            requested = self.requested[what] = set()
        requested.update(keys)

    def count(self, selection: Selection[ByT, Any, Any], by: ByT) -> None:
        self.counted.setdefault(selection, set()).add(by)

    def of(self, what: Need[ByT]) -> set[ByT]:
        return self.requested.get(what) or set()

    def orders(self, profiles: Iterable[Profile], hasher: Hasher) -> set[DeviceKey]:
        """The keys of the orders of calls that are read. Includes those of every profile whose deletion deletes the
        order (R13).
        """
        of_profiles = {p.key.device for p in profiles if self.reports or p.last_call is not None}
        return self.in_order | of_profiles | {hasher.report(report) for report in self.reports}


@dataclass(slots=True)
class Rows:
    """The rows that were loaded for `needs`.

    Guards must be read before the profiles that they guard. If a profile changes in between, its guard no longer
    matches and the write is refused.
    """

    needs: Needs
    found: Mapping[RowKind[Any, Any], Iterable[Any]] = field(default_factory=dict)
    counts: Mapping[Selection[Any, Any, Any], Mapping[Any, int]] = field(default_factory=dict)
    """The counts, up to COUNT_LIMIT."""
    histories: Mapping[ProfileKey, History] = field(default_factory=dict)
    """For every profile that was requested by its key and does not exist."""
    totals: Mapping[TallyKind[Any], Mapping[Any, int]] = field(default_factory=dict)
    """The requested numbers. A missing number is 0."""

    def of(self, kind: RowKind[KeyT, RowT]) -> Iterable[RowT]:
        return self.found.get(kind, ())


COUNT_LIMIT = 101
"""The limit up to which the rows of a selection are counted. No rule needs a larger number (R14)."""
