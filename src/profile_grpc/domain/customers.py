"""Customers: the people behind the profiles of a tenant's apps (C1, C4, C7)."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from profile_grpc.domain.errors import Reason, Refused, invalid

Value: TypeAlias = str | int | float | bool | date | datetime
"""The value of an attribute. `datetime` is an instant (UTC), `date` a day."""

NO_VALUES: Mapping[str, Value] = MappingProxyType({})

MAX_EMAIL = 254
"""Bytes."""
_EMAIL = re.compile(r"[^\s\x00-\x1f\x7f@]+@[^\s\x00-\x1f\x7f@]+\Z")


class CustomerId(NamedTuple):
    """The identity of a customer: an id within a tenant."""

    tenant_id: str
    customer_id: str


class TombstoneKey(NamedTuple):
    """The key under which a customer that was deleted is remembered."""

    tenant_id: str
    customer_hash: str


class CustomerRef(NamedTuple):
    """A customer as a command names it, with the keyed hash of its id."""

    tenant_id: str
    customer_id: str
    customer_hash: str

    @property
    def key(self) -> CustomerId:
        return CustomerId(self.tenant_id, self.customer_id)

    @property
    def tombstone(self) -> TombstoneKey:
        return TombstoneKey(self.tenant_id, self.customer_hash)


class Content(NamedTuple):
    """What callers write of a customer. None: nothing is known."""

    name: str | None = None
    email: str | None = None
    """Normalised."""
    msisdn: str | None = None
    """E.164."""
    attributes: Mapping[str, Value] = NO_VALUES


TEXTS = ("name", "email", "msisdn")
"""The fields of `Content` that every customer has."""


class Customer(NamedTuple):
    """A customer, as stored."""

    key: CustomerId
    create_time: datetime
    update_time: datetime
    content: Content
    schema_version: int
    """The version of the tenant's schema by which the attributes were written (C2)."""
    version: int = 0
    """How many of its changes left an event (E2)."""
    revision: int = 0

    @property
    def etag(self) -> str:
        return format(self.revision, "x")


class CustomerEnd(enum.StrEnum):
    """Why a customer is gone."""

    DELETED = "DELETED"
    MERGED = "MERGED"
    ERASED = "ERASED"


class CustomerTombstone(NamedTuple):
    """What remains of a customer for 90 days: found by the keyed hash of its id."""

    key: TombstoneKey
    reason: CustomerEnd
    delete_time: datetime
    version: int
    """The customer's version after its deletion, with which a new one goes on (E2)."""
    target_id: str | None = None
    """The customer that it was merged into (C7)."""
    revision: int = 0


class MergedInto(NamedTuple):
    """The customers that were merged into one."""

    tenant_id: str
    target_id: str


def email(text: str, field: str) -> str:
    """The e-mail address with its domain in lower case (C1).

    Raises:
        Refused: INVALID_REQUEST: it is none. The text of the error does not contain it.
    """
    stripped = text.strip()
    if len(stripped.encode()) > MAX_EMAIL or not _EMAIL.match(stripped):
        raise invalid(field, "must be an e-mail address: local@domain")
    local, _, domain = stripped.rpartition("@")
    return f"{local}@{domain.lower()}"


def merged(target: Content, source: Content) -> Content:
    """What remains of both: the target's values win, the source fills what the target lacks (C7)."""
    return Content(
        name=source.name if target.name is None else target.name,
        email=source.email if target.email is None else target.email,
        msisdn=source.msisdn if target.msisdn is None else target.msisdn,
        attributes=MappingProxyType({**source.attributes, **target.attributes}),
    )


def not_found(*, referred: bool = False) -> Refused:
    """There is no such customer. `referred`: the call is about something else, which refers to it (C5)."""
    return Refused(
        Reason.CUSTOMER_NOT_FOUND,
        "The app requires a known customer; create the customer first." if referred else "There is no such customer.",
        is_precondition=referred,
    )


def was_merged(target_id: str) -> Refused:
    """The customer was merged into another one (C7)."""
    message = f"The customer was merged into {target_id!r}; use that id."
    return Refused(Reason.CUSTOMER_MERGED, message, metadata={"customer_id": target_id})
