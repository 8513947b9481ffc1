"""Reads the apps from the service periodically, and soon after a report needs an unknown one (X2, X5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from profile_grpc.bridge.availability import Availability
from profile_grpc.bridge.known_apps import KnownApp, KnownApps
from profile_grpc.bridge.service_client import CallFailed, Failure, ServiceClient
from profile_grpc.bridge.spool.spool import Spool

_STORED = "directory"
"""The name of the value in the spool that contains the apps as last read."""
_REFRESH = 30.0
_REFRESH_AFTER_FAILURE = 3.0
_GATHER = 1.0
"""Seconds in which requests for a refresh are combined: many reports may request one at once."""
log = structlog.get_logger(__name__)


class AppReader:
    """Refreshes the known apps, and stores them in the spool for times when the service is down."""

    def __init__(
        self,
        known_apps: KnownApps,
        service: ServiceClient,
        keys: Sequence[str],
        spool: Spool,
        availability: Availability,
        now: Callable[[], int],
    ) -> None:
        """`keys`: PROFILE keys, one for each tenant; empty keys are ignored. `now` returns microseconds since 1970."""
        self._known_apps = known_apps
        self._service = service
        self._keys = keys
        self._spool = spool
        self._availability = availability
        self._now = now
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        known_apps.expected = bool(keys)
        known_apps.wanted = self._wanted.set
        stored = spool.get(_STORED)
        if stored is not None:
            known_apps.load(stored)

    async def start(self) -> None:
        """Reads the apps, and starts to refresh them."""
        if not self._keys:
            log.warning("no key to read the apps with; give a PROFILE key of each tenant with --key")
            return
        await self.read()
        self._task = asyncio.create_task(self._keep_fresh(), name="bridge-apps")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _keep_fresh(self) -> None:
        while True:
            fresh = self._known_apps.fetched and self._availability.available
            with suppress(TimeoutError):
                async with asyncio.timeout(_REFRESH if fresh else _REFRESH_AFTER_FAILURE):
                    await self._wanted.wait()
                    await asyncio.sleep(_GATHER)
            self._wanted.clear()
            try:
                await self.read()
            except Exception as error:  # noqa: BLE001 - the next reading may succeed; without any, settings grow old unseen
                log.warning("cannot read the apps from the service", fault=type(error).__name__)

    async def read(self) -> None:
        """Reads the apps again. A revoked key does not affect the apps of other tenants."""
        if not self._keys:
            return
        with self._known_apps.reading() as number:
            begun = self._now()
            apps: list[KnownApp] = []
            refused = 0
            for place, key in enumerate(self._keys, 1):
                try:
                    apps += await self._service.apps(key)
                except CallFailed as failed:
                    of = f"{place} of {len(self._keys)}"
                    log.warning("cannot read the apps from the service", code=failed.code, detail=failed.detail, key=of)
                    if failed.failure is Failure.UNAVAILABLE:
                        now = asyncio.get_running_loop().time()
                        self._availability.failed(now, failed.code, failed.detail)
                        return
                    if failed.failure is not Failure.KEY_WRONG:
                        self._known_apps.answered = number
                        return
                    refused += 1
            self._availability.answered()
            self._known_apps.answered = number
            if refused < len(self._keys):
                self._learn([*self._known_apps.kept(apps), *apps] if refused else apps, begun)

    def _learn(self, apps: Sequence[KnownApp], begun: int) -> None:
        before = self._known_apps.dump()
        self._known_apps.update(apps)
        self._known_apps.fetched = begun
        after = self._known_apps.dump()
        if after != before:
            self._spool.put(_STORED, after)
