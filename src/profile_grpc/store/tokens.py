"""The index of push tokens: which profiles hold one, found by its keyed hash and without reading any other (R14).

The table `token_holder` is derived from the profiles: it is written with them, and their guards guard it. A row for a
profile without the token is harmless, because the profile itself decides which tokens it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from profile_grpc.domain.changes import RowChanges
from profile_grpc.domain.deletion_records import DeletedProfile
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.keys import ProfileKey, Token, TokenElsewhere, TokenOfUser
from profile_grpc.domain.kinds import HOLDERS, HOLDERS_ELSEWHERE
from profile_grpc.domain.needs import AnyNeed
from profile_grpc.domain.profile import Profile
from profile_grpc.store import statements, tables
from profile_grpc.store.bounds import bounded_lookup, check_bound
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Row
from profile_grpc.store.writing import PlannedWrite

_TABLE = tables.token_holder
_HOLDER = ("app_id", "user_id", "device_id")


class TokenIndex:
    """Finds the keys of profiles by tokens, and follows changes of the profiles."""

    def __init__(self, database: Database, hasher: Hasher) -> None:
        self._hasher = hasher
        columns = (*_HOLDER, "token_hash")
        self._of_token = bounded_lookup(database, _TABLE, ("app_id", "token_hash"), columns)
        on_device = ("app_id", "token_hash", "device_id")
        self._on_device = bounded_lookup(database, _TABLE, on_device, columns)
        # A token belongs to one device (R4). Superfluous rows from the migration name at most one other device.
        self._devices = statements.first_and_last(database, _TABLE, ("app_id", "token_hash"), "device_id")
        self._insert = statements.insert_new(database, _TABLE)
        self._delete = statements.delete_keys(database, _TABLE)

    async def find(self, session: Session, what: AnyNeed, wanted: Collection[Any], bound: int) -> Iterable[ProfileKey]:
        """The keys of the profiles that hold tokens."""
        if what is HOLDERS:
            return await self._holders(session, wanted, bound)
        if what is HOLDERS_ELSEWHERE:
            return await self._elsewhere(session, wanted, bound)
        return await self._of_user(session, wanted)

    async def _holders(self, session: Session, wanted: Collection[Token], bound: int) -> Iterable[ProfileKey]:
        asked = {(token.app_id, self._hasher.token(token)): token for token in wanted}
        found = await session.fetch(self._of_token.within(bound), sorted(asked))
        check_bound(HOLDERS, found, lambda row: [asked[row[0], row[3]]], bound)
        return [ProfileKey(*row[:3]) for row in found]

    async def _elsewhere(
        self, session: Session, wanted: Collection[TokenElsewhere], bound: int
    ) -> Iterable[ProfileKey]:
        claims: dict[Row, list[TokenElsewhere]] = {}
        for claim in wanted:
            token = (claim.app_id, self._hasher.token(Token(claim.app_id, claim.token)))
            claims.setdefault(token, []).append(claim)
        elsewhere = [
            (app_id, token_hash, device_id)
            for app_id, token_hash, *devices in await session.fetch(self._devices, sorted(claims))
            for device_id in {device_id for device_id in devices if device_id is not None}
            if any(claim.device_id != device_id for claim in claims[app_id, token_hash])
        ]
        if not elsewhere:
            return ()
        found = await session.fetch(self._on_device.within(bound), sorted(elsewhere))
        check_bound(HOLDERS_ELSEWHERE, found, lambda row: claims[row[0], row[3]], bound)
        return [ProfileKey(*row[:3]) for row in found]

    async def _of_user(self, session: Session, wanted: Collection[TokenOfUser]) -> Iterable[ProfileKey]:
        users: dict[Row, set[str]] = {}
        for token in wanted:
            hashed = (token.app_id, self._hasher.token(Token(token.app_id, token.token)))
            users.setdefault(hashed, set()).add(token.user_id)
        return {
            ProfileKey(app_id, user_id, device_id)
            for app_id, token_hash, *devices in await session.fetch(self._devices, sorted(users))
            for device_id in devices
            if device_id is not None
            for user_id in users[app_id, token_hash]
        }

    def writes(self, changes: RowChanges[Any, Any]) -> Sequence[PlannedWrite]:
        """What to write for profiles that are written or deleted."""
        gone: list[Row] = []
        new: list[Row] = []
        for write in changes.writes:
            if write.seen is None:
                new += self.rows(write.row)
            elif write.before is not None and _texts(write.before) != _texts(write.row):
                had, has = set(self.rows(write.before)), set(self.rows(write.row))
                gone += had - has
                new += has - had
        for deleted in changes.deletes:
            gone += self.rows(deleted)
        return [PlannedWrite(self._delete, gone, _TABLE.name), PlannedWrite(self._insert, new, _TABLE.name)]

    def rows(self, profile: Profile | DeletedProfile) -> Sequence[Row]:
        """The rows of the table for a profile."""
        app_id, user_id, device_id = profile.key
        return [(app_id, self._hasher.token(token), device_id, user_id) for token in profile.tokens]


def _texts(profile: Profile) -> Sequence[str]:
    return [endpoint.token for endpoint in profile.push_endpoints]
