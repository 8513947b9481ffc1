"""The kinds of row that commands read and change: each is declared here, once.

The rules, `Needs`, `State` and `Changes` take a kind as it is declared here and list none themselves. How the rows of
a kind are stored is declared once as well, in `store.kinds`. To add a kind: its record, its declaration here, its table
and its declaration there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from profile_grpc.domain.billing import LedgerEntry
from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import Customer, CustomerId, CustomerTombstone, MergedInto, TombstoneKey
from profile_grpc.domain.deletion_records import Tombstone
from profile_grpc.domain.events import Event
from profile_grpc.domain.feedback_losses import FeedbackLosses
from profile_grpc.domain.import_start import ImportKey, ImportStart
from profile_grpc.domain.keys import (
    CustomerKey,
    DeviceKey,
    Guard,
    GuardKey,
    ProfileKey,
    Token,
    TokenElsewhere,
    TokenOfUser,
    UserKey,
)
from profile_grpc.domain.ordered_calls import DeviceOrder
from profile_grpc.domain.profile import CountKey, Liveness, Profile


class Row(Protocol):
    """A stored row: it has a key and a revision."""

    @property
    def key(self) -> Hashable: ...
    @property
    def revision(self) -> int: ...


RowT = TypeVar("RowT", bound=Row)
KeyT = TypeVar("KeyT", bound=Hashable)
ByT = TypeVar("ByT", bound=Hashable)
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, eq=False, slots=True)
class RowPart(Generic[RowT]):
    """Declares that a row is a part of another kind's row. It is read and written separately, because often only this
    part is needed.
    """

    whole: RowKind[Any, Any]
    take: Callable[[Any], RowT]
    """The part of a row."""
    give: Callable[[Any, RowT], Any]
    """The row with its part replaced."""


@dataclass(frozen=True, eq=False, slots=True)
class RowKind(Generic[KeyT, RowT]):
    """Rows that are requested by their key. A change is refused if the row has changed since it was read."""

    name: str
    part_of: RowPart[RowT] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Selection(Generic[ByT, KeyT, RowT]):
    """Rows of a kind that are requested together, by a common value.

    A rule requests only the rows that it may change, and only these are read (R14).
    """

    name: str
    of: RowKind[KeyT, RowT]
    by: Callable[[RowT], Iterable[ByT]]
    """The values by which a row is found."""
    also_loads: AlsoLoads[RowT] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class AlsoLoads(Generic[RowT]):
    """The rows that are loaded with each row that is found."""

    to: Selection[Any, Any, Any]
    by: Callable[[RowT], Iterable[Hashable]]


@dataclass(frozen=True, eq=False, slots=True)
class NarrowedSelection(Generic[ByT, KeyT, RowT]):
    """A part of a selection, for a rule that needs only this part. The rule reads it like the selection."""

    name: str
    of: Selection[Any, KeyT, RowT]
    matches: Callable[[RowT, ByT], bool]


@dataclass(frozen=True, eq=False, slots=True)
class RecordKind(Generic[RecordT]):
    """Rows that a change adds. No command changes them afterwards."""

    name: str
    key: Callable[[RecordT], Hashable] | None
    """The key of a record; None: every record is new."""
    replaces: bool = False
    """Whether a record replaces an existing one with the same key. Otherwise that is a conflict."""


@dataclass(frozen=True, eq=False, slots=True)
class TallyKind(Generic[KeyT]):
    """Numbers by key, to which a change adds. The values that were read may be outdated when the change is written."""

    name: str


# --- rows ---

GUARDS: RowKind[GuardKey, Guard] = RowKind("guard")
"""The guards of devices, users and tokens. They detect concurrent decisions about their profiles."""

PROFILES: RowKind[ProfileKey, Profile] = RowKind("profile")
"""Whole profiles. A missing one is loaded with its history."""

BEATS: RowKind[ProfileKey, Liveness] = RowKind(
    "beat",
    RowPart(
        PROFILES,
        take=lambda profile: profile.liveness,
        give=lambda profile, beat: profile._replace(
            last_heartbeat_time=beat.last_heartbeat_time, mad=beat.mad, revision=beat.revision
        ),
    ),
)
"""What a heartbeat reads and writes of a profile (H1)."""

ORDERS: RowKind[DeviceKey, DeviceOrder] = RowKind("device_order")
"""The order of calls on devices, and of account removals (R13). Loaded with the profiles, see `Needs.orders`."""

IMPORTS: RowKind[ImportKey, ImportStart] = RowKind("import_start")
"""When imports began (I1)."""

FEEDBACK_LOSSES: RowKind[str, FeedbackLosses] = RowKind("feedback_breaker")
"""The endpoints that each app lost to push feedback (F8)."""

SCHEMAS: RowKind[str, CustomerSchema] = RowKind("customer_schema")
"""Which attributes each tenant's customers may have (C2)."""

CUSTOMERS: RowKind[CustomerId, Customer] = RowKind("customer")
"""The customers of tenants (C1)."""

CUSTOMER_TOMBSTONES: RowKind[TombstoneKey, CustomerTombstone] = RowKind("customer_tombstone")
"""What remains of customers that were deleted, merged or erased (C7)."""

# --- selections ---


HOLDERS: Selection[Token, ProfileKey, Profile] = Selection("holders", PROFILES, by=lambda profile: profile.tokens)
"""The profiles that hold a push token."""

HOLDERS_ELSEWHERE: NarrowedSelection[TokenElsewhere, ProfileKey, Profile] = NarrowedSelection(
    "holders elsewhere",
    HOLDERS,
    matches=lambda profile, wanted: (
        profile.key.device_id != wanted.device_id and Token(wanted.app_id, wanted.token) in profile.tokens
    ),
)
"""The holders on other devices, from which a registration takes the token (R4)."""

HOLDERS_OF_USER: NarrowedSelection[TokenOfUser, ProfileKey, Profile] = NarrowedSelection(
    "holders of a user",
    HOLDERS,
    matches=lambda profile, wanted: (
        profile.key.user_id == wanted.user_id and Token(wanted.app_id, wanted.token) in profile.tokens
    ),
)
"""The holders that belong to one user (X3)."""

NAMED: Selection[ProfileKey, ProfileKey, Profile] = Selection(
    "named",
    PROFILES,
    by=lambda profile: (profile.key,),
    also_loads=AlsoLoads(HOLDERS, by=lambda profile: profile.tokens),
)
"""A profile, and every other that holds one of its tokens (F5)."""

SIGNED_IN: Selection[DeviceKey, ProfileKey, Profile] = Selection(
    "signed in", PROFILES, by=lambda profile: (profile.key.device,) if profile.signed_in else ()
)
"""The registered profiles of a device (R6)."""

CURRENT: Selection[DeviceKey, ProfileKey, Profile] = Selection(
    "current",
    PROFILES,
    by=lambda profile: (profile.key.device,) if profile.current else (),
)
"""The profile of the device's ACTIVE user (R5)."""

RECEIVING: Selection[UserKey, ProfileKey, Profile] = Selection(
    "receiving",
    PROFILES,
    by=lambda profile: (profile.key.user,) if profile.receiving else (),
)
"""The user's registered profiles whose push is not superseded (R7)."""

OF_USER: Selection[UserKey, ProfileKey, Profile] = Selection(
    "of a user", PROFILES, by=lambda profile: (profile.key.user,)
)
"""Every profile of a user (D2)."""

OF_CUSTOMER: Selection[CustomerKey, ProfileKey, Profile] = Selection(
    "of a customer", PROFILES, by=lambda profile: () if profile.customer is None else (profile.customer,)
)
"""Every profile linked with a customer (D2)."""

MERGED_INTO: Selection[MergedInto, TombstoneKey, CustomerTombstone] = Selection(
    "merged into",
    CUSTOMER_TOMBSTONES,
    by=lambda gone: () if gone.target_id is None else (MergedInto(gone.key.tenant_id, gone.target_id),),
)
"""What remains of the customers that were merged into one (C7)."""

# --- records ---

RAISED_GUARDS: RecordKind[Guard] = RecordKind("guard", key=lambda guard: guard.key, replaces=True)
"""Guards of barriers that are raised: they get a new revision whatever theirs is, so two raises do not conflict."""

TOMBSTONES: RecordKind[Tombstone] = RecordKind("tombstone", key=lambda t: (t.app_id, t.profile_hash), replaces=True)
"""What remains of deleted profiles (D3)."""

LEDGER: RecordKind[LedgerEntry] = RecordKind("mad_ledger", key=lambda e: (e.app_id, e.profile_hash, e.number))
"""Counted monthly active devices (M1). If the number of a count is taken, another process counted at the same time
(M4)."""

RECOUNTED: RecordKind[LedgerEntry] = RecordKind(
    "mad_ledger", key=lambda e: (e.app_id, e.profile_hash, e.number), replaces=True
)
"""Counts whose time was in the future (Terms)."""

EVENTS: RecordKind[Event] = RecordKind("event", key=None)
"""Changes that matter to others."""

# --- tallies ---

COUNTS: TallyKind[CountKey] = TallyKind("profile_count")
"""How many profiles are stored."""

REAPED: TallyKind[str] = TallyKind("reaper_deletion")
"""Deletions for inactivity, by app (P6)."""

ENDPOINTS: TallyKind[str] = TallyKind("endpoint_count")
"""How many endpoints of an app have a token, in each profile that holds it (F8)."""
