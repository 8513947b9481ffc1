"""Erases the profiles of an app that is being deleted, or is gone."""

from __future__ import annotations

from profile_grpc.domain.removal import EraseApp
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.ports import ProfileFilter, ProfileStore
from profile_grpc.service.write_queue import WriteQueue

CHUNK = 500


async def erase_profiles(profiles: ProfileStore, queue: WriteQueue, app_id: str, settings: AppSettings) -> None:
    """Deletes every profile of the app, each with tombstone and event (D3)."""
    while found := await profiles.list(ProfileFilter(app_id), None, CHUNK):
        await queue.submit(EraseApp(app_id, tuple(profile.key for profile in found)), settings)
