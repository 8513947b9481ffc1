"""Erases the profiles of an app that is being deleted, or has been deleted (D4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from profile_grpc.domain.removal import EraseApp
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.ports import Conflict, ProfileFilter, ProfileStore
from profile_grpc.service.write_queue import WriteQueue

CHUNK = 500


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
    while found := await profiles.list(ProfileFilter(app_id), None, CHUNK):
        if not await still_closed():
            raise Conflict("another process has taken the app over")
        keys, revisions = tuple(profile.key for profile in found), tuple(profile.revision for profile in found)
        await queue.submit(EraseApp(app_id, keys, revisions), settings)
