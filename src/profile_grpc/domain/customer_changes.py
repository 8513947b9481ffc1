"""The changes of customers, as commands (C3, C4, C7, C8).

The write path decides them by tenant, as it decides the changes of profiles by app. Each passes the barrier of
its tenant (`domain.barriers`), so that none is committed that was decided by a schema that has changed meanwhile, or
before the erasure of its customer was remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from profile_grpc.domain import customer_schema, customers
from profile_grpc.domain.barriers import CUSTOMER_CHANGES
from profile_grpc.domain.commands import OfOne
from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import (
    NO_VALUES,
    Content,
    Customer,
    CustomerEnd,
    CustomerRef,
    CustomerTombstone,
    MergedInto,
    TombstoneKey,
    Value,
)
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import Event, EventType, next_version
from profile_grpc.domain.kinds import CUSTOMER_TOMBSTONES, CUSTOMERS, EVENTS, GUARDS, MERGED_INTO, SCHEMAS
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

TOMBSTONE_RETENTION = timedelta(days=90)
"""How long the id of a merged customer answers CUSTOMER_MERGED (C7)."""


class OfCustomer(OfOne):
    """A command about one customer."""

    __slots__ = ()
    ref: CustomerRef

    @property
    def app_id(self) -> str:
        return self.ref.tenant_id


class OnlyOfCustomer(OfCustomer):
    """A command that reads one customer."""

    __slots__ = ()

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        _need(needs, self.ref)


class CustomerPatch(NamedTuple):
    """The values that a caller gives for a customer."""

    texts: Mapping[str, str | None] = MappingProxyType({})
    """By the name of the field in `Content`; None removes."""
    attributes: Mapping[str, Value] = NO_VALUES
    remove_attributes: frozenset[str] = frozenset()
    replace_attributes: bool = False
    """Whether the attributes replace all stored ones."""

    def applied(self, content: Content) -> Content:
        """The content after the patch."""
        attributes = {} if self.replace_attributes else dict(content.attributes)
        attributes.update(self.attributes)
        for name in self.remove_attributes:
            attributes.pop(name, None)
        texts: dict[str, str | None] = {**self.texts}
        return content._replace(attributes=MappingProxyType(attributes), **texts)


@dataclass(frozen=True, slots=True)
class CreateCustomer(OnlyOfCustomer):
    """Create a customer (C4)."""

    ref: CustomerRef
    content: Content

    def decide(self, state: State, _settings: AppSettings) -> Customer:
        """Creates the customer; a repetition answers the stored one.

        Raises:
            Refused: CUSTOMER_ALREADY_EXISTS, CUSTOMER_MERGED, INVALID_ATTRIBUTE.
        """
        stored = _find(state, self.ref)
        _check(state, self.ref, self.content.attributes)
        if stored is None:
            return _create(state, self.ref, self.content)
        if stored.content != self.content:
            raise Refused(Reason.CUSTOMER_ALREADY_EXISTS, "There is another customer with this id; update that one.")
        return stored


@dataclass(frozen=True, slots=True)
class UpdateCustomer(OnlyOfCustomer):
    """Change a customer (C4)."""

    ref: CustomerRef
    patch: CustomerPatch
    etag: str = ""
    allow_missing: bool = False

    def decide(self, state: State, _settings: AppSettings) -> Customer:
        """Changes the customer, or creates it if it may be missing.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, ETAG_MISMATCH, INVALID_ATTRIBUTE.
        """
        stored = _find(state, self.ref)
        if stored is None and not self.allow_missing:
            raise customers.not_found()
        if stored is not None and self.etag and self.etag != stored.etag:
            raise Refused(
                Reason.ETAG_MISMATCH, "The customer has changed since it was read; read it again, then repeat."
            )
        # A value is ignored whose name in the mask is misspelt: that must not look like success (C3).
        customer_schema.check_names(schema_of(state, self.ref.tenant_id), self.patch.remove_attributes)
        if stored is None:
            return _create(state, self.ref, self.patch.applied(Content()))
        # Before they are compared with what is stored: 1, 1.0 and true are equal there.
        _check(state, self.ref, self.patch.attributes)
        content = self.patch.applied(stored.content)
        return stored if content == stored.content else _change(state, stored, content)


@dataclass(frozen=True, slots=True)
class ImportCustomer(OnlyOfCustomer):
    """Import one customer (I1): its values replace the stored ones, and stored values that it lacks are kept."""

    ref: CustomerRef
    patch: CustomerPatch
    create_time: datetime | None = None
    """In the system that it comes from; None: not known. A later time than now counts as now."""

    def decide(self, state: State, _settings: AppSettings) -> Imported:
        """Creates or changes the customer; one that has the values already is not changed (I2), nor is one that was
        deleted here (docs/adr/0098).

        Raises:
            Refused: CUSTOMER_MERGED, INVALID_ATTRIBUTE.
        """
        stored = _find(state, self.ref)
        created = min(self.create_time or state.now, state.now)
        if stored is None:
            gone = state.row(CUSTOMER_TOMBSTONES, self.ref.tombstone)
            if gone is not None and self._has_ended(gone):
                return Imported(ImportOutcome.UNCHANGED)
            _create(state, self.ref, self.patch.applied(Content()), created)
            return Imported(ImportOutcome.CREATED)
        _check(state, self.ref, self.patch.attributes)
        content = self.patch.applied(stored.content)
        if content == stored.content and created >= stored.create_time:
            return Imported(ImportOutcome.UNCHANGED)
        _change(state, stored._replace(create_time=min(created, stored.create_time)), content)
        return Imported(ImportOutcome.UPDATED)

    def _has_ended(self, gone: CustomerTombstone) -> bool:
        """Whether this customer was deleted here since its creation there; if its time is not known, it was. An erased
        person comes back by no import (C8).
        """
        is_erased = gone.reason is CustomerEnd.ERASED
        return is_erased or self.create_time is None or gone.delete_time >= self.create_time


@dataclass(frozen=True, slots=True)
class DeleteCustomer(OnlyOfCustomer):
    """Delete a customer whose profiles are unlinked (C4)."""

    ref: CustomerRef
    allow_missing: bool = False

    def decide(self, state: State, _settings: AppSettings) -> bool:
        """Deletes the customer. False: it was missing.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, unless the command allows it; CUSTOMER_MERGED.
        """
        stored = _find(state, self.ref)
        if stored is None:
            if not self.allow_missing:
                raise customers.not_found()
            return False
        _end(state, stored, self.ref.tombstone, CustomerEnd.DELETED)
        return True


@dataclass(frozen=True, slots=True)
class MergeCustomers(OfCustomer):
    """Merge a customer into another one (C7)."""

    ref: CustomerRef
    """The source."""
    target: CustomerRef

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        _need(needs, self.ref)
        _need(needs, self.target)
        needs.add(MERGED_INTO, MergedInto(self.ref.tenant_id, self.ref.customer_id))

    def decide(self, state: State, _settings: AppSettings) -> Customer:
        """Fills the target from the source, and deletes the source. A repetition answers the target.

        Raises:
            Refused: CUSTOMER_NOT_FOUND, CUSTOMER_MERGED.
        """
        done = merge_target(state.row(CUSTOMER_TOMBSTONES, self.ref.tombstone), state)
        target = _find(state, self.target)
        if target is None:
            raise customers.not_found()
        if done == self.target.customer_id:
            return target
        source = _find(state, self.ref)
        if source is None:
            raise customers.not_found()
        content = customers.merged(target.content, source.content)
        _end(state, source, self.ref.tombstone, CustomerEnd.MERGED, self.target.customer_id)
        for earlier in state.select(MERGED_INTO, MergedInto(self.ref.tenant_id, self.ref.customer_id)):
            moved = earlier._replace(target_id=self.target.customer_id, revision=state.fresh_revision())
            state.put_row(CUSTOMER_TOMBSTONES, moved)
        if content != target.content:
            return _change(state, target, content)
        # Written all the same: an erasure of the target that commits first makes this conflict.
        kept = target._replace(revision=state.fresh_revision())
        state.put_row(CUSTOMERS, kept)
        return kept


class Forgotten(NamedTuple):
    """What an erasure removed of a tenant's customers."""

    customers: int
    merged: int
    """Customers that had been merged into it."""


class _OfErasure(OfCustomer):
    """A step of the erasure of a customer."""

    __slots__ = ()

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        _need(needs, self.ref)
        needs.add(MERGED_INTO, MergedInto(self.ref.tenant_id, self.ref.customer_id))

    def merged(self, state: State) -> list[CustomerTombstone]:
        """What remains of the customers that were merged into this one."""
        return state.select(MERGED_INTO, MergedInto(self.ref.tenant_id, self.ref.customer_id))


@dataclass(frozen=True, slots=True)
class RememberCustomerErasure(_OfErasure):
    """Leave a tombstone of a customer, before anything is erased, so that no import brings the person back (C8)."""

    ref: CustomerRef

    def decide(self, state: State, _settings: AppSettings) -> None:
        """Leaves it, or begins its retention anew: also of a customer that only profiles named (C5), or that was
        deleted before. Tombstones of customers that were merged into this one become the same, and keep its id.

        Raises:
            Refused: CUSTOMER_MERGED: the person is stored under another id.
        """
        stored = _find(state, self.ref)
        gone = state.row(CUSTOMER_TOMBSTONES, self.ref.tombstone)
        version = stored.version if stored is not None else 0 if gone is None else gone.version
        left = CustomerTombstone(self.ref.tombstone, CustomerEnd.ERASED, state.now, version)
        merged = [one._replace(reason=CustomerEnd.ERASED, delete_time=state.now) for one in self.merged(state)]
        for one in (left, *merged):
            state.put_row(CUSTOMER_TOMBSTONES, one._replace(revision=state.fresh_revision()))
        # A creation that was decided before, and commits later, would be found by nobody.
        state.bump(CUSTOMER_CHANGES.guard(*self.ref.key))


@dataclass(frozen=True, slots=True)
class ForgetCustomer(_OfErasure):
    """Erase a customer whose profiles are erased (C8)."""

    ref: CustomerRef

    def decide(self, state: State, _settings: AppSettings) -> Forgotten | None:
        """Deletes the customer and its id, also where it is the target of a merge. The tombstone remains.

        None, and nothing has changed: since the erasure was remembered, the customer was created, deleted or the target
        of a merge. What an import has brought meanwhile is to be erased, too.

        Raises:
            Refused: CUSTOMER_MERGED: the person is stored under another id.
        """
        stored = _find(state, self.ref)
        merged = self.merged(state)
        remembered = [state.row(CUSTOMER_TOMBSTONES, self.ref.tombstone), *merged]
        if not all(gone is not None and gone.reason is CustomerEnd.ERASED for gone in remembered):
            return None
        for one in merged:
            state.put_row(CUSTOMER_TOMBSTONES, one._replace(target_id=None, revision=state.fresh_revision()))
        if stored is not None:
            _end(state, stored, self.ref.tombstone, CustomerEnd.ERASED)
        return Forgotten(0 if stored is None else 1, len(merged))


@dataclass(frozen=True, slots=True)
class RewriteCustomers:
    """Remove the values that the schema no longer has from stored customers (C2)."""

    tenant_id: str
    refs: tuple[CustomerRef, ...]

    @property
    def app_id(self) -> str:
        return self.tenant_id

    @property
    def size(self) -> int:
        return len(self.refs)

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        for ref in self.refs:
            _need(needs, ref)

    def decide(self, state: State, _settings: AppSettings) -> int:
        """Rewrites those with such values; returns how many."""
        schema = schema_of(state, self.tenant_id)
        rewritten = 0
        for ref in self.refs:
            stored = state.row(CUSTOMERS, ref.key)
            if stored is not None and (after := customer_schema.shown(schema, stored)) is not stored:
                _change(state, stored, after.content)
                rewritten += 1
        return rewritten


def merge_target(tombstone: CustomerTombstone | None, state: State) -> str | None:
    """The customer that this one was merged into, for as long as that is remembered (C7)."""
    if tombstone is None or state.now - tombstone.delete_time > TOMBSTONE_RETENTION:
        return None
    return tombstone.target_id


def _need(needs: Needs, ref: CustomerRef) -> None:
    needs.add(GUARDS, CUSTOMER_CHANGES.guard(ref.tenant_id, ref.customer_id))
    needs.add(SCHEMAS, ref.tenant_id)
    needs.add(CUSTOMERS, ref.key)
    needs.add(CUSTOMER_TOMBSTONES, ref.tombstone)


def schema_of(state: State, tenant_id: str) -> CustomerSchema:
    """The tenant's schema; empty, if it has none."""
    return state.row(SCHEMAS, tenant_id) or CustomerSchema(tenant_id)


def _check(state: State, ref: CustomerRef, values: Mapping[str, Value]) -> None:
    customer_schema.check_values(schema_of(state, ref.tenant_id), values, state.now)


def _find(state: State, ref: CustomerRef) -> Customer | None:
    """The customer as it is shown, or None.

    Raises:
        Refused: CUSTOMER_MERGED.
    """
    stored = state.row(CUSTOMERS, ref.key)
    if stored is not None:
        return customer_schema.shown(schema_of(state, ref.tenant_id), stored)
    target = merge_target(state.row(CUSTOMER_TOMBSTONES, ref.tombstone), state)
    if target is not None:
        raise customers.was_merged(target)
    return None


def _create(state: State, ref: CustomerRef, content: Content, create_time: datetime | None = None) -> Customer:
    tombstone = state.row(CUSTOMER_TOMBSTONES, ref.tombstone)
    customer = Customer(
        ref.key,
        create_time=create_time or state.now,
        update_time=state.now,
        content=content,
        schema_version=0,
        version=0 if tombstone is None else tombstone.version,
    )
    stored = _put(state, customer, EventType.CUSTOMER_CREATED)
    if tombstone is not None:
        state.drop_row(CUSTOMER_TOMBSTONES, ref.tombstone)
    return stored


def _change(state: State, stored: Customer, content: Content) -> Customer:
    return _put(state, stored._replace(content=content, update_time=state.now), EventType.CUSTOMER_UPDATED)


def _put(state: State, customer: Customer, what: EventType) -> Customer:
    """Stores the customer, checked by the present schema, and leaves an event."""
    schema = schema_of(state, customer.key.tenant_id)
    customer_schema.check_values(schema, customer.content.attributes, state.now)
    CUSTOMER_CHANGES.let_pass(state, *customer.key)
    stored = customer._replace(
        schema_version=schema.version, version=next_version(customer.version), revision=state.fresh_revision()
    )
    state.put_row(CUSTOMERS, stored)
    state.add_record(EVENTS, _event(state, what, stored))
    return stored


def _end(
    state: State, stored: Customer, tombstone: TombstoneKey, reason: CustomerEnd, target_id: str | None = None
) -> None:
    """Deletes the customer; what remains is a tombstone, and an event."""
    gone = stored._replace(version=next_version(stored.version))
    CUSTOMER_CHANGES.let_pass(state, *stored.key)
    state.drop_row(CUSTOMERS, stored.key)
    left = CustomerTombstone(tombstone, reason, state.now, gone.version, target_id, state.fresh_revision())
    state.put_row(CUSTOMER_TOMBSTONES, left)
    state.add_record(EVENTS, _event(state, EventType.CUSTOMER_DELETED, gone, reason))


def _event(state: State, what: EventType, customer: Customer, reason: str = "") -> Event:
    tenant_id, customer_id = customer.key
    shown_id = "" if reason == CustomerEnd.ERASED else customer_id  # an erased person's id stays nowhere (C8)
    return Event(
        what, "", state.now, reason=reason, customer_id=shown_id, version=customer.version, tenant_id=tenant_id
    )
