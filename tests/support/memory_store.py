"""A `ProfileStore` in memory, whose commits a test can hold back, count or break."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from profile_grpc.domain.changes import Changes
from profile_grpc.domain.deletion_records import Tombstone
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import FEEDBACK_LOSSES, PROFILES
from profile_grpc.domain.needs import Needs, Rows
from profile_grpc.domain.profile import CountKey, Profile
from profile_grpc.service.ports import ProfileFilter
from tests.support.world import World


async def nothing(_changes: Changes) -> None:
    pass


class MemoryTransaction:
    """Loads from the world at once, writes to it at the commit."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.changes: Changes | None = None

    async def load(self, needs: Needs, *, bounded: bool = True) -> Rows:
        return self._world.load(needs)

    async def apply(self, changes: Changes) -> None:
        self._world.check(changes)
        self.changes = changes


class MemoryStore:
    """Keeps profiles in a `World`.

    `before_commit` is awaited with the changes of every transaction that has any, after they were checked and before
    they are there for others; it may wait, or raise what a store may raise. The guards are checked once more after it.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.commits_concurrently = False
        self.shards: dict[str, int] = {}
        """The shard of each app, where there are several."""
        self.before_commit: Callable[[Changes], Awaitable[None]] = nothing
        self.transactions = 0
        """How many transactions were started."""
        self.commits: list[Changes] = []

    @property
    def is_spread(self) -> bool:
        return bool(self.shards)

    async def shard(self, app_id: str) -> int:
        return self.shards[app_id]

    @asynccontextmanager
    async def write(self) -> AsyncIterator[MemoryTransaction]:
        self.transactions += 1
        transaction = MemoryTransaction(self.world)
        yield transaction
        if transaction.changes is not None:
            await self.before_commit(transaction.changes)
            self.world.apply(transaction.changes)
            self.commits.append(transaction.changes)

    async def get(self, key: ProfileKey) -> Profile | None:
        return self.world.profiles.get(key)

    async def tombstone(self, key: ProfileKey) -> Tombstone | None:
        history = self.world.load(Needs({PROFILES: {key}})).histories.get(key)
        return history.tombstone if history else None

    async def keys(self, needs: Needs) -> Sequence[ProfileKey]:
        return sorted(p.key for p in self.world.load(needs).of(PROFILES))

    async def list(self, wanted: ProfileFilter, after: ProfileKey | None, limit: int) -> Sequence[Profile]:
        found = [p for p in self.world.profiles.values() if _matches(p, wanted) and (after is None or p.key > after)]
        return sorted(found, key=lambda p: p.key)[:limit]

    async def counts(self) -> Mapping[CountKey, int]:
        return {key: number for key, number in self.world.counts.items() if number}

    async def feedback_holds(self) -> Mapping[str, bool]:
        return {row.app_id: row.held_time is not None for row in self.world.rows[FEEDBACK_LOSSES].values()}

    async def app_counts(self, app_id: str) -> Mapping[CountKey, int]:
        return {key: number for key, number in (await self.counts()).items() if key.app_id == app_id}


def _matches(profile: Profile, wanted: ProfileFilter) -> bool:
    return (
        profile.key.app_id == wanted.app_id
        and wanted.user_id in {None, profile.key.user_id}
        and wanted.device_id in {None, profile.key.device_id}
        and wanted.customer_id in {None, profile.attributes.customer_id}
        and wanted.status in {None, profile.status}
        and wanted.platform in {None, profile.platform}
    )
