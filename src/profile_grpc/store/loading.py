"""Loads what a batch needs: one statement for each kind of row, and none where nothing is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.model import (
    DeletionReason,
    DeviceGuard,
    DeviceKey,
    History,
    Liveness,
    MadRecord,
    Profile,
    ProfileKey,
    TokenGuard,
    TokenKey,
    TokenRef,
    Tombstone,
    UserGuard,
    UserKey,
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
        self._devices = statements.lookup(
            database, tables.device, ["app_id", "device_id"], [c.name for c in tables.device.c]
        )
        self._users = statements.lookup(
            database, tables.app_user, ["app_id", "user_id"], [c.name for c in tables.app_user.c]
        )
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
        loading = _Loading(needs)
        if needs.profiles or needs.devices or needs.users or needs.customers or needs.tokens:
            await self._load_guards(session, loading)
            await self._load_profiles(session, loading)
            await self._load_guards_of_profiles(session, loading)
        beats = needs.beats - loading.profiles.keys()
        if beats:
            loading.beats = [rows.read_liveness(row) for row in await session.fetch(self._beats, sorted(beats))]
        missing = (beats - {beat.key for beat in loading.beats}) | (needs.profiles - loading.profiles.keys())
        histories = await self._load_histories(session, missing) if missing else {}
        return Rows(
            needs=needs,
            beats=loading.beats,
            profiles=loading.profiles.values(),
            device_guards=loading.devices.values(),
            user_guards=loading.users.values(),
            token_guards=loading.tokens.values(),
            histories=histories,
        )

    async def _load_guards(self, session: Session, loading: _Loading) -> None:
        needs = loading.needs
        await self._load_devices(session, loading, needs.devices | {key.device for key in needs.profiles})
        await self._load_users(session, loading, needs.users | {key.user for key in needs.profiles})
        await self._load_tokens(session, loading, needs.tokens)

    async def _load_profiles(self, session: Session, loading: _Loading) -> None:
        needs = loading.needs
        owners = {DeviceKey(key.app_id, guard.device_id) for key, guard in loading.tokens.items()}
        devices = needs.devices | owners
        # A profile that comes with its device or its user need not be asked for by its own key.
        keys = {key for key in needs.profiles if key.device not in devices and key.user not in needs.users}
        for statement, wanted in (
            (self.by_key, keys),
            (self._by_device, devices),
            (self._by_user, needs.users),
            (self._by_customer, needs.customers),
        ):
            if wanted:
                found = [rows.read_profile(row) for row in await session.fetch(statement, sorted(wanted))]
                loading.profiles.update((profile.key, profile) for profile in found)

    async def _load_guards_of_profiles(self, session: Session, loading: _Loading) -> None:
        found = loading.profiles.values()
        await self._load_devices(session, loading, {p.key.device for p in found} - loading.asked_devices)
        await self._load_users(session, loading, {p.key.user for p in found} - loading.asked_users)
        held = {self._hasher.token(p.key.app_id, e.token) for p in found for e in p.push_endpoints if e.token}
        await self._load_tokens(session, loading, held - loading.asked_tokens)

    async def _load_devices(self, session: Session, loading: _Loading, wanted: set[DeviceKey]) -> None:
        loading.asked_devices |= wanted
        guards = (rows.read_device_guard(row) for row in await _fetch(session, self._devices, wanted))
        loading.devices.update((guard.key, guard) for guard in guards)

    async def _load_users(self, session: Session, loading: _Loading, wanted: set[UserKey]) -> None:
        loading.asked_users |= wanted
        guards = (rows.read_user_guard(row) for row in await _fetch(session, self._users, wanted))
        loading.users.update((guard.key, guard) for guard in guards)

    async def _load_tokens(self, session: Session, loading: _Loading, wanted: set[TokenRef]) -> None:
        loading.asked_tokens |= wanted
        guards = (rows.read_token_guard(row) for row in await _fetch(session, self._tokens, wanted))
        loading.tokens.update((guard.key, guard) for guard in guards)

    async def _load_histories(self, session: Session, missing: Iterable[ProfileKey]) -> dict[ProfileKey, History]:
        by_hash = {(key.app_id, self._hasher.profile(key)): key for key in missing}
        asked = sorted(by_hash)
        tombstones = {row[:2]: row for row in map(tuple, await session.fetch(self._tombstones, asked))}
        counts: dict[Row, Row] = {}
        for row in map(tuple, await session.fetch(self._ledger, asked)):
            counts[row[:2]] = max(row, counts.get(row[:2], row))  # of one profile: the last number is asked for
        return {key: _history(tombstones.get(hashed), counts.get(hashed)) for hashed, key in by_hash.items()}


class _Loading:
    """What has been asked for and found so far."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self.beats: list[Liveness] = []
        self.profiles: dict[ProfileKey, Profile] = {}
        self.devices: dict[DeviceKey, DeviceGuard] = {}
        self.users: dict[UserKey, UserGuard] = {}
        self.tokens: dict[TokenKey, TokenGuard] = {}
        self.asked_devices: set[DeviceKey] = set()
        self.asked_users: set[UserKey] = set()
        self.asked_tokens: set[TokenRef] = set()


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
