"""A cache of apps and keys for all calls, invalidated when the stored ones change."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import structlog

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.settings import App
from profile_grpc.service import credentials
from profile_grpc.service.credentials import Caller
from profile_grpc.service.directory_ports import DirectoryStore, KeyKind
from profile_grpc.service.ports import StoreError, StoreUnavailable

log = structlog.get_logger(__name__)

REFRESH_INTERVAL = 1.0
"""Seconds between two checks for changes by other processes."""
STALENESS = 2.5
"""Seconds after a change until no process with a database connection uses the previous app or key."""
MAX_ENTRIES = 100_000


class Reach(enum.IntEnum):
    """Which apps of its tenant a call reaches; each kind includes those before it."""

    OPEN = 0
    CLOSED = 1
    """Also those whose deletion is not complete."""
    DELETED = 2
    """Also those that are deleted and whose id is reserved (D4)."""


@dataclass(slots=True)
class _Cache:
    """What was read at one version of the directory."""

    version: int
    apps: dict[tuple[str, str], App]
    """By tenant and id: a caller learns nothing about apps of other tenants, not even from the time of a look-up."""
    day: date
    """The UTC day on which it was read. On the next day every key is read again, so that its use is recorded."""
    callers: dict[str, Caller]
    """By the text of the key, in memory only: the fastest look-up."""
    ends: dict[str, datetime] = field(default_factory=dict)
    """When keys among them expire."""


class Directory:
    """The apps and keys of the store. `run` checks for changes once a second.

    A change made through this process is in effect at once (`forget`), one made by another within a refresh.
    """

    def __init__(
        self,
        store: DirectoryStore,
        hasher: Hasher,
        *,
        anonymous: Caller | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`anonymous`: the caller of calls without a key (development only); None: they are refused."""
        self._now = now
        self._store = store
        self._hasher = hasher
        self._anonymous = anonymous
        self._used: set[str] = set()
        """Keys whose use today is not written yet."""
        self._cache = _Cache(-1, {}, now().date(), {})

    async def refresh(self) -> None:
        """Drops the cache if anything has changed, or at the start of a day; removes expired keys.

        Writes the day of keys' first use of the day.

        Raises: StoreError, and forgets nothing: known keys keep working through a short outage.
        """
        now = self._now()
        for key in [key for key, end in self._cache.ends.items() if end <= now]:
            del self._cache.ends[key]
            self._cache.callers.pop(key, None)
        version = await self._store.version()
        if version != self._cache.version or now.date() != self._cache.day:
            self._cache = _Cache(version, {}, now.date(), {})
        if self._used:
            used, self._used = self._used, set()
            try:
                await self._store.keys_used(sorted(used), now.date())
            except StoreError:
                self._used |= used
                raise

    def forget(self) -> None:
        self._cache = _Cache(-1, {}, self._now().date(), {})

    async def run(self, interval: float = REFRESH_INTERVAL) -> None:
        """Refreshes every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.refresh()
            except StoreUnavailable:
                continue  # the health check reports it; the cache stays valid
            except StoreError as error:  # the process ends if this task ends
                log.warning("cannot refresh the directory", error=str(error))

    @property
    def generation(self) -> object:
        """Identifies what is in memory: another object whenever apps, keys or what belongs to them may have changed."""
        return self._cache

    def known_caller(self, key: str | None) -> Caller | None:
        """The caller of a key that was read before; None: ask `authenticate`."""
        return self._cache.callers.get(key) if key else None

    def known_app(self, caller: Caller) -> App | None:
        """The one app of the caller's key, if it was read before; None: ask `reach`."""
        return self._cache.apps.get((caller.tenant_id, caller.app_id))

    async def authenticate(self, key: str | None) -> Caller:
        """The caller with this key.

        Raises:
            Refused: CREDENTIAL_MISSING or CREDENTIAL_INVALID.
            StoreUnavailable: the key is not known yet and cannot be read.
        """
        if not key:
            if self._anonymous is None:
                raise credentials.missing()
            return self._anonymous
        cache = self._cache
        known = cache.callers.get(key)
        if known is not None:
            return known
        parsed = credentials.parse(key)
        if parsed is None:
            raise credentials.invalid()
        key_id, secret = parsed
        stored = await self._store.key(key_id)
        now = self._now()
        if stored is None or stored.revoke_time is not None or (stored.expire_time and stored.expire_time <= now):
            raise credentials.invalid()
        if not self._hasher.same_secret(secret, stored.secret_hash):
            raise credentials.invalid()
        caller = Caller(stored.kind, stored.tenant_id, stored.app_id, stored.key_id)
        if stored.last_used_day is None or stored.last_used_day < now.date():
            self._used.add(key_id)
        if len(cache.callers) < MAX_ENTRIES:
            cache.callers[key] = caller
            if stored.expire_time is not None:
                cache.ends[key] = stored.expire_time
        return caller

    async def reach(self, caller: Caller, app_id: str, which: Reach = Reach.OPEN) -> App:
        """The app, provided that the caller reaches it.

        To all but ADMIN keys a missing app and a foreign one look the same, and take the same time: either is looked
        for among the tenant's apps and not found there.

        Raises:
            Refused: APP_NOT_ALLOWED, or APP_NOT_FOUND to an ADMIN key.
        """
        known = self._cache.apps.get((caller.tenant_id, app_id))
        if known is not None and caller.app_id in {"", app_id}:
            return known
        found = (await self._look_up(caller, [app_id], which))[app_id]
        if isinstance(found, Refused):
            raise found
        return found

    async def reach_each(self, caller: Caller, app_ids: Iterable[str]) -> Mapping[str, App | Refused]:
        """As `reach`, for many apps, with no more look-ups than for one."""
        answer: dict[str, App | Refused] = {}
        unknown = []
        for app_id in set(app_ids):
            known = self._cache.apps.get((caller.tenant_id, app_id))
            if known is None or caller.app_id not in {"", app_id}:
                unknown.append(app_id)
            else:
                answer[app_id] = known
        return answer | await self._look_up(caller, unknown) if unknown else answer

    async def _look_up(
        self, caller: Caller, app_ids: Sequence[str], which: Reach = Reach.OPEN
    ) -> dict[str, App | Refused]:
        cache = self._cache
        asked = [app_id for app_id in app_ids if caller.app_id in {"", app_id}]
        deleted, closed = which is Reach.DELETED, which >= Reach.CLOSED
        stored = await self._store.apps_by_id(asked, caller.tenant_id, deleted=deleted) if asked else []
        found = {app.app_id: app for app in stored if closed or not app.deleting}
        taken: Collection[str] = app_ids
        if caller.kind is KeyKind.ADMIN and len(found) < len(app_ids):
            existing = await self._store.apps_by_id(app_ids, None)
            taken = {app.app_id for app in existing if closed or not app.deleting}
        for app_id, app in found.items():
            if not app.deleting and len(cache.apps) < MAX_ENTRIES:
                cache.apps[caller.tenant_id, app_id] = app
        refused = {
            app_id: app_not_allowed(app_id) if app_id in taken else app_not_found(app_id)
            for app_id in app_ids
            if app_id not in found
        }
        return found | refused


def reach_tenant(caller: Caller, tenant_id: str) -> None:
    """Checks that the caller may act for the tenant: its own, which it need not name.

    Raises:
        Refused: TENANT_NOT_ALLOWED.
    """
    if tenant_id not in {"", caller.tenant_id}:
        raise Refused.about(
            Reason.TENANT_NOT_ALLOWED,
            "The key does not reach tenant {tenant_id!r}; leave tenant_id empty.",
            tenant_id=tenant_id,
        )


def app_not_found(app_id: str) -> Refused:
    """The refusal if there is no such app."""
    return Refused.about(Reason.APP_NOT_FOUND, "There is no app {app_id!r}; create it first.", app_id=app_id)


def app_not_allowed(app_id: str) -> Refused:
    """The refusal if the key does not reach the app, or there is none."""
    return Refused.about(
        Reason.APP_NOT_ALLOWED, "The key does not reach app {app_id!r}; use a key of its tenant.", app_id=app_id
    )
