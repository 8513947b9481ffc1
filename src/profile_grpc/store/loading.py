"""Loads what a batch needs: one statement for each kind of row, and none where nothing is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    DeletionReason,
    DeviceKey,
    History,
    MadRecord,
    Profile,
    ProfileKey,
    TokenGuard,
    TokenRef,
    Tombstone,
)
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.store import rows, statements, tables, times
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Found, Prepared, Row

_PROFILE = [column.name for column in tables.profile.c]


class Loader:
    """Loads `Rows` in a transaction."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._hasher = hasher
        profile = tables.profile

        def profiles(*by: str) -> Prepared:
            where = [tables.HAS_CUSTOMER] if "customer_id" in by else []
            return statements.lookup(database, profile, by, _PROFILE, *where)

        self.by_key = profiles("app_id", "user_id", "device_id")
        self._by_device = profiles("app_id", "device_id")
        self._by_user = profiles("app_id", "user_id")
        self._by_customer = profiles("app_id", "customer_id")
        self._beats = statements.lookup(database, profile, ["app_id", "user_id", "device_id"], rows.LIVENESS)
        self._guards = statements.lookup(database, tables.guard, ["key"], [c.name for c in tables.guard.c])
        self._tokens = statements.lookup(
            database, tables.push_token, ["app_id", "token_hash"], [c.name for c in tables.push_token.c]
        )
        # Two statements, not one with outer joins: for these Citus would fetch both tables whole.
        self._tombstones, self._ledger = (
            statements.lookup(database, table, ["app_id", "profile_hash"], [c.name for c in table.c])
            for table in (tables.tombstone, tables.mad_ledger)
        )

    async def load(self, session: Session, needs: Needs) -> Rows:
        """The rows of `needs`. Guards come first: whoever changes a profile between the reads changes its guards."""
        guards = await _fetch(session, self._guards, [(key,) for key in needs.guards])
        tokens = await self._load_tokens(session, needs.tokens)
        devices = needs.devices | {DeviceKey(guard.key.app_id, guard.device_id) for guard in tokens}
        found: dict[ProfileKey, Profile] = {}
        for statement, wanted in (
            (self._by_device, devices),
            (self._by_user, needs.users),
            (self._by_customer, needs.customers),
        ):
            found |= await self._load_profiles(session, statement, wanted)
        # A profile that comes with its device or its user need not be asked for by its own key.
        asked = (needs.profiles | needs.patched) - found.keys()
        alone = {key for key in asked if key.device not in devices and key.user not in needs.users}
        by_key = await self._load_profiles(session, self.by_key, alone)
        found |= by_key
        kept = by_key.keys() - needs.profiles
        held = {
            self._hasher.token(key.app_id, e.token)
            for key, profile in found.items()
            if key not in kept
            for e in profile.push_endpoints
            if e.token
        }
        tokens += await self._load_tokens(session, held - needs.tokens)
        beats = [rows.read_liveness(row) for row in await _fetch(session, self._beats, needs.beats - found.keys())]
        missing = (asked | needs.beats) - found.keys() - {beat.key for beat in beats}
        return Rows(
            needs=needs,
            beats=beats,
            profiles=found.values(),
            guards=dict(map(tuple, guards)),
            token_guards=tokens,
            histories=await self._load_histories(session, missing) if missing else {},
        )

    async def _load_profiles(
        self, session: Session, statement: Prepared, wanted: Collection[Row]
    ) -> dict[ProfileKey, Profile]:
        profiles = [rows.read_profile(row) for row in await _fetch(session, statement, wanted)]
        return {profile.key: profile for profile in profiles}

    async def _load_tokens(self, session: Session, wanted: Collection[TokenRef]) -> list[TokenGuard]:
        return [rows.read_token_guard(row) for row in await _fetch(session, self._tokens, wanted)]

    async def _load_histories(self, session: Session, missing: Iterable[ProfileKey]) -> dict[ProfileKey, History]:
        by_hash = {(key.app_id, self._hasher.profile(key)): key for key in missing}
        asked = sorted(by_hash)
        tombstones = {row[:2]: row for row in map(tuple, await session.fetch(self._tombstones, asked))}
        counts: dict[Row, Row] = {}
        for row in map(tuple, await session.fetch(self._ledger, asked)):
            counts[row[:2]] = max(row, counts.get(row[:2], row))  # of one profile: the last number is asked for
        return {key: _history(tombstones.get(hashed), counts.get(hashed)) for hashed, key in by_hash.items()}


async def _fetch(session: Session, statement: Prepared, keys: Collection[Row]) -> Collection[Found]:
    return await session.fetch(statement, sorted(keys)) if keys else ()


def _history(tombstone: Row | None, count: Row | None) -> History:
    """The record of rows of `tombstone` and `mad_ledger`."""
    left = None
    if tombstone is not None:
        app_id, profile_hash, reason, delete_time, mad_deletion_time = tombstone
        left = Tombstone(
            app_id=app_id,
            profile_hash=profile_hash,
            reason=DeletionReason(reason),
            delete_time=times.instant(delete_time),
            mad_deletion_time=times.instant(mad_deletion_time),
        )
    mad = None
    if count is not None:
        _, _, number, _, count_time = count
        mad = MadRecord(times.instant(count_time), number, left.mad_deletion_time if left else None)
    return History(left, mad)
