"""How each kind of row is stored: its table, its codec, and its selections.

One declaration for each declaration of `domain.kinds`, in the order in which every process writes the tables. Loading
and applying iterate over these declarations and contain no code for a single kind. The distribution column of a table
is declared with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

from sqlalchemy import ColumnElement, Table

from profile_grpc.domain import kinds
from profile_grpc.domain.kinds import (
    ByT,
    KeyT,
    NarrowedSelection,
    RecordKind,
    RecordT,
    RowKind,
    RowT,
    Selection,
    TallyKind,
)
from profile_grpc.domain.profile import CountKey
from profile_grpc.store import customer_rows, rows, tables, times
from profile_grpc.store.engine import Found, Row


@dataclass(frozen=True, slots=True)
class PartialUpdate(Generic[RowT]):
    """An update of some columns only: SQLite writes the index of every assigned column again, even if unchanged."""

    columns: tuple[str, ...]
    fits: Callable[[RowT | None, RowT], bool]
    """Whether only these columns differ from the previous row (None: unknown)."""
    values: Callable[[RowT], Row]
    """The key and these columns."""


_MEMBERS: Callable[[Any], Row] = tuple
"""The columns of a key that is a record of texts and numbers."""


@dataclass(frozen=True, slots=True)
class StoredRows(Generic[KeyT, RowT]):
    """Rows that are guarded by their revision."""

    kind: RowKind[KeyT, RowT]
    table: Table
    read: Callable[[Found], RowT]
    values: Callable[[RowT], Row] | None
    """All columns; None: the rows are only updated."""
    columns: tuple[str, ...] = ()
    """What `read` reads; empty: all columns."""
    updates: tuple[PartialUpdate[RowT], ...] = ()
    """The first update that matches the change is used. If none matches, all columns are written."""
    key: Callable[[KeyT], Row] = _MEMBERS
    """The columns of the primary key."""


@dataclass(frozen=True, slots=True)
class StoredSelection(Generic[ByT]):
    """How the rows of a selection are found."""

    selection: Selection[ByT, Any, Any] | NarrowedSelection[ByT, Any, Any]
    by: tuple[str, ...] = ()
    """The columns that equal the requested values. Empty: the rows are found by the index of tokens."""
    where: tuple[ColumnElement[bool], ...] = ()

    @property
    def kind(self) -> RowKind[Any, Any]:
        """The kind of its rows."""
        of = self.selection.of
        return of.of if isinstance(of, Selection) else of


@dataclass(frozen=True, slots=True)
class StoredRecords(Generic[RecordT]):
    """Records, all columns of each."""

    kind: RecordKind[RecordT]
    table: Table
    encoder: Callable[[], Callable[[RecordT], Row]]
    """Creates the encoder of one process."""
    after: RowKind[Any, Any] | None = None
    """Written right after the rows of this kind, because every transaction takes their locks in one order. None: after
    all rows."""


@dataclass(frozen=True, slots=True)
class StoredTally(Generic[KeyT]):
    """Numbers that are added to."""

    kind: TallyKind[KeyT]
    table: Table
    number: str
    """The column of the number."""
    values: Callable[[KeyT, int, datetime], Row]
    by: str | None = None
    """The key column by which totals are read; None: no command reads them."""


ROWS: Sequence[StoredRows[Any, Any]] = (
    StoredRows(kinds.GUARDS, tables.guard, rows.read_guard, rows.guard_values),
    StoredRows(
        kinds.BEATS,
        tables.profile,
        read=rows.read_liveness,
        values=None,
        columns=rows.LIVENESS,
        updates=(
            PartialUpdate(rows.SAME_DAY_BEAT, rows.is_same_day, rows.same_day_beat_values),
            PartialUpdate(rows.BEAT, rows.is_any, rows.beat_values),
        ),
    ),
    StoredRows(
        kinds.PROFILES,
        tables.profile,
        read=rows.read_profile,
        values=rows.profile_values,
        columns=rows.READ,
        updates=(
            PartialUpdate(rows.PATCH, rows.is_patch, rows.patch_values),
            PartialUpdate(rows.LOCALE, rows.is_locale, rows.locale_values),
            PartialUpdate(rows.STANDING, rows.is_standing, rows.standing_values),
        ),
    ),
    StoredRows(kinds.ORDERS, tables.device_order, rows.read_device_order, rows.device_order_values),
    StoredRows(
        kinds.SCHEMAS,
        tables.customer_schema,
        key=lambda tenant_id: (tenant_id,),
        read=customer_rows.read_schema,
        values=customer_rows.schema_values,
    ),
    StoredRows(kinds.CUSTOMERS, tables.customer, customer_rows.read_customer, customer_rows.customer_values),
    StoredRows(
        kinds.CUSTOMER_TOMBSTONES,
        tables.customer_tombstone,
        customer_rows.read_tombstone,
        customer_rows.tombstone_values,
    ),
    StoredRows(kinds.IMPORTS, tables.import_start, rows.read_import_start, rows.import_start_values),
    # Last: all transactions with feedback of one app write the same row and wait for it until the commit.
    StoredRows(
        kinds.FEEDBACK_LOSSES,
        tables.feedback_breaker,
        key=lambda app_id: (app_id,),
        read=rows.read_feedback_losses,
        values=rows.feedback_losses_values,
    ),
)

SELECTIONS: Sequence[StoredSelection[Any]] = (
    StoredSelection(kinds.NAMED, ("app_id", "user_id", "device_id")),
    StoredSelection(kinds.HOLDERS),
    StoredSelection(kinds.HOLDERS_ELSEWHERE),
    StoredSelection(kinds.HOLDERS_OF_USER),
    StoredSelection(kinds.CURRENT, ("app_id", "device_id"), (tables.IS_CURRENT,)),
    StoredSelection(kinds.SIGNED_IN, ("app_id", "device_id"), (tables.IS_ACTIVE,)),
    StoredSelection(kinds.RECEIVING, ("app_id", "user_id"), (tables.IS_RECEIVING,)),
    StoredSelection(kinds.OF_USER, ("app_id", "user_id")),
    StoredSelection(kinds.OF_CUSTOMER, ("app_id", "customer_id"), (tables.HAS_CUSTOMER,)),
    StoredSelection(
        kinds.MERGED_INTO, ("tenant_id", "target_id"), (tables.customer_tombstone.c.target_id.is_not(None),)
    ),
)
"""A selection that leads to other selections comes before them."""

RECORDS: Sequence[StoredRecords[Any]] = (
    StoredRecords(kinds.RAISED_GUARDS, tables.guard, lambda: rows.guard_values, after=kinds.GUARDS),
    StoredRecords(kinds.TOMBSTONES, tables.tombstone, lambda: rows.tombstone_values),
    StoredRecords(kinds.LEDGER, tables.mad_ledger, lambda: rows.ledger_values),
    StoredRecords(kinds.RECOUNTED, tables.mad_ledger, lambda: rows.ledger_values),
    StoredRecords(kinds.EVENTS, tables.event, lambda: rows.EventRows().values),
)


def _count_values(key: CountKey, number: int, _now: datetime) -> Row:
    return (key.app_id, key.status.value, key.platform.value, rows.any_shard(), number)


TALLIES: Sequence[StoredTally[Any]] = (
    StoredTally(
        kinds.ENDPOINTS,
        tables.endpoint_count,
        "endpoints",
        lambda app_id, number, _now: (app_id, rows.any_shard(), number),
        by="app_id",
    ),
    StoredTally(kinds.COUNTS, tables.profile_count, "profiles", _count_values),
    StoredTally(
        kinds.REAPED,
        tables.reaper_deletion,
        "deletions",
        lambda app_id, number, now: (app_id, times.micros(now), number),
    ),
)
"""Written last, because other transactions may wait for these rows until the commit."""
