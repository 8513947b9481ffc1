"""Reads the recipients among few users. Callers that ask at about the same time share a statement: docs/adr/0076."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from profile_grpc.store import scanning
from profile_grpc.store.database import Database, Session
from profile_grpc.store.engine import Found, Prepared
from profile_grpc.store.shards import Shards
from profile_grpc.store.sharing import SharedByShard, read_alike

FEW = 8
"""Users of one caller whose read is shared."""
_TOGETHER = 64
"""Callers that share a statement at most."""
_BOUNDS = ("heard", "registered")


class Asked(NamedTuple):
    """The read of one caller."""

    statement: Prepared
    """With the parameters `heard` and `registered`, for given users; answers as `scanning.fitting`."""
    alone: Prepared
    """The same for one user, the parameter `user_id`. It costs less, and reads no more than the limit."""
    limit: int
    """Profiles of its window."""
    values: dict[str, object]
    users: Sequence[str]

    @property
    def group(self) -> Hashable:
        """What callers must have in common that share a statement: all but the users and the moment."""
        values = [value for name, value in self.values.items() if name not in _BOUNDS]
        return (id(self.statement), *values)


def reads_of_few_users(database: Database, shards: Shards) -> SharedByShard[Asked, Sequence[Found] | None]:
    """Reads that are answered with the rows of all profiles of their users that fit, in the order of keys; None: they
    may be more than `limit`.
    """

    async def read(asked: Sequence[Asked]) -> Sequence[Sequence[Found] | None]:
        return await read_alike(database, asked, lambda one: one.group, _together)

    return SharedByShard(shards, read, batch=_TOGETHER)


async def _together(session: Session, asked: Sequence[Asked]) -> Sequence[Sequence[Found] | None]:
    """One statement for all of a group, as of the moment of the last caller."""
    first = asked[0]
    values = first.values | {name: max([one.values[name] for one in asked]) for name in _BOUNDS}  # type: ignore[type-var]
    users = sorted({user for one in asked for user in one.users})
    if len(users) == 1:
        rows = await session.fetch(first.alone, user_id=users[0], **values)
    else:
        rows = await session.fetch(first.statement, [(user,) for user in users], **values)
    found, end = scanning.read(rows, first.limit)
    if end is not None:
        return [None] * len(asked)
    of_user: defaultdict[str, list[Found]] = defaultdict(list)
    for row in found:
        of_user[row[0]].append(row)
    return [[row for user in sorted(one.users) for row in of_user.get(user, ())] for one in asked]
