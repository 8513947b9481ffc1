"""The number of rows that a batch may read. Larger commands run outside the batches, so that they do not delay others
(R14).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Table

from profile_grpc.domain.needs import AnyNeed
from profile_grpc.service.ports import TooManyRows
from profile_grpc.store import statements
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared

RowT = TypeVar("RowT")

BOUND = 1000
"""The maximum number of rows of a selection that a batch reads: about 10 ms of work."""
UNBOUND = 2**31
"""For a command that runs outside the batches."""
MANY = 300
"""More rows than this for one key are too many."""


class BoundedLookup(NamedTuple):
    """A look-up that reads up to one row more than BOUND, and the same look-up without a limit."""

    bounded: Prepared
    unbounded: Prepared

    def within(self, bound: int) -> Prepared:
        """The statement to find out whether there are more than `bound` rows."""
        return self.bounded if bound <= BOUND else self.unbounded


def bounded_lookup(
    database: Database, table: Table, by: Sequence[str], columns: Sequence[str], *where: ColumnElement[bool]
) -> BoundedLookup:
    """As `statements.lookup`."""
    return BoundedLookup(
        statements.lookup(database, table, by, columns, *where, limit=BOUND + 1),
        statements.lookup(database, table, by, columns, *where),
    )


def check_bound(what: AnyNeed, found: Sequence[RowT], by: Callable[[RowT], Iterable[object]], bound: int) -> None:
    """Raises TooManyRows if the statement found more than `bound` rows. `by` returns the values by which a row was
    found.
    """
    if len(found) > bound:
        numbers = Counter(key for row in found for key in by(row))
        raise TooManyRows(what, [key for key, number in numbers.items() if number > MANY])
