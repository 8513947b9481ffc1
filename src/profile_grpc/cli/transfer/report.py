"""What an import did, or with --dry-run would do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from profile_grpc.cli import output
from profile_grpc.cli.errors import file_failure
from profile_grpc.cli.transfer.entries import Entry

if TYPE_CHECKING:
    from typing import TextIO

_FIRST = 5
"""Entries that the report names for each reason."""


class Report:
    """Counts, and the first entries of each reason. Memory does not grow with the file."""

    def __init__(self, unit: str, refusals: Path | None) -> None:
        """`unit`: what an entry of the file is. `refusals`: a file that names every refused entry."""
        self._unit = unit
        self.counts = Counter(created=0, updated=0, unchanged=0)
        self._refused: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._first: dict[str, list[Entry]] = {}
        self.unsorted = 0
        """Records that registered earlier than the record before them."""
        self._refusals: TextIO | None = None
        if refusals is not None:
            try:
                self._refusals = refusals.open("w", encoding="utf-8")
            except OSError as error:
                raise file_failure("write", refusals, error) from None

    @property
    def refused(self) -> int:
        return self._refused.total()

    @property
    def total(self) -> int:
        """How many records were imported or refused."""
        return self.counts.total() + self.refused

    def left_out(self, entry: Entry) -> None:
        """An entry that is refused, or skipped by the reader of its format."""
        (self._skipped if entry.skipped else self._refused)[entry.reason] += 1
        first = self._first.setdefault(entry.reason, [])
        if len(first) < _FIRST:
            first.append(entry)
        if self._refusals is not None:
            found = {self._unit: entry.number, "reason": entry.reason, "description": entry.description}
            self._refusals.write(json.dumps(found | {"skipped": entry.skipped}) + "\n")

    def noted(self, note: str) -> None:
        """A part of a record was not stored, or was stored elsewhere."""
        self._notes[note] += 1

    def close(self) -> None:
        """Completes the file of refused entries."""
        if self._refusals is not None:
            self._refusals.close()

    def document(self) -> dict[str, object]:
        """The report for programs."""
        return {
            **self.counts,
            "refused": dict(self._refused),
            "skipped": dict(self._skipped),
            "notes": dict(self._notes),
            "unsorted": self.unsorted,
            "first": [
                {self._unit: entry.number, "reason": reason, "description": entry.description}
                for reason, entries in self._first.items()
                for entry in entries
            ],
        }

    def show(self) -> None:
        """Prints the report for people."""
        output.facts({**self.counts, "refused": self.refused, "skipped": self._skipped.total()})
        for heading, counted in (("refused", self._refused), ("skipped", self._skipped)):
            rows = [
                (reason, number, ", ".join(str(one.number) for one in first), first[0].description)
                for reason, number in counted.most_common()
                if (first := self._first[reason])
            ]
            if rows:
                output.table((heading, "number", f"first {self._unit} numbers", "why the first"), rows, empty="")
        if self._notes:
            output.table(("not stored, or stored elsewhere", "number"), self._notes.most_common(), empty="")
        if self.unsorted:
            output.note(
                f"{self.unsorted:,} records are earlier than the record before them. If a profile has three or more"
                " records, or a token moved between devices more than once, sort the file by registerTime first."
            )
