"""The use cases of AppService and of tenant administration."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from profile_grpc.domain import settings as app_settings
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.removal import EraseApp
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service import credentials, paging
from profile_grpc.service.credentials import NewKey
from profile_grpc.service.directory import STALENESS, Directory, app_not_allowed, app_not_found
from profile_grpc.service.directory_ports import DirectoryStore, Reservation, StoredKey
from profile_grpc.service.ports import Clock, Conflict, ProfileFilter, ProfileStore
from profile_grpc.service.storing import retry_on_conflict
from profile_grpc.service.write_queue import WriteQueue

_ERASED_AT_ONCE = 500
"""Profiles of one transaction."""


@dataclass(eq=False)
class Apps:
    """Apps, their settings and their keys."""

    _store: DirectoryStore
    _profiles: ProfileStore
    _queue: WriteQueue
    _directory: Directory
    _clock: Clock
    _hasher: Hasher
    _deletions: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    """Running tasks: the event loop keeps only weak references to them."""

    async def create(self, app_id: str, tenant_id: str, display_name: str, settings: AppSettings) -> App:
        """Creates an app. A tenant can use the id of an app again that it has deleted (D4).

        Raises:
            Refused: INVALID_SETTINGS, APP_ALREADY_EXISTS: also while anything is kept of another tenant's app.
        """
        app_settings.check(settings)

        async def create() -> App:
            now = self._clock.now()
            app = App(app_id, tenant_id, now, now, display_name, settings, revision=random.getrandbits(63))
            await self._take(app)
            return app

        created = await retry_on_conflict(create, growth=2)  # another creation that is in progress takes a while
        self._directory.forget()
        return created

    async def _take(self, app: App) -> None:
        """Creates the app, if its id is free or reserved for its tenant.

        Calls that ended after the deletion of an earlier app may have left data. This data is erased after the creation
        owns the id and before the app is open, so a creation that loses a race deletes nothing.

        Raises:
            Refused: APP_ALREADY_EXISTS.
            Conflict: somebody else has taken the id meanwhile.
        """
        reserved = await self._store.reservation(app.app_id)
        if reserved is None:
            if await self._store.app(app.app_id) is not None or await self._store.leaves_traces(app.app_id):
                raise _taken(app.app_id)
            await self._store.add_app(app)
            return
        if reserved.tenant_id != app.tenant_id:
            raise _taken(app.app_id)
        mine = replace(reserved, revision=random.getrandbits(63))
        await self._store.reserve_app(mine, reserved.revision)

        async def still_mine() -> bool:
            return await self._store.reservation(app.app_id) == mine

        await erase_profiles(self._profiles, self._queue, app.app_id, app.settings, still_mine)
        await self._store.change_app(app, mine.revision)

    async def get(self, app_id: str) -> App:
        """The app as stored.

        Raises:
            Refused: APP_NOT_FOUND.
        """
        app = await self._store.app(app_id)
        if app is None or app.deleting:
            raise app_not_found(app_id)
        return app

    async def check_known(self, app_id: str) -> None:
        """Checks that there is an app with this id, or that the id is reserved (D4).

        Raises:
            Refused: APP_NOT_FOUND.
        """
        if await self._store.app(app_id) is None and await self._store.reservation(app_id) is None:
            raise app_not_found(app_id)

    async def change(self, app_id: str, change: Callable[[App], tuple[str, AppSettings]], etag: str = "") -> App:
        """Updates an app to the display name and settings that `change` computes from the stored ones.

        They apply at once (P3). Without an etag, a concurrent update does not fail the call: `change` is called again.

        Raises:
            Refused: APP_NOT_FOUND, INVALID_SETTINGS, CONFLICT, or ETAG_MISMATCH: it has changed since it was read.
        """

        async def update() -> App:
            before = await self.get(app_id)
            display_name, settings = change(before)
            app_settings.check(settings)
            if etag and etag != before.etag:
                raise _app_changed(app_id)
            now = self._clock.now()
            settings = app_settings.succeed(before.settings, settings, now)
            changed = replace(before, display_name=display_name, settings=settings, update_time=now)
            return await self._change(before, changed)

        return await retry_on_conflict(update)

    async def list(self, tenant_id: str, page_size: int, page_token: str) -> tuple[Sequence[App], str]:
        """One page of a tenant's apps, ordered by id, and the token of the next (empty: the last page).

        Raises:
            Refused: INVALID_PAGE_TOKEN.
        """
        listing = ["apps", tenant_id]
        position = paging.unseal(self._hasher, listing, page_token)
        limit = paging.size(page_size)
        found = await self._store.apps(tenant_id, position[0] if position else "", limit + 1)
        page = found[:limit]
        token = paging.seal(self._hasher, listing, [page[-1].app_id]) if len(found) > limit else ""
        return [app for app in page if not app.deleting], token

    async def delete(self, app_id: str, tenant_id: str, *, force: bool) -> None:
        """Deletes the tenant's app and, if forced, its profiles, each with tombstone and event (D3).

        The app is closed first, and the rest waits until every process knows: other processes may register one more
        device until then. Unforced, such a device keeps the app: it is opened again. A deletion that was interrupted
        is completed by repeating it, and a caller that goes away does not interrupt it.

        Raises:
            Refused: APP_NOT_FOUND, APP_NOT_ALLOWED: the app is another tenant's, APP_NOT_EMPTY unless forced, or
                ETAG_MISMATCH: somebody else changed or deletes it.
        """
        app = await self._store.app(app_id)
        if app is None:
            raise app_not_found(app_id)
        if app.tenant_id != tenant_id:
            raise app_not_allowed(app_id)
        if not force and await self._has_profiles(app_id):
            raise _not_empty(app_id)
        # A new revision, even if it is closed already: another deletion that wants to open it again then notices this
        # one.
        try:
            closed = await self._change(app, replace(app, deleting=True))
            deletion = asyncio.create_task(self._delete_closed(app, closed, force=force))
            self._deletions.add(deletion)
            deletion.add_done_callback(self._deletions.discard)
            await asyncio.shield(deletion)
        except Conflict:  # another deletion continues or has completed it, or the app was updated
            raise _app_changed(app_id) from None

    async def _delete_closed(self, before: App, closed: App, *, force: bool) -> None:
        if force:
            await self._erase_profiles(closed)
            await wait_for_other_processes()
            await self._erase_profiles(closed)
        else:
            await wait_for_other_processes()
            if await self._has_profiles(closed.app_id):
                if not before.deleting:
                    await self._change(closed, replace(closed, deleting=False))
                raise _not_empty(before.app_id)
        reservation = Reservation(closed.app_id, closed.tenant_id, self._clock.now(), random.getrandbits(63))
        await self._store.remove_app(reservation, closed.revision)
        self._directory.forget()

    async def _has_profiles(self, app_id: str) -> bool:
        return any((await self._profiles.app_counts(app_id)).values())

    async def _change(self, seen: App, changed: App) -> App:
        """Stores the app with a new revision. Raises Conflict if it has changed since it was read."""
        stored = replace(changed, revision=random.getrandbits(63))
        await self._store.change_app(stored, seen.revision)
        self._directory.forget()
        return stored

    async def _erase_profiles(self, closed: App) -> None:
        async def still_closed() -> bool:
            stored = await self._store.app(closed.app_id)
            return stored is not None and stored.revision == closed.revision

        await erase_profiles(self._profiles, self._queue, closed.app_id, closed.settings, still_closed)

    async def create_key(self, wanted: NewKey) -> tuple[StoredKey, str]:
        """A new key and its secret, which is shown only once.

        Raises:
            Refused: INVALID_REQUEST; it would end before it begins.
        """
        stored, secret = credentials.issue(wanted, self._hasher, self._clock.now())
        await self._store.add_key(stored)
        return stored, secret

    async def keys(self, tenant_id: str, app_id: str | None) -> Sequence[StoredKey]:
        """The tenant's keys (of one app), revoked ones too, newest first."""
        return await self._store.keys(tenant_id, app_id)

    async def revoke_key(self, key_id: str, tenant_id: str) -> StoredKey:
        """Ends a key, at once in this process and within a refresh in every other.

        Raises:
            Refused: KEY_NOT_FOUND; also for a key of another tenant.
        """
        stored = await self._store.key(key_id)
        if stored is None or stored.tenant_id != tenant_id:
            raise Refused.about(
                Reason.KEY_NOT_FOUND, "There is no key {key_id!r}; list the keys to see their ids.", key_id=key_id
            )
        await self._store.revoke_key(key_id, self._clock.now())
        self._directory.forget()
        return await self._store.key(key_id) or stored


async def erase_profiles(
    profiles: ProfileStore,
    queue: WriteQueue,
    app_id: str,
    settings: AppSettings,
    still_closed: Callable[[], Awaitable[bool]],
) -> None:
    """Deletes every profile of the app, each with tombstone and event (D3).

    A process may pause at any step while another one completes the deletion, creates the app again and registers
    devices. So profiles are deleted only if the app was closed before they were listed, and only if they have not
    changed since.

    `still_closed`: whether the app has been closed without interruption since the erasing started.

    Raises:
        Conflict: another process has taken the app over.
        Refused: as the queue.
    """
    while found := await profiles.list(ProfileFilter(app_id), None, _ERASED_AT_ONCE):
        if not await still_closed():
            raise Conflict("another process has taken the app over")
        keys, revisions = tuple(profile.key for profile in found), tuple(profile.revision for profile in found)
        await queue.submit(EraseApp(app_id, keys, revisions), settings)


async def wait_for_other_processes() -> None:
    """Waits until no process has an app in memory as it was before a change."""
    await asyncio.sleep(STALENESS)


def _taken(app_id: str) -> Refused:
    return Refused.about(
        Reason.APP_ALREADY_EXISTS, "The app id {app_id!r} is taken; choose another, or update the app.", app_id=app_id
    )


def _not_empty(app_id: str) -> Refused:
    return Refused.about(
        Reason.APP_NOT_EMPTY,
        "The app {app_id!r} still has profiles; delete them first, or use force.",
        app_id=app_id,
    )


def _app_changed(app_id: str) -> Refused:
    return Refused.about(
        Reason.ETAG_MISMATCH,
        "The app {app_id!r} has changed since it was read; read it again, then repeat.",
        app_id=app_id,
    )
