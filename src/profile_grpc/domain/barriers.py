"""Barriers: what is decided before a barrier is raised is not committed after it.

A barrier is several guards of an app or of a tenant. Each change that it can stop passes it: the change writes one of
the guards with the revision that the guard has, so two such changes do not conflict. To raise it gives every guard a
new revision, whatever it has: a change that has passed and is not committed yet is decided again, by what is stored
then. Two raises do not conflict, and a command that raises a barrier need not read it.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from profile_grpc.domain.keys import SHARED_GUARDS, Guard, GuardKey
from profile_grpc.domain.kinds import GUARDS, RAISED_GUARDS
from profile_grpc.domain.state import State

WIDTH = 16
"""Guards of a barrier. A transaction waits for another one that writes the same guard."""


class Barrier(NamedTuple):
    """The barrier of each app or tenant between two kinds of change."""

    first: int
    """The number of its first guard."""

    def guard(self, owner: str, passing: Hashable) -> GuardKey:
        """The guard that a change passes. `passing`: what it is about; the same guard for equal values."""
        return _guard(self.first, owner, passing)

    def let_pass(self, state: State, owner: str, passing: Hashable) -> None:
        """Makes the batch conflict if the barrier is raised before it commits."""
        key = self.guard(owner, passing)
        state.put_row(GUARDS, state.row(GUARDS, key) or Guard(key, state.fresh_revision()))

    def revision(self, state: State, owner: str, passing: Hashable) -> int:
        """The revision that the change's guard has until the barrier is raised. A guard that is missing is stored."""
        found = state.row(GUARDS, self.guard(owner, passing))
        if found is not None:
            return found.revision
        self.let_pass(state, owner, passing)
        return self.revision(state, owner, passing)

    def raise_for(self, state: State, owner: str) -> None:
        """Makes every change of the app or tenant conflict that was decided before and is not committed."""
        for number in range(WIDTH):
            state.add_record(RAISED_GUARDS, Guard(GuardKey(owner, self.first + number), state.fresh_revision()))


CUSTOMER_CHANGES = Barrier(0)
"""Stops changes of customers for changes of the tenant's schema (C2), and for the erasure of a customer (C8)."""

IMPORTED_PROFILES = Barrier(SHARED_GUARDS)
"""Stops imported profiles for erasures (C8). Its guards come after those that devices, users and tokens share."""

IMPORTED_LINKS = Barrier(IMPORTED_PROFILES.first + WIDTH)
"""Stops imported profiles that name a customer, for erasures of customers only (C8): no other erasure makes the
customers outdated that were read for them."""


@lru_cache(1024)  # each record of an import names the same guard when its rows are loaded and when it is decided
def _guard(first: int, owner: str, passing: Hashable) -> GuardKey:
    return GuardKey(owner, first + crc32(str(passing).encode()) % WIDTH)
