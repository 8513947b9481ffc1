"""Erases the profiles of an app that is being deleted, or is gone (D4)."""

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

    A process may stand still at any step while somebody else completes the deletion, creates the app anew and
    registers devices. So what was found is deleted only if the app is closed to everybody since before it was looked
    for, and only as it was found.

    Args:
        profiles: where to look for them.
        queue: what deletes them.
        app_id: the app.
        settings: the app's.
        still_closed: whether nobody could register in the app since the erasing began.

    Raises:
        Conflict: somebody else has taken the app over.
        Refused: as the queue.
    """
    while found := await profiles.list(ProfileFilter(app_id), None, CHUNK):
        if not await still_closed():
            raise Conflict("somebody else has taken the app over")
        keys, revisions = tuple(profile.key for profile in found), tuple(profile.revision for profile in found)
        await queue.submit(EraseApp(app_id, keys, revisions), settings)
