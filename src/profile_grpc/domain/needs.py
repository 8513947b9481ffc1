"""What commands read before they can be decided, so that a batch can load it all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.kinds import ByT, KeyT, Narrowed, RowKind, RowT, Selection, TallyKind
from profile_grpc.domain.model import AccountReport, DeviceKey, History, Profile, ProfileKey

What: TypeAlias = RowKind[ByT, Any] | Selection[ByT, Any, Any] | Narrowed[ByT, Any, Any] | TallyKind[ByT]
Asked: TypeAlias = What[Any]


@dataclass(slots=True)
class Needs:
    """What a batch of commands reads: keys of each kind and selection that is asked for."""

    asked: dict[Asked, set[Any]] = field(default_factory=dict)
    counted: dict[Selection[Any, Any, Any], set[Any]] = field(default_factory=dict)
    """Selections of which the number of rows is enough."""
    in_order: set[DeviceKey] = field(default_factory=set)
    """Devices on which a call with a sequence is decided (R13)."""
    reports: set[AccountReport] = field(default_factory=set)
    """Account-removal reports with a sequence. They name no device: the order is read of every device of which a
    profile is loaded, and of the report itself."""

    def add(self, what: What[ByT], *keys: ByT) -> None:
        """Asks for the rows or numbers with these keys, or for what is selected by them."""
        asked = self.asked.get(what)
        if asked is None:
            asked = self.asked[what] = set()
        asked.update(keys)

    def count(self, selection: Selection[ByT, Any, Any], by: ByT) -> None:
        """Asks how many rows are selected."""
        self.counted.setdefault(selection, set()).add(by)

    def of(self, what: What[ByT]) -> set[ByT]:
        """The keys that were asked for."""
        return self.asked.get(what) or set()

    def orders(self, profiles: Iterable[Profile], hasher: Hasher) -> set[DeviceKey]:
        """The keys of the orders of calls that are read: also with every profile whose deletion forgets it (R13)."""
        of_profiles = {p.key.device for p in profiles if self.reports or p.last_call is not None}
        return self.in_order | of_profiles | {hasher.report(report) for report in self.reports}


@dataclass(slots=True)
class Rows:
    """What was loaded for `needs`.

    Guards must be read before the profiles they guard: then a profile that changed in between is a guard that no
    longer matches, and the write is refused.
    """

    needs: Needs
    found: Mapping[RowKind[Any, Any], Iterable[Any]] = field(default_factory=dict)
    counts: Mapping[Selection[Any, Any, Any], Mapping[Any, int]] = field(default_factory=dict)
    """Of what is counted: no further than COUNT_LIMIT."""
    histories: Mapping[ProfileKey, History] = field(default_factory=dict)
    """Of every profile that was asked for by its key and is not there."""
    totals: Mapping[TallyKind[Any], Mapping[Any, int]] = field(default_factory=dict)
    """The numbers that were asked for; one that is missing is 0."""

    def of(self, kind: RowKind[KeyT, RowT]) -> Iterable[RowT]:
        """The rows of the kind, each once."""
        return self.found.get(kind, ())


COUNT_LIMIT = 101
"""Rows of a selection that are counted at most: no rule asks for more (R14)."""
