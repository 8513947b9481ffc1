"""Every kind of row that the domain declares is declared to the store, once, and no command can write another."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import UniqueConstraint

from profile_grpc.domain import kinds as declared
from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.ordered_calls import CallMethod, OrderedCall
from profile_grpc.domain.profile import (
    Attributes,
    Channel,
    DeviceAttribute,
    Platform,
    Profile,
    ProfileStatus,
    PushPermission,
    UnregisterReason,
    UserState,
)
from profile_grpc.domain.push_endpoints import PushEndpoint, PushProvider, PushPurpose
from profile_grpc.store import kinds as stored
from profile_grpc.store import rows, tables
from tests.support.domain import T0


def of(kind: Any) -> set[Any]:
    return {value for value in vars(declared).values() if isinstance(value, kind)}


def test_every_kind_has_one_declaration_in_the_store() -> None:
    for kind, found in (
        (declared.RowKind, [one.kind for one in stored.ROWS]),
        (declared.Selection | declared.NarrowedSelection, [one.selection for one in stored.SELECTIONS]),
        (declared.RecordKind, [one.kind for one in stored.RECORDS]),
        (declared.TallyKind, [one.kind for one in stored.TALLIES]),
    ):
        assert set(found) == of(kind)
        assert len(found) == len(set(found))


def test_every_table_of_a_kind_is_spread_by_a_column_of_its_unique_keys() -> None:
    spread = dict(tables.DISTRIBUTED)
    for table, column in spread.items():
        assert column in table.primary_key.columns
        unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
        assert all(column in one.columns for one in unique)
        assert all(column in index.columns for index in table.indexes if index.unique)
    written = {one.table for one in stored.ROWS} | {one.table for one in stored.RECORDS}
    assert written | {one.table for one in stored.TALLIES} <= spread.keys()


def test_a_row_is_read_from_the_columns_that_it_is_written_to() -> None:
    for one in stored.ROWS:
        assert set(one.columns) <= set(one.table.c.keys())
        for update in one.updates:
            assert set(update.columns) <= set(one.table.c.keys()) - set(one.table.primary_key.columns.keys())
            assert "revision" in update.columns


LATER = T0 + timedelta(days=1)
BEFORE = Profile(
    ProfileKey("shop", "ann", "phone"), T0, T0, T0, MadRecord(T0, 1), frozenset({Channel.PUSH, Channel.IN_APP})
)
CHANGES: dict[str, Any] = {
    "create_time": LATER,
    "register_time": LATER,
    "update_time": LATER,
    "mad": MadRecord(LATER, 2, LATER),
    "channels": frozenset({Channel.PUSH}),
    "status": ProfileStatus.UNREGISTERED,
    "user_state": UserState.INACTIVE,
    "platform": Platform.IOS,
    "push_endpoints": (PushEndpoint(PushProvider.FCM, "token", "app", PushPurpose.DEFAULT, T0),),
    "push_permission": PushPermission.DENIED,
    "push_superseded": True,
    "last_heartbeat_time": LATER,
    "unregister_time": LATER,
    "unregister_reason": UnregisterReason.CLIENT,
    "last_call": OrderedCall(1, CallMethod.REGISTER),
    "revision": 1,
    "version": 1,
}
ATTRIBUTES: dict[str, Any] = {
    **dict.fromkeys(Attributes._fields, "1.2"),
    **dict.fromkeys(("verified", "guest", "foreground"), True),
    "last_opened_time": LATER,
    "device_attributes": {"battery_level": DeviceAttribute("85", T0)},
    "custom_attributes": {"tier": "gold"},
}


def changed(name: str) -> Profile:
    if name in CHANGES:
        return BEFORE._replace(**{name: CHANGES[name]})
    return BEFORE._replace(attributes=BEFORE.attributes._replace(**{name: ATTRIBUTES[name]}))


def written(after: Profile) -> set[str]:
    """The columns that the store writes where `BEFORE` becomes this profile."""
    [declaration] = [one for one in stored.ROWS if one.kind is declared.PROFILES]
    every = set(declaration.table.c.keys())
    return next((set(one.columns) for one in declaration.updates if one.fits(BEFORE, after)), every)


@pytest.mark.parametrize("name", [*CHANGES, *ATTRIBUTES])
def test_a_change_of_a_profile_is_written_whole(name: str) -> None:
    assert {"key", "attributes"}.union(CHANGES) == set(Profile._fields)
    names = list(tables.profile.c.keys())
    pairs = zip(names, rows.profile_values(BEFORE), rows.profile_values(changed(name)), strict=True)
    differ = {column for column, before, after in pairs if before != after}
    assert differ
    assert differ <= written(changed(name))


def test_a_change_of_language_or_time_zone_writes_no_other_column_with_an_index() -> None:
    of_indexes = {column.name for index in tables.profile.indexes for column in index.columns}
    for name in ("language", "time_zone"):
        assert written(changed(name)) & of_indexes == {"language", "time_zone"}
    assert not written(changed("sdk_version")) & of_indexes
