"""The changes of the schema of a tenant's customers, as commands (C2).

A change that stored customers may not fit is made in three steps: it begins, and from then on nobody writes what would
not fit it; the stored customers are looked at; then it is adopted or withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from profile_grpc.domain import customer_schema
from profile_grpc.domain.barriers import CUSTOMER_CHANGES
from profile_grpc.domain.commands import OfOne
from profile_grpc.domain.customer_changes import schema_of
from profile_grpc.domain.customer_schema import Change, CustomerSchema, SchemaAttribute
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.kinds import SCHEMAS
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State


class OfSchema(OfOne):
    """A command about the schema of a tenant."""

    __slots__ = ()
    tenant_id: str

    @property
    def app_id(self) -> str:
        return self.tenant_id

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(SCHEMAS, self.tenant_id)


@dataclass(frozen=True, slots=True)
class BeginChange(OfSchema):
    """Begin to check a change against the stored customers."""

    tenant_id: str
    attributes: tuple[SchemaAttribute, ...]
    version: int
    """The version of the schema that it changes."""

    def decide(self, state: State, _settings: AppSettings) -> Change:
        """From now on, customers are written only with values that fit the change too.

        Raises:
            Refused: ETAG_MISMATCH; CONFLICT: another change is being checked.
        """
        schema = _of_version(state, self.tenant_id, self.version)
        if customer_schema.pending(schema, state.now) is not None:
            raise Refused(Reason.CONFLICT, "Another change of the schema is being checked; try again in a few seconds.")
        change = Change(customer_schema.succeed(schema, self.attributes), state.now)
        _put(state, schema._replace(change=change))
        return change


@dataclass(frozen=True, slots=True)
class AdoptSchema(OfSchema):
    """Make a change that stored customers fit, or whose misfits are to be dropped."""

    tenant_id: str
    attributes: tuple[SchemaAttribute, ...]
    version: int
    begin_time: datetime | None = None
    """Of the change that was checked; None: no check was needed."""

    def decide(self, state: State, _settings: AppSettings) -> CustomerSchema:
        """Stores the schema with the next version.

        Raises:
            Refused: ETAG_MISMATCH; CONFLICT: the check was given up, or another one has begun.
        """
        schema = _of_version(state, self.tenant_id, self.version)
        change = customer_schema.pending(schema, state.now)
        if (None if change is None else change.begin_time) != self.begin_time:
            raise Refused(Reason.CONFLICT, "Another change of the schema is being checked; try again in a few seconds.")
        attributes = customer_schema.succeed(schema, self.attributes)
        return _put(
            state,
            schema._replace(version=schema.version + 1, attributes=attributes, update_time=state.now, change=None),
        )


@dataclass(frozen=True, slots=True)
class WithdrawChange(OfSchema):
    """End the check of a change that is not made."""

    tenant_id: str
    begin_time: datetime

    def decide(self, state: State, _settings: AppSettings) -> None:
        """Ends it, if it is still the one that is being checked."""
        schema = schema_of(state, self.tenant_id)
        if schema.change is not None and schema.change.begin_time == self.begin_time:
            _put(state, schema._replace(change=None))


def _of_version(state: State, tenant_id: str, version: int) -> CustomerSchema:
    schema = schema_of(state, tenant_id)
    if schema.version != version:
        raise Refused(Reason.ETAG_MISMATCH, "The schema has changed since it was read; read it again, then repeat.")
    return schema


def _put(state: State, schema: CustomerSchema) -> CustomerSchema:
    stored = schema._replace(revision=state.fresh_revision())
    state.put_row(SCHEMAS, stored)
    CUSTOMER_CHANGES.raise_for(state, schema.tenant_id)
    return stored
