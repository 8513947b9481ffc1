"""What the tests of the store share: a hasher, times, and a way to commit commands without the service."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from profile_grpc.domain import kinds
from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.changes import Changes, RowChanges, Write
from profile_grpc.domain.commands import AnyCommand, NewEndpoint, ProfilePatch, needs_of
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.domain.profile import Channel, Profile
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State
from profile_grpc.service.ports import Store, WriteTransaction
from profile_grpc.store import SqlStore
from profile_grpc.store.tables import hash_key, metadata

HASHER = Hasher(bytes(range(32)))
NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
DAY = timedelta(days=1)
_revisions = itertools.count(1)


def key(user: str = "ann", device: str = "phone", app: str = "shop") -> ProfileKey:
    return ProfileKey(app, user, device)


def register(profile: ProfileKey, *tokens: str, customer: str = "") -> Register:
    endpoints = tuple(NewEndpoint(PushProvider.FCM, token, "com.shop") for token in tokens)
    attributes = {"customer_id": customer} if customer else {}
    return Register(profile, ProfilePatch(push_endpoints=endpoints, attributes=attributes))


def state_of(rows: Rows, now: datetime = NOW) -> State:
    return State(rows, hasher=HASHER, now=now, fresh_revision=lambda: next(_revisions))


class Writer:
    """Decides commands and commits them in one transaction, as the service does, at a time set by hand."""

    def __init__(self, store: Store, settings: AppSettings | None = None, now: datetime = NOW) -> None:
        self.store = store
        self.settings = settings or AppSettings()
        self.now = now

    async def commit(self, *commands: AnyCommand) -> list[Any]:
        async with self.store.profiles.write() as transaction:
            results, changes = await self.decided(transaction, *commands)
            await transaction.apply(changes)
        return results

    async def decided(self, transaction: WriteTransaction, *commands: AnyCommand) -> tuple[list[Any], Changes]:
        """What the commands would write, not yet written."""
        wanted = needs_of([(command, self.settings) for command in commands])
        state = state_of(await transaction.load(wanted), self.now)
        results = [command.decide(state, self.settings) for command in commands]
        return results, state.changes()

    async def load(self, needs: Needs) -> Rows:
        async with self.store.profiles.write() as transaction:
            return await transaction.load(needs)


def profile(of: ProfileKey, **given: Any) -> Profile:
    """A profile registered now, with these fields."""
    defaults: dict[str, Any] = {
        "create_time": NOW,
        "register_time": NOW,
        "update_time": NOW,
        "mad": MadRecord(NOW, 1),
        "channels": frozenset(Channel),
        "revision": next(_revisions),
    }
    return Profile(of, **(defaults | given))


def changes(time: datetime = NOW, **written: Any) -> Changes:
    """Changes with nothing in them but what is given: writes, rows to delete, records and numbers by kind."""
    made = Changes(time, {}, {}, {})
    for name, given in written.items():
        kind = getattr(kinds, name.upper())
        match kind:
            case kinds.RowKind():
                writes = [one for one in given if isinstance(one, Write)]
                deletes = [one for one in given if not isinstance(one, Write)]
                made = replace(made, rows={**made.rows, kind: RowChanges(writes, deletes)})
            case kinds.RecordKind():
                made = replace(made, records={**made.records, kind: given})
            case _:
                made = replace(made, tallies={**made.tallies, kind: given})
    return made


async def put(store: Store, *profiles: Profile) -> None:
    """Stores profiles as they are, without guards: what the rules would not do, but the store must hold."""
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(profiles=[Write(p, None) for p in profiles]))


async def contents(store: SqlStore) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, sorted, by table; tables without rows are left out, and what opening a store writes."""
    database = store._database
    found = {
        table.name: sorted((tuple(row) for row in await database.fetch(database.prepare(select(table)))), key=repr)
        for table in metadata.sorted_tables
        if table is not hash_key
    }
    return {name: rows for name, rows in found.items() if rows}
