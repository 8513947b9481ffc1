"""Apps and keys as every call needs them: read once, kept in memory, dropped as soon as the stored ones change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.settings import App
from profile_grpc.service import credentials
from profile_grpc.service.credentials import Caller
from profile_grpc.service.ports import DirectoryStore, KeyKind, StoreError, StoreUnavailable

log = structlog.get_logger(__name__)

REFRESH_INTERVAL = 1.0
"""Seconds between two looks for changes made by other processes."""
STALENESS = 2.5
"""Seconds after which no process that reaches the database knows an app or a key as it was before a change."""
MAX_ENTRIES = 100_000


@dataclass(slots=True)
class _Cache:
    """What was read at one version of the directory."""

    version: int
    apps: dict[str, App]
    callers: dict[str, Caller]
    """By the presented text of the key: in memory only, and the quickest way to know a key again."""


class Directory:
    """The apps and keys of the store. `run` looks for changes once a second.

    A change made through this process is in force at once (`forget`), one made by another within a refresh.
    """

    def __init__(self, store: DirectoryStore, hasher: Hasher, *, anonymous: Caller | None = None) -> None:
        """`anonymous`: who calls without a key (development only); None: nobody may."""
        self._store = store
        self._hasher = hasher
        self._anonymous = anonymous
        self._cache = _Cache(-1, {}, {})

    async def refresh(self) -> None:
        """Forgets what was read if anything has changed since.

        Raises: StoreError, and forgets nothing: known keys keep working through a short outage.
        """
        version = await self._store.version()
        if version != self._cache.version:
            self._cache = _Cache(version, {}, {})

    def forget(self) -> None:
        """Reads everything anew from now on."""
        self._cache = _Cache(-1, {}, {})

    async def run(self, interval: float = REFRESH_INTERVAL) -> None:
        """Refreshes every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.refresh()
            except StoreUnavailable:
                continue  # the health check tells; what is known stays in force
            except StoreError as error:  # without this task the whole process would end
                log.warning("the directory cannot be refreshed", error=str(error))

    def known_caller(self, presented: str | None) -> Caller | None:
        """The caller of a key that was read before; None: ask `authenticate`."""
        return self._cache.callers.get(presented) if presented else None

    async def authenticate(self, presented: str | None) -> Caller:
        """Who presents this key.

        Raises:
            Refused: CREDENTIAL_MISSING or CREDENTIAL_INVALID.
            StoreUnavailable: the key is not known yet and cannot be read.
        """
        if not presented:
            if self._anonymous is None:
                raise credentials.missing()
            return self._anonymous
        cache = self._cache
        known = cache.callers.get(presented)
        if known is not None:
            return known
        parsed = credentials.parse(presented)
        if parsed is None:
            raise credentials.invalid()
        key_id, secret = parsed
        stored = await self._store.key(key_id)
        if stored is None or stored.revoke_time is not None:
            raise credentials.invalid()
        if not self._hasher.same_secret(secret, stored.secret_hash):
            raise credentials.invalid()
        caller = Caller(stored.kind, stored.tenant_id, stored.app_id, stored.key_id)
        if len(cache.callers) < MAX_ENTRIES:
            cache.callers[presented] = caller
        return caller

    def known_app(self, app_id: str) -> App | None:
        """An app that was read before; None: ask `app`."""
        return self._cache.apps.get(app_id)

    async def app(self, app_id: str, *, closed: bool = False) -> App | None:
        """The app, unless there is none; with `closed` also one whose deletion is not complete."""
        cache = self._cache
        known = cache.apps.get(app_id)
        if known is not None:
            return known
        app = await self._store.app(app_id)
        if app is None or app.deleting:
            return app if closed else None
        if len(cache.apps) < MAX_ENTRIES:
            cache.apps[app_id] = app
        return app

    async def reach(self, caller: Caller, app_id: str, *, closed: bool = False) -> App:
        """The app, provided that the caller reaches it; with `closed` also one whose deletion is not complete.

        To all but ADMIN keys a missing app and a foreign one look the same.

        Raises:
            Refused: APP_NOT_ALLOWED, or APP_NOT_FOUND to an ADMIN key.
        """
        app = await self.app(app_id, closed=closed)
        if app is None and caller.kind is KeyKind.ADMIN:
            raise app_not_found(app_id)
        if app is None or app.tenant_id != caller.tenant_id or caller.app_id not in {"", app_id}:
            raise app_not_allowed(app_id)
        return app


def reach_tenant(caller: Caller, tenant_id: str) -> None:
    """Whether the caller may act for the tenant: its own, or none that is named.

    Raises:
        Refused: TENANT_NOT_ALLOWED.
    """
    if tenant_id not in {"", caller.tenant_id}:
        raise Refused(
            Reason.TENANT_NOT_ALLOWED,
            f"The key does not reach tenant {tenant_id!r}; leave tenant_id empty.",
            metadata={"tenant_id": tenant_id},
        )


def app_not_found(app_id: str) -> Refused:
    """There is no such app."""
    return Refused(
        Reason.APP_NOT_FOUND,
        f"There is no app {app_id!r}; create it first.",
        metadata={"app_id": app_id},
    )


def app_not_allowed(app_id: str) -> Refused:
    """The key does not reach the app, or there is none."""
    return Refused(
        Reason.APP_NOT_ALLOWED,
        f"The key does not reach app {app_id!r}; use a key of its tenant.",
        metadata={"app_id": app_id},
    )
